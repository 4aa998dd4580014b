import { fitScales } from './least-squares.ts';
import { checkInteger, checkWeights, sign, type Matrix, type Scope } from './matrix.ts';
import type { BasisWeights } from './representation.ts';

export interface AbcOptions {
  /** Binary tensors for each filter, 1 to 16. */
  readonly bases: number;
  /** Whose mean and deviation the shifts are taken from, and who shares the scales. */
  readonly scope?: Scope;
}

/**
 * ABC-Net: bases sgn(W - mean + u_i * deviation) with fixed shifts u_i from -1 to 1 (0 for a single basis), scales by least squares. Bases that
 * depend on the ones before are dropped.
 */
export function shiftedBases(matrix: Matrix, { bases, scope = 'filter' }: AbcOptions): BasisWeights {
  const { rows, columns, data, where } = matrix;
  checkInteger('the number of bases', bases, 1, 16, where);
  checkWeights(matrix);
  const size = scope === 'layer' ? data.length : columns;
  const signs = new Int8Array(rows * bases * columns).fill(1);
  const scales = new Float64Array(rows * bases);
  const used = new Int32Array(rows);
  for (let group = 0; group < data.length / size; group++) {
    const part = data.subarray(group * size, (group + 1) * size);
    const fitted = fitShifted(part, bases);
    const firstRow = (group * size) / columns;
    for (let row = 0; row < size / columns; row++) {
      used[firstRow + row] = fitted.scales.length;
      scales.set(fitted.scales, (firstRow + row) * bases);
      for (let j = 0; j < fitted.scales.length; j++) {
        const from = j * size + row * columns;
        signs.set(fitted.signs.subarray(from, from + columns), ((firstRow + row) * bases + j) * columns);
      }
    }
  }
  return { kind: 'bases', rows, columns, bases, signs, scales, used };
}

/** Signs (bases x size, those kept first) and scales of one group of weights. */
function fitShifted(part: Float64Array, bases: number): { signs: Int8Array; scales: Float64Array } {
  const size = part.length;
  let mean = 0;
  for (const w of part) mean += w / size;
  let variance = 0;
  for (const w of part) variance += (w - mean) ** 2 / size;
  const deviation = Math.sqrt(variance);
  const signs = new Int8Array(bases * size);
  let scales = new Float64Array(0);
  let kept = 0;
  for (let j = 0; j < bases; j++) {
    const shift = bases === 1 ? 0 : -1 + (2 * j) / (bases - 1);
    for (let i = 0; i < size; i++)
      signs[kept * size + i] = sign((part[i] as number) - mean + shift * deviation);
    const fitted = fitScales(signs, kept + 1, part);
    if (fitted === undefined) continue;
    scales = Float64Array.from(fitted);
    kept++;
  }
  return { signs, scales };
}
