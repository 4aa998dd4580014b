import { binaryOp } from './real.ts';

/** a - b. */
export const sub = binaryOp({
  name: 'sub',
  summary: 'Difference of two tensors.',
  meaning: 'y = float32(a - b)',
  compute: (a, b) => a - b,
});
