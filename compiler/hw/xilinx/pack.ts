/** Puts short carry chains together into the carry cells of a slice. */
import { ZERO } from './netlist.ts';
import type { CarryChain, Net, Netlist } from './netlist.ts';

/** Carry positions of one slice. */
export const SLICE_SLOTS = 8;

/**
 * Joins chains of the same level into chains of up to eight positions. A closing position (S = 0) ends
 * one chain and starts the next, whose carry-in is its DI. Only chains that do not depend on one another
 * are joined, so no signal leads from a carry cell back into it.
 */
export function packChains(netlist: Netlist): Netlist {
  const levels = chainLevels(netlist);
  const open = new Map<number, CarryChain[]>();
  const packed: CarryChain[] = [];
  netlist.chains.forEach((chain, index) => {
    const level = levels[index]!;
    const bins = open.get(level) ?? [];
    open.set(level, bins);
    const bin = bins.find((other) => closed(other) && other.slots.length + chain.slots.length <= SLICE_SLOTS);
    if (bin) {
      const joined = join(bin, chain);
      bins[bins.indexOf(bin)] = joined;
      packed[packed.indexOf(bin)] = joined;
    } else {
      bins.push(chain);
      packed.push(chain);
    }
  });
  return { ...netlist, chains: packed };
}

function closed(chain: CarryChain): boolean {
  return chain.slots.at(-1)?.s === ZERO;
}

function join(first: CarryChain, second: CarryChain): CarryChain {
  const last = first.slots.at(-1)!;
  const slots = [...first.slots.slice(0, -1), { ...last, di: second.carryIn }, ...second.slots];
  return { carryIn: first.carryIn, slots };
}

/** Levels of the chains as built, before any joining. */
function chainLevels(netlist: Netlist): number[] {
  const nets = netLevels(netlist);
  return netlist.chains.map(({ carryIn, slots }) =>
    Math.max(...[carryIn, ...slots.flatMap((slot) => [slot.s, slot.di])].map((net) => nets[net]!)),
  );
}

/** A LUT, or the part of a carry chain between two closing positions. */
interface Cell {
  readonly inputs: Net[];
  readonly outputs: Net[];
}

/** Cells on the longest way to each net; chains that share a carry cell count apart. */
export function netLevels(netlist: Netlist): readonly number[] {
  const cells: Cell[] = netlist.luts.map(({ pins, o6, o5 }) => ({
    inputs: [...pins],
    outputs: o5 === null ? [o6] : [o6, o5],
  }));
  for (const chain of netlist.chains) cells.push(...chainParts(chain));
  const driver = new Map<Net, Cell>();
  for (const cell of cells) for (const net of cell.outputs) driver.set(net, cell);
  const levels = new Map<Net, number>();
  const levelOf = (net: Net): number => {
    const known = levels.get(net);
    if (known !== undefined) return known;
    const cell = driver.get(net);
    const level = cell ? 1 + Math.max(0, ...cell.inputs.map(levelOf)) : 0;
    levels.set(net, level);
    return level;
  };
  return Array.from({ length: netlist.netCount }, (_, net) => levelOf(net));
}

function chainParts(chain: CarryChain): Cell[] {
  let part: Cell = { inputs: [chain.carryIn], outputs: [] };
  const parts = [part];
  for (const { s, di, o } of chain.slots) {
    if (o !== null) part.outputs.push(o);
    if (s === ZERO) {
      part = { inputs: [di], outputs: [] };
      parts.push(part);
    } else part.inputs.push(s, di);
  }
  return parts;
}
