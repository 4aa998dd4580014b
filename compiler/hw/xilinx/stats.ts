/** Size of a netlist. */
import type { Netlist } from './netlist.ts';
import { netLevels } from './pack.ts';

/** Size and depth of a netlist. */
export interface NetlistStats {
  /** LUT6_2 cells, whichever outputs are in use. */
  readonly luts: number;
  /** Carry positions without a LUT cell: closing positions and those that a net drives directly. */
  readonly bareSlots: number;
  readonly carry8: number;
  readonly carry4: number;
  /** Cells on the longest way from an input to an output; a whole carry chain counts as one. */
  readonly depth: number;
}

export function netlistStats(netlist: Netlist): NetlistStats {
  const driven = new Set(netlist.luts.map((cell) => cell.o6));
  const slots = netlist.chains.flatMap((chain) => chain.slots);
  const cells = (size: number): number =>
    netlist.chains.reduce((sum, chain) => sum + Math.ceil(chain.slots.length / size), 0);
  const levels = netLevels(netlist);
  return {
    luts: netlist.luts.length,
    bareSlots: slots.filter((slot) => !driven.has(slot.s)).length,
    carry8: cells(8),
    carry4: cells(4),
    depth: netlist.outputs
      .flatMap((port) => port.nets)
      .reduce((most, net) => Math.max(most, levels[net]!), 0),
  };
}
