import { accumulatorType } from '../qir/ops/sums.ts';
import { fitInteger, valueRange } from '../qir/types.ts';

/** Accumulators have 32 bits. */
export const largestSum = 2 ** 31 - 1;

type Input = { readonly min: number; readonly max: number } | undefined;

/** The greatest magnitude among some numbers; 0 of none. */
export function signedRange(numbers: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < numbers.length; i++) most = Math.max(most, Math.abs(numbers[i] ?? 0));
  return most;
}

/** Least and greatest sum over the rows of small weights, at the worst inputs. */
function sumRange(
  weights: Int8Array,
  rows: number,
  input: Input,
): { readonly min: number; readonly max: number } {
  const { min, max } = input ?? { min: -1, max: 1 };
  const columns = weights.length / rows;
  const range = { min: 0, max: 0 };
  for (let row = 0; row < rows; row++) {
    let [low, high] = [0, 0];
    for (let i = row * columns; i < (row + 1) * columns; i++) {
      const w = weights[i] ?? 0;
      // padding is zero, whatever the inputs are
      low += Math.min(w * min, w * max, 0);
      high += Math.max(w * min, w * max, 0);
    }
    range.min = Math.min(range.min, low);
    range.max = Math.max(range.max, high);
  }
  return range;
}

/** The greatest magnitude that the type of sums over small weights holds. */
function typeReach(min: number, max: number): number {
  const elem = accumulatorType(min, max);
  return elem === undefined ? Infinity : -valueRange(elem).min;
}

/** The greatest magnitude that the sums of bases may have, by the type of their common product. */
export function basisRange(bases: readonly Int8Array[], rows: number, input: Input): number {
  const ranges = bases.map((base) => sumRange(base, rows, input));
  return typeReach(Math.min(...ranges.map(({ min }) => min)), Math.max(...ranges.map(({ max }) => max)));
}

/** What two ternary factors are made of, with integers between them. */
interface Factors {
  readonly left: Int8Array;
  readonly right: Int8Array;
  readonly factors: readonly number[];
  readonly shift: number;
  readonly rows: number;
  readonly columns: number;
}

/** Least and greatest of what comes behind the factors. */
export function scaledRange(
  { factors, shift }: Pick<Factors, 'factors' | 'shift'>,
  inner: { readonly min: number; readonly max: number },
): { readonly min: number; readonly max: number } {
  const most = factors.reduce((a, b) => Math.max(a, b), 0);
  const half = shift === 0 ? 0 : 2 ** (shift - 1);
  const level = (sum: number): number => Math.floor((sum * most + half) / 2 ** shift);
  return { min: level(inner.min), max: level(inner.max) };
}

/** The greatest magnitude of the sums of the second product, by the types of what comes before; Infinity where no type holds it. */
export function factoredRanges({ left, right, factors, shift, rows }: Factors, input: Input): number {
  const inner = sumRange(right, factors.length, input);
  const elem = accumulatorType(inner.min, inner.max);
  if (elem === undefined) return Infinity;
  const { min, max } = scaledRange({ factors, shift }, valueRange(elem));
  if (min < -largestSum || max > largestSum) return Infinity;
  const scaled = valueRange(fitInteger(min, max));
  const columns = left.length / rows;
  let most = 0;
  for (let row = 0; row < rows; row++) {
    let terms = 0;
    for (let i = row * columns; i < (row + 1) * columns; i++) terms += Math.abs(left[i] ?? 0);
    most = Math.max(most, terms);
  }
  return most * Math.max(-scaled.min, scaled.max);
}
