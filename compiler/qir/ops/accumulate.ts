import { rational, roundToFloat32, type Rational } from '../rational.ts';
import { valueRange, type ElementType, type Tensor } from '../types.ts';

const doubles = new WeakMap<object, Float64Array>();

/** The numbers as doubles, converted once for each array: one inner loop over one array type is what makes it fast. */
export function asDoubles(data: ArrayLike<number> & object): Float64Array {
  let known = doubles.get(data);
  if (known === undefined) {
    known = Float64Array.from(data);
    doubles.set(data, known);
  }
  return known;
}

/** Sum of x[xAt + i] * w[wAt + i]; exact where all partial sums are integers below 2^53. */
export function dot(x: Float64Array, xAt: number, w: Float64Array, wAt: number, count: number): number {
  // four sums that do not wait for each other
  let [a, b, c, d] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < count; i += 4) {
    a += (x[xAt + i] ?? 0) * (w[wAt + i] ?? 0);
    b += (x[xAt + i + 1] ?? 0) * (w[wAt + i + 1] ?? 0);
    c += (x[xAt + i + 2] ?? 0) * (w[wAt + i + 2] ?? 0);
    d += (x[xAt + i + 3] ?? 0) * (w[wAt + i + 3] ?? 0);
  }
  for (; i < count; i++) a += (x[xAt + i] ?? 0) * (w[wAt + i] ?? 0);
  return a + b + c + d;
}

/** The float32 nearest to scale times the exact integer dot product, whatever its size. */
export function bigScaledDot(
  x: Float64Array,
  xAt: number,
  w: Float64Array,
  wAt: number,
  count: number,
  scale: Rational,
): number {
  let sum = 0n;
  for (let i = 0; i < count; i++) sum += BigInt(x[xAt + i] ?? 0) * BigInt(w[wAt + i] ?? 0);
  return roundToFloat32(rational(sum * scale.numerator, scale.denominator));
}

/**
 * The float32 nearest to the sum of products of float32 numbers. The products are exact in double precision; the sum is kept
 * as a double and its rounding error (Knuth's two-sum), and rounded once.
 */
export function compensatedDot(
  x: Float64Array,
  xAt: number,
  w: Float64Array,
  wAt: number,
  count: number,
): number {
  let sum = 0;
  let error = 0;
  for (let i = 0; i < count; i++) {
    const product = (x[xAt + i] ?? 0) * (w[wAt + i] ?? 0);
    const next = sum + product;
    const part = next - sum;
    error += sum - (next - part) + (product - part);
    sum = next;
  }
  const total = sum + error;
  if (!Number.isFinite(total)) return Math.fround(total);
  const back = total - sum;
  return roundPairToFloat32(total, sum - (total - back) + (error - back));
}

/** The float32 nearest to high + low, where low is less than the last bit of high. */
function roundPairToFloat32(high: number, low: number): number {
  const near = Math.fround(high);
  // if high is halfway between two neighbours, the other one is as far beyond it, and low decides
  const other = near + 2 * (high - near);
  if (low === 0 || other === near || Math.fround(other) !== other) return near;
  return low > 0 ? Math.max(near, other) : Math.min(near, other);
}

/** Least and greatest sum of each row. */
export interface RowRanges {
  readonly min: Float64Array;
  readonly max: Float64Array;
}

/**
 * What the actual weights can make of operands of type `x`: for each row of w [out, in] the sums, bias included, in the worst case.
 */
export function rowRanges(w: Tensor, x: ElementType, bias: Tensor | undefined): RowRanges {
  const [rows, columns] = [w.type.shape[0] ?? 1, w.type.shape[1] ?? 1];
  const range = valueRange(x);
  const weights = asDoubles(w.data);
  const min = new Float64Array(rows);
  const max = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    let positive = 0;
    let negative = 0;
    for (let i = row * columns; i < (row + 1) * columns; i++) {
      const weight = weights[i] ?? 0;
      if (weight > 0) positive += weight;
      else negative += weight;
    }
    const offset = bias?.data[row] ?? 0;
    min[row] = positive * range.min + negative * range.max + offset;
    max[row] = positive * range.max + negative * range.min + offset;
  }
  return { min, max };
}

/** The least and the greatest over all rows. */
export function overallRange(ranges: RowRanges): { readonly min: number; readonly max: number } {
  return {
    min: ranges.min.reduce((a, b) => Math.min(a, b)),
    max: ranges.max.reduce((a, b) => Math.max(a, b)),
  };
}
