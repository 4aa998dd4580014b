import { binaryOp } from './real.ts';
import { latticeSum } from './lattice-sum.ts';

/** a + b. */
export const add = binaryOp({
  name: 'add',
  summary: 'Sum of two tensors.',
  meaning:
    'y = float32(a + b); of two quantized tensors whose scales have a common divisor the exact sum, known by its levels',
  compute: (a, b) => a + b,
  lattice: (a, b, shape) => latticeSum(a, b, shape, 1),
  fromLevels: true,
});
