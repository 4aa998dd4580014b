import { checkWeights, type Matrix, type Scope } from './matrix.ts';
import { magnitudes, type TernaryWeights } from './representation.ts';

/**
 * TWN: a weight is zero within 0.7 times the mean magnitude, else its sign times alpha, the mean magnitude of the weights that are not zero.
 * Threshold and alpha are those of the layer, or of each filter.
 */
export function ternarize(matrix: Matrix, { scope = 'layer' }: { scope?: Scope } = {}): TernaryWeights {
  checkWeights(matrix);
  const { rows, columns, data } = matrix;
  const levels = new Int8Array(data.length);
  const size = scope === 'layer' ? data.length : columns;
  const scales = new Float64Array(data.length / size);
  for (let group = 0; group < scales.length; group++) {
    const part = data.subarray(group * size, (group + 1) * size);
    const threshold = 0.7 * magnitudes(part, 'all').mean;
    let [sum, kept] = [0, 0];
    part.forEach((w, i) => {
      if (Math.abs(w) <= threshold) return;
      levels[group * size + i] = w > 0 ? 1 : -1;
      sum += Math.abs(w);
      kept++;
    });
    scales[group] = kept === 0 ? 0 : sum / kept;
  }
  return { kind: 'ternary', rows, columns, levels, positive: scales, negative: scales };
}
