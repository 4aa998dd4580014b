import type { OpDefinition, OperandInfo, TypeProblem } from '../op.ts';
import {
  allocate,
  fitInteger,
  holds,
  isInteger,
  printElement,
  printType,
  valueRange,
  type ElementType,
  type TensorType,
} from '../types.ts';
import { getNumber, getNumberOr, integerAttribute } from './attributes.ts';
import { agree, operand } from './real.ts';
import { lastAxis } from './shapes.ts';

/** Multiply, add, shift and clamp. */
export const requantize: OpDefinition = {
  name: 'requantize',
  forms: ['integer'],
  summary:
    'Brings sums to levels by a multiplier and a shift: a quantizer with many levels as hardware has it.',
  meaning:
    'y = min(max(floor((x * m[c] + b[c] * 2^bias_shift) / 2^shift), min), max); c is the position along the last axis ' +
    '(0 where m or b has one element). No product or sum exceeds 2^53',
  operands: [
    { name: 'x', doc: 'Integers.', kind: 'value' },
    { name: 'm', doc: 'Multipliers: integers [C] or [1].', kind: 'const' },
    { name: 'b', doc: 'Biases: integers [C] or [1].', kind: 'const' },
  ],
  attributes: {
    shift: integerAttribute('Bits dropped after the sum, 0 to 62.', { least: 0, most: 62 }),
    bias_shift: integerAttribute('Bits by which b stands to the left, 0 to 52; 0 if absent.', {
      least: 0,
      most: 52,
      optional: true,
    }),
    min: integerAttribute('Least level.'),
    max: integerAttribute('Greatest level.'),
  },
  type: (operands, attributes, declared) => {
    const x = operand(operands, 0).type;
    const problem =
      channelProblem('the multipliers', operand(operands, 1), x) ??
      channelProblem('the biases', operand(operands, 2), x) ??
      overflow(operands, getNumberOr(attributes, 'bias_shift', 0));
    if (problem !== undefined) return problem;
    const elem = levelType(getNumber(attributes, 'min'), getNumber(attributes, 'max'), declared);
    return 'message' in elem ? elem : agree({ elem, shape: x.shape }, declared);
  },
  evaluate: (operands, attributes, result) => {
    const x = operand(operands, 0);
    const channels = lastAxis(x.type.shape);
    const m = spread(operand(operands, 1).data, channels);
    const left = 2 ** getNumberOr(attributes, 'bias_shift', 0);
    const b = spread(operand(operands, 2).data, channels).map((bias) => bias * left);
    const right = 2 ** getNumber(attributes, 'shift');
    const [min, max] = [getNumber(attributes, 'min'), getNumber(attributes, 'max')];
    const data = allocate(result.elem, x.data.length);
    for (let i = 0; i < data.length; i++) {
      const c = i % channels;
      // the sum is a whole number below 2^53, and dividing it by a power of two is exact
      const level = Math.floor(((x.data[i] ?? 0) * (m[c] ?? 0) + (b[c] ?? 0)) / right);
      data[i] = Math.min(Math.max(level, min), max);
    }
    return { type: result, data };
  },
};

/** What is wrong with a parameter that has one integer for each channel of x, or one for all. */
export function channelProblem(what: string, parameter: OperandInfo, x: TensorType): TypeProblem | undefined {
  const { elem, shape } = parameter.type;
  const channels = lastAxis(x.shape);
  if (isInteger(x.elem) && isInteger(elem) && shape.length === 1 && (shape[0] === 1 || shape[0] === channels))
    return undefined;
  return {
    message: `${what} do not fit the operand`,
    found: `${printType(parameter.type)} for ${printType(x)}`,
    expected: `integers [${channels}] or [1] for an integer operand`,
  };
}

/** The numbers of a parameter, one a channel. */
export function spread(data: ArrayLike<number>, channels: number): Float64Array {
  return Float64Array.from({ length: channels }, (_, c) => data[data.length === 1 ? 0 : c] ?? 0);
}

/** The type of levels from `min` to `max`: the declared one if it holds them all, else the narrowest uint or int. */
export function levelType(
  min: number,
  max: number,
  declared: TensorType | undefined,
): ElementType | TypeProblem {
  if (min > max || min < -(2 ** 31) || max >= 2 ** 31) {
    return {
      message: 'the levels are no range',
      found: `${min} to ${max}`,
      expected: 'min <= max, within int32',
    };
  }
  const elem = declared?.elem ?? fitInteger(min, max);
  const sparse = elem.kind === 'pow2' || (elem.kind === 'bipolar' && min < max);
  if (isInteger(elem) && !sparse && holds(elem, min) && holds(elem, max)) return elem;
  return {
    message: 'the declared type does not hold every level',
    found: printElement(elem),
    expected: `a type for ${min} to ${max}`,
  };
}

function overflow(operands: readonly OperandInfo[], biasShift: number): TypeProblem | undefined {
  const m = operand(operands, 1).tensor?.data ?? [];
  const b = operand(operands, 2).tensor?.data ?? [];
  const range = valueRange(operand(operands, 0).type.elem);
  const limit = 2n ** 53n;
  const exceeds = (n: bigint): boolean => n > limit || n < -limit;
  for (let c = 0; c < Math.max(m.length, b.length); c++) {
    const bias = BigInt(b[b.length === 1 ? 0 : c] ?? 0) << BigInt(biasShift);
    const multiplier = BigInt(m[m.length === 1 ? 0 : c] ?? 0);
    for (const x of [range.min, range.max]) {
      const product = BigInt(x) * multiplier;
      if (!exceeds(bias) && !exceeds(product) && !exceeds(product + bias)) continue;
      return {
        message: 'a product or sum exceeds 2^53',
        found: `${x} * ${multiplier} + ${bias}, channel ${c}`,
        expected: 'at most 9007199254740992 in size',
      };
    }
  }
  return undefined;
}
