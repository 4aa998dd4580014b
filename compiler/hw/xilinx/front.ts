/** First layer of a binary dot product with weights on pins: XNOR and the first counting in one LUT. */
import type { Net, NetlistBuilder } from './netlist.ts';
import type { Heap } from './tree.ts';

/** An operation that is not computed yet: it counts 1 where both signals agree. */
export interface RawPair {
  readonly x: Net;
  readonly w: Net;
}

const agree = (pins: readonly number[], pair: number): number => 1 ^ pins[2 * pair]! ^ pins[2 * pair + 1]!;

/**
 * Adds the pairs to columns 0 and 1 of the heap. Each LUT counts two pairs and a running bit, which ripples on
 * to the next LUT; after `cut` LUTs it goes to column 0 and the next run starts afresh.
 */
export function countPairs(
  builder: NetlistBuilder,
  pairs: readonly RawPair[],
  cut: number,
  heap: Heap,
): void {
  const luts = Math.ceil(pairs.length / 2);
  const runs = Math.ceil(luts / cut);
  let next = 0;
  for (let run = 0; run < runs; run += 1) {
    const length = Math.ceil((luts - run) / runs);
    let running: Net | null = null;
    for (let step = 0; step < length; step += 1) {
      // An odd number of pairs: the one alone starts the first run.
      const amount = next === 0 && pairs.length % 2 === 1 ? 1 : 2;
      const taken = pairs.slice(next, next + amount);
      next += amount;
      running = countStep(builder, taken, running, heap);
    }
    if (running !== null) heap[0]!.push(running);
  }
}

function countStep(builder: NetlistBuilder, pairs: readonly RawPair[], running: Net | null, heap: Heap): Net {
  const pins = [...pairs.flatMap(({ x, w }) => [x, w]), ...(running === null ? [] : [running])];
  const total = (values: readonly number[]): number =>
    pairs.reduce((sum, _, pair) => sum + agree(values, pair), 0) + (values[2 * pairs.length] ?? 0);
  const odd = (values: readonly number[]): number => total(values) & 1;
  if (pairs.length === 1 && running === null) return builder.lut(pins, odd);
  const [low, high] = builder.lut(pins, odd, (values) => total(values) >> 1);
  heap[1]?.push(high);
  return low;
}
