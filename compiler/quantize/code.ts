import { methodCannotTake } from '../diagnostics/catalog/quantize.ts';
import { fail } from '../diagnostics/index.ts';
import { sourceName, whereOf } from '../passes/graph-edit.ts';
import { bipolar, int, ternary, uint, type ElementType } from '../qir/types.ts';
import { basisRange, factoredRanges, largestSum, signedRange } from './ranges.ts';
import type { CodedWeights, Layer, WeightForm } from './method.ts';
import {
  reconstruct,
  scaleOf,
  type BasisWeights,
  type BinaryWeights,
  type FactorWeights,
  type IntegerWeights,
  type TernaryWeights,
} from './weights/index.ts';

/** Bits of a stored factor or scale. */
const FACTOR_BITS = 16;
/** Factors are integers below this. */
const FACTOR_LIMIT = 2 ** 15;

/** A positive float32 number near a scale; 1 where none is. */
const asScale = (scale: number): number => {
  const rounded = Math.fround(scale);
  return Number.isFinite(rounded) && rounded > 0 ? rounded : 1;
};

const asScales = (scales: ArrayLike<number>): number[] => Array.from(scales, asScale);

/** Symmetric integers. */
export function codeIntegers(weights: IntegerWeights): CodedWeights {
  const scales = asScales(weights.scales);
  return {
    values: reconstruct({ ...weights, scales: Float64Array.from(scales) }).data,
    levels: Float64Array.from(weights.levels),
    scales,
    form: { kind: 'matrix', elem: int(weights.bits) },
    storedBits: weights.levels.length * weights.bits,
    advice: [],
  };
}

/** Signs with a scale for the layer or for each row. The sums of a last layer get their scales as factors. */
export function codeBinary(layer: Layer, weights: BinaryWeights): CodedWeights {
  return codeSigns(layer, weights.signs, bipolar, weights.scales, reconstruct(weights).data);
}

/** -1, 0 and +1 with a scale for the layer or for each row, or with two scales, one a sign. */
export function codeTernary(layer: Layer, weights: TernaryWeights): CodedWeights {
  const { levels, positive, negative, rows, columns } = weights;
  const values = reconstruct(weights).data;
  if (positive.every((scale, i) => scale === negative[i]))
    return codeSigns(layer, levels, ternary, positive, values);
  const side = (sign: number): Int8Array => levels.map((level) => Number(level === sign));
  const factors = [
    Array.from({ length: rows }, (_, row) => scaleOf(positive, row)),
    Array.from({ length: rows }, (_, row) => -scaleOf(negative, row)),
  ];
  const coded = codeFactors(layer, uint(1), [side(1), side(-1)], factors, values);
  return { ...coded, storedBits: 2 * rows * columns };
}

function codeSigns(
  layer: Layer,
  signs: Int8Array,
  elem: ElementType,
  scales: Float64Array,
  values: Float64Array,
): CodedWeights {
  const { rows, columns } = layer.matrix;
  const bitsEach = elem.kind === 'bipolar' ? 1 : 2;
  const storedBits = signs.length * bitsEach;
  // a row of zeros has no scale, and its signs must count for nothing
  const isPlain = scales.every((scale) => scale > 0) && (scales.length === 1 || !layer.isLast);
  if (!isPlain) {
    const factors = [Array.from({ length: rows }, (_, row) => scaleOf(scales, row))];
    return { ...codeFactors(layer, elem, [signs], factors, values), storedBits };
  }
  const rounded = asScales(scales);
  return {
    values: values.map(
      (_, i) => (signs[i] ?? 0) * (rounded[scales.length === 1 ? 0 : Math.floor(i / columns)] ?? 1),
    ),
    levels: Float64Array.from(signs),
    scales: rounded,
    form: { kind: 'matrix', elem },
    storedBits,
    advice: [],
  };
}

