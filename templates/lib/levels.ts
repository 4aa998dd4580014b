import type { LayerRequest } from '../../compiler/hw/index.ts';

/**
 * The most thresholds a channel that units compare with behind a sum. A unit that fuses them compares with all at once, in as many lanes as
 * it has outputs, however seldom a sum is ready; the unit `threshold` searches, in as many lanes as the rate needs. By the cost formulas
 * the two are even at 4 to 7 thresholds where the constants change from step to step, and at 15 to 40 where they are wired in.
 */
export const mostFusedLevels = 8;

/** The number of thresholds that a request would fuse, if it is more than `most`. */
export function tooManyLevels({ ops }: LayerRequest, most: number = mostFusedLevels): number | undefined {
  const count = ops[1]?.consts.get(1)?.type.shape[1] ?? 0;
  return count > most ? count : undefined;
}
