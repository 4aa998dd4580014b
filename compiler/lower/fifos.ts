import { beats } from '../hw/index.ts';
import { beatWidth } from '../hw/pack.ts';
import type { Link } from './connect.ts';

/** What the cycle model says of a design. */
export interface Measured {
  /** Cycles from frame to frame once the pipeline has filled. */
  readonly initiationInterval: number;
  /** Cycles from the first input beat's transfer to the last output beat's transfer of the first frame. */
  readonly latency: number;
}

/** Runs the cycle model of a chain with the given FIFO depths behind its links. */
export interface FifoTrial {
  /** Cycles until the last beat of frame `frames` has left. */
  readonly cycles: (depths: readonly number[], frames: number) => number;
  /** The exact steady state. */
  readonly measure: (depths: readonly number[]) => Measured;
}

/** Frames that a trial lets pass before it looks, and frames it then looks at. */
const warmUp = 24;
const watched = 16;

/**
 * FIFO depths behind each link: least depths that let the design run at the initiation interval of its slowest unit.
 *
 * Every unit stores two beats at its output anyway, so most links need no FIFO. A FIFO helps where a unit gives its results
 * in a burst while its neighbour still works through the frame before. Where one FIFO is enough, the one of the fewest bits is
 * taken; else all links get room for two frames and are cut back one by one. Depths are found by bisection over the cycle
 * model: in a chain, more room never slows anything down once there is any.
 *
 * @param target - the greatest initiation interval of any unit: no FIFO can bring the design below it.
 */
export function fifoDepths(
  links: readonly Link[],
  target: number,
  trial: FifoTrial,
): { readonly depths: readonly number[]; readonly measured: Measured } {
  const none = links.map(() => 0);
  const bare = trial.measure(none);
  if (bare.initiationInterval <= target) return { depths: none, measured: bare };

  const meets = (depths: readonly number[]): boolean =>
    trial.cycles(depths, warmUp + watched) - trial.cycles(depths, warmUp) <= watched * target;
  const room = links.map(({ output }, index) => (index === links.length - 1 ? 0 : 2 * beats(output) + 2));
  const withDepth = (depths: readonly number[], index: number, depth: number): number[] =>
    depths.map((old, i) => (i === index ? depth : old));
  const least = (depths: readonly number[], index: number): number => {
    // None at all comes first: a FIFO of one beat takes and gives in turn, so it can be slower than no FIFO.
    if (meets(withDepth(depths, index, 0))) return 0;
    let low = 1;
    let high = depths[index] ?? 0;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (meets(withDepth(depths, index, middle))) high = middle;
      else low = middle + 1;
    }
    return high;
  };
  const bits = (index: number, depth: number): number => {
    const stream = links[index]?.output;
    return stream === undefined ? 0 : beatWidth(stream) * depth;
  };

  const single = links
    .map((_, index) => withDepth(none, index, room[index] ?? 0))
    .map((depths, index) => (meets(depths) ? withDepth(depths, index, least(depths, index)) : undefined))
    .filter((depths) => depths !== undefined)
    .sort((a, b) => sumBits(a, bits) - sumBits(b, bits));
  for (const depths of single) {
    const measured = trial.measure(depths);
    if (measured.initiationInterval <= target) return { depths, measured };
  }

  let depths = room;
  for (let index = links.length - 2; index >= 0; index--)
    depths = withDepth(depths, index, least(depths, index));
  const measured = trial.measure(depths);
  // The trials watch finitely many frames; the steady state decides.
  if (measured.initiationInterval <= target || !meets(room)) return { depths, measured };
  return { depths: room, measured: trial.measure(room) };
}

function sumBits(depths: readonly number[], bits: (index: number, depth: number) => number): number {
  return depths.reduce((sum, depth, index) => sum + bits(index, depth), 0);
}
