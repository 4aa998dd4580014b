import { fitScales } from './least-squares.ts';
import { checkInteger, checkWeights, sign, type Matrix } from './matrix.ts';
import type { BasisWeights } from './representation.ts';

export interface SketchOptions {
  /** Binary tensors for each filter, 1 to 16. */
  readonly bases: number;
  /** Whether all scales are fitted anew after each basis (algorithm 2), instead of each once (algorithm 1). */
  readonly refined: boolean;
}

/**
 * Network sketching: each filter as a sum of binary tensors with real scales. A basis is the sign of what the ones before leave.
 *
 * A filter that needs fewer bases gets fewer: the direct one stops when nothing is left, the refined one also when a new basis depends on the
 * earlier ones, which in exact arithmetic happens only then. Scales of the refined one may be negative.
 */
export function sketch(matrix: Matrix, { bases, refined }: SketchOptions): BasisWeights {
  const { rows, columns, data, where } = matrix;
  checkInteger('the number of bases', bases, 1, 16, where);
  checkWeights(matrix);
  const signs = new Int8Array(rows * bases * columns).fill(1);
  const scales = new Float64Array(rows * bases);
  const used = new Int32Array(rows);
  for (let row = 0; row < rows; row++) {
    const filter = data.subarray(row * columns, (row + 1) * columns);
    const rowSigns = signs.subarray(row * bases * columns, (row + 1) * bases * columns);
    const rowScales = scales.subarray(row * bases, (row + 1) * bases);
    used[row] = sketchFilter(filter, bases, refined, rowSigns, rowScales);
  }
  return { kind: 'bases', rows, columns, bases, signs, scales, used };
}

/** Fills the signs (bases x t) and scales of one filter and returns how many bases it needs. */
function sketchFilter(
  filter: Float64Array,
  bases: number,
  refined: boolean,
  signs: Int8Array,
  scales: Float64Array,
): number {
  const t = filter.length;
  const residual = Float64Array.from(filter);
  for (let j = 0; j < bases; j++) {
    let magnitude = 0;
    for (const r of residual) magnitude += Math.abs(r);
    if (magnitude === 0) return j;
    const basis = signs.subarray(j * t, (j + 1) * t);
    for (let s = 0; s < t; s++) basis[s] = sign(residual[s] as number);
    if (!refined) {
      const scale = magnitude / t;
      scales[j] = scale;
      for (let s = 0; s < t; s++) residual[s] = (residual[s] as number) - scale * (basis[s] as number);
      continue;
    }
    const fitted = fitScales(signs, j + 1, filter);
    if (fitted === undefined) {
      basis.fill(1);
      return j;
    }
    scales.set(fitted);
    residual.set(filter);
    for (let i = 0; i <= j; i++)
      for (let s = 0; s < t; s++)
        residual[s] = (residual[s] as number) - (fitted[i] as number) * (signs[i * t + s] as number);
  }
  return bases;
}
