import type { OpDefinition } from '../op.ts';
import { allocate, fitInteger } from '../types.ts';
import { booleanAttribute, getFlag, getNumber, integerAttribute } from './attributes.ts';
import { agree, operand } from './real.ts';
import { lastAxis, withLastAxis } from './shapes.ts';

/** Indices of the k greatest (or least) elements, in order. */
export const topk: OpDefinition = {
  name: 'topk',
  forms: ['real', 'integer'],
  summary: 'The indices of the k greatest elements along the last axis, the greatest first.',
  meaning:
    'the indices 0 .. n - 1 ordered by falling x (rising x if not `largest`), equal ones by rising index; the first k',
  operands: [{ name: 'x', doc: 'A tensor with at least one axis.', kind: 'any' }],
  attributes: {
    k: integerAttribute('How many indices, at most the length of the axis.', { least: 1 }),
    largest: booleanAttribute('Whether the greatest are wanted, or the least.'),
  },
  type: (operands, attributes, declared) => {
    const { shape } = operand(operands, 0).type;
    const k = getNumber(attributes, 'k');
    if (k > lastAxis(shape)) {
      return { message: 'k exceeds the axis', found: `${k}`, expected: `at most ${lastAxis(shape)}` };
    }
    return agree({ elem: fitInteger(0, lastAxis(shape) - 1), shape: withLastAxis(shape, k) }, declared);
  },
  evaluate: (operands, attributes, result) => {
    const x = operand(operands, 0);
    const size = lastAxis(x.type.shape);
    const k = getNumber(attributes, 'k');
    const sign = getFlag(attributes, 'largest') ? -1 : 1;
    const data = allocate(result.elem, (x.data.length / size) * k);
    for (let line = 0; line < x.data.length / size; line++) {
      const values = Array.from(x.data.subarray(line * size, (line + 1) * size));
      const order = values
        .map((_, i) => i)
        .sort((a, b) => sign * ((values[a] ?? 0) - (values[b] ?? 0)) || a - b);
      data.set(order.slice(0, k), line * k);
    }
    return { type: result, data };
  },
};
