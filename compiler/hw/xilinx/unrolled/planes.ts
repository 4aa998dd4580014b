/** Adder graphs over single bits as heaps of literals. */
import type { AdderGraph, Term } from '../../adders/index.ts';
import { heapSum } from '../heap/build.ts';
import type { BitHeap, Literal } from '../heap/build.ts';
import type { Net, NetlistBuilder } from '../netlist.ts';

/**
 * A node as an unsigned number of the hardware: `number = value + offset`, where value is what the graph says. A subtracted node counts with
 * its bits inverted, which is a subtraction but for a constant; the constants are gathered here.
 */
interface Unsigned {
  readonly nets: readonly Net[];
  readonly most: number;
  readonly offset: number;
}

/** Bits to add up, and what has to be subtracted from their sum. */
export interface RawSum {
  readonly bits: Literal[][];
  readonly offset: number;
  readonly most: number;
}

/** All sums of a graph whose inputs are single bits. */
export class BitPlane {
  private readonly nodes: Unsigned[];

  /** Builds the shared sums of the graph; `inputs` gives the literal of each input: 1 where its bit counts. */
  constructor(builder: NetlistBuilder, graph: AdderGraph, inputs: readonly (readonly Net[])[], beam: number) {
    this.nodes = inputs.map((nets) => ({ nets, most: 2 ** nets.length - 1, offset: 0 }));
    for (const terms of graph.sums) {
      const { bits, offset, most } = this.raw(terms);
      const width = Math.ceil(Math.log2(most + 1));
      const heap = Array.from({ length: width }, (_, c) => bits[c] ?? []);
      this.nodes.push({ nets: heapSum(builder, { bits: heap, constant: 0 }, beam), offset, most });
    }
  }

  /** The bits of a sum of terms. */
  raw(terms: readonly Term[]): RawSum {
    const bits: Literal[][] = [];
    let [offset, most] = [0, 0];
    for (const { node, shift, negative } of terms) {
      const number = this.nodes[node]!;
      const full = 2 ** number.nets.length - 1;
      number.nets.forEach((net, i) => (bits[i + shift] ??= []).push({ net, inverted: negative }));
      offset += (negative ? full - number.offset : number.offset) * 2 ** shift;
      most += (negative ? full : number.most) * 2 ** shift;
    }
    for (let c = 0; c < bits.length; c++) bits[c] ??= [];
    return { bits, offset, most };
  }
}

/** Several planes' sums of the same terms as one heap: plane p weighs 2^p. */
export function joint(parts: readonly RawSum[]): RawSum {
  const bits: Literal[][] = [];
  let [offset, most] = [0, 0];
  parts.forEach((part, p) => {
    part.bits.forEach((column, c) => (bits[c + p] ??= []).push(...column));
    offset += part.offset * 2 ** p;
    most += part.most * 2 ** p;
  });
  for (let c = 0; c < bits.length; c++) bits[c] ??= [];
  return { bits, offset, most };
}

/** A raw sum in `width` columns with a constant. */
export function heapOf({ bits }: RawSum, width: number, constant: number): BitHeap {
  return { bits: Array.from({ length: width }, (_, c) => bits[c] ?? []), constant };
}
