import { pow2 } from '../../qir/types.ts';
import type { CodedWeights, Layer, WeightMethod } from '../method.ts';
import { signedRange } from '../ranges.ts';
import { codebookOf, leastBits, mostBits, roundToCodebook } from '../weights/index.ts';
import { shifts } from './options.ts';

/** Bits of a layer's exponent n2. */
const EXPONENT_BITS = 8;

/** All weights rounded to the layer's powers of two; the unit is 2^n2, so that products are left shifts. */
export function powersOfTwo({ matrix: { data } }: Layer, bits: number): CodedWeights {
  const book = codebookOf(signedRange(data), bits);
  const values = data.map((w) => roundToCodebook(w, book));
  const unit = 2 ** book.n2;
  return {
    values,
    levels: values.map((value) => value / unit),
    scales: [unit],
    form: { kind: 'matrix', elem: pow2(0, book.n1 - book.n2) },
    storedBits: data.length * bits + EXPONENT_BITS,
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
