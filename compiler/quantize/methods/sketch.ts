import { codeBases } from '../code.ts';
import type { WeightMethod } from '../method.ts';
import { shiftedBases, sketch as sketched } from '../weights/index.ts';
import { bases, eightBits } from './options.ts';

/** Network sketching: sums of matrices of signs, with factors for each output channel. */
export const sketch: WeightMethod = {
  name: 'sketch',
  summary:
    'Sums of matrices of signs, each the sign of what the ones before leave, with factors for each channel (network sketching)',
  options: {
    bases,
    refined: { kind: 'switch', describe: 'Fit all factors anew after each matrix, by least squares' },
  },
  activations: () => eightBits,
  shorthand: 'bases',
  quantize: (layer, values) =>
    codeBases(
      layer,
      sketched(layer.matrix, { bases: Number(values['bases']), refined: values['refined'] === true }),
    ),
};

/** ABC-Net: sums of matrices of signs at fixed shifts. */
export const abc: WeightMethod = {
  name: 'abc',
  summary:
    'Sums of matrices of signs at shifts from minus to plus one standard deviation, factors by least squares (ABC-Net)',
  options: { bases },
  activations: () => eightBits,
  shorthand: 'bases',
  quantize: (layer, values) =>
    codeBases(layer, shiftedBases(layer.matrix, { bases: Number(values['bases']) })),
};