/** Sums of bases of signs. */
export function codeBases(layer: Layer, weights: BasisWeights): CodedWeights {
  const { rows, columns, bases, signs, scales } = weights;
  const matrices = Array.from({ length: bases }, (_, j) => {
    const matrix = new Int8Array(rows * columns);
    for (let row = 0; row < rows; row++) {
      const from = (row * bases + j) * columns;
      matrix.set(signs.subarray(from, from + columns), row * columns);
    }
    return matrix;
  });
  const factors = Array.from({ length: bases }, (_, j) =>
    Array.from({ length: rows }, (_row, row) => scales[row * bases + j] ?? 0),
  );
  return codeFactors(layer, bipolar, matrices, factors, reconstruct(weights).data);
}

/** Bases with real factors, one for each base and row, which become integers times one power of two. */
function codeFactors(
  layer: Layer,
  elem: ElementType,
  bases: readonly Int8Array[],
  factors: readonly (readonly number[])[],
  values: Float64Array,
): CodedWeights {
  const { rows, columns } = layer.matrix;
  if (layer.groups > 1 && bases.length > 1)
    refuse(layer, `${bases.length} bases of a convolution in ${layer.groups} groups`, 'one group');
  const range = basisRange(bases, rows, layer.input);
  const rounded = (bits: number): number[][] =>
    factors.map((row) => row.map((factor) => Math.floor(factor * 2 ** bits + 0.5)));
  const bits = mostBits(layer, factors.flat(), (candidate) => {
    const all = rounded(candidate);
    let most = 0;
    for (let row = 0; row < rows; row++)
      most = Math.max(
        most,
        all.reduce((sum, base) => sum + Math.abs(base[row] ?? 0), 0),
      );
    return most * range + layer.bias * 2 ** candidate;
  });
  const integers = rounded(bits);
  const levels = new Float64Array(rows * columns);
  for (const [j, base] of bases.entries())
    for (let i = 0; i < levels.length; i++)
      levels[i] = (levels[i] ?? 0) + (integers[j]?.[Math.floor(i / columns)] ?? 0) * (base[i] ?? 0);
  return {
    values,
    levels,
    scales: [2 ** -bits],
    form: { kind: 'bases', elem, bases, factors: integers },
    storedBits: bases.length * rows * columns,
    advice: [],
  };
}

/** Two ternary factors with a diagonal between them. */
export function codeFactored(layer: Layer, weights: FactorWeights): CodedWeights {
  const { rows, columns, rank, left, right, scales } = weights;
  if (layer.groups > 1) refuse(layer, `a convolution in ${layer.groups} groups`, 'one group');
  const reals = Array.from(scales);
  const fraction = mostBits(layer, reals, () => 0);
  const factors = reals.map((d) => Math.floor(d * 2 ** fraction + 0.5));
  // bits are dropped behind the factors until the sums of the second product fit
  let shift = 0;
  for (; ; shift++) {
    const reach = factoredRanges({ left, right, factors, shift, rows, columns }, layer.input);
    if (reach + layer.bias * 2 ** (fraction - shift) <= largestSum) break;
    if (shift === fraction + FACTOR_BITS)
      refuse(layer, `${columns} inputs and rank ${rank}`, 'sums within 32 bits');
  }
  const unit = 2 ** shift;
  const whole = { ...weights, scales: Float64Array.from(factors) };
  const form: WeightForm = { kind: 'factored', left, factors, shift, right };
  return {
    values: reconstruct(weights).data,
    levels: reconstruct(whole).data.map((level) => Math.floor(level / unit + 0.5)),
    scales: [2 ** (shift - fraction)],
    form,
    storedBits: 2 * rank * (rows + columns),
    advice: [],
  };
}

/** The most fraction bits with which all factors stay below their limit and the sums below theirs. */
function mostBits(layer: Layer, factors: readonly number[], reach: (bits: number) => number): number {
  const greatest = signedRange(factors);
  for (let bits = Math.floor(Math.log2(FACTOR_LIMIT / greatest)); greatest * 2 ** bits >= 0.5; bits--) {
    if (Math.floor(greatest * 2 ** bits + 0.5) < FACTOR_LIMIT && reach(bits) <= largestSum) return bits;
  }
  return refuse(layer, `sums of ${layer.matrix.columns} products with factors`, 'sums within 32 bits');
}

function refuse(layer: Layer, found: string, expected: string): never {
  return fail(methodCannotTake(whereOf(layer.node), sourceName(layer.node), found, expected));
}
