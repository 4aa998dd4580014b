/**
 * The two networks of the FINN paper with random weights, folded for its rates, as the form for AMD devices: cycles by the
 * cycle model, LUT and BRAM by Yosys (`synth_xilinx -flatten -noiopad -family xcup -nowidelut`).
 *
 *     node --import ./scripts/ts.mjs bench/finn-networks.ts [sfc|lfc] [--cycles-only] [--keep FOLDER]
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import Table from 'cli-table3';
import { Diagnostics } from '../compiler/diagnostics/index.ts';
import { compileGraph } from '../compiler/driver.ts';
import type { Compilation, CompileOptions } from '../compiler/driver.ts';
import { emitRtl } from '../compiler/emit/index.ts';
import { templateRoot, units } from '../templates/registry.ts';
import { randomNetwork } from './networks.ts';

interface Network {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly folding: NonNullable<CompileOptions['folding']>;
  /** What the FINN paper publishes, and the goal. */
  readonly published: {
    readonly interval: number;
    readonly latency?: number;
    readonly lut: number;
    readonly bram36: number;
  };
  readonly goal: {
    readonly interval: number;
    readonly latency?: number;
    readonly lut: number;
    readonly bram36?: number;
  };
}

const networks: readonly Network[] = [
  {
    name: 'sfc_max',
    sizes: [784, 256, 256, 256, 10],
    folding: new Map([
      ['threshold0', { pe: 16, simd: 784, order: 'output' }],
      ['threshold1', { pe: 256, simd: 16, order: 'input' }],
      ['threshold2', { pe: 16, simd: 256, order: 'output' }],
      ['matmul3', { pe: 10, simd: 16, order: 'input' }],
    ]),
    published: { interval: 16, latency: 62, lut: 91131, bram36: 5 },
    goal: { interval: 16, latency: 62, lut: 30000 },
  },
  {
    name: 'lfc_max',
    sizes: [784, 1024, 1024, 1024, 10],
    folding: new Map([
      ['threshold0', { pe: 8, simd: 784, order: 'output' }],
      ['threshold1', { pe: 16, simd: 512, order: 'output' }],
      ['threshold2', { pe: 16, simd: 512, order: 'output' }],
      ['matmul3', { pe: 2, simd: 41, order: 'input' }],
    ]),
    published: { interval: 128, lut: 82988, bram36: 396 },
    goal: { interval: 128, lut: 40000, bram36: 396 },
  },
];

/** Counts of the cells that Yosys leaves: LUTs (a LUT6_2 once, no inverters) and 36 Kib block RAMs. */
function synthesize(
  compilation: Compilation,
  folder: string,
): { readonly lut: number; readonly bram36: number; readonly ff: number } {
  const files = emitRtl(compilation.hw, units, { templateRoot, version: '0' });
  for (const [path, content] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const sources = [...files.keys()].filter((path) => path.endsWith('.v')).join(' ');
  const script = `read_verilog -DQCC_XILINX ${sources}; synth_xilinx -flatten -noiopad -family xcup -nowidelut -top ${compilation.hw.name}; stat`;
  const log = execFileSync('yosys', ['-p', script], { cwd: folder, maxBuffer: 1 << 30 }).toString();
  const cells = log.slice(log.lastIndexOf('Number of cells'));
  const count = (pattern: RegExp): number =>
    [...cells.matchAll(pattern)].reduce((sum, [, n]) => sum + Number(n), 0);
  // A RAM32M16 or RAM64M8 takes the eight LUTs of a slice, a RAM32M or RAM64M four; a shift register one.
  const memory =
    8 * count(/^ {5}RAM(?:32M16|64M8)\w* +(\d+)$/gm) +
    4 * count(/^ {5}RAM(?:32|64)M +(\d+)$/gm) +
    count(/^ {5}SRL\w+ +(\d+)$/gm);
  const bram = count(/^ {5}RAMB36\w* +(\d+)$/gm) + count(/^ {5}RAMB18\w* +(\d+)$/gm) / 2;
  return { lut: memory + count(/^ {5}LUT\w* +(\d+)$/gm), bram36: bram, ff: count(/^ {5}FD\w* +(\d+)$/gm) };
}

const only = process.argv[2];
const keep = process.argv.includes('--keep') ? process.argv[process.argv.indexOf('--keep') + 1] : undefined;
const table = new Table({ head: ['network', '', 'interval', 'latency', 'LUT', 'BRAM36', 'FF'] });
for (const network of networks) {
  if (only !== undefined && !only.startsWith('--') && !network.name.startsWith(only)) continue;
  const graph = randomNetwork(network.name, network.sizes);
  const compilation = compileGraph(graph, { diagnostics: new Diagnostics(), folding: network.folding });
  const folder = keep === undefined ? mkdtempSync(join(tmpdir(), 'qcc-bench-')) : join(keep, network.name);
  try {
    const { lut, bram36, ff } = process.argv.includes('--cycles-only')
      ? { lut: '-', bram36: '-', ff: '-' }
      : synthesize(compilation, folder);
    table.push([network.name, 'qcc', compilation.initiationInterval, compilation.latency, lut, bram36, ff]);
    table.push([
      '',
      'goal',
      network.goal.interval,
      network.goal.latency ?? '-',
      network.goal.lut,
      network.goal.bram36 ?? '-',
      '-',
    ]);
    table.push([
      '',
      'FINN (published)',
      network.published.interval,
      network.published.latency ?? '-',
      network.published.lut,
      network.published.bram36,
      '-',
    ]);
  } finally {
    if (keep === undefined) rmSync(folder, { recursive: true, force: true });
  }
}
process.stdout.write(`${table.toString()}\n`);
