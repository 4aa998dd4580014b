import { checkInteger, checkWeights, roundHalfUp, type Matrix, type Scope } from './matrix.ts';
import type { IntegerWeights } from './representation.ts';

export interface IntegerOptions {
  /** From 2 to 16; the levels are -(2^(bits-1) - 1) to 2^(bits-1) - 1. */
  readonly bits: number;
  readonly scope?: Scope;
}

/** Symmetric integers: levels w / scale, rounded half up, with scale = greatest magnitude / greatest level. */
export function quantizeIntegers(matrix: Matrix, { bits, scope = 'filter' }: IntegerOptions): IntegerWeights {
  const { rows, columns, data, where } = matrix;
  checkInteger('the number of bits', bits, 2, 16, where);
  checkWeights(matrix);
  const limit = 2 ** (bits - 1) - 1;
  const size = scope === 'layer' ? data.length : columns;
  const levels = new Int32Array(data.length);
  const scales = new Float64Array(data.length / size);
  for (let group = 0; group < scales.length; group++) {
    const part = data.subarray(group * size, (group + 1) * size);
    let greatest = 0;
    for (const w of part) greatest = Math.max(greatest, Math.abs(w));
    // a row of zeros has the levels 0 whatever its scale; denormal weights may have a scale of 0
    const scale = greatest / limit || 1;
    scales[group] = scale;
    part.forEach((w, i) => {
      levels[group * size + i] = Math.max(-limit, Math.min(limit, roundHalfUp(w / scale)));
    });
  }
  return { kind: 'integer', rows, columns, bits, levels, scales };
}
