import { codeBinary } from '../code.ts';
import type { WeightMethod } from '../method.ts';
import { binarize, type Scope } from '../weights/index.ts';
import { eightBits, scopeOption } from './options.ts';

const options = { scope: scopeOption('filter') };

/** Binary weight networks. */
export const bwn: WeightMethod = {
  name: 'bwn',
  summary: 'Signs with the mean magnitude as scale (binary weight networks)',
  options,
  activations: () => eightBits,
  quantize: (layer, values) =>
    codeBinary(layer, binarize(layer.matrix, { scope: String(values['scope']) as Scope })),
};

/** XNOR-Net: the same weights, and activations of one bit. */
export const xnor: WeightMethod = {
  ...bwn,
  name: 'xnor',
  summary: 'The weights of bwn, and activations of one bit (XNOR-Net, without its input scales)',
  activations: () => ({ scales: 'float32', levels: 'uint1' }),
};
