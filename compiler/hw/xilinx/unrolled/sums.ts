/** Adder graphs as heaps of literals. */
import type { AdderGraph, Term } from '../../adders/index.ts';
import { heapSum } from '../heap/build.ts';
import type { BitHeap, Literal } from '../heap/build.ts';
import type { NetlistBuilder } from '../netlist.ts';

/**
 * A node as an unsigned number of the hardware: `number = value + offset`, where value is what the graph says. A subtracted node counts with
 * its bits inverted, which is a subtraction but for a constant; the constants are gathered here.
 */
interface Unsigned {
  readonly bits: readonly Literal[];
  readonly most: number;
  readonly offset: number;
}

/** Bits to add up, by column, and what has to be subtracted from their sum. */
export interface RawSum {
  readonly bits: readonly (readonly Literal[])[];
  readonly offset: number;
  readonly most: number;
}

/** All sums of a graph. */
export class BitSums {
  private readonly nodes: Unsigned[];

  /** Builds the shared sums of the graph; `inputs` gives the bits of each input, lowest first. */
  constructor(
    builder: NetlistBuilder,
    graph: AdderGraph,
    inputs: readonly (readonly Literal[])[],
    beam: number,
  ) {
    this.nodes = inputs.map((bits) => ({ bits, most: 2 ** bits.length - 1, offset: 0 }));
    for (const terms of graph.sums) {
      const raw = this.raw(terms);
      const { offset, most } = raw;
      const nets = heapSum(builder, heapOf(raw, Math.ceil(Math.log2(most + 1)), 0), beam);
      this.nodes.push({ bits: nets.map((net) => ({ net, inverted: false })), offset, most });
    }
  }

  /** The bits of a sum of terms. */
  raw(terms: readonly Term[]): RawSum {
    const bits: Literal[][] = [];
    let [offset, most] = [0, 0];
    for (const { node, shift, negative } of terms) {
      const number = this.nodes[node]!;
      const full = 2 ** number.bits.length - 1;
      number.bits.forEach(({ net, inverted }, i) =>
        (bits[i + shift] ??= []).push({ net, inverted: inverted !== negative }),
      );
      offset += (negative ? full - number.offset : number.offset) * 2 ** shift;
      most += (negative ? full : number.most) * 2 ** shift;
    }
    return { bits: Array.from(bits, (column) => column ?? []), offset, most };
  }
}

/** A raw sum in `width` columns with a constant; bits above are cut off. */
export function heapOf({ bits }: RawSum, width: number, constant: number): BitHeap {
  return { bits: Array.from({ length: width }, (_, c) => bits[c] ?? []), constant };
}
