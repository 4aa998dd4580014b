import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createRenderer } from '../../compiler/emit/render.ts';
import { templateRoot } from '../../templates/registry.ts';
import { unit } from '../../templates/unrolled/unit.ts';
import { uniformLevels } from '../../templates/unrolled/uniform.ts';
import { randomSource, UnitFolder } from './icarus.ts';
import type { HwNode, LayerRequest } from '../../compiler/hw/index.ts';
import { int, uint } from '../../compiler/qir/types.ts';
import type { ElementType, Tensor } from '../../compiler/qir/types.ts';

const random = randomSource(11);

function sampled(): HwNode {
  const { params, consts } = unit.sample(random);
  return { name: 'dut', unit: 'unrolled', params, consts, origin: { nodes: [] }, value: 'y' };
}

/** Flip-flops with an enable as wires. */
const wires = `module \\$dffe (CLK, EN, D, Q);
  parameter WIDTH = 1;
  parameter CLK_POLARITY = 1;
  parameter EN_POLARITY = 1;
  input CLK, EN;
  input [WIDTH-1:0] D;
  output [WIDTH-1:0] Q;
  assign Q = D;
endmodule
`;

describe('the two bodies of the sums', () => {
  // each pair is proven equal for all inputs by SAT, registers within the sums taken as wires
  test('are equal', { timeout: 120_000 }, () => {
    let proven = 0;
    for (let drawn = 0; drawn < 80 && proven < 8; drawn++) {
      const folder = new UnitFolder(unit, sampled());
      writeFileSync(join(folder.path, 'wires.v'), wires);
      const steps = [
        'read_verilog dut.v',
        'hierarchy -top dut_sums',
        'proc',
        'opt_dff',
        'techmap -map wires.v',
        'opt_clean',
        'rename dut_sums gold',
        'design -stash gold',
        'read_verilog -DQCC_XILINX dut.v',
        'read_verilog -lib +/xilinx/cells_sim.v +/xilinx/cells_xtra.v',
        'read_verilog +/xilinx/cells_sim.v',
        'hierarchy -top dut_sums',
        'proc',
        'opt_dff',
        'techmap -map wires.v',
        'flatten',
        'opt_clean',
        'rename dut_sums gate',
        'design -stash gate',
        'design -copy-from gold -as gold gold',
        'design -copy-from gate -as gate gate',
        'miter -equiv -flatten -make_outputs gold gate miter',
        'hierarchy -top miter',
        'opt',
        'sat -verify -prove trigger 0 miter',
      ];
      const top = Number(/input {2}wire \[(\d+):0\] x/.exec(folder.read('dut.v'))?.[1]);
      // sums of many wide numbers are beyond a SAT solver: the netlists themselves are simulated elsewhere
      if (top < 14) {
        folder.run('yosys', ['-q', '-p', steps.join('; ')]);
        proven++;
      }
      folder.remove();
    }
    expect(proven).toBe(8);
  });
});

describe('thresholds a power of two apart', () => {
  const reached = (levels: readonly number[], h: number): number => levels.filter((t) => h >= t).length;
  test.each([
    [[3, 7, 11, 15, 19]],
    [[-2815, -2304, -1791, -1280, -767]],
    [[-2304, -1791, -1280, -767]],
    [[0, 1, 2, 3]],
  ])('%j is a shift', (levels) => {
    const found = uniformLevels(levels);
    expect(found).toBeDefined();
    if (found === undefined) return;
    const { origin, shift, even, skipped, count } = found;
    for (let h = levels[0]! - 9; h < levels.at(-1)! + 9; h++) {
      let k = Math.floor((h - origin) / 2 ** shift);
      if (even && (h - origin) % 2 ** shift === 0 && Math.abs(k) % 2 === 1) k -= 1;
      expect(Math.max(0, Math.min(count, k - skipped))).toBe(reached(levels, h));
    }
  });

  test.each([[[1, 2]], [[0, 3, 6]], [[0, 4, 8, 13]], [[0, 4, 9, 12]]])('%j is none', (levels) => {
    expect(uniformLevels(levels)).toBeUndefined();
  });
});

