import { describe, expect, test } from 'vitest';
import type { HwNode } from '../../compiler/hw/index.ts';
import { bipolar, fitInteger, int, ternary, uint } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import { unit } from '../../templates/mvu/unit.ts';
import { randomSource, UnitFolder } from './icarus.ts';

/** A unit of one output group and several input beats, so that its element accumulates by port. */
function node(
  x: ElementType,
  w: ElementType,
  simd: number,
  order: 'output' | 'input',
  outputs: number,
): HwNode {
  const inputs = simd * 20 - 1;
  const { integer, pick } = randomSource(simd);
  const data = Int32Array.from({ length: inputs * outputs }, () =>
    w.kind === 'bipolar' ? pick([-1, 1]) : integer(-1, 1),
  );
  return {
    name: 'dut',
    unit: 'mvu',
    params: {
      inputs,
      outputs,
      pe: 1,
      simd,
      order,
      x: { ...x },
      y: { ...fitInteger(-(2 ** 15), 1) },
      base: 0,
    },
    consts: { weights: { elem: w, shape: [outputs, inputs], data } },
    origin: { nodes: [] },
    value: 'y',
  };
}

/** Proves by SAT that the element built with `macro` computes what the portable one computes, for all inputs. */
function prove(folder: UnitFolder, macro: string): string {
  return folder.run('yosys', [
    '-q',
    '-p',
    [
      'read_verilog dut.v',
      'hierarchy -top dut_pe',
      'proc',
      'opt_clean',
      'rename dut_pe gold',
      'design -stash gold',
      `read_verilog -D${macro} dut.v`,
      'read_verilog -lib +/xilinx/cells_sim.v +/xilinx/cells_xtra.v',
      'read_verilog +/xilinx/cells_sim.v',
      'hierarchy -top dut_pe',
      'proc',
      'flatten',
      'opt_clean',
      'rename dut_pe gate',
      'design -stash gate',
      'design -copy-from gold -as gold gold',
      'design -copy-from gate -as gate gate',
      'miter -equiv -flatten -make_outputs gold gate miter',
      'hierarchy -top miter',
      'opt',
      'sat -verify -prove trigger 0 miter',
    ].join('; '),
  ]);
}

describe('the bodies of an element are equal', () => {
  const cases: readonly [string, ElementType, ElementType, number, 'output' | 'input', number][] = [
    ['XNOR, 9 lanes', bipolar, bipolar, 9, 'output', 1],
    ['XNOR, 12 lanes, sums in a memory', bipolar, bipolar, 12, 'input', 3],
    ['ternary weights, 3 bits', uint(3), ternary, 4, 'output', 1],
    ['binary weights, signed 4 bits', int(4), bipolar, 3, 'output', 1],
  ];
  test.for(cases)('%s', ([, x, w, simd, order, outputs]) => {
    const instance = node(x, w, simd, order, outputs);
    expect(unit.check(instance)).toEqual([]);
    const folder = new UnitFolder(unit, instance);
    const text = folder.read('dut.v');
    const macros = ['VERILATOR', 'QCC_XILINX'].filter((macro) => text.includes(`\`ifdef ${macro}\n`));
    expect(macros).toContain('VERILATOR');
    expect(macros.includes('QCC_XILINX')).toBe(x.kind === 'bipolar' && w.kind === 'bipolar');
    // a failed proof is a failed command
    for (const macro of macros) expect(prove(folder, macro), macro).not.toContain('FAIL');
    folder.remove();
  });
});
