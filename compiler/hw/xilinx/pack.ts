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

/** The part of a carry chain between two closing positions. */
export interface ChainPart {
  readonly inputs: Net[];
  readonly outputs: Net[];
  /** By output, how many of the inputs stand at its position or before. */
  readonly needs: number[];
  /** Positions, with the one that closes it. */
  slots: number;
}

/** Cells on the longest way to each net; chains that share a carry cell count apart. */
export function netLevels(netlist: Netlist): readonly number[] {
  const cells: Pick<ChainPart, 'inputs' | 'outputs'>[] = netlist.luts.map(({ pins, o6, o5 }) => ({
    inputs: [...pins],
    outputs: o5 === null ? [o6] : [o6, o5],
  }));
  for (const chain of netlist.chains) cells.push(...chainParts(chain));
  const driver = new Map<Net, Pick<ChainPart, 'inputs' | 'outputs'>>();
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

/** The parts of a chain, which do not depend on one another. */
export function chainParts(chain: CarryChain): ChainPart[] {
  let part: ChainPart = { inputs: [chain.carryIn], outputs: [], needs: [], slots: 0 };
  const parts = [part];
  chain.slots.forEach(({ s, di, o }, i) => {
    part.slots++;
    // a sum takes S of its own position, and S and DI of those before
    if (s !== ZERO) part.inputs.push(s);
    if (o !== null) part.needs[part.outputs.push(o) - 1] = part.inputs.length;
    if (s !== ZERO) part.inputs.push(di);
    else if (i + 1 < chain.slots.length)
      parts.push((part = { inputs: [di], outputs: [], needs: [], slots: 0 }));
  });
  return parts;
}
