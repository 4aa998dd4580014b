import type { OpDefinition } from '../op.ts';
import { allocate, fitInteger } from '../types.ts';
import { agree, operand } from './real.ts';
import { lastAxis, withLastAxis } from './shapes.ts';

/** Index of the greatest element. */
export const argmax: OpDefinition = {
  name: 'argmax',
  forms: ['real', 'integer'],
  summary: 'The index of the greatest element along the last axis.',
  meaning: 'y = the least i with x[i] >= x[j] for all j',
  operands: [{ name: 'x', doc: 'A tensor with at least one axis.', kind: 'any' }],
  attributes: {},
  type: (operands, _attributes, declared) => {
    const { shape } = operand(operands, 0).type;
    return agree({ elem: fitInteger(0, lastAxis(shape) - 1), shape: withLastAxis(shape, 1) }, declared);
  },
  evaluate: (operands, _attributes, result) => {
    const x = operand(operands, 0);
    const size = lastAxis(x.type.shape);
    const data = allocate(result.elem, x.data.length / size);
    for (let line = 0; line < data.length; line++) {
      let best = 0;
      for (let i = 1; i < size; i++) {
        if ((x.data[line * size + i] ?? 0) > (x.data[line * size + best] ?? 0)) best = i;
      }
      data[line] = best;
    }
    return { type: result, data };
  },
};
