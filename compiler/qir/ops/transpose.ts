import type { OpDefinition } from '../op.ts';
import { allocate, elementCount } from '../types.ts';
import { printShape } from './shapes.ts';
import { getNumbers, integersAttribute } from './attributes.ts';
import { carriedLattice, type Lattice } from './lattice.ts';
import { agree, operand, withLattice } from './real.ts';
import { declaredOrOwn } from './reshape.ts';

/** Permutes the axes. */
export const transpose: OpDefinition = {
  name: 'transpose',
  forms: ['real'],
  summary: 'Permutes the axes.',
  meaning: 'axis i of y is axis perm[i] of x',
  operands: [{ name: 'x', doc: 'Any tensor.', kind: 'any' }],
  attributes: { perm: integersAttribute('A permutation of 0 .. rank - 1.', 0) },
  type: (operands, attributes, declared) => {
    const x = operand(operands, 0).type;
    const perm = getNumbers(attributes, 'perm');
    const sorted = [...perm].sort((a, b) => a - b);
    if (perm.length !== x.shape.length || sorted.some((axis, i) => axis !== i)) {
      return {
        message: 'perm is not a permutation of the axes',
        found: printShape(perm),
        expected: `the numbers 0 to ${x.shape.length - 1} in some order`,
      };
    }
    return agree(
      { elem: declaredOrOwn(x, declared).elem, shape: perm.map((axis) => x.shape[axis] ?? 1) },
      declared,
    );
  },
  evaluate: (operands, attributes, result) => {
    const x = operand(operands, 0);
    const sources = transposedIndices(x.type.shape, getNumbers(attributes, 'perm'));
    const data = allocate(x.type.elem, sources.length);
    for (let i = 0; i < data.length; i++) data[i] = x.data[sources[i] ?? 0] ?? 0;
    const lattice = carriedLattice(x);
    return withLattice(
      { type: { elem: x.type.elem, shape: result.shape }, data },
      lattice && transposeLattice(lattice, sources, getNumbers(attributes, 'perm')),
    );
  },
};

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

function transposeLattice(lattice: Lattice, sources: Int32Array, perm: readonly number[]): Lattice {
  const levels = Int32Array.from(sources, (source) => lattice.levels[source] ?? 0);
  if (lattice.scales.length === 1) return { ...lattice, levels, scaleShape: [] };
  // a scale tensor of lower rank gets its leading ones before its axes are permuted
  const full = [...new Array<number>(perm.length - lattice.scaleShape.length).fill(1), ...lattice.scaleShape];
  const order = transposedIndices(full, perm);
  return {
    levels,
    scales: Array.from(order, (source) => lattice.scales[source]).filter((scale) => scale !== undefined),
    scaleShape: perm.map((axis) => full[axis] ?? 1),
  };
}
