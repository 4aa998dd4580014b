import type { OpDefinition, OperandInfo, TypeProblem } from '../op.ts';
import { allocate, valueRange } from '../types.ts';
import { getNumber, integerAttribute } from './attributes.ts';
import { agree, operand } from './real.ts';
import { channelProblem, levelType, spread } from './requantize.ts';
import { lastAxis } from './shapes.ts';

const LEAST = -(2 ** 31);
const GREATEST = 2 ** 31 - 1;

/** Requantization as the reference kernels of TensorFlow Lite compute it. */
export const mbqm: OpDefinition = {
  name: 'mbqm',
  forms: ['integer'],
  summary:
    'Multiplies by a fixed-point number as the reference kernels of TensorFlow Lite do (MultiplyByQuantizedMultiplier).',
  meaning:
    'y = min(max(r + zero_point, min), max), where for m = m[c], s = s[c], c the position along the last axis (0 where there is one ' +
    'element): a = x * 2^max(s, 0); h = trunc((a * m + n) / 2^31), n = 2^30 if a * m >= 0, else 1 - 2^30, trunc towards zero ' +
    '(2^31 - 1 where a and m are both -2^31); r = h / 2^max(-s, 0) rounded to the nearest, ties away from zero. ' +
    'So y is x * m * 2^(s - 31), rounded twice. a does not leave 32 bits',
  operands: [
    { name: 'x', doc: 'Integers.', kind: 'value' },
    { name: 'm', doc: 'Multipliers with 31 bits behind the point: integers [C] or [1].', kind: 'const' },
    { name: 's', doc: 'Shifts, positive to the left: integers [C] or [1], -31 to 30.', kind: 'const' },
  ],
  attributes: {
    zero_point: integerAttribute('Added to the rounded product.', { least: LEAST, most: GREATEST }),
    min: integerAttribute('Least level.'),
    max: integerAttribute('Greatest level.'),
  },
  type: (operands, attributes, declared) => {
    const x = operand(operands, 0).type;
    const problem =
      channelProblem('the multipliers', operand(operands, 1), x) ??
      channelProblem('the shifts', operand(operands, 2), x) ??
      shiftProblem(operands);
    if (problem !== undefined) return problem;
    const elem = levelType(getNumber(attributes, 'min'), getNumber(attributes, 'max'), declared);
    return 'message' in elem ? elem : agree({ elem, shape: x.shape }, declared);
  },
  evaluate: (operands, attributes, result) => {
    const x = operand(operands, 0);
    const channels = lastAxis(x.type.shape);
    const m = spread(operand(operands, 1).data, channels);
    const s = spread(operand(operands, 2).data, channels);
    const zero = getNumber(attributes, 'zero_point');
    const [min, max] = [getNumber(attributes, 'min'), getNumber(attributes, 'max')];
    const data = allocate(result.elem, x.data.length);
    for (let i = 0; i < data.length; i++) {
      const c = i % channels;
      const y = multiplyByQuantizedMultiplier(x.data[i] ?? 0, m[c] ?? 0, s[c] ?? 0) + zero;
      data[i] = Math.min(Math.max(y, min), max);
    }
    return { type: result, data };
  },
};

/** x * m * 2^(s - 31) with the two roundings of the reference; `x * 2^max(s, 0)` and m are int32, s is from -31 to 30. */
export function multiplyByQuantizedMultiplier(x: number, m: number, s: number): number {
  return roundingDivideByPowerOfTwo(doublingHighProduct(x * 2 ** Math.max(s, 0), m), Math.max(-s, 0));
}

/** trunc((2 a b + 2^31 or 2^31 less for a negative product) / 2^32): the high half of 2 a b, rounded, saturated. */
function doublingHighProduct(a: number, b: number): number {
  if (a === LEAST && b === LEAST) return GREATEST;
  // |a| * |b| = high * 2^32 + middle * 2^16 + low by halves of 16 bits, each part of it well below 2^53
  const [p, q] = [Math.abs(a), Math.abs(b)];
  const [p1, p0] = [Math.floor(p / 65536), p % 65536];
  const [q1, q0] = [Math.floor(q / 65536), q % 65536];
  const negative = a < 0 !== b < 0 && p !== 0 && q !== 0;
  // positive: floor((|ab| + 2^30) / 2^31); negative: -floor((|ab| + 2^30 - 1) / 2^31)
  const low = p0 * q0 + 2 ** 30 - (negative ? 1 : 0);
  const middle = p1 * q0 + p0 * q1 + Math.floor(low / 65536);
  // what is below 2^16 cannot change the quotient by 2^31 any more
  const magnitude = p1 * q1 * 2 + Math.floor(middle / 32768);
  return negative ? -magnitude : magnitude;
}

/** value / 2^exponent, rounded to the nearest integer, ties away from zero. */
function roundingDivideByPowerOfTwo(value: number, exponent: number): number {
  const magnitude = Math.floor(Math.abs(value) / 2 ** exponent + 0.5);
  return value < 0 && magnitude !== 0 ? -magnitude : magnitude;
}

function shiftProblem(operands: readonly OperandInfo[]): TypeProblem | undefined {
  const shifts = Array.from(operand(operands, 2).tensor?.data ?? []);
  const bad = shifts.find((s) => s < -31 || s > 30);
  if (bad !== undefined)
    return { message: 'a shift is out of range', found: `${bad}`, expected: '-31 to 30' };
  const multipliers = Array.from(operand(operands, 1).tensor?.data ?? []);
  const wide = multipliers.find((m) => m < LEAST || m > GREATEST);
  if (wide !== undefined) {
    return { message: 'a multiplier leaves 32 bits', found: `${wide}`, expected: `${LEAST} to ${GREATEST}` };
  }
  const { min, max } = valueRange(operand(operands, 0).type.elem);
  const left = 2 ** shifts.reduce((a, b) => Math.max(a, b), 0);
  if (min * left >= LEAST && max * left <= GREATEST) return undefined;
  return {
    message: 'the operand shifted left leaves 32 bits',
    found: `${min} to ${max}, times ${left}`,
    expected: `${LEAST} to ${GREATEST}`,
  };
}
