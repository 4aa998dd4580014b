import { describe, expect, test } from 'vitest';
import type { HwNode } from '../../compiler/hw/index.ts';
import { int, uint } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import { unit } from '../../templates/mvu/unit.ts';
import { randomSource, UnitFolder } from './icarus.ts';

function node(x: ElementType, w: ElementType, draw: () => number): HwNode {
  const [inputs, outputs] = [8, 2];
  return {
    name: 'dut',
    unit: 'mvu',
    params: {
      ...{ inputs, outputs, pe: 1, simd: 4, order: 'output', base: 0 },
      x: { ...x },
      y: { ...int(20) },
    },
    consts: {
      weights: { elem: w, shape: [outputs, inputs], data: Int32Array.from({ length: 16 }, draw) },
    },
    origin: { nodes: [] },
    value: 'y',
  };
}

/** LUTs of one processing element without DSP blocks, by the counting rule of the README. */
function elementLuts(instance: HwNode): number {
  expect(unit.check(instance)).toEqual([]);
  const folder = new UnitFolder(unit, instance);
  const synthesis = 'synth_xilinx -flatten -noiopad -family xcup -nowidelut -nodsp -top dut_pe';
  const log = folder.run('yosys', ['-p', `read_verilog dut.v; ${synthesis}; stat`]);
  folder.remove();
  const cells = log.slice(log.lastIndexOf('Number of cells'));
  return [...cells.matchAll(/^ {5}LUT\d\w* +(\d+)$/gm)].reduce((sum, [, n]) => sum + Number(n), 0);
}

describe('weights that are powers of two', () => {
  const { integer, pick } = randomSource(3);
  const power = (): number => pick([-1, 1]) * 2 ** integer(0, 7);
  const powers: ElementType = { kind: 'pow2', lo: 0, hi: 7 };

  test('INQ of five bits takes 0.6 of the LUTs of int8 products without DSP blocks, and less', () => {
    const shifts = elementLuts(node(uint(8), powers, power));
    const products = elementLuts(node(int(8), int(8), () => integer(-128, 127)));
    expect(shifts).toBeGreaterThan(40);
    expect(shifts / products).toBeLessThanOrEqual(0.6);
    expect(unit.cost(node(uint(8), powers, power)).dsp).toBe(0);
  });

  test('are stored in the bits that INQ promises', () => {
    const widths = [
      [powers, [-128, 1, 0, 2], 5],
      [{ kind: 'pow2', lo: 0, hi: 3 }, [8, -1, 0, 4], 4],
      [{ kind: 'pow2', lo: 0, hi: 1 }, [2, -1, 0, 1], 3],
      [{ kind: 'pow2', lo: 0, hi: 0 }, [1, -1, 0, 1], 2],
    ] as const;
    for (const [elem, values, bits] of widths) {
      let at = 0;
      const instance = node(uint(8), elem, () => values[at++ % 4] ?? 0);
      const [memory] = unit.memories(instance);
      expect(memory?.width).toBe(4 * bits);
    }
    // 1, 2, 0, -128 from the lowest bits on: exponent, sign, zero
    let at = 0;
    const [memory] = unit.memories(node(uint(8), powers, () => [1, 2, 0, -128][at++ % 4] ?? 0));
    expect(memory?.words[0]).toBe(((0b01111n << 15n) | (0b10000n << 10n) | (1n << 5n)).toString(16));
  });
});
