import type { OpDefinition, TypeProblem } from '../op.ts';
import { allocate, elementCount, isInteger, printType, type Tensor, type TensorType } from '../types.ts';
import { operand } from './real.ts';
import { lastAxis, withLastAxis } from './shapes.ts';

/** An op that brings the taps of [..., T, C] down to one number a channel. */
export function reduceOp(parts: {
  readonly name: string;
  readonly summary: string;
  readonly meaning: string;
  /** The type of the result for `taps` elements each. */
  readonly type: (
    x: TensorType,
    taps: number,
    shape: readonly number[],
    declared: TensorType | undefined,
  ) => TensorType | TypeProblem;
  readonly start: number;
  readonly step: (result: number, x: number) => number;
}): OpDefinition {
  return {
    name: parts.name,
    forms: ['integer'],
    summary: parts.summary,
    meaning: parts.meaning,
    operands: [{ name: 'x', doc: 'Integers [..., T, C].', kind: 'value' }],
    attributes: {},
    type: (operands, _attributes, declared) => {
      const x = operand(operands, 0).type;
      const taps = x.shape.at(-2);
      if (taps === undefined || !isInteger(x.elem)) {
        return {
          message: 'the operand has no taps of integers',
          found: printType(x),
          expected: 'integers [..., taps, channels]',
        };
      }
      return parts.type(x, taps, withLastAxis(x.shape.slice(0, -1), lastAxis(x.shape)), declared);
    },
    evaluate: (operands, _attributes, result) => reduce(operand(operands, 0), result, parts),
  };
}

function reduce(
  x: Tensor,
  result: TensorType,
  { start, step }: { readonly start: number; readonly step: (result: number, x: number) => number },
): Tensor {
  const channels = lastAxis(x.type.shape);
  const block = (x.type.shape.at(-2) ?? 1) * channels;
  const data = allocate(result.elem, elementCount(result.shape));
  for (let y = 0, first = 0; y < data.length; y += channels, first += block) {
    for (let c = 0; c < channels; c++) {
      let value = start;
      for (let i = first + c; i < first + block; i += channels) value = step(value, x.data[i] ?? 0);
      data[y + c] = value;
    }
  }
  return { type: result, data };
}
