import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Netlist, WeightBit } from '../../compiler/hw/xilinx/index.ts';
import { netlistStats, xnorAccumulate, xnorConst } from '../../compiler/hw/xilinx/index.ts';
import { behaviouralAccumulate, inScratch, moduleText, portList, run, skipWithout } from './support.ts';

/** Proves by SAT that `gate` and `gold` agree for all inputs; the cells mean what Yosys' models say. */
function prove(netlist: Netlist, gate: string, gold: string): void {
  const output = netlist.outputs[0]!;
  const width = output.nets.length;
  const connect = (result: string): string =>
    [...netlist.inputs.map(({ name }) => `.${name}(${name})`), `.${output.name}(${result})`].join(', ');
  const ports = portList(netlist).replace(/output wire .*$/, 'output wire differ');
  const miter = [
    `module miter(${ports});`,
    `wire [${width - 1}:0] a, b;`,
    `gate g (${connect('a')});`,
    `gold h (${connect('b')});`,
    'assign differ = |(a ^ b);',
    'endmodule',
  ];
  inScratch((directory) => {
    writeFileSync(join(directory, 'miter.v'), [gate, gold, ...miter].join('\n'));
    const script =
      'read_verilog miter.v; read_verilog +/xilinx/cells_sim.v; hierarchy -check -top miter; proc; flatten; opt; ' +
      'sat -verify -prove differ 0 miter';
    expect(run('yosys', ['-p', script], directory)).toContain(
      'SAT proof finished - no model found: SUCCESS!',
    );
  });
}

/** Cells that Yosys counts after synthesis, by type, without inverters and the clock's buffer. */
function synthesize(text: string, family: string): Record<string, number> {
  return inScratch((directory) => {
    writeFileSync(join(directory, 'top.v'), text);
    const script = `read_verilog top.v; synth_xilinx -flatten -noiopad -family ${family} -nowidelut -top top; stat`;
    const log = run('yosys', ['-p', script], directory);
    const cells = log.slice(log.lastIndexOf('Number of cells')).matchAll(/^ {5}(\w+) +(\d+)$/gm);
    const counts = [...cells].map(([, type, count]) => [type!, Number(count)] as const);
    return Object.fromEntries(counts.filter(([type]) => type !== 'INV' && type !== 'BUFG'));
  });
}

/** `pes` elements that share x and keep their sums in registers. */
function arrayText(element: Netlist, pes: number, simd: number, accBits: number): string {
  return [
    moduleText('element', element),
    `module top(input wire clk, input wire clr, input wire [${simd - 1}:0] x, input wire [${pes * simd - 1}:0] w,`,
    `  output reg [${pes * accBits - 1}:0] acc);`,
    `wire [${pes * accBits - 1}:0] sum;`,
    'always @(posedge clk) acc <= sum;',
    ...Array.from(
      { length: pes },
      (_, pe) =>
        `element e${pe} (.x(x), .w(w[${pe * simd}+:${simd}]), .clr(clr), ` +
        `.acc(acc[${pe * accBits}+:${accBits}]), .sum(sum[${pe * accBits}+:${accBits}]));`,
    ),
    'endmodule',
  ].join('\n');
}

