import { divide, rationalOf } from '../rational.ts';
import { rescale } from './lattice.ts';
import { binaryOp, scalableLattice } from './real.ts';

/** a / b. */
export const div = binaryOp({
  name: 'div',
  summary: 'Quotient of two tensors, element by element.',
  meaning:
    'y = float32(a / b); the levels of a quantized a over one constant stay levels, with the scale divided exactly',
  compute: (a, b) => a / b,
  lattice: (a, b) => {
    const left = scalableLattice(a, b);
    return left && rescale(left.lattice, (scale) => divide(scale, rationalOf(left.factor)));
  },
});
