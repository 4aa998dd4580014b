// Trains small Group-Nets on MNIST, and writes them as .qir files beside this script.
//
//   node --conditions=qcc-source --import ./scripts/ts.mjs examples/groupnet/train.ts [--out FOLDER] [--epochs N] [NAME ...]
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parseArray } from 'qcc';
import { buildGroupNet } from 'qcc/groupnet';
import { createEvaluator, saveQir, type Graph } from 'qcc/qir';
import { generator } from './layers.ts';
import { Network } from './network.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const folder = fileURLToPath(new URL('../../../shared/data/datasets/mnist/', import.meta.url));
const [PIXELS, BATCH] = [784, 100];

if (!existsSync(folder)) {
  console.error(
    `${folder} is not there: put the four files of MNIST into it, as http://yann.lecun.com/exdb/mnist has them`,
  );
  process.exit(1);
}

/** Images one behind the other, and the class of each. */
interface Digits {
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
}

function read(set: 'train' | 't10k'): Digits {
  const array = (kind: string): Uint8Array => {
    const name = `${set}-${kind}-ubyte.gz`;
    return Uint8Array.from(parseArray(readFileSync(join(folder, name)), name).data, Number);
  };
  return { pixels: array('images-idx3'), labels: array('labels-idx1') };
}

/** Trains for some epochs, the rate falling to zero along a cosine. */
function train(network: Network, { pixels, labels }: Digits, epochs: number): void {
  const random = generator(network.plan.seed + 1);
  const order = Array.from(labels.keys());
  const steps = Math.floor(labels.length / BATCH);
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let i = order.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    for (let step = 0; step < steps; step++) {
      const chosen = order.slice(step * BATCH, (step + 1) * BATCH);
      const batch = new Uint8Array(BATCH * PIXELS);
      chosen.forEach((at, i) => batch.set(pixels.subarray(at * PIXELS, (at + 1) * PIXELS), i * PIXELS));
      const done = (epoch * steps + step) / (epochs * steps);
      const rate = 0.025 * (1 + Math.cos(Math.PI * done));
      network.train(
        batch,
        chosen.map((at) => labels[at]!),
        rate,
      );
    }
  }
}

/** How many images the integer form gets right. */
function countRight(graph: Graph, { pixels, labels }: Digits): number {
  const evaluator = createEvaluator(graph);
  const [type, output] = [graph.inputs[0]!.type, graph.outputs[0]!.value];
  return labels.reduce((right, label, i) => {
    const image = { type, data: pixels.subarray(i * PIXELS, (i + 1) * PIXELS) };
    return right + (evaluator.run({ pixels: image }).get(output)?.data[0] === label ? 1 : 0);
  }, 0);
}

const options = { out: { type: 'string', default: here }, epochs: { type: 'string', default: '3' } } as const;
const { values, positionals } = parseArgs({ options, allowPositionals: true });
const digits = read('train');
const tests = read('t10k');
for (const bits of [1, 2, 4]) {
  for (const k of [1, 3, 5]) {
    const name = `w1a${bits}_k${k}`;
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const before = process.cpuUsage();
    const network = new Network({ seed: 100 * bits + k, k, bits, width: 32, groups: 2 });
    train(network, digits, Number(values.epochs));
    const graph = buildGroupNet(network.finished(name));
    saveQir(graph, join(values.out, `${name}.qir`));
    const { user, system } = process.cpuUsage(before);
    const right = countRight(graph, tests);
    console.log(`${name}: ${right} of 10000 right, trained in ${((user + system) / 1e6).toFixed(0)} s`);
  }
}
