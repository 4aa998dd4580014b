import type { OpDefinition } from '../op.ts';
import { carriedLattice } from './lattice.ts';
import { mapReal, operand, shapeOfFirst, withLattice } from './real.ts';

/** max(x, 0). */
export const relu: OpDefinition = {
  name: 'relu',
  forms: ['real'],
  summary: 'Rectified linear unit.',
  meaning: 'y = max(x, 0)',
  operands: [{ name: 'x', doc: 'Any tensor.', kind: 'any' }],
  attributes: {},
  type: shapeOfFirst,
  evaluate: (operands) => {
    const x = operand(operands, 0);
    const lattice = carriedLattice(x);
    const positive = lattice?.scales.every((scale) => scale.numerator > 0n);
    return withLattice(
      mapReal(x, (value) => (value > 0 ? value : 0)),
      lattice !== undefined && positive === true
        ? { ...lattice, levels: lattice.levels.map((level) => Math.max(level, 0)) }
        : undefined,
    );
  },
};
