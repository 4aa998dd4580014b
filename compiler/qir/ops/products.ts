import { float32Multiplier, multiply, rational, roundToFloat32, type Rational } from '../rational.ts';
import { elementCount, type Tensor } from '../types.ts';
import { asDoubles, compensatedDot, dot } from './accumulate.ts';
import { latticeOf, type Lattice } from './lattice.ts';

/** How a real product with a matrix sums its terms. */
export interface Products {
  /** What to take from x: its levels, or its numbers; 0 stands for zero in both. */
  readonly x: Float64Array;
  /** The product of row `row` of the weights with the elements of `vector` from `at` on: exact, then rounded to float32 once. */
  readonly sum: (vector: Float64Array, at: number, row: number) => number;
}

/**
 * The sums of products of x with the rows of w (its first axis). Where both lie on lattices with one scale for x and one, or one
 * for each row, for w, the sums are those of the levels; otherwise of the float32 numbers, whose products are exact in double
 * precision.
 */
export function realProducts(x: Tensor, w: Tensor): Products {
  const rows = w.type.shape[0] ?? 1;
  const count = w.data.length / rows;
  const [a, b] = [latticeOf(x), latticeOf(w)];
  const scale = a?.scales[0];
  if (a === undefined || b === undefined || scale === undefined || !hasScalePerRow(a, b, w)) {
    const weights = asDoubles(w.data);
    return {
      x: Float64Array.from(x.data),
      sum: (vector, at, row) => compensatedDot(vector, at, weights, row * count, count),
    };
  }
  const levels = Float64Array.from(a.levels);
  const weights = asDoubles(b.levels);
  const scales = b.scales.map((s) => multiply(scale, s));
  const scaleOf = (row: number): number => (scales.length === 1 ? 0 : row);
  if (greatest(levels) * greatest(weights) * count > Number.MAX_SAFE_INTEGER) {
    return { x: levels, sum: bigSums(weights, count, (row) => scales[scaleOf(row)]) };
  }
  const multipliers = scales.map(float32Multiplier);
  return {
    x: levels,
    sum: (vector, at, row) => multipliers[scaleOf(row)]?.(dot(vector, at, weights, row * count, count)) ?? 0,
  };
}

function hasScalePerRow(a: Lattice, b: Lattice, w: Tensor): boolean {
  const { scales, scaleShape } = b;
  const alongRows = scaleShape.length === w.type.shape.length && elementCount(scaleShape.slice(1)) === 1;
  return a.scales.length === 1 && (scales.length === 1 || alongRows);
}

const HALF = 2 ** 16;

/** Sums of levels too large for doubles: both factors in halves of 16 bits, whose products a double sums up exactly. */
function bigSums(
  weights: Float64Array,
  count: number,
  scaleOf: (row: number) => Rational | undefined,
): Products['sum'] {
  const high = (data: Float64Array): Float64Array => data.map((level) => Math.floor(level / HALF));
  const low = (data: Float64Array): Float64Array =>
    data.map((level) => level - Math.floor(level / HALF) * HALF);
  const [wHigh, wLow] = [high(weights), low(weights)];
  return (vector, at, row) => {
    const part = vector.subarray(at, at + count);
    const [xHigh, xLow] = [high(part), low(part)];
    const product = (x: Float64Array, w: Float64Array): bigint => BigInt(dot(x, 0, w, row * count, count));
    const middle = product(xHigh, wLow) + product(xLow, wHigh);
    const sum = (product(xHigh, wHigh) << 32n) + (middle << 16n) + product(xLow, wLow);
    const scale = scaleOf(row);
    return scale === undefined ? 0 : roundToFloat32(rational(sum * scale.numerator, scale.denominator));
  };
}

function greatest(values: Float64Array): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i] ?? 0));
  return most;
}
