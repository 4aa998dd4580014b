import { coefficientsVanish } from '../../diagnostics/catalog/groupnet.ts';
import { fail } from '../../diagnostics/index.ts';
import type { GraphBuilder, Value } from '../../qir/index.ts';
import { int, valueRange } from '../../qir/types.ts';
import { roundHalfUp } from '../weights/matrix.ts';

/** One part of a sum: integers, and the real number that one of them counts in each channel. */
export interface Term {
  readonly value: Value;
  readonly factors: Float64Array;
}

/** A sum of terms and constants, the latter one number a channel. */
export interface RealSum {
  readonly terms: readonly Term[];
  readonly constants: readonly Float64Array[];
}

/** Integers whose unit is 2^-fraction. */
export interface FixedPoint {
  readonly value: Value;
  readonly fraction: number;
}

/** Coefficients are signed and have so many bits. */
const COEFFICIENT_BITS = 16;
/** The greatest coefficient of a term is at least so large where sums of 32 bits allow it, even if others then take more than 16 bits. */
const LEAST_COEFFICIENT = 2 ** 8;
/** Sums stay below 2^31. */
const SUM_LIMIT = 2 ** 31;
/** Shifts that are tried. */
const [LEAST_FRACTION, MOST_FRACTION] = [-16, 40];
/** Inputs of one combine unit. */
const MOST_TERMS = 16;

/**
 * Adds sum_i A_i * P_i + B as one combine node: A_i = rnd(factor_i * 2^S), B = sum rnd(constant * 2^S), S the greatest of a node for which
 * every A_i is a signed 16-bit number and no sum leaves 32 bits; greater where a term (fine fixed-point numbers that go round a block) would else
 * be counted coarsely. Rounded one by one, the order of the terms changes nothing.
 */
export function scaleAccumulate(g: GraphBuilder, sum: RealSum, name: string): FixedPoint {
  const channels = sum.terms[0]?.factors.length ?? 1;
  const fraction = fractionOf(sum, channels);
  const unit = 2 ** fraction;
  const merged = new Map<Value, Float64Array>();
  for (const { value, factors } of sum.terms) {
    const total = merged.get(value) ?? new Float64Array(channels);
    factors.forEach((factor, c) => (total[c] = (total[c] ?? 0) + roundHalfUp(factor * unit)));
    merged.set(value, total);
  }
  const bias = new Float64Array(channels);
  for (const constant of sum.constants)
    constant.forEach((offset, c) => (bias[c] = (bias[c] ?? 0) + roundHalfUp(offset * unit)));
  const all = [...merged];
  if (
    sum.terms.some(({ factors }) => factors.some((f) => f !== 0)) &&
    all.every(([, k]) => k.every((a) => a === 0))
  )
    fail(coefficientsVanish(name));
  return { value: added(g, all, bias, name), fraction };
}

function fractionOf({ terms, constants }: RealSum, channels: number): number {
  const reach = terms.map(({ value }) => {
    const { min, max } = valueRange(value.type.elem);
    return Math.max(-min, max);
  });
  let worst = 0;
  for (let c = 0; c < channels; c++) {
    let size = 0;
    for (const [i, { factors }] of terms.entries()) size += Math.abs(factors[c] ?? 0) * (reach[i] ?? 0);
    for (const constant of constants) size += Math.abs(constant[c] ?? 0);
    worst = Math.max(worst, size);
  }
  // what rounding may add: half a unit an integer of each term, half a unit a constant
  const slack = reach.reduce((sum, r) => sum + r / 2, constants.length / 2) + 1;
  const greatest = terms.map(({ factors }) => factors.reduce((most, f) => Math.max(most, Math.abs(f)), 0));
  const [high, low] = [Math.max(...greatest), Math.min(...greatest.filter((f) => f > 0))];
  for (let fraction = MOST_FRACTION; fraction > LEAST_FRACTION; fraction--) {
    const unit = 2 ** fraction;
    if (worst * unit + slack >= SUM_LIMIT) continue;
    if (roundHalfUp(high * unit) < 2 ** (COEFFICIENT_BITS - 1) || low * unit < LEAST_COEFFICIENT)
      return fraction;
  }
  return LEAST_FRACTION;
}

function added(
  g: GraphBuilder,
  all: readonly (readonly [Value, Float64Array])[],
  bias: Float64Array,
  name: string,
): Value {
  if (all.length > MOST_TERMS) {
    const parts = Array.from({ length: Math.ceil(all.length / MOST_TERMS) }, (_, i) =>
      all.slice(i * MOST_TERMS, (i + 1) * MOST_TERMS),
    );
    const zero = new Float64Array(bias.length);
    const one = new Float64Array(bias.length).fill(1);
    const sums = parts.map((part, i) => [added(g, part, zero, `${name}_part${i}`), one] as const);
    return added(g, sums, bias, name);
  }
  const values = all.map(([value]) => value);
  const biased = bias.some((b) => b !== 0) ? { bias } : {};
  const uniform = all.every(([, factors]) => factors.every((a) => a === factors[0]));
  return uniform
    ? g.combine(
        values,
        all.map(([, factors]) => factors[0] ?? 0),
        { name, ...biased },
      )
    : g.combine(
        values,
        {
          shape: [all.length, bias.length],
          data: Float64Array.from(all.flatMap(([, factors]) => Array.from(factors))),
        },
        { name, ...biased },
      );
}

/** The same numbers with `bits` bits, `fraction` of them behind the point: rshr of papers' conventions (half up), saturated. */
export function narrowed(
  g: GraphBuilder,
  { value, fraction: from }: FixedPoint,
  { bits, fraction }: { readonly bits: number; readonly fraction: number },
  name: string,
): FixedPoint {
  const drop = from - fraction;
  const shift = Math.max(drop, 0);
  const [m, b] = [2 ** Math.max(-drop, 0), drop > 0 ? 2 ** (drop - 1) : 0];
  const attributes = { shift, min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 };
  const result = g.op('requantize', [value, [m], [b]], attributes, { name, result: int(bits) });
  return { value: result, fraction };
}
