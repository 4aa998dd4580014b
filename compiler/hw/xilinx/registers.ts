/** Register stages within a netlist. */
import { chainDelay, cutStages } from '../stages.ts';
import type { Cell } from '../stages.ts';
import { ONE, ZERO } from './netlist.ts';
import type { Net, Netlist, Register } from './netlist.ts';
import { chainParts } from './pack.ts';

/** The LUTs, and the parts of each chain, as cells. */
interface Cells {
  readonly luts: readonly Cell[];
  readonly chains: readonly (readonly Cell[])[];
}

function cellsOf({ luts, chains }: Netlist): Cells {
  return {
    luts: luts.map(({ pins, o6, o5 }) => ({
      inputs: pins,
      outputs: o5 === null ? [o6] : [o6, o5],
      delay: 1,
    })),
    chains: chains.map((chain) =>
      chainParts(chain).map(({ slots, ...part }) => ({ ...part, delay: chainDelay(slots) })),
    ),
  };
}

/** Cells in an order in which each follows those that it reads. */
function sorted(cells: readonly Cell[]): readonly Cell[] {
  const driver = new Map<Net, Cell>();
  for (const cell of cells) for (const net of cell.outputs) driver.set(net, cell);
  const done = new Set<Cell>();
  const visit = (cell: Cell): void => {
    if (done.has(cell)) return;
    for (const net of cell.inputs) {
      const before = driver.get(net);
      if (before !== undefined) visit(before);
    }
    done.add(cell);
  };
  cells.forEach(visit);
  return [...done];
}

/** A netlist with `count` register stages, none of its stages deeper than `levels` if that is possible (see `cutStages`), and what they cost. */
export function withRegisters(
  netlist: Netlist,
  count: number,
  levels: number,
): { readonly netlist: Netlist; readonly registers: number; readonly deepest: number } {
  const own = cellsOf(netlist);
  const cells = sorted([...own.luts, ...own.chains.flat()]);
  const outputs = netlist.outputs.flatMap(({ nets }) => nets).filter((net) => net > ONE);
  const bits = Uint8Array.from({ length: netlist.netCount }, (_, net) => (net > ONE ? 1 : 0));
  const { ofCell, made, last, registers, deepest } = cutStages({ bits, cells, outputs }, count, levels);
  // each net behind its registers, by their number
  const held: Net[][] = [];
  const flops: Register[] = [];
  let { netCount } = netlist;
  for (let net = ONE + 1; net < netlist.netCount; net++) {
    const copies = (held[net] = [net]);
    for (let stage = made[net]! + 1; stage <= last[net]!; stage++) {
      flops.push({ stage, d: copies.at(-1)!, q: netCount });
      copies.push(netCount++);
    }
  }
  const at = (net: Net, stage: number): Net => (net > ONE ? held[net]![stage - made[net]!]! : net);
  const stageOf = new Map(cells.map((cell, i) => [cell, ofCell[i]!]));
  const luts = netlist.luts.map((lut, i) => {
    const stage = stageOf.get(own.luts[i]!)!;
    return { ...lut, pins: lut.pins.map((net) => at(net, stage)) };
  });
  const chains = netlist.chains.map((chain, i) => {
    const stages = own.chains[i]!.map((part) => stageOf.get(part)!);
    let part = 0;
    const carryIn = at(chain.carryIn, stages[0]!);
    const slots = chain.slots.map((slot) => {
      const s = at(slot.s, stages[part]!);
      // what ends a part gives the next one its carry
      if (slot.s === ZERO && part + 1 < stages.length) part++;
      return { ...slot, s, di: at(slot.di, stages[part]!) };
    });
    return { carryIn, slots };
  });
  const ports = netlist.outputs.map((port) => ({ ...port, nets: port.nets.map((net) => at(net, count)) }));
  return {
    netlist: { ...netlist, outputs: ports, luts, chains, registers: flops, netCount },
    registers,
    deepest,
  };
}
