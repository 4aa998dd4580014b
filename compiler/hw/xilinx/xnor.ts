/** Binary dot products with weights on a port. */
import { countPairs } from './front.ts';
import { NetlistBuilder, ZERO } from './netlist.ts';
import type { Netlist } from './netlist.ts';
import { packChains } from './pack.ts';
import { netlistStats } from './stats.ts';
import { sumHeap } from './tree.ts';
import type { Heap } from './tree.ts';

/** What `xnorAccumulate` builds. */
export interface XnorOptions {
  /** Operations per cycle, at least 1. */
  readonly simd: number;
  /** Bits of the accumulator; used only with `accumulate`. */
  readonly accBits: number;
  readonly accumulate: boolean;
  /** LUTs that the running bit of the first layer passes at most; a small number is faster and larger. */
  readonly cut?: number;
}

/** Bits that hold 0 to `most`. */
export function bitsFor(most: number): number {
  return Math.max(1, Math.ceil(Math.log2(most + 1)));
}

/** Run lengths tried where none is asked for; wide units take longer to plan and gain nothing by short runs. */
function cutsFor(simd: number): readonly number[] {
  return simd > 256 ? [8, 11] : [3, 4, 6, 8, 11];
}

/**
 * A processing element: `sum = (clr ? 0 : acc) + popcount(~(x ^ w))`, modulo `2^accBits`; without `accumulate`
 * just the popcount, in `bitsFor(simd)` bits and without the ports `acc` and `clr`.
 * The outputs must go into flip-flops (see `sumHeap`).
 *
 * Where no `cut` is given, several are tried and the one kept that needs fewest carry positions and LUTs,
 * two levels of depth weighing as much as one of them.
 * @throws RangeError for sizes that are not positive integers.
 */
export function xnorAccumulate(options: XnorOptions): Netlist {
  for (const [name, value] of Object.entries({
    simd: options.simd,
    accBits: options.accBits,
    cut: options.cut ?? 1,
  }))
    if (!Number.isInteger(value) || value < 1)
      throw new RangeError(`${name} is ${value}, expected at least 1`);
  if (options.cut !== undefined) return build(options, options.cut);
  const built = cutsFor(options.simd)
    .map((cut) => build(options, cut))
    .map((netlist) => ({
      netlist,
      price: priceOf(netlist),
    }));
  return built.reduce((best, next) => (next.price < best.price ? next : best)).netlist;
}

function priceOf(netlist: Netlist): number {
  const { luts, bareSlots, depth } = netlistStats(netlist);
  return luts + bareSlots + depth / 2;
}

function build({ simd, accBits, accumulate }: XnorOptions, cut: number): Netlist {
  const builder = new NetlistBuilder();
  const x = builder.input('x', simd);
  const w = builder.input('w', simd);
  const width = accumulate ? accBits : bitsFor(simd);
  const value = accumulate ? builder.input('acc', width) : [];
  const clear = accumulate ? builder.scalarInput('clr') : ZERO;
  const heap: Heap = Array.from({ length: width }, () => []);
  const pairs = x.map((net, index) => ({ x: net, w: w[index]! }));
  countPairs(builder, pairs, cut, heap);
  const sum = accumulate
    ? sumHeap(builder, heap, 'accumulate', { value, clear })
    : sumHeap(builder, heap, 'sum');
  builder.output('sum', sum);
  return packChains(builder.finish());
}
