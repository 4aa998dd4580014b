import { valueRange } from '../types.ts';
import { reduceOp } from './reduce.ts';
import { narrowestType, sumType } from './sums.ts';

/** The sum of the taps of each channel. */
export const reduceSum = reduceOp({
  name: 'reduce_sum',
  summary: 'The sum of the taps, channel by channel (an average pool of windows, but for its division).',
  meaning: 'y[..., c] = sum_t x[..., t, c]; exact, in the narrowest uint or int that holds every sum',
  type: (x, taps, shape, declared) => {
    const { min, max } = valueRange(x.elem);
    return sumType({ min: min * taps, max: max * taps }, shape, declared, narrowestType);
  },
  start: 0,
  step: (sum, x) => sum + x,
});
