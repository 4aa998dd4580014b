/**
 * Table of the sizes of the LUT6_2 and carry-chain structures: what the netlists say, how long the planning
 * takes, and (with --synth, where Yosys is installed) what Yosys counts. Run it:
 *
 *     node --import ./scripts/ts.mjs bench/xilinx-luts.ts [--synth]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import type { ConstantOutput, Netlist, WeightBit } from '../compiler/hw/xilinx/index.ts';
import { netlistStats, printBody, xnorAccumulate, xnorConst } from '../compiler/hw/xilinx/index.ts';

interface Case {
  readonly title: string;
  readonly ops: number;
  /** Elements that the netlist stands for: 1 for a unit, the count of copies for a single element. */
  readonly copies: number;
  readonly make: () => Netlist;
}

/** Weights from a linear congruential generator: as good as random for counting, and the same in every run. */
function weightsOf(pes: number, steps: number, simd: number): WeightBit[][][] {
  let seed = 1;
  const bit = (): WeightBit => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed >>> 31 ? 1 : 0;
  };
  return Array.from({ length: pes }, () =>
    Array.from({ length: steps }, () => Array.from({ length: simd }, bit)),
  );
}

function dot(simd: number): Case {
  const make = (): Netlist => xnorAccumulate({ simd, accBits: 1, accumulate: false });
  return { title: `dot product, port, K ${simd}`, ops: simd, copies: 1, make };
}

function port(pes: number, simd: number, accBits: number, cut?: number): Case {
  const make = (): Netlist =>
    xnorAccumulate({ simd, accBits, accumulate: true, ...(cut === undefined ? {} : { cut }) });
  const title = `PE ${pes}, SIMD ${simd}, port, ${accBits}-bit accumulators${cut ? `, cut ${cut}` : ''}`;
  return { title, ops: pes * simd, copies: pes, make };
}

function constant(pes: number, simd: number, steps: number, accBits?: number): Case {
  const make = (): Netlist => {
    const weights = weightsOf(pes, steps, simd);
    const thresholds = weights.map((rows, pe) =>
      rows.map((_, step) => (simd >> 1) + ((pe * 7 + step * 3) % 9) - 4),
    );
    const output: ConstantOutput = accBits
      ? { kind: 'accumulate', accBits }
      : { kind: 'threshold', thresholds };
    return xnorConst({ simd, weights, output });
  };
  const what = accBits ? `${accBits}-bit accumulators` : 'thresholds';
  return {
    title: `PE ${pes}, SIMD ${simd}, constant, S ${steps}, ${what}`,
    ops: pes * simd,
    copies: 1,
    make,
  };
}

const cases: Case[] = [
  ...[32, 64, 128, 256].map(dot),
  port(32, 64, 10),
  port(32, 64, 10, 8),
  port(32, 64, 10, 3),
  port(16, 32, 10),
  port(16, 32, 7),
  port(1, 256, 12),
  port(1, 784, 12),
  ...[4, 8, 16, 32, 64].map((steps) => constant(32, 64, steps, 10)),
  constant(16, 784, 16),
  constant(16, 256, 16),
  constant(32, 256, 8),
  constant(64, 256, 4),
  constant(64, 64, 16, 10),
  constant(256, 16, 16, 9),
];

/** LUT cells after synthesis of the netlist alone. */
function synthesize(netlist: Netlist): number {
  const directory = mkdtempSync(join(tmpdir(), 'qcc-bench-'));
  try {
    const range = (width: number, scalar?: boolean): string => (scalar ? '' : `[${width - 1}:0] `);
    const ports = [
      ...netlist.inputs.map(({ name, nets, scalar }) => `input wire ${range(nets.length, scalar)}${name}`),
      ...netlist.outputs.map(({ name, nets }) => `output wire ${range(nets.length)}${name}`),
    ];
    const text = [`module top(${ports.join(', ')});`, ...printBody(netlist), 'endmodule', ''].join('\n');
    writeFileSync(join(directory, 'top.v'), text);
    const script =
      'read_verilog top.v; synth_xilinx -flatten -noiopad -family xcup -nowidelut -top top; tee -o stat.txt stat';
    const log = execFileSync('yosys', ['-p', script], { cwd: directory, maxBuffer: 1 << 28 }).toString();
    const counts = log.slice(log.lastIndexOf('Number of cells')).matchAll(/^ {5}LUT\w* +(\d+)$/gm);
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const synth = process.argv.includes('--synth');
const table = new Table({
  head: [
    'case',
    'LUT',
    'LUT/op',
    'bare slots',
    'CARRY8',
    'depth',
    'plan ms',
    ...(synth ? ['Yosys LUT'] : []),
  ],
});
for (const { title, ops, copies, make } of cases) {
  const start = performance.now();
  const netlist = make();
  const spent = performance.now() - start;
  const { luts, bareSlots, carry8, depth } = netlistStats(netlist);
  const row = [
    title,
    luts * copies,
    ((luts * copies) / ops).toFixed(3),
    bareSlots * copies,
    carry8 * copies,
    depth,
  ];
  table.push([...row, spent.toFixed(0), ...(synth ? [synthesize(netlist) * copies] : [])]);
}
process.stdout.write(`${table.toString()}\n`);
