/**
 * What a build estimates for a whole network against what Yosys counts, instance by instance, portable form: the real models where their
 * files are there, at slow rates so that Yosys takes a minute each, and random networks of the fuzzer. The medians are the error that
 * reports state (compiler/report/error.ts).
 *
 *     node --import ./scripts/ts.mjs bench/estimates.ts [NAME...] [--instances]
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import { Diagnostics } from '../compiler/diagnostics/index.ts';
import { compileGraph } from '../compiler/driver.ts';
import { example, model, quantized } from './models.ts';
import type { Network } from './models.ts';
import { drawnNetworks } from './random-networks.ts';
import { nothing, sum, synthesizeParts } from './yosys.ts';

const networks: readonly Network[] = [
  model('tfc', 'TFC_1W1A.onnx', 1024),
  example('lfc', 'examples/lfc/lfc.ts', 'lfcW1A1_mnist.npz', ['--output', 'sums'], 8192),
  example(
    'cnv',
    'examples/cnv/cnv.ts',
    'cnvW1A1_cifar10.npz',
    ['--input', 'signed', '--output', 'sums'],
    100_000,
  ),
  quantized('resnet8', 'resnet8_float.onnx', 'cifar10/cifar10_test_a.npz:images', 1_000_000),
  model('espcn', 'espcn_subpixel_quant.onnx', 1_000_000, {
    inputType: 'uint8*1/255',
    inputShape: '1,3,32,32',
  }),
  model('kws', 'kws_ref_model.tflite', 400_000),
  quantized('mnist_conv', 'mnist-conv.onnx', 'mnist/t10k-images-idx3-ubyte.gz', 40_000),
  quantized('lenet5', 'lenet5_dense.onnx', 'mnist/t10k-images-idx3-ubyte.gz', 100_000),
  ...drawnNetworks(10),
];

const resources = ['lut', 'ff', 'bram36'] as const;
const errors: Record<(typeof resources)[number], number[]> = { lut: [], ff: [], bram36: [] };

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}

const wanted = process.argv.slice(2).filter((name) => !name.startsWith('--'));
const instances = process.argv.includes('--instances');
const head = [
  'network',
  'interval',
  ...resources.flatMap((name) => [name, 'estimate', 'ratio']),
  'DSP',
  'estimate',
];
const table = new Table({ head });
const folder = mkdtempSync(join(tmpdir(), 'qcc-estimates-'));
try {
  for (const { name, cycles, needs, load } of networks) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const missing = needs.find((path) => !existsSync(path));
    if (missing !== undefined) {
      table.push([name, { colSpan: head.length - 1, content: 'left out: its file is not there' }]);
      continue;
    }
    const graph = await load(folder);
    const target = cycles === undefined ? {} : { clockMhz: 200, fps: 2e8 / cycles };
    const { plan, hw, initiationInterval } = compileGraph(graph, {
      diagnostics: new Diagnostics(),
      ...target,
    });
    const estimate = plan.reduce((total, { cost }) => sum(total, cost), nothing);
    let found = nothing;
    for (const { node, found: part } of synthesizeParts(hw)) {
      found = sum(found, part);
      const cost = plan.find(({ instance }) => instance === node?.name)?.cost;
      if (instances && node !== undefined && cost !== undefined)
        process.stderr.write(
          `  ${node.name} (${node.unit}): ${resources.map((r) => `${r} ${part[r]} as ${cost[r]}`).join(', ')}, dsp ${part.dsp} as ${cost.dsp}\n`,
        );
    }
    const cells = resources.flatMap((resource) => {
      const [real, guess] = [found[resource], Math.round(10 * estimate[resource]) / 10];
      // a network without block RAM has no ratio; one that wrongly expects some, or none, is off by all of it
      if (real > 0 || guess > 0) errors[resource].push(real === 0 ? 1 : Math.abs(guess / real - 1));
      return [real, guess, real === 0 ? '-' : (guess / real).toFixed(2)];
    });
    table.push([name, initiationInterval, ...cells, found.dsp, estimate.dsp]);
    process.stderr.write(`${name}: ${cells.join(' ')}\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(`${table.toString()}\n`);
for (const resource of resources)
  process.stdout.write(
    `median error ${resource}: ${(100 * median(errors[resource])).toFixed(1)} % of ${errors[resource].length} networks\n`,
  );
