import { latticeOf } from '../../qir/ops/lattice.ts';
import { accumulatorType } from '../../qir/ops/sums.ts';
import { asDoubles } from '../../qir/ops/accumulate.ts';
import { multiply, type Rational } from '../../qir/rational.ts';
import { bipolar, elementCount, ternary, type ElementType, type Tensor } from '../../qir/types.ts';
import { tensorOf } from './builder.ts';

/** The integers behind a weight tensor. */
export interface IntegerWeights {
  /** [out, ...], in the narrowest of bipolar, ternary and intN that holds the values. */
  readonly tensor: Tensor;
  /** The scales of the sums, positive: one, or one for each output. */
  readonly scales: readonly Rational[];
}

/**
 * Reads weights [out, ...] as integers times scales; a sentence on what was found instead, if they are not. The sums of a layer have
 * the product of these scales and that of its operand; where it is negative, the weights take the sign. `multiples` (if given) says for
 * each input (each column) how many times `operandScale` its scale is: the weights take that up.
 */
export function integerWeights(
  w: Tensor,
  operandScale: Rational,
  multiples?: (row: number, column: number) => number,
): IntegerWeights | string {
  const lattice = latticeOf(w);
  if (lattice === undefined) return 'float32 numbers without a common scale';
  const { scales, scaleShape, levels } = lattice;
  const rows = w.type.shape[0] ?? 1;
  const alongRows = scaleShape.length === w.type.shape.length && elementCount(scaleShape.slice(1)) === 1;
  if (scales.length !== 1 && !alongRows) return 'a scale for each input';
  const products = scales.map((scale) => multiply(scale, operandScale));
  const columns = levels.length / rows;
  const signed = new Float64Array(levels.length);
  for (let row = 0; row < rows; row++) {
    const product = products[products.length === 1 ? 0 : row];
    const sign = (product?.numerator ?? 0n) < 0n ? -1 : 1;
    for (let i = 0; i < columns; i++) {
      const at = row * columns + i;
      signed[at] = (levels[at] ?? 0) * sign * (multiples?.(row, i) ?? 1);
    }
  }
  const elem = narrowest(signed);
  if (elem === undefined) return 'integers of more than 32 bits';
  return { tensor: tensorOf(elem, w.type.shape, signed), scales: products.map(magnitude) };
}

function magnitude(scale: Rational): Rational {
  return scale.numerator < 0n ? { ...scale, numerator: -scale.numerator } : scale;
}

/** The narrowest of bipolar, ternary and intN that holds all of them; undefined where 32 bits do not. */
export function narrowest(levels: ArrayLike<number>): ElementType | undefined {
  let [min, max, zeros] = [0, 0, 0];
  for (let i = 0; i < levels.length; i++) {
    const level = levels[i] ?? 0;
    min = Math.min(min, level);
    max = Math.max(max, level);
    if (level === 0) zeros++;
  }
  if (min >= -1 && max <= 1) return zeros === 0 ? bipolar : ternary;
  return accumulatorType(min, max);
}

/** The sums over the rows of w [out, ...]. */
export function rowSums(w: Tensor): Float64Array {
  const rows = w.type.shape[0] ?? 1;
  const weights = asDoubles(w.data);
  const columns = weights.length / rows;
  const sums = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let i = row * columns; i < (row + 1) * columns; i++) sum += weights[i] ?? 0;
    sums[row] = sum;
  }
  return sums;
}
