/**
 * The networks of the FINN paper at its rates, as the form for AMD devices: cycles by the cycle model, LUT and BRAM by Yosys
 * (`synth_xilinx -flatten -noiopad -family xcup -nowidelut`). SFC and LFC have random weights and foldings by hand; CNV is folded by the
 * compiler, and has its real weights where they are there. CNV is counted instance by instance, each flattened by itself, and what
 * connects them, unless `--flat` asks for the whole design in one run, which takes some minutes more. `--instances` prints each instance.
 *
 *     node --import ./scripts/ts.mjs bench/finn-networks.ts [sfc|lfc|cnv] [--flat] [--instances] [--cycles-only] [--keep FOLDER]
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import { Diagnostics } from '../compiler/diagnostics/index.ts';
import { compileGraph } from '../compiler/driver.ts';
import type { Compilation, CompileOptions } from '../compiler/driver.ts';
import type { Cost } from '../compiler/hw/index.ts';
import type { Graph } from '../compiler/qir/index.ts';
import { example } from './models.ts';
import { randomCnv, randomNetwork } from './networks.ts';
import { nothing, sum, synthesize, synthesizeParts } from './yosys.ts';

interface Network {
  readonly name: string;
  readonly load: (folder: string) => Promise<Graph>;
  readonly target: Omit<CompileOptions, 'diagnostics'>;
  /** Whether it is counted instance by instance. */
  readonly parts?: boolean;
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

const cnv = example(
  'cnv',
  'examples/cnv/cnv.ts',
  'cnvW1A1_cifar10.npz',
  ['--input', 'signed', '--output', 'sums'],
  9130,
);

const networks: readonly Network[] = [
  {
    name: 'sfc_max',
    load: () => Promise.resolve(randomNetwork('sfc_max', [784, 256, 256, 256, 10])),
    target: {
      folding: new Map([
        ['bit0', { pe: 16, simd: 784, order: 'output' }],
        ['bit1', { pe: 256, simd: 16, order: 'input' }],
        ['bit2', { pe: 16, simd: 256, order: 'output' }],
        ['sum3', { pe: 10, simd: 16, order: 'input' }],
      ]),
    },
    published: { interval: 16, latency: 62, lut: 91131, bram36: 5 },
    goal: { interval: 16, latency: 62, lut: 30000 },
  },
  {
    name: 'lfc_max',
    load: () => Promise.resolve(randomNetwork('lfc_max', [784, 1024, 1024, 1024, 10])),
    target: {
      folding: new Map([
        ['bit0', { pe: 8, simd: 784, order: 'output' }],
        ['bit1', { pe: 16, simd: 512, order: 'output' }],
        ['bit2', { pe: 16, simd: 512, order: 'output' }],
        ['sum3', { pe: 2, simd: 41, order: 'input' }],
      ]),
    },
    published: { interval: 128, lut: 82988, bram36: 396 },
    goal: { interval: 128, lut: 40000, bram36: 396 },
  },
  {
    name: 'cnv_max',
    load: (folder) =>
      cnv.needs.every((path) => existsSync(path)) ? cnv.load(folder) : Promise.resolve(randomCnv('cnv_max')),
    target: { clockMhz: 200, fps: 2e8 / 9130 },
    parts: true,
    published: { interval: 9130, latency: 56600, lut: 46253, bram36: 186 },
    goal: { interval: 9130, lut: 18000, bram36: 186 },
  },
];

/** The sum over the instances of a design; each is printed beside its estimate if that is asked for. */
function countParts({ hw, plan }: Compilation): Cost {
  let total = nothing;
  for (const { node, found } of synthesizeParts(hw, { xilinx: true })) {
    total = sum(total, found);
    if (!process.argv.includes('--instances')) continue;
    const { lut, ff, bram36 } = plan.find(({ instance }) => instance === node?.name)?.cost ?? nothing;
    const name = node === undefined ? 'what connects them' : `${node.name} (${node.unit})`;
    process.stderr.write(
      `${name}: ${found.lut} LUT, estimate ${lut}; ${found.ff} FF, ${ff}; ${found.bram36} BRAM36, ${bram36}\n`,
    );
  }
  return total;
}

const only = process.argv[2];
const keep = process.argv.includes('--keep') ? process.argv[process.argv.indexOf('--keep') + 1] : undefined;
const table = new Table({ head: ['network', '', 'interval', 'latency', 'LUT', 'BRAM36', 'FF'] });
for (const network of networks) {
  if (only !== undefined && !only.startsWith('--') && !network.name.startsWith(only)) continue;
  const folder = mkdtempSync(join(tmpdir(), 'qcc-networks-'));
  const compilation = await network
    .load(folder)
    .then((graph) => compileGraph(graph, { diagnostics: new Diagnostics(), form: 'amd', ...network.target }))
    .finally(() => rmSync(folder, { recursive: true, force: true }));
  const { lut, bram36, ff } = process.argv.includes('--cycles-only')
    ? { lut: '-', bram36: '-', ff: '-' }
    : network.parts === true && !process.argv.includes('--flat')
      ? countParts(compilation)
      : synthesize(compilation.hw, {
          xilinx: true,
          ...(keep === undefined ? {} : { keep: join(keep, network.name) }),
        });
  table.push([network.name, 'qcc', compilation.initiationInterval, compilation.latency, lut, bram36, ff]);
  const estimate = (resource: 'lut' | 'bram36' | 'ff'): number =>
    compilation.plan.reduce((sum, { cost }) => sum + cost[resource], 0);
  table.push(['', 'estimate', '', '', estimate('lut'), estimate('bram36'), estimate('ff')]);
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
