import type { OpDefinition } from '../op.ts';
import { float32 } from '../types.ts';
import { getNumber, integerAttribute } from './attributes.ts';
import { operand, shapeOfFirst } from './real.ts';

/** Softmax along one axis. */
export const softmax: OpDefinition = {
  name: 'softmax',
  forms: ['real'],
  summary: 'Exponentials along an axis, divided by their sum.',
  meaning:
    'y_i = float32(exp(x_i - max x) / sum_j exp(x_j - max x)), in double precision up to the last rounding',
  operands: [{ name: 'x', doc: 'Any tensor.', kind: 'any' }],
  attributes: { axis: integerAttribute('The axis; negative counts from the last. Without a batch axis.') },
  type: (operands, attributes, declared) => {
    const rank = operand(operands, 0).type.shape.length;
    const axis = getNumber(attributes, 'axis');
    if (axis < -rank || axis >= rank) {
      return { message: 'there is no such axis', found: `${axis}`, expected: `${-rank} to ${rank - 1}` };
    }
    return shapeOfFirst(operands, attributes, declared);
  },
  evaluate: (operands, attributes) => {
    const x = operand(operands, 0);
    const { shape } = x.type;
    const axis = getNumber(attributes, 'axis');
    const at = axis < 0 ? axis + shape.length : axis;
    const size = shape[at] ?? 1;
    const stride = shape.slice(at + 1).reduce((n, m) => n * m, 1);
    const data = new Float32Array(x.data.length);
    for (let i = 0; i < data.length; i++) {
      // once for each line along the axis, at its first element
      if (Math.floor(i / stride) % size !== 0) continue;
      let max = -Infinity;
      for (let j = 0; j < size; j++) max = Math.max(max, x.data[i + j * stride] ?? 0);
      let sum = 0;
      for (let j = 0; j < size; j++) sum += Math.exp((x.data[i + j * stride] ?? 0) - max);
      for (let j = 0; j < size; j++)
        data[i + j * stride] = Math.exp((x.data[i + j * stride] ?? 0) - max) / sum;
    }
    return { type: { elem: float32, shape }, data };
  },
};
