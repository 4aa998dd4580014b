import { binaryOp } from './real.ts';

/** a + b. */
export const add = binaryOp({
  name: 'add',
  summary: 'Sum of two tensors.',
  meaning: 'y = float32(a + b)',
  compute: (a, b) => a + b,
});
