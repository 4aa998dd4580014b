import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { compileGraph, loadModel } from '../../compiler/driver.ts';
import { simulate } from '../../compiler/simulate.ts';
import { createEngine } from '../../sim/index.ts';
import { units } from '../../templates/registry.ts';
import { haveData, mnistTest } from './data.ts';

const load = (name: string) =>
  loadModel(fileURLToPath(new URL(`../../examples/groupnet/${name}.qir`, import.meta.url)), {
    diagnostics: new Diagnostics(),
  });

/** Images that the evaluator and Verilator run as well. */
const some = 20;

/** Of the 10,000 test images, how many each of the trained networks gets right: more branches, more images. */
const families = [
  { bits: 1, right: { 1: 9153, 3: 9219, 5: 9294 } },
  { bits: 2, right: { 1: 9474, 3: 9541 } },
  { bits: 4, right: { 1: 9550, 3: 9580 } },
];

describe.skipIf(!haveData).each(families)(
  'Group-Net on MNIST, activations of $bits bits',
  ({ bits, right }) => {
    test('more branches get more images right, counted by the cycle engine', async () => {
      const { images, labels } = mnistTest();
      const counts: number[] = [];
      for (const k of Object.keys(right)) {
        const graph = await load(`w1a${bits}_k${k}`);
        const compilation = compileGraph(graph, { diagnostics: new Diagnostics(), fps: 50_000 });
        const [classes] = createEngine(compilation.hw, units).run({
          inputs: [Uint8Array.from(images)],
        }).outputs;
        counts.push(labels.filter((label, i) => classes?.[i] === label).length);
      }
      expect(counts).toEqual(Object.values(right));
      expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    });
  },
);

test.skipIf(!haveData)(
  'three branches are the same at evaluator, cycle engine and Verilator',
  async () => {
    const data = Uint8Array.from(mnistTest().images.slice(0, some * 784));
    const diagnostics = new Diagnostics();
    const compilation = compileGraph(await load('w1a1_k3'), { diagnostics, fps: 50_000 });
    const { checks } = await simulate(compilation, {
      inputs: [{ count: some, elements: 784, data }],
      engine: 'all',
      diagnostics,
    });
    expect(checks.map(({ equal }) => equal)).toEqual([true, true]);
    expect(checks.map(({ levels }) => levels.at(-1))).toEqual(['verilator', 'verilator']);
    expect(diagnostics.hasErrors).toBe(false);
  },
  300_000,
);
