import { codeTernary } from '../code.ts';
import type { WeightMethod } from '../method.ts';
import { ternarize, trainedTernary, type Scope } from '../weights/index.ts';
import { eightBits, scopeOption } from './options.ts';

/** Ternary weight networks. */
export const twn: WeightMethod = {
  name: 'twn',
  summary: 'Weights -1, 0 and +1 by the threshold 0.7 mean |w|, with a scale (ternary weight networks)',
  options: { scope: scopeOption('layer') },
  activations: () => eightBits,
  quantize: (layer, values) =>
    codeTernary(layer, ternarize(layer.matrix, { scope: String(values['scope']) as Scope })),
};

/** Trained ternary quantization, with the scales that fit best instead of trained ones. */
export const ttq: WeightMethod = {
  name: 'ttq',
  summary:
    'Weights -Wn, 0 and +Wp by a part of the greatest magnitude, two scales a layer (trained ternary quantization, not trained)',
  options: {
    threshold: {
      kind: 'number',
      describe: 'Part of the greatest magnitude up to which weights become 0',
      least: 0,
      most: 0.95,
      integer: false,
      standard: 0.05,
    },
  },
  activations: () => eightBits,
  shorthand: 'threshold',
  quantize: (layer, { threshold }) =>
    codeTernary(layer, trainedTernary(layer.matrix, { threshold: Number(threshold) })),
};
