import { valueRange, type ElementType, type Tensor } from '../types.ts';
import type { Range } from './sums.ts';

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

/** `dot` of the `count` numbers from x[xAt] on with each row of w, into `sums`: four rows at a time, which read x once. */
export function dots(x: Float64Array, xAt: number, w: Float64Array, count: number, sums: Float64Array): void {
  let row = 0;
  for (; row + 3 < sums.length; row += 4) {
    let [a, b, c, d] = [0, 0, 0, 0];
    const [first, second, third, fourth] = [
      row * count,
      (row + 1) * count,
      (row + 2) * count,
      (row + 3) * count,
    ];
    for (let i = 0; i < count; i++) {
      const value = x[xAt + i] ?? 0;
      a += value * (w[first + i] ?? 0);
      b += value * (w[second + i] ?? 0);
      c += value * (w[third + i] ?? 0);
      d += value * (w[fourth + i] ?? 0);
    }
    sums[row] = a;
    sums[row + 1] = b;
    sums[row + 2] = c;
    sums[row + 3] = d;
  }
  for (; row < sums.length; row++) sums[row] = dot(x, xAt, w, row * count, count);
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

/** The positive and the negative weights of each row, each added up. */
interface SignedSums {
  readonly positive: Float64Array;
  readonly negative: Float64Array;
}

const signed = new WeakMap<object, SignedSums>();

/** `SignedSums` of a matrix, found once for each array: every pass asks for ranges again. */
function signedSums(data: Tensor['data'], rows: number, columns: number): SignedSums {
  const known = signed.get(data);
  if (known?.positive.length === rows) return known;
  const sums = { positive: new Float64Array(rows), negative: new Float64Array(rows) };
  const weights = asDoubles(data);
  for (let row = 0; row < rows; row++) {
    let [positive, negative] = [0, 0];
    for (let i = row * columns; i < (row + 1) * columns; i++) {
      const weight = weights[i] ?? 0;
      if (weight > 0) positive += weight;
      else negative += weight;
    }
    sums.positive[row] = positive;
    sums.negative[row] = negative;
  }
  signed.set(data, sums);
  return sums;
}

/** Least and greatest sum of each row. */
export interface RowRanges {
  readonly min: Float64Array;
  readonly max: Float64Array;
}

/**
 * What the actual weights can make of operands of type `x`, or of integers in a range: for each row of w (its first axis) the
 * sums, bias included, in the worst case.
 */
export function rowRanges(w: Tensor, x: ElementType | Range, bias: Tensor | undefined): RowRanges {
  const rows = w.type.shape[0] ?? 1;
  const columns = w.data.length / rows;
  const range = 'kind' in x ? valueRange(x) : x;
  const { positive, negative } = signedSums(w.data, rows, columns);
  const min = new Float64Array(rows);
  const max = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const offset = bias?.data[row] ?? 0;
    const [above, below] = [positive[row] ?? 0, negative[row] ?? 0];
    min[row] = above * range.min + below * range.max + offset;
    max[row] = above * range.max + below * range.min + offset;
  }
  return { min, max };
}

/** The least and the greatest over all rows. */
export function overallRange(ranges: RowRanges): Range {
  return {
    min: ranges.min.reduce((a, b) => Math.min(a, b)),
    max: ranges.max.reduce((a, b) => Math.max(a, b)),
  };
}
