import { checkNumber, checkWeights, type Matrix } from './matrix.ts';
import type { TernaryWeights } from './representation.ts';

export interface TtqOptions {
  /** The threshold as a fraction of the greatest magnitude, from 0 to below 1. */
  readonly threshold?: number;
  /** The trained scales Wp and Wn; unless given, the least-squares ones, which are the means of the two sets. */
  readonly scales?: { readonly positive: number; readonly negative: number };
}

/** TTQ: +Wp above the threshold, -Wn below its negative, else 0, with a scale of its own on each side for the layer. */
export function trainedTernary(
  matrix: Matrix,
  { threshold = 0.05, scales }: TtqOptions = {},
): TernaryWeights {
  checkWeights(matrix);
  const { rows, columns, data, where } = matrix;
  checkNumber('the threshold', threshold, threshold >= 0 && threshold < 1, 'at least 0 and below 1', where);
  for (const scale of scales === undefined ? [] : [scales.positive, scales.negative])
    checkNumber('the scale', scale, scale >= 0, 'at least 0', where);
  let greatest = 0;
  for (const w of data) greatest = Math.max(greatest, Math.abs(w));
  const cut = threshold * greatest;
  const levels = Int8Array.from(data, (w) => (w > cut ? 1 : w < -cut ? -1 : 0));
  const mean = (level: number): number => {
    let [sum, count] = [0, 0];
    levels.forEach((l, i) => {
      if (l !== level) return;
      sum += Math.abs(data[i] as number);
      count++;
    });
    return count === 0 ? 0 : sum / count;
  };
  return {
    kind: 'ternary',
    rows,
    columns,
    levels,
    positive: Float64Array.of(scales?.positive ?? mean(1)),
    negative: Float64Array.of(scales?.negative ?? mean(-1)),
  };
}

/** Gradients of the two scales from that of the quantized weights: each set's sum, the negative set's with its sign changed. */
export function ttqScaleGradients(
  weights: TernaryWeights,
  gradient: ArrayLike<number>,
): { positive: number; negative: number } {
  let [positive, negative] = [0, 0];
  weights.levels.forEach((level, i) => {
    if (level > 0) positive += gradient[i] as number;
    if (level < 0) negative -= gradient[i] as number;
  });
  return { positive, negative };
}
