import { checkInteger, checkWeights, roundHalfUp, type Matrix } from './matrix.ts';
import type { BinaryWeights, IntegerWeights } from './representation.ts';
import { binarize } from './xnor.ts';

/**
 * DoReFa weights of `bits` bits, 1 to 15. From 2 bits on, w becomes tanh(w) scaled to -1..1 and rounded to 2^bits equidistant levels: the odd
 * integers from -(2^bits - 1) to 2^bits - 1, times 1 / (2^bits - 1). That grid has no zero; (level + 2^bits - 1) / 2 is the index that takes
 * `bits` bits to store, while the level itself takes one more to multiply with. With 1 bit: the sign, times the mean magnitude of the layer.
 */
export function dorefaWeights(matrix: Matrix, { bits }: { bits: number }): IntegerWeights | BinaryWeights {
  const { rows, columns, data, where } = matrix;
  checkInteger('the number of bits', bits, 1, 15, where);
  if (bits === 1) return binarize(matrix, { scope: 'layer' });
  checkWeights(matrix);
  const steps = 2 ** bits - 1;
  let greatest = 0;
  for (const w of data) greatest = Math.max(greatest, Math.abs(Math.tanh(w)));
  const levels = Int32Array.from(
    data,
    (w) => 2 * roundHalfUp(steps * (Math.tanh(w) / (2 * greatest) + 0.5)) - steps,
  );
  return { kind: 'integer', rows, columns, bits, levels, scales: Float64Array.of(1 / steps) };
}

/** The level, 0 to 2^bits - 1, of a DoReFa activation: x clipped to 0..1 in steps of 1 / (2^bits - 1). */
export function dorefaActivation(x: number, bits: number): number {
  return roundHalfUp((2 ** bits - 1) * Math.min(Math.max(x, 0), 1));
}
