import { checkInteger, squaredNorm, type Matrix } from './matrix.ts';
import { reconstruct, type FactorWeights } from './representation.ts';

/**
 * Real factors behind ternary ones, for training: W ~= left diag(scales) right. An entry quantizes to +1 above 0.5 unit, -1 below -0.5 unit,
 * else 0, with the unit of its side, and is clipped to 1.5 units.
 */
export interface ShadowFactors {
  readonly rows: number;
  readonly columns: number;
  readonly rank: number;
  /** rows x rank. */
  readonly left: Float64Array;
  readonly scales: Float64Array;
  /** rank x columns. */
  readonly right: Float64Array;
  /** 1, or lx and ly after balancing. */
  readonly leftUnit: number;
  readonly rightUnit: number;
}

/** How far a shadow may be from its ternary entry, so that it still quantizes to it. */
const reach = 0.5 - 1e-6;

/** The ternary entry that a shadow entry quantizes to. */
export const quantizeShadow = (v: number, unit = 1): -1 | 0 | 1 =>
  v > 0.5 * unit ? 1 : v < -0.5 * unit ? -1 : 0;

/** The shadows as they start: the ternary factors themselves. */
export function shadowsOf({ rows, columns, rank, left, scales, right }: FactorWeights): ShadowFactors {
  return {
    rows,
    columns,
    rank,
    left: Float64Array.from(left),
    scales: Float64Array.from(scales),
    right: Float64Array.from(right),
    leftUnit: 1,
    rightUnit: 1,
  };
}

/**
 * Full-precision weight recovery: moves the shadows within half a step of the ternary factors, column by column, each to its exact optimum
 * in turn. ||W - Xh diag(d) Yh^T||^2 never increases, and the shadows still quantize to X and Y.
 * `residuals` are ||R||^2 before the first sweep and after each one.
 */
export function recover(
  matrix: Matrix,
  weights: FactorWeights,
  sweeps: number,
): { shadows: ShadowFactors; residuals: number[] } {
  checkInteger('the number of sweeps', sweeps, 1, 10_000, matrix.where);
  const { rows, columns, rank, left, right, scales } = weights;
  const shadows = shadowsOf(weights);
  const approximation = reconstruct(weights).data;
  const residual = matrix.data.map((w, i) => w - (approximation[i] as number));
  const residuals = [squaredNorm(residual)];
  const [x, y] = [new Float64Array(rows), new Float64Array(columns)];
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (let k = 0; k < rank; k++) {
      const d = scales[k] as number;
      if (d === 0) continue;
      for (let row = 0; row < rows; row++) x[row] = shadows.left[row * rank + k] as number;
      y.set(shadows.right.subarray(k * columns, (k + 1) * columns));
      addProduct(residual, x, y, d);
      const energyY = d * squaredNorm(y);
      if (energyY > 0)
        for (let row = 0; row < rows; row++) {
          let sum = 0;
          for (let i = 0; i < columns; i++) sum += (residual[row * columns + i] as number) * (y[i] as number);
          x[row] = within(sum / energyY, left[row * rank + k] as number);
        }
      const energyX = d * squaredNorm(x);
      if (energyX > 0) {
        y.fill(0);
        for (let row = 0; row < rows; row++) {
          const factor = (x[row] as number) / energyX;
          for (let i = 0; i < columns; i++)
            y[i] = (y[i] as number) + factor * (residual[row * columns + i] as number);
        }
        for (let i = 0; i < columns; i++) y[i] = within(y[i] as number, right[k * columns + i] as number);
      }
      addProduct(residual, x, y, -d);
      for (let row = 0; row < rows; row++) shadows.left[row * rank + k] = x[row] as number;
      shadows.right.set(y, k * columns);
    }
    residuals.push(squaredNorm(residual));
  }
  return { shadows, residuals };
}

const within = (v: number, level: number): number => Math.min(Math.max(v, level - reach), level + reach);

/** R += factor x y^T. */
function addProduct(residual: Float64Array, x: Float64Array, y: Float64Array, factor: number): void {
  const columns = y.length;
  for (let row = 0; row < x.length; row++) {
    const scaled = factor * (x[row] as number);
    if (scaled === 0) continue;
    for (let i = 0; i < columns; i++)
      residual[row * columns + i] = (residual[row * columns + i] as number) + scaled * (y[i] as number);
  }
}

/**
 * Weight balancing: one constant for each factor, so that the three gradients are of one order; the product stays. lx = l / sqrt(m + k) and
 * ly = l / sqrt(n + k), with l such that the mean of the new scales is 1.
 */
export function balance(shadows: ShadowFactors): ShadowFactors {
  const { rows, columns, rank, left, right, scales } = shadows;
  let mean = 0;
  for (const d of scales) mean += d / rank;
  const l = Math.sqrt(mean * Math.sqrt((rows + rank) * (columns + rank)));
  const [lx, ly] = [l / Math.sqrt(rows + rank), l / Math.sqrt(columns + rank)];
  return {
    ...shadows,
    left: left.map((v) => v * lx),
    right: right.map((v) => v * ly),
    scales: scales.map((d) => d / (lx * ly)),
    leftUnit: shadows.leftUnit * lx,
    rightUnit: shadows.rightUnit * ly,
  };
}

/** The product of the shadows themselves, rows x columns. */
export function shadowProduct({ rows, columns, rank, left, scales, right }: ShadowFactors): Matrix {
  const data = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let k = 0; k < rank; k++) {
      const factor = (left[row * rank + k] as number) * (scales[k] as number);
      for (let i = 0; i < columns; i++)
        data[row * columns + i] =
          (data[row * columns + i] as number) + factor * (right[k * columns + i] as number);
    }
  return { rows, columns, data };
}

/**
 * The ternary factors of shadows, which may have been trained: entries are quantized by their unit, and the units go into the scales, so that
 * the result has entries of -1, 0 and +1.
 */
export function quantizeShadows(shadows: ShadowFactors): FactorWeights {
  const { rows, columns, rank, left, right, scales, leftUnit, rightUnit } = shadows;
  return {
    kind: 'factors',
    rows,
    columns,
    rank,
    left: Int8Array.from(left, (v) => quantizeShadow(v, leftUnit)),
    right: Int8Array.from(right, (v) => quantizeShadow(v, rightUnit)),
    scales: scales.map((d) => d * leftUnit * rightUnit),
  };
}
