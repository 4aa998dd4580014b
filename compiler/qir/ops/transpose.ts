import { elementCount } from '../types.ts';
import { getNumbers, integersAttribute } from './attributes.ts';
import { movementOp } from './movement.ts';
import { printShape } from './shapes.ts';

/** Permutes the axes. */
export const transpose = movementOp({
  name: 'transpose',
  forms: ['real', 'integer'],
  summary: 'Permutes the axes.',
  meaning: 'axis i of y is axis perm[i] of x',
  operand: 'Any tensor.',
  attributes: { perm: integersAttribute('A permutation of 0 .. rank - 1.', 0) },
  shape: (shape, attributes) => {
    const perm = getNumbers(attributes, 'perm');
    const sorted = [...perm].sort((a, b) => a - b);
    if (perm.length !== shape.length || sorted.some((axis, i) => axis !== i)) {
      return {
        message: 'perm is not a permutation of the axes',
        found: printShape(perm),
        expected: `the numbers 0 to ${shape.length - 1} in some order`,
      };
    }
    return perm.map((axis) => shape[axis] ?? 1);
  },
  index: (shape, attributes) => transposedIndices(shape, getNumbers(attributes, 'perm')),
});

/** For each element of the transposed tensor, the index of the element that it comes from. */
export function transposedIndices(shape: readonly number[], perm: readonly number[]): Int32Array {
  const strides = shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
  const sources = new Int32Array(elementCount(shape));
  const result = perm.map((axis) => shape[axis] ?? 1);
  for (let i = 0; i < sources.length; i++) {
    let rest = i;
    let source = 0;
    for (let axis = result.length - 1; axis >= 0; axis--) {
      const size = result[axis] ?? 1;
      source += (rest % size) * (strides[perm[axis] ?? 0] ?? 0);
      rest = Math.floor(rest / size);
    }
    sources[i] = source;
  }
  return sources;
}