describe.skipIf(skipWithout('yosys'))('structures in Yosys (skipped where yosys is not installed)', () => {
  for (const [simd, accBits, carry] of [
    [5, 4, 'CARRY8'],
    [8, 6, 'CARRY8'],
    [8, 6, 'CARRY4'],
    [13, 5, 'CARRY8'],
    [16, 7, 'CARRY8'],
  ] as const)
    it(`${simd} operations into ${accBits} bits equal the loop, with ${carry}`, () => {
      const netlist = xnorAccumulate({ simd, accBits, accumulate: true });
      prove(netlist, moduleText('gate', netlist, { carry }), behaviouralAccumulate('gold', netlist, simd));
    });

  it('a count of 18 operations equals the loop', () => {
    const netlist = xnorAccumulate({ simd: 18, accBits: 1, accumulate: false, cut: 3 });
    prove(netlist, moduleText('gate', netlist), behaviouralAccumulate('gold', netlist, 18));
  });

  it('a miter of different circuits is not proven', () => {
    const netlist = xnorAccumulate({ simd: 6, accBits: 4, accumulate: true });
    const wrong = behaviouralAccumulate('gold', netlist, 5);
    expect(() => prove(netlist, moduleText('gate', netlist), wrong)).toThrow('proof did fail');
  });

  for (const steps of [1, 4, 7, 16, 17])
    it(`constant weights and thresholds over ${steps} steps equal the table`, () => {
      const simd = 8;
      const bit = (pe: number, step: number, k: number): WeightBit =>
        step === steps - 1 && k > 5 ? null : (pe * 5 + step * 3 + k * k + (k >> pe)) % 7 > 3 ? 1 : 0;
      const weights = [0, 1, 2].map((pe) =>
        Array.from({ length: steps }, (_, step) => Array.from({ length: simd }, (__, k) => bit(pe, step, k))),
      );
      const thresholds = weights.map((rows, pe) => rows.map((_, step) => 3 + ((pe + step) % 4)));
      const netlist = xnorConst({ simd, weights, output: { kind: 'threshold', thresholds } });
      prove(netlist, moduleText('gate', netlist), thresholdTable(netlist, weights, thresholds));
    });

  it('PE 32, SIMD 64, ten-bit accumulators: 0.875 LUT per operation', { timeout: 180_000 }, () => {
    const element = xnorAccumulate({ simd: 64, accBits: 10, accumulate: true });
    const cells = synthesize(arrayText(element, 32, 64, 10), 'xcup');
    expect(cells).toEqual({ LUT6_2: 1792, CARRY8: 32 * netlistStats(element).carry8, FDRE: 320 });
  });

  it('PE 16, SIMD 32, ten-bit accumulators: 1.03 LUT per operation', () => {
    const element = xnorAccumulate({ simd: 32, accBits: 10, accumulate: true });
    expect(synthesize(arrayText(element, 16, 32, 10), 'xcup')).toEqual({
      LUT6_2: 528,
      CARRY8: 64,
      FDRE: 160,
    });
  });

  it('constant weights, PE 4, SIMD 32, S 16: what the netlist says', () => {
    const weights = Array.from({ length: 4 }, (_, pe) =>
      Array.from({ length: 16 }, (__, step) =>
        Array.from({ length: 32 }, (___, k): WeightBit =>
          ((pe + 3) * (step + 7) * (k + 11)) % 13 > 6 ? 1 : 0,
        ),
      ),
    );
    const thresholds = weights.map((rows, pe) => rows.map((_, step) => 14 + ((pe * step) % 5)));
    const netlist = xnorConst({ simd: 32, weights, output: { kind: 'threshold', thresholds } });
    const { luts, carry8 } = netlistStats(netlist);
    expect(synthesize(moduleText('top', netlist), 'xcup')).toEqual({ LUT6_2: luts, CARRY8: carry8 });
  });
});

/** The same decisions as nested cases over step and a sum of selected operands. */
function thresholdTable(netlist: Netlist, weights: WeightBit[][][], thresholds: number[][]): string {
  const steps = weights[0]!.length;
  const lines = weights.flatMap((rows, pe) =>
    rows.map((row, step) => {
      const terms = row.flatMap((weight, k) =>
        weight === null ? [] : [weight === 1 ? `{x[${k}]}` : `{!x[${k}]}`],
      );
      const guard = steps === 1 ? "1'b1" : `folded == ${step}`;
      return `if (${guard}) begin n = 0; n = n + ${terms.join(' + ')}; y[${pe}] = n >= ${thresholds[pe]![step]}; end`;
    }),
  );
  // What a step beyond the last gives is open; the netlist takes one of the first again.
  const fold = steps === 1 ? [] : [`wire [6:0] folded = step < ${steps} ? step : step - ${steps};`];
  return [
    `module gold(${portList(netlist, 'reg')});`,
    ...fold,
    'integer n;',
    `always @* begin y = 0; n = 0; ${lines.join(' ')} end`,
    'endmodule',
  ].join('\n');
}
