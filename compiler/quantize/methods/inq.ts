import { pow2 } from '../../qir/types.ts';
import type { CodedWeights, Layer, WeightMethod } from '../method.ts';
import { leastBits, mostBits, quantizePowers, reconstruct, weightCost } from '../weights/index.ts';
import { shifts } from './options.ts';

/** All weights rounded to the layer's powers of two; the unit is 2^n2, so that products are left shifts. */
export function powersOfTwo({ matrix }: Layer, bits: number): CodedWeights {
  const weights = quantizePowers(matrix, { bits });
  return {
    values: reconstruct(weights).data,
    levels: Float64Array.from(weights.levels),
    scales: [2 ** weights.exponent],
    form: { kind: 'matrix', elem: pow2(0, 2 ** (bits - 2) - 1) },
    storedBits: weightCost(weights).bits,
    advice: [],
  };
}

/** INQ in one step: every weight is rounded at once, nothing is retrained in between. */
export const inq: WeightMethod = {
  name: 'inq',
  summary:
    'Weights that are 0 or a power of two (incremental network quantization, in one step): shifts instead of products',
  options: {
    bits: {
      kind: 'number',
      describe: 'Bits of a weight',
      least: leastBits,
      most: mostBits,
      integer: true,
      standard: 5,
    },
  },
  activations: () => shifts,
  shorthand: 'bits',
  quantize: (layer, { bits }) => powersOfTwo(layer, Number(bits)),
};
