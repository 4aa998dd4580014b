import { codeIntegers } from '../code.ts';
import type { CodedWeights, Layer, WeightMethod } from '../method.ts';
import { quantizeIntegers } from '../weights/index.ts';
import { signedRange } from '../ranges.ts';
import { eightBits } from './options.ts';

/** Symmetric integers with a scale for each row. The rows of a last layer share one scale, a power of two where it has to be one. */
export function symmetric({ matrix, isLast, onPower }: Layer, bits: number): CodedWeights {
  if (!onPower) return codeIntegers(quantizeIntegers(matrix, { bits, scope: isLast ? 'layer' : 'filter' }));
  const limit = 2 ** (bits - 1) - 1;
  const scale = 2 ** Math.ceil(Math.log2(signedRange(matrix.data) / limit));
  const levels = Int32Array.from(matrix.data, (w) => Math.floor(w / scale + 0.5));
  const { rows, columns } = matrix;
  return codeIntegers({ kind: 'integer', rows, columns, bits, levels, scales: Float64Array.of(scale) });
}

/** The method of a fixed number of bits. */
function fixedBits(bits: number): WeightMethod {
  return {
    name: `int${bits}`,
    summary: `Integers of ${bits} bits with a scale for each output channel`,
    options: {},
    activations: () => eightBits,
    quantize: (layer) => symmetric(layer, bits),
  };
}

export const int8 = fixedBits(8);
export const int4 = fixedBits(4);

export const integers: WeightMethod = {
  name: 'int',
  summary: 'Integers of any number of bits with a scale for each output channel',
  options: {
    bits: { kind: 'number', describe: 'Bits of a weight', least: 2, most: 8, integer: true, standard: 8 },
  },
  activations: () => eightBits,
  shorthand: 'bits',
  quantize: (layer, { bits }) => symmetric(layer, Number(bits)),
};
