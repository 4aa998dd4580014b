import { multiply, rationalOf } from '../rational.ts';
import { rescale } from './lattice.ts';
import { binaryOp, scalableLattice } from './real.ts';

/** a * b. */
export const mul = binaryOp({
  name: 'mul',
  summary: 'Product of two tensors, element by element.',
  meaning:
    'y = float32(a * b); the levels of a quantized a times one constant stay levels, with the scale multiplied exactly',
  compute: (a, b) => a * b,
  lattice: (a, b) => {
    const left = scalableLattice(a, b) ?? scalableLattice(b, a);
    return left && rescale(left.lattice, (scale) => multiply(scale, rationalOf(left.factor)));
  },
});
