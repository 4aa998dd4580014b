import type { OpDefinition } from '../op.ts';
import { broadcastReader, mapReal, operand, shapeOfFirst } from './real.ts';

/** A rectifier with trained slopes. */
export const prelu: OpDefinition = {
  name: 'prelu',
  forms: ['real'],
  summary: 'Rectified linear unit with trained slopes on its negative side.',
  meaning: 'y = x where x >= 0, else float32(slope * x)',
  operands: [
    { name: 'x', doc: 'Any tensor.', kind: 'any' },
    { name: 'slope', doc: 'Slopes; broadcast to x.', kind: 'const' },
  ],
  attributes: {},
  type: shapeOfFirst,
  evaluate: (operands) => {
    const x = operand(operands, 0);
    const slopeAt = broadcastReader(operand(operands, 1), x.type.shape);
    return mapReal(x, (value, i) => (value >= 0 ? value : slopeAt(i) * value));
  },
};
