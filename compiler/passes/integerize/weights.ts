import { asDoubles } from '../../qir/ops/accumulate.ts';
import { latticeOf } from '../../qir/ops/lattice.ts';
import { lastAxis } from '../../qir/ops/shapes.ts';
import { accumulatorType } from '../../qir/ops/sums.ts';
import { multiply, type Rational } from '../../qir/rational.ts';
import { bipolar, ternary, type ElementType, type Tensor } from '../../qir/types.ts';
import { tensorOf } from './builder.ts';

/** The integers behind a weight tensor. */
export interface IntegerWeights {
  /** [out, in], in the narrowest of bipolar, ternary and intN that holds the values. */
  readonly tensor: Tensor;
  /** The scales of the sums, positive: one, or one for each output. */
  readonly scales: readonly Rational[];
}

/**
 * Reads weights [out, in] as integers times scales; a sentence on what was found instead, if they are not. The sums of a layer have
 * the product of these scales and that of its operand; where it is negative, the weights take the sign.
 */
export function integerWeights(w: Tensor, operandScale: Rational): IntegerWeights | string {
  const lattice = latticeOf(w);
  if (lattice === undefined) return 'float32 numbers without a common scale';
  const { scales, scaleShape, levels } = lattice;
  if (scales.length !== 1 && lastAxis(scaleShape) !== 1) return 'a scale for each input';
  const products = scales.map((scale) => multiply(scale, operandScale));
  const columns = lastAxis(w.type.shape);
  const negative = products.map((product) => product.numerator < 0n);
  const signed = negative.includes(true)
    ? levels.map((level, i) =>
        negative[negative.length === 1 ? 0 : Math.floor(i / columns)] === true ? -level : level,
      )
    : levels;
  const elem = narrowest(signed);
  if (elem === undefined) return 'integers of more than 32 bits';
  return { tensor: tensorOf(elem, w.type.shape, signed), scales: products.map(magnitude) };
}

function magnitude(scale: Rational): Rational {
  return scale.numerator < 0n ? { ...scale, numerator: -scale.numerator } : scale;
}

function narrowest(levels: Int32Array): ElementType | undefined {
  let [min, max, zeros] = [0, 0, 0];
  for (const level of levels) {
    min = Math.min(min, level);
    max = Math.max(max, level);
    if (level === 0) zeros++;
  }
  if (min >= -1 && max <= 1) return zeros === 0 ? bipolar : ternary;
  return accumulatorType(min, max);
}

/** The sums over the rows of w [out, in]. */
export function rowSums(w: Tensor): Float64Array {
  const [rows, columns] = [w.type.shape[0] ?? 1, w.type.shape[1] ?? 1];
  const weights = asDoubles(w.data);
  const sums = new Float64Array(rows);
  for (let i = 0; i < weights.length; i++) {
    const row = Math.floor(i / columns);
    sums[row] = (sums[row] ?? 0) + (weights[i] ?? 0);
  }
  return sums;
}
