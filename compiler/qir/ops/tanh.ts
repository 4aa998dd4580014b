import type { OpDefinition } from '../op.ts';
import { mapReal, operand, shapeOfFirst } from './real.ts';

/** The hyperbolic tangent. */
export const tanh: OpDefinition = {
  name: 'tanh',
  forms: ['real'],
  summary: 'The hyperbolic tangent.',
  meaning: 'y = float32(tanh x), in double precision up to the last rounding',
  operands: [{ name: 'x', doc: 'Any tensor.', kind: 'any' }],
  attributes: {},
  type: shapeOfFirst,
  evaluate: (operands) => mapReal(operand(operands, 0), Math.tanh),
};
