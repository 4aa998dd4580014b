import type { OpDefinition } from '../op.ts';
import { latticeTensor, rationalsOf } from './lattice.ts';
import { findNumber } from './quant.ts';
import { operand, shapeOfFirst } from './real.ts';

/** One-bit quantizer to -scale and +scale. */
export const bipolarQuant: OpDefinition = {
  name: 'bipolar_quant',
  forms: ['real'],
  summary: 'The sign of x, times a scale.',
  meaning: 'y = x >= 0 ? +scale : -scale (zero, also negative zero, counts as positive)',
  operands: [
    { name: 'x', doc: 'Any tensor.', kind: 'any' },
    { name: 'scale', doc: 'Positive; broadcasts to x.', kind: 'const' },
  ],
  attributes: {},
  type: (operands, attributes, declared) => {
    const bad = findNumber(operand(operands, 1).tensor?.data, (s) => !(s > 0 && Number.isFinite(s)));
    if (bad !== undefined) {
      return {
        message: 'a quantizer scale is not positive',
        found: `${bad}`,
        expected: 'a positive finite number',
      };
    }
    return shapeOfFirst(operands, attributes, declared);
  },
  evaluate: (operands) => {
    const x = operand(operands, 0);
    const scale = operand(operands, 1);
    return latticeTensor(x.type.shape, {
      levels: Int32Array.from(x.data, (value) => (value >= 0 ? 1 : -1)),
      scales: rationalsOf(scale),
      scaleShape: scale.type.shape,
    });
  },
};
