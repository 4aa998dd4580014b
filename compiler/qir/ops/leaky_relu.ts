import type { OpDefinition } from '../op.ts';
import { getNumber, numberAttribute } from './attributes.ts';
import { mapReal, operand, shapeOfFirst } from './real.ts';

/** A rectifier that lets some of the negative part through. */
export const leakyRelu: OpDefinition = {
  name: 'leaky_relu',
  forms: ['real'],
  summary: 'Rectified linear unit with a slope on its negative side.',
  meaning: 'y = x where x >= 0, else float32(alpha * x)',
  operands: [{ name: 'x', doc: 'Any tensor.', kind: 'any' }],
  attributes: { alpha: numberAttribute('The slope, a float32.') },
  type: shapeOfFirst,
  evaluate: (operands, attributes) => {
    const alpha = getNumber(attributes, 'alpha');
    return mapReal(operand(operands, 0), (x) => (x >= 0 ? x : alpha * x));
  },
};
