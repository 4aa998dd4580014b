import { squaredNorm, type Matrix } from './matrix.ts';

interface Shape {
  readonly rows: number;
  readonly columns: number;
}

/** W[o,i] = scale(o) * signs[o,i]: BWN, XNOR-Net, HWGQ, one branch of Group-Net, DoReFa with one bit. */
export interface BinaryWeights extends Shape {
  readonly kind: 'binary';
  /** rows x columns of -1 and +1. */
  readonly signs: Int8Array;
  /** One for the layer, or one a row; not negative. */
  readonly scales: Float64Array;
}

/** W[o,i] = positive(o), 0 or -negative(o), by the sign of levels[o,i]: TWN, where both are equal, and TTQ. */
export interface TernaryWeights extends Shape {
  readonly kind: 'ternary';
  /** rows x columns of -1, 0 and +1. */
  readonly levels: Int8Array;
  /** One for the layer, or one a row; not negative. */
  readonly positive: Float64Array;
  readonly negative: Float64Array;
}

/** W[o,i] = sum over j of scales[o,j] * signs[o,j,i]: network sketching, ABC-Net. */
export interface BasisWeights extends Shape {
  readonly kind: 'bases';
  /** Number of bases of the layer, m. */
  readonly bases: number;
  /** rows x bases x columns of -1 and +1. */
  readonly signs: Int8Array;
  /** rows x bases, of any sign; 0 for a basis that its row does not need. */
  readonly scales: Float64Array;
  /** Bases that each row needs, at most `bases`. */
  readonly used: Int32Array;
}

/** W = X diag(d) Y^T with ternary X and Y: FFN. `right` acts first, then the scales, then `left`. */
export interface FactorWeights extends Shape {
  readonly kind: 'factors';
  readonly rank: number;
  /** X: rows x rank of -1, 0 and +1; a product of its own, or a 1x1 convolution. */
  readonly left: Int8Array;
  /** d: one a term, not negative. */
  readonly scales: Float64Array;
  /** Y^T: rank x columns of -1, 0 and +1; the product or convolution that sees the layer's input. */
  readonly right: Int8Array;
}

/** W[o,i] = values[o,i] where the mask is 1, else 0: DNS, magnitude pruning. */
export interface SparseWeights extends Shape {
  readonly kind: 'sparse';
  /** rows x columns of 0 and 1. */
  readonly mask: Uint8Array;
  /** rows x columns; 0 where the mask is 0. */
  readonly values: Float64Array;
}

/** W[o,i] = scale(o) * levels[o,i] with at most 2^bits different levels: symmetric integers, DoReFa. */
export interface IntegerWeights extends Shape {
  readonly kind: 'integer';
  readonly bits: number;
  readonly levels: Int32Array;
  /** One for the layer, or one a row. */
  readonly scales: Float64Array;
}

/** W[o,i] = 2^exponent * levels[o,i]: INQ. */
export interface PowerWeights extends Shape {
  readonly kind: 'powers';
  /** Bits of a weight. */
  readonly bits: number;
  /** n2, the exponent of the least value. */
  readonly exponent: number;
  /** rows x columns of 0 and +-2^p, 0 <= p < 2^(bits - 2). */
  readonly levels: Int32Array;
}

export type WeightRepresentation =
  | BinaryWeights
  | TernaryWeights
  | BasisWeights
  | FactorWeights
  | SparseWeights
  | IntegerWeights
  | PowerWeights;

/** The scale of a row, whether there is one for the layer or one for each row. */
export const scaleOf = (scales: Float64Array, row: number): number =>
  scales[scales.length === 1 ? 0 : row] as number;

/** The matrix that a representation stands for, in double precision. */
export function reconstruct(weights: WeightRepresentation): Matrix {
  const { rows, columns } = weights;
  const data = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++)
    fillRow(weights, row, data.subarray(row * columns, (row + 1) * columns));
  return { rows, columns, data };
}

function fillRow(weights: WeightRepresentation, row: number, out: Float64Array): void {
  const { columns } = weights;
  const start = row * columns;
  switch (weights.kind) {
    case 'binary': {
      const scale = scaleOf(weights.scales, row);
      for (let i = 0; i < columns; i++) out[i] = scale * (weights.signs[start + i] as number);
      return;
    }
    case 'ternary': {
      const [positive, negative] = [scaleOf(weights.positive, row), scaleOf(weights.negative, row)];
      for (let i = 0; i < columns; i++) {
        const level = weights.levels[start + i] as number;
        out[i] = level > 0 ? positive : level < 0 ? -negative : 0;
      }
      return;
    }
    case 'bases':
      for (let j = 0; j < weights.bases; j++)
        addScaled(
          out,
          weights.scales[row * weights.bases + j] as number,
          weights.signs,
          (row * weights.bases + j) * columns,
        );
      return;
    case 'factors':
      for (let k = 0; k < weights.rank; k++) {
        const x = weights.left[row * weights.rank + k] as number;
        if (x !== 0) addScaled(out, x * (weights.scales[k] as number), weights.right, k * columns);
      }
      return;
    case 'sparse':
      out.set(weights.values.subarray(start, start + columns));
      return;
    case 'integer': {
      const scale = scaleOf(weights.scales, row);
      for (let i = 0; i < columns; i++) out[i] = scale * (weights.levels[start + i] as number);
      return;
    }
    case 'powers': {
      const unit = 2 ** weights.exponent;
      for (let i = 0; i < columns; i++) out[i] = unit * (weights.levels[start + i] as number);
      return;
    }
  }
}

function addScaled(out: Float64Array, scale: number, levels: Int8Array, start: number): void {
  if (scale === 0) return;
  for (let i = 0; i < out.length; i++) out[i] = (out[i] as number) + scale * (levels[start + i] as number);
}

/** How many entries are not zero. */
export function nonZeros(levels: ArrayLike<number>): number {
  let count = 0;
  for (let i = 0; i < levels.length; i++) if (levels[i] !== 0) count++;
  return count;
}

/** Mean magnitude and its standard deviation over `data`, of the entries that are not zero (Caffe's statistics of DNS), or of all. */
export function magnitudes(
  data: ArrayLike<number>,
  count: 'all' | 'non-zero',
): { mean: number; deviation: number } {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += Math.abs(data[i] as number);
  const n = count === 'all' ? data.length : nonZeros(data);
  if (n === 0) return { mean: 0, deviation: 0 };
  const mean = sum / n;
  return { mean, deviation: Math.sqrt(Math.max(squaredNorm(data) / n - mean * mean, 0)) };
}
