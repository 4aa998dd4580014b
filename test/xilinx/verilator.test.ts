import { realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Netlist } from '../../compiler/hw/xilinx/index.ts';
import { xnorAccumulate } from '../../compiler/hw/xilinx/index.ts';
import { behaviouralAccumulate, inScratch, moduleText, run, skipWithout } from './support.ts';

/** Yosys' simulation models of the vendor's cells. */
function cellModels(): string {
  const yosys = run('sh', ['-c', 'command -v yosys'], '.').trim();
  return join(dirname(realpathSync(yosys)), '..', 'share', 'yosys', 'xilinx', 'cells_sim.v');
}

/** Drives both forms with random operands, every eighth of which agree or disagree in all bits. */
function bench(units: readonly { simd: number; netlist: Netlist }[], vectors: number): string {
  const most = Math.max(...units.map(({ simd }) => simd));
  const words = Math.ceil(most / 32);
  return [
    'module bench;',
    `reg [${32 * words - 1}:0] x, w; reg [31:0] acc; reg clr; integer i, k;`,
    ...units.flatMap(({ simd, netlist }, index) => {
      const top = netlist.outputs[0]!.nets.length - 1;
      const pins = `.x(x[${simd - 1}:0]), .w(w[${simd - 1}:0]), .acc(acc[${top}:0]), .clr(clr)`;
      return [
        `wire [${top}:0] a${index}, b${index}; integer bad${index} = 0;`,
        `gate${index} g${index} (${pins}, .sum(a${index})); gold${index} h${index} (${pins}, .sum(b${index}));`,
      ];
    }),
    'initial begin',
    `for (i = 0; i < ${vectors}; i = i + 1) begin`,
    `for (k = 0; k < ${words}; k = k + 1) begin x[32*k+:32] = $urandom; w[32*k+:32] = $urandom; end`,
    'if (i % 8 == 0) w = x; if (i % 8 == 1) w = ~x;',
    'acc = $urandom; clr = (i % 5) == 0; #1;',
    ...units.map((_, index) => `if (a${index} !== b${index}) bad${index} = bad${index} + 1;`),
    'end',
    ...units.map((_, index) => `$display("unit ${index}: %0d vectors, %0d differences", i, bad${index});`),
    '$finish;',
    'end',
    'endmodule',
  ].join('\n');
}

function simulate(
  units: readonly { simd: number; netlist: Netlist }[],
  golds: readonly number[],
  vectors: number,
) {
  return inScratch((directory) => {
    const modules = units.flatMap(({ netlist }, index) => [
      moduleText(`gate${index}`, netlist),
      behaviouralAccumulate(`gold${index}`, netlist, golds[index]!),
    ]);
    writeFileSync(join(directory, 'bench.v'), [...modules, bench(units, vectors)].join('\n'));
    // The cell library is not ours to lint; the netlist and its twin are checked for width alone.
    const waived = ['-Wno-fatal', '-Wno-lint', '-Wno-style', '-Wno-TIMESCALEMOD', '-Wno-UNOPTFLAT'];
    const flags = ['--binary', '--top-module', 'bench', '-CFLAGS', '-O0', '-o', 'bench'];
    run('verilator', [...flags, ...waived, 'bench.v', '-v', cellModels()], directory);
    return run(join(directory, 'obj_dir', 'bench'), [], directory);
  });
}

const skipped = skipWithout('verilator') || skipWithout('yosys');

describe.skipIf(skipped)(
  'structures in Verilator (skipped where verilator or yosys is not installed)',
  () => {
    it('64 and 256 operations give the sums of the loop', { timeout: 180_000 }, () => {
      const units = [64, 256, 64].map((simd) => ({
        simd,
        netlist: xnorAccumulate({ simd, accBits: 12, accumulate: true, cut: 8 }),
      }));
      // The last pair differs on purpose: its loop is one operation short.
      const log = simulate(units, [64, 256, 63], 4000);
      expect(log).toContain('unit 0: 4000 vectors, 0 differences');
      expect(log).toContain('unit 1: 4000 vectors, 0 differences');
      expect(log).toMatch(/unit 2: 4000 vectors, [1-9]\d* differences/);
    });
  },
);
