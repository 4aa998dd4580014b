import type { OpDefinition } from '../op.ts';
import { getNumber, numberAttribute } from './attributes.ts';
import { mapReal, operand, shapeOfFirst } from './real.ts';

/** Limits values to an interval. */
export const clip: OpDefinition = {
  name: 'clip',
  forms: ['real'],
  summary: 'Limits every element to an interval.',
  meaning: 'y = min(max(x, min), max)',
  operands: [{ name: 'x', doc: 'Any tensor.', kind: 'any' }],
  attributes: {
    min: numberAttribute('Least result, a float32.'),
    max: numberAttribute('Greatest result, a float32, not below `min`.'),
  },
  type: (operands, attributes, declared) => {
    const min = getNumber(attributes, 'min');
    const max = getNumber(attributes, 'max');
    if (min > max) {
      return {
        message: 'the interval is empty',
        found: `min ${min}, max ${max}`,
        expected: 'min not above max',
      };
    }
    return shapeOfFirst(operands, attributes, declared);
  },
  evaluate: (operands, attributes) => {
    const min = getNumber(attributes, 'min');
    const max = getNumber(attributes, 'max');
    return mapReal(operand(operands, 0), (value) => Math.min(Math.max(value, min), max));
  },
};