test('more thresholds than mvu fuses are taken where a shift replaces them', () => {
  const tensor = (elem: ElementType, shape: number[], data: number[]): Tensor => ({
    type: { elem, shape },
    data: Int32Array.from(data),
  });
  const request = (thresholds: number[]): LayerRequest => {
    const input = { elem: uint(4), shape: [2] };
    const op = { name: 'y', attributes: { base: 0 } };
    return {
      ...{ value: 'y', input, inputs: [input], levels: 7 },
      ops: [
        {
          ...{ ...op, op: 'matmul', result: { elem: int(12), shape: [1] } },
          consts: new Map([[1, tensor(int(4), [1, 2], [7, 5])]]),
        },
        {
          ...{ ...op, op: 'threshold', result: { elem: uint(5), shape: [1] } },
          consts: new Map([[1, tensor(int(12), [1, thresholds.length], thresholds)]]),
        },
      ],
    };
  };
  const whole = { style: 'unrolled', pe: 1, simd: 2, order: 'output' } as const;
  const apart = Array.from({ length: 12 }, (_, j) => 8 * j + 5);
  const taken = unit.implement?.(request(apart), whole);
  expect(taken).toMatchObject({ params: { levels: 7 } });
  const uneven = apart.map((t, j) => (j === 6 ? t + 1 : t));
  expect(unit.implement?.(request(uneven), whole)).toMatchObject({ refusal: { code: 'QCC4002' } });
  // what no sum reaches, or every sum, is not compared with
  const few = [-9, -8, -7, ...[10, 20, 31, 43, 56, 70, 85, 101], 900, 901];
  expect(unit.implement?.(request(few), whole)).not.toHaveProperty('refusal');
});

test('the cells stand beside the portable text', () => {
  const texts = Array.from({ length: 5 }, () =>
    createRenderer([templateRoot])(unit.template, unit.view(sampled(), { module: 'dut', memPrefix: '' })),
  );
  expect(texts.join('')).toMatch(/`ifdef QCC_XILINX[^`]*LUT6_2[^`]*`else/);
});

describe('weights that are zero', () => {
  function product(outputs: number, inputs: number, data: readonly number[]): HwNode {
    return {
      ...{ name: 'dut', unit: 'unrolled', origin: { nodes: [] }, value: 'y' },
      params: {
        ...{ inputs, outputs, pe: outputs, simd: inputs, order: 'output', base: 0 },
        ...{ x: { kind: 'uint', bits: 4 }, y: { kind: 'int', bits: 16 } },
      },
      consts: {
        weights: { elem: { kind: 'int', bits: 8 }, shape: [outputs, inputs], data: Int32Array.from(data) },
      },
    };
  }

  test('leave no term in either body', () => {
    const folder = new UnitFolder(unit, product(3, 4, [0, 3, 0, 0, 0, 5, 0, -2, 0, 0, 0, 0]));
    const [, cells = '', portable = ''] =
      /`ifdef QCC_XILINX([^]*?)`else([^]*?)`endif/.exec(folder.read('dut.v')) ?? [];
    folder.remove();
    // inputs 0 and 2 have no other weights: four bits each, from the bits 0 and 8 on
    const bits = [...cells.matchAll(/\bx\[(\d+)\]/g)].map(([, at]) => Number(at));
    expect(new Set(bits.map((at) => Math.floor(at / 4)))).toEqual(new Set([1, 3]));
    const sums = portable.split('\n').filter((line) => /^ *wire \[.*\] [gh]\d/.test(line));
    expect(sums.flatMap((line) => line.match(/\bx\d/g) ?? []).toSorted()).toEqual([
      'x1',
      'x1',
      'x1',
      'x1',
      'x3',
    ]);
    expect(portable).toContain("wire [0:0] h2 = 1'd0;");
  });

  test('take no adders: a matrix of which seven in eight are zero costs less than a quarter', () => {
    const { integer } = randomSource(5);
    const dense = Array.from({ length: 16 * 32 }, () => integer(1, 60));
    const kept = dense.map((w) => (integer(0, 7) === 0 ? w : 0));
    const luts = (data: readonly number[]): number => unit.cost(product(16, 32, data)).lut;
    // the output register stays
    expect(4 * luts(kept)).toBeLessThan(luts(dense));
  });

  test('a matrix too large to share sums costs little more for each weight than one that is not', () => {
    const { integer } = randomSource(6);
    // 4 bits times 128 inputs: up to 78 rows share
    const each = (rows: number): number =>
      unit.cost(
        product(
          rows,
          128,
          Array.from({ length: rows * 128 }, () => integer(-1, 1)),
        ),
      ).lut / rows;
    const ratio = each(90) / each(70);
    expect(ratio).toBeGreaterThan(1.1);
    expect(ratio).toBeLessThan(1.4);
  });
});
