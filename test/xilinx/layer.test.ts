import { describe, expect, it } from 'vitest';
import type { WeightBit } from '../../compiler/hw/xilinx/index.ts';
import { netlistStats, simulator, xnorConst } from '../../compiler/hw/xilinx/index.ts';

/** The same numbers in every run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
}

/** A layer with thresholds, folded over its neurons only, evaluated on 32 vectors at every step. */
function checkLayer(pes: number, simd: number, steps: number): number {
  const next = generator(steps);
  const bit = (): WeightBit => (next() >>> 31 ? 1 : 0);
  const weights = Array.from({ length: pes }, () =>
    Array.from({ length: steps }, () => Array.from({ length: simd }, bit)),
  );
  const thresholds = weights.map((rows) => rows.map(() => (simd >> 1) - 8 + (next() >>> 28)));
  const netlist = xnorConst({ simd, weights, output: { kind: 'threshold', thresholds } });
  const simulate = simulator(netlist);
  const x = Array.from({ length: simd }, () => (next() ^ (next() >>> 16)) | 0);
  for (let number = 0; number < steps; number += 1) {
    const step = netlist.inputs[1]!.nets.map((_, index) => ((number >> index) & 1 ? -1 : 0));
    const { y } = simulate({ x, step });
    const wanted = weights.map((rows, pe) => {
      const row = rows[number]!;
      let word = 0;
      for (let vector = 0; vector < 32; vector += 1) {
        let ones = 0;
        for (let k = 0; k < simd; k += 1) if (((x[k]! >>> vector) & 1) === row[k]) ones += 1;
        if (ones >= thresholds[pe]![number]!) word |= 1 << vector;
      }
      return word;
    });
    expect(y).toEqual(wanted);
  }
  return netlistStats(netlist).luts;
}

describe('whole layers with constant weights and thresholds', () => {
  it('784 inputs to 256 neurons in 16 steps', { timeout: 120_000 }, () => {
    expect(checkLayer(16, 784, 16)).toBe(12917);
  });

  it('256 inputs to 256 neurons in 16 steps', () => {
    expect(checkLayer(16, 256, 16)).toBe(4244);
  });

  it('256 inputs to 256 neurons in 4 steps', { timeout: 120_000 }, () => {
    expect(checkLayer(64, 256, 4)).toBe(8360);
  });
});
