import { agree } from './real.ts';
import { reduceOp } from './reduce.ts';

/** The greatest tap of each channel. */
export const reduceMax = reduceOp({
  name: 'reduce_max',
  summary: 'The greatest of the taps, channel by channel (a maximum pool of windows).',
  meaning: 'y[..., c] = max_t x[..., t, c]',
  type: (x, _taps, shape, declared) => agree({ elem: x.elem, shape }, declared),
  start: -Infinity,
  step: (greatest, x) => (x > greatest ? x : greatest),
});
