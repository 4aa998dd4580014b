import type { OpDefinition } from '../op.ts';
import { elementCount, float32, sameElement, type TensorType } from '../types.ts';
import { broadcastIndices, printShape, sameShape } from './shapes.ts';
import { getNumbers, integersAttribute } from './attributes.ts';
import { carriedLattice } from './lattice.ts';
import { agree, operand, withLattice } from './real.ts';

/** Another shape for the same elements in row-major order. */
export const reshape: OpDefinition = {
  name: 'reshape',
  forms: ['real', 'integer'],
  summary: 'The same elements in the same order, with another shape.',
  meaning: 'y[i] = x[i], i counting in row-major order',
  operands: [{ name: 'x', doc: 'Any tensor.', kind: 'any' }],
  attributes: { shape: integersAttribute('The new shape, with as many elements.', 1) },
  type: (operands, attributes, declared) => {
    const x = operand(operands, 0).type;
    const shape = getNumbers(attributes, 'shape');
    if (elementCount(shape) !== elementCount(x.shape)) {
      return {
        message: 'the shapes have different numbers of elements',
        found: `${printShape(x.shape)} to ${printShape(shape)}`,
        expected: `a shape of ${elementCount(x.shape)} elements`,
      };
    }
    return agree({ elem: declaredOrOwn(x, declared).elem, shape }, declared);
  },
  evaluate: (operands, _attributes, result) => {
    const x = operand(operands, 0);
    const lattice = carriedLattice(x);
    return withLattice(
      { type: { elem: x.type.elem, shape: result.shape }, data: x.data },
      lattice &&
        (lattice.scales.length === 1
          ? { ...lattice, scaleShape: [] }
          : { ...lattice, ...spread(lattice.scales, lattice.scaleShape, x.type.shape, result.shape) }),
    );
  },
};

function spread<T>(
  scales: readonly T[],
  from: readonly number[],
  through: readonly number[],
  to: readonly number[],
): { scales: T[]; scaleShape: readonly number[] } {
  const spreadScales: T[] = [];
  for (const index of broadcastIndices(from, through)) {
    const scale = scales[index];
    if (scale !== undefined) spreadScales.push(scale);
  }
  return { scales: spreadScales, scaleShape: sameShape(through, to) ? through : to };
}

/** In real form an integer graph input may be read as the float32 numbers it stands for: then float32 is declared. */
export function declaredOrOwn(own: TensorType, declared: TensorType | undefined): TensorType {
  return declared !== undefined && sameElement(declared.elem, float32) ? declared : own;
}
