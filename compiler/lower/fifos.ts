import type { HwGraph } from '../hw/index.ts';
import { beats } from '../hw/index.ts';
import type { Link } from './connect.ts';

/** What the cycle model says of a design. */
export interface Measured {
  /** Cycles from frame to frame once the pipeline has filled. */
  readonly initiationInterval: number;
  /** Cycles from the first input beat's transfer to the last output beat's transfer of the first frame. */
  readonly latency: number;
}

/**
 * FIFO depths behind each link: the least that keep the initiation interval which unbounded FIFOs would give.
 *
 * Every unit stores two beats at its output anyway, so most links need no FIFO. Depths are found link by link from the output
 * backwards, each by bisection over the cycle model; more room never slows a chain, so the interval is monotone in every depth.
 *
 * @param build - makes the design with the given depths.
 * @param measure - runs the cycle model of a design.
 */
export function fifoDepths(
  links: readonly Link[],
  build: (depths: readonly number[]) => HwGraph,
  measure: (hw: HwGraph) => Measured,
): { readonly depths: readonly number[]; readonly measured: Measured } {
  // Two frames of room behind every link decouple the units altogether.
  const depths = links.map(({ output }, index) => (index === links.length - 1 ? 0 : 2 * beats(output) + 2));
  const best = measure(build(depths)).initiationInterval;
  const none = links.map(() => 0);
  const bare = measure(build(none));
  if (bare.initiationInterval === best) return { depths: none, measured: bare };
  for (let index = links.length - 2; index >= 0; index--) {
    let low = 0;
    let high = depths[index] ?? 0;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const trial = depths.map((depth, i) => (i === index ? middle : depth));
      if (measure(build(trial)).initiationInterval === best) high = middle;
      else low = middle + 1;
    }
    depths[index] = high;
  }
  return { depths, measured: measure(build(depths)) };
}
