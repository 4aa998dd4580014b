import { describe, expect, it } from 'vitest';
import type { CarryChain, LutCell, Net, Netlist, WeightBit } from '../../compiler/hw/xilinx/index.ts';
import { xnorAccumulate, xnorConst } from '../../compiler/hw/xilinx/index.ts';

/**
 * What a slice cannot do, as a list of the places that ask for it. A carry position has one way out beside
 * the LUT's own: its sum, or O5, and for sums that go into flip-flops at once both.
 */
function violations(netlist: Netlist): string[] {
  const found: string[] = [];
  const outputs = new Set(netlist.outputs.flatMap((port) => port.nets));
  const bySum = new Map(netlist.luts.map((cell) => [cell.o6, cell] as const));
  const uses = new Map<Net, number>();
  const use = (net: Net): unknown => uses.set(net, (uses.get(net) ?? 0) + 1);
  for (const cell of netlist.luts) {
    cell.pins.forEach(use);
    if (cell.pins.length > 6 || cell.pins.some((pin) => pin < 2)) found.push(`pins of ${cell.o6}`);
    if (new Set(cell.pins).size !== cell.pins.length) found.push(`a pin twice at ${cell.o6}`);
  }
  for (const { carryIn, slots } of netlist.chains)
    [carryIn, ...slots.flatMap(({ s, di }) => [s, di])].forEach(use);
  for (const { carryIn, slots } of netlist.chains) {
    if (slots.length > 8 && !slots.some((slot) => slot.o !== null && outputs.has(slot.o)))
      found.push('long chain');
    slots.forEach(({ s, di, o }, index) => {
      const cell = bySum.get(s);
      const own = cell !== undefined && cell.o5 === di;
      if (index === 0 && carryIn > 1 && di > 1 && !own)
        found.push(`carry-in and DI of ${s} both from outside`);
      const o5Leaves = cell?.o5 !== undefined && cell.o5 !== null && (uses.get(cell.o5) ?? 0) > (own ? 1 : 0);
      if (o5Leaves && o !== null && !outputs.has(o)) found.push(`sum and O5 of ${s} both leave`);
    });
  }
  return [...found, ...cellLoops(netlist)];
}

/** Loops when every carry cell is one node: none may lean on which position depends on which. */
function cellLoops(netlist: Netlist): string[] {
  const cells = [...netlist.luts.map(lutNode), ...netlist.chains.flatMap(carryNodes)];
  const driver = new Map(cells.flatMap((cell) => cell.outputs.map((net) => [net, cell] as const)));
  const state = new Map<object, 'open' | 'done'>();
  const loops: string[] = [];
  const visit = (net: Net | string): void => {
    const cell = driver.get(net);
    if (!cell || state.get(cell) === 'done') return;
    if (state.get(cell) === 'open') {
      loops.push(`loop through ${net}`);
      return;
    }
    state.set(cell, 'open');
    cell.inputs.forEach(visit);
    state.set(cell, 'done');
  };
  netlist.outputs.flatMap((port) => port.nets).forEach(visit);
  return loops;
}

interface Node {
  readonly inputs: readonly (Net | string)[];
  readonly outputs: readonly (Net | string)[];
}

function lutNode({ pins, o6, o5 }: LutCell): Node {
  return { inputs: pins, outputs: o5 === null ? [o6] : [o6, o5] };
}

function carryNodes({ carryIn, slots }: CarryChain, chain: number): Node[] {
  return Array.from({ length: Math.ceil(slots.length / 8) }, (_, part) => {
    const own = slots.slice(part * 8, part * 8 + 8);
    return {
      inputs: [part === 0 ? carryIn : `${chain}.${part}`, ...own.flatMap(({ s, di }) => [s, di])],
      outputs: [...own.flatMap(({ o }) => (o === null ? [] : [o])), `${chain}.${part + 1}`],
    };
  });
}

/** Weights from a small generator, the same in every run. */
function someWeights(pes: number, steps: number, simd: number): WeightBit[][][] {
  let seed = 12345;
  const bit = (): WeightBit => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return (seed >> 16) & 1 ? 1 : 0;
  };
  return Array.from({ length: pes }, () =>
    Array.from({ length: steps }, () => Array.from({ length: simd }, bit)),
  );
}

describe('slice rules', () => {
  it('holds for units with weights on a port', () => {
    for (const simd of [1, 2, 5, 16, 31, 64, 130])
      for (const cut of [2, 5, 40])
        for (const accumulate of [true, false])
          expect(violations(xnorAccumulate({ simd, accBits: 11, accumulate, cut }))).toEqual([]);
  });

  it('holds for units with constant weights', () => {
    for (const steps of [1, 3, 8, 16, 20, 64])
      for (const simd of [3, 24, 100]) {
        const weights = someWeights(3, steps, simd);
        const thresholds = weights.map((rows) => rows.map((_, step) => (simd >> 1) + (step % 3)));
        expect(violations(xnorConst({ simd, weights, output: { kind: 'sum' } }))).toEqual([]);
        expect(violations(xnorConst({ simd, weights, output: { kind: 'accumulate', accBits: 9 } }))).toEqual(
          [],
        );
        expect(violations(xnorConst({ simd, weights, output: { kind: 'threshold', thresholds } }))).toEqual(
          [],
        );
      }
  });

  it('would notice a sum and an O5 that both leave', () => {
    const netlist: Netlist = {
      inputs: [{ name: 'a', nets: [2, 3] }],
      outputs: [{ name: 'y', nets: [7] }],
      luts: [
        { pins: [2, 3], init: 0x6n, o6: 4, o5: 5 },
        { pins: [5, 6], init: 0x6n, o6: 7, o5: null },
      ],
      chains: [{ carryIn: 0, slots: [{ s: 4, di: 2, o: 6 }] }],
      netCount: 8,
    };
    expect(violations(netlist)).toEqual(['sum and O5 of 4 both leave']);
  });
});
