import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Netlist } from '../../compiler/hw/xilinx/index.ts';
import { bitsFor, netlistStats, simulator, xnorAccumulate } from '../../compiler/hw/xilinx/index.ts';
import { lane } from './support.ts';

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const words = (width: number): fc.Arbitrary<number[]> =>
  fc.array(word, { minLength: width, maxLength: width });

/** The sums that 32 vectors must give. */
function expected(x: number[], w: number[], acc: number[], clr: number, width: number): number[] {
  return Array.from({ length: 32 }, (_, vector) => {
    const ones = x.reduce((sum, bits, index) => sum + (1 & ~((bits ^ w[index]!) >>> vector)), 0);
    return (ones + ((clr >>> vector) & 1 ? 0 : lane(acc, vector))) % 2 ** width;
  });
}

function sumsOf(netlist: Netlist, inputs: Record<string, number[]>): number[] {
  const { sum } = simulator(netlist)(inputs);
  return Array.from({ length: 32 }, (_, vector) => lane(sum!, vector));
}

describe('xnorAccumulate', () => {
  it('adds the popcount to the accumulator, or starts from zero', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 96 }).chain((simd) => fc.tuple(words(simd), words(simd))),
        fc.integer({ min: 1, max: 14 }).chain(words),
        word,
        fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
        ([x, w], acc, clr, cut) => {
          const netlist = xnorAccumulate({
            simd: x.length,
            accBits: acc.length,
            accumulate: true,
            ...(cut === undefined ? {} : { cut }),
          });
          expect(sumsOf(netlist, { x, w, acc, clr: [clr] })).toEqual(expected(x, w, acc, clr, acc.length));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('counts alone, in just the bits that the count needs', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 130 }).chain((simd) => fc.tuple(words(simd), words(simd))),
        fc.integer({ min: 1, max: 12 }),
        ([x, w], cut) => {
          const netlist = xnorAccumulate({ simd: x.length, accBits: 1, accumulate: false, cut });
          expect(netlist.inputs.map((port) => port.name)).toEqual(['x', 'w']);
          expect(netlist.outputs[0]!.nets).toHaveLength(bitsFor(x.length));
          expect(sumsOf(netlist, { x, w })).toEqual(expected(x, w, [], 0, 30));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('counts 256 and 784 operations at the extremes', () => {
    for (const simd of [256, 784]) {
      const netlist = xnorAccumulate({ simd, accBits: 12, accumulate: true, cut: 8 });
      const acc = new Array<number>(12).fill(-1);
      for (const agree of [0, -1]) {
        const x = new Array<number>(simd).fill(0x5a5a5a5a);
        const w = x.map((bits) => (agree ? bits : ~bits));
        expect(sumsOf(netlist, { x, w, acc, clr: [0xffff] })).toEqual(expected(x, w, acc, 0xffff, 12));
      }
    }
  });

  it('is the same netlist every time', () => {
    const options = { simd: 40, accBits: 9, accumulate: true };
    expect(xnorAccumulate(options)).toEqual(xnorAccumulate(options));
  });

  it('keeps its size', () => {
    const size = (simd: number, accBits: number, cut: number): number[] => {
      const { luts, bareSlots, depth } = netlistStats(
        xnorAccumulate({ simd, accBits, accumulate: true, cut }),
      );
      return [luts, bareSlots, depth];
    };
    expect(size(64, 10, 8)).toEqual([58, 6, 21]);
    expect(size(64, 10, 3)[2]).toBeLessThan(size(64, 10, 32)[2]!);
    expect(size(32, 10, 8)[0]).toBe(33);
  });

  it('refuses sizes that make no sense', () => {
    expect(() => xnorAccumulate({ simd: 0, accBits: 4, accumulate: true })).toThrow(RangeError);
    expect(() => xnorAccumulate({ simd: 4, accBits: 1.5, accumulate: true })).toThrow(RangeError);
    expect(() => xnorAccumulate({ simd: 4, accBits: 4, accumulate: true, cut: 0 })).toThrow(RangeError);
  });
});
