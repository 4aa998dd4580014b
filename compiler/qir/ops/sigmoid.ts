import type { OpDefinition } from '../op.ts';
import { mapReal, operand, shapeOfFirst } from './real.ts';

/** The logistic function. */
export const sigmoid: OpDefinition = {
  name: 'sigmoid',
  forms: ['real'],
  summary: 'The logistic function.',
  meaning: 'y = float32(1 / (1 + exp(-x))), in double precision up to the last rounding',
  operands: [{ name: 'x', doc: 'Any tensor.', kind: 'any' }],
  attributes: {},
  type: shapeOfFirst,
  evaluate: (operands) => mapReal(operand(operands, 0), (x) => 1 / (1 + Math.exp(-x))),
};
