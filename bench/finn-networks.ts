/**
 * The two networks of the FINN paper with random weights, folded for its rates, as the form for AMD devices: cycles by the
 * cycle model, LUT and BRAM by Yosys (`synth_xilinx -flatten -noiopad -family xcup -nowidelut`).
 *
 *     node --import ./scripts/ts.mjs bench/finn-networks.ts [sfc|lfc] [--cycles-only] [--keep FOLDER]
 */
import { join } from 'node:path';
import Table from 'cli-table3';
import { Diagnostics } from '../compiler/diagnostics/index.ts';
import { compileGraph } from '../compiler/driver.ts';
import type { CompileOptions } from '../compiler/driver.ts';
import { randomNetwork } from './networks.ts';
import { synthesize } from './yosys.ts';

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

const only = process.argv[2];
const keep = process.argv.includes('--keep') ? process.argv[process.argv.indexOf('--keep') + 1] : undefined;
const table = new Table({ head: ['network', '', 'interval', 'latency', 'LUT', 'BRAM36', 'FF'] });
for (const network of networks) {
  if (only !== undefined && !only.startsWith('--') && !network.name.startsWith(only)) continue;
  const graph = randomNetwork(network.name, network.sizes);
  const compilation = compileGraph(graph, { diagnostics: new Diagnostics(), folding: network.folding });
  const { lut, bram36, ff } = process.argv.includes('--cycles-only')
    ? { lut: '-', bram36: '-', ff: '-' }
    : synthesize(compilation.hw, {
        xilinx: true,
        ...(keep === undefined ? {} : { keep: join(keep, network.name) }),
      });
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
}
process.stdout.write(`${table.toString()}\n`);
