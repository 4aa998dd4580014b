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
  return netLevels(netlist).chains;
}

/** Cells on the longest way to each net and chain. */
export function netLevels(netlist: Netlist): { readonly nets: readonly number[]; readonly chains: number[] } {
  const nets = new Array<number>(netlist.netCount).fill(0);
  const driver = new Map<Net, { inputs: readonly Net[]; outputs: readonly Net[]; chain: number }>();
  const drive = (inputs: readonly Net[], outputs: readonly Net[], chain: number): void => {
    for (const net of outputs) driver.set(net, { inputs, outputs, chain });
  };
  for (const { pins, o6, o5 } of netlist.luts) drive(pins, o5 === null ? [o6] : [o6, o5], -1);
  const chains = netlist.chains.map(() => 0);
  netlist.chains.forEach(({ carryIn, slots }, index) => {
    const inputs = [carryIn, ...slots.flatMap((slot) => [slot.s, slot.di])];
    drive(
      inputs,
      slots.flatMap((slot) => (slot.o === null ? [] : [slot.o])),
      index,
    );
  });
  // Cells are built in order of dependency: nets are numbered so that inputs come first.
  for (let net = 2; net < netlist.netCount; net += 1) {
    const cell = driver.get(net);
    if (!cell) continue;
    const level = Math.max(...cell.inputs.map((input) => nets[input]!));
    nets[net] = level + 1;
    if (cell.chain >= 0) chains[cell.chain] = level;
  }
  return { nets, chains };
}
