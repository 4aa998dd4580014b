import { elementCount } from '../types.ts';
import { getNumber, integerAttribute } from './attributes.ts';
import { movementOp } from './movement.ts';
import { axisProblem } from './shapes.ts';

/** A part of a tensor. */
export const slice = movementOp({
  name: 'slice',
  forms: ['real', 'integer'],
  summary: 'The part of a tensor between two positions of one axis.',
  meaning: 'y[..., i, ...] = x[..., start + i, ...] for i from 0 to end - start - 1',
  operand: 'A tensor with at least one axis.',
  attributes: {
    axis: integerAttribute('The axis, counted from 0.', { least: 0 }),
    start: integerAttribute('The first position taken.', { least: 0 }),
    end: integerAttribute('The first position behind the part.', { least: 1 }),
  },
  shape: (shape, attributes) => {
    const axis = getNumber(attributes, 'axis');
    const [start, end] = [getNumber(attributes, 'start'), getNumber(attributes, 'end')];
    const problem = axisProblem(axis, shape);
    if (problem !== undefined) return problem;
    if (start >= end || end > (shape[axis] ?? 0)) {
      return {
        message: 'the slice is empty or leaves the tensor',
        found: `${start} to ${end} of an axis of ${shape[axis] ?? 0}`,
        expected: `start < end <= ${shape[axis] ?? 0}`,
      };
    }
    return shape.map((n, i) => (i === axis ? end - start : n));
  },
  index: (shape, attributes) => {
    const axis = getNumber(attributes, 'axis');
    const start = getNumber(attributes, 'start');
    const inner = elementCount(shape.slice(axis + 1));
    const [block, step] = [(getNumber(attributes, 'end') - start) * inner, (shape[axis] ?? 1) * inner];
    const index = new Int32Array(elementCount(shape.slice(0, axis)) * block);
    for (let i = 0; i < index.length; i++) {
      const within = i % block;
      index[i] = ((i - within) / block) * step + start * inner + within;
    }
    return index;
  },
});
