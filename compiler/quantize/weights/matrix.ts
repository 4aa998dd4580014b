import {
  methodNumberOutOfRange,
  weightNotFinite,
  weightsAllZero,
} from '../../diagnostics/catalog/quantize.ts';
import { fail, invariant, type Where } from '../../diagnostics/index.ts';

/**
 * The weights of a layer: a row for each output (channel, unit), a column for each weight of its fan-in, row by row. The order of the columns
 * is the caller's. Only ties and gap codes depend on it; publications order a convolution's by channel, row, column.
 */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
  /** The layer, for diagnostics. */
  readonly where?: Where;
}

/** What shares a scale: all weights of the layer, or those of one output. */
export type Scope = 'layer' | 'filter';

/** A matrix from any numbers, widened exactly; `data` has rows x columns of them. */
export function matrixOf(rows: number, columns: number, data: ArrayLike<number>, where?: Where): Matrix {
  invariant(data.length === rows * columns, `${data.length} weights for ${rows} x ${columns}`);
  return { rows, columns, data: Float64Array.from(data), ...(where === undefined ? {} : { where }) };
}

/** Weights that every method can take: finite, and not all zero. Throws QCC3620 or QCC3621. */
export function checkWeights(matrix: Matrix): void {
  const { rows, columns, data, where } = matrix;
  invariant(data.length === rows * columns, `${data.length} weights for ${rows} x ${columns}`);
  let zero = true;
  for (let i = 0; i < data.length; i++) {
    const w = data[i] as number;
    if (!Number.isFinite(w)) fail(weightNotFinite(where, Math.floor(i / columns), i % columns, w));
    zero = zero && w === 0;
  }
  if (zero) fail(weightsAllZero(where, rows, columns));
}

/** An integer from `min` to `max`. Throws QCC3622, which calls it `what`. */
export function checkInteger(what: string, value: number, min: number, max: number, where?: Where): void {
  if (!Number.isInteger(value) || value < min || value > max)
    fail(methodNumberOutOfRange(where, what, value, `an integer from ${min} to ${max}`));
}

/** A number for which `holds`, described by `expected`. Throws QCC3622. */
export function checkNumber(
  what: string,
  value: number,
  holds: boolean,
  expected: string,
  where?: Where,
): void {
  if (!Number.isFinite(value) || !holds) fail(methodNumberOutOfRange(where, what, value, expected));
}

/** Sum of squares. */
export function squaredNorm(data: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += (data[i] as number) ** 2;
  return sum;
}

/** Sum of the squared differences of two matrices of the same shape. */
export function squaredError(matrix: Matrix, approximation: Matrix): number {
  const { rows, columns } = approximation;
  invariant(matrix.rows === rows && matrix.columns === columns, 'matrices of two shapes are compared');
  let sum = 0;
  for (let i = 0; i < matrix.data.length; i++)
    sum += ((matrix.data[i] as number) - (approximation.data[i] as number)) ** 2;
  return sum;
}

/** ||W - W'||^2 / ||W||^2, the loss that all methods are reported with. */
export function relativeError(matrix: Matrix, approximation: Matrix): number {
  return squaredError(matrix, approximation) / squaredNorm(matrix.data);
}

/** The sign of a binary weight; zero counts as positive, since a bit has no third value. */
export const sign = (w: number): 1 | -1 => (w >= 0 ? 1 : -1);

/** Rounds half up, in software and in hardware. */
export const roundHalfUp = (v: number): number => Math.floor(v + 0.5);
