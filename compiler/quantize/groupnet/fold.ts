import type { GraphBuilder, Value } from '../../qir/index.ts';
import { bipolar, uint, valueRange, type ElementType } from '../../qir/types.ts';
import { levelOf, topLevel } from './arithmetic.ts';
import type { Activation } from './network.ts';

/** The element type of a quantizer's levels. */
export function levelType({ bits }: Activation): ElementType {
  return bits === 1 ? bipolar : uint(bits);
}

/** What a sum means in one channel: a real number that rises (or falls) with the integer throughout. */
export interface Meaning {
  readonly real: (sum: number) => number;
  readonly falls: boolean;
}

/**
 * Adds the quantizer of sums: one threshold for each step, where the real number of the sum reaches the next level. It is found by asking the
 * quantizer itself, so that the table is what the real numbers say at every integer, ties and roundings included.
 *
 * @param meanings one for each channel, or one for all
 */
export function quantizer(
  g: GraphBuilder,
  x: Value,
  meanings: readonly Meaning[],
  activation: Activation,
  name: string,
): Value {
  const range = valueRange(x.type.elem);
  const thresholds = meanings.map((meaning) => thresholdsOf(meaning, range, activation));
  const flips = meanings.map(({ falls }) => (falls ? 1 : 0));
  const result = levelType(activation);
  return g.threshold(x, thresholds, {
    name,
    result,
    ...(flips.some((flip) => flip === 1) ? { flip: { elem: uint(1), data: flips } } : {}),
  });
}

/** The thresholds of one channel, ascending; where the meaning falls, those that count the sums below them. */
function thresholdsOf(
  { real, falls }: Meaning,
  range: { readonly min: number; readonly max: number },
  activation: Activation,
): number[] {
  const levels = activation.bits === 1 ? [1] : Array.from({ length: topLevel(activation) }, (_, i) => i + 1);
  const found = levels.map((level) => {
    // the least sum at which `level` is reached, or where the meaning falls no longer is; one past the range if there is none
    let [low, high] = [range.min, range.max + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const reached = levelOf(real(middle), activation) >= level;
      if (reached !== falls) high = middle;
      else low = middle + 1;
    }
    return low;
  });
  return falls ? found.reverse() : found;
}
