import { beforeAll, describe, expect, test } from 'vitest';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { compileGraph, type Compilation } from '../../compiler/driver.ts';
import { emitRtl } from '../../compiler/emit/index.ts';
import { designPorts } from '../../compiler/hw/index.ts';
import type { GivenFolding } from '../../compiler/lower/plan.ts';
import type { Graph } from '../../compiler/qir/graph.ts';
import { parseMethodSpec } from '../../compiler/quantize/index.ts';
import { createEngine, createVerilatorRunner } from '../../sim/index.ts';
import { templateRoot, units } from '../../templates/registry.ts';
import { sameRun } from '../conformance/bench.ts';
import { haveData, large, mnistTest } from './data.ts';
import { part, quantizedBy } from './quantized.ts';

/** How many times as many cycles a dense design takes at least. */
const factor = 35;
/** Images that Verilator goes through. */
const images = 8;

const products = ({ plan }: Compilation): Compilation['plan'] =>
  plan.filter(({ operations }) => operations > 0);

describe.skipIf(!haveData)('the published sparse LeNet-300-100 with survivors of 8 bits', () => {
  let graph: Graph;
  let found: Compilation;

  const build = (given?: ReadonlyMap<string, GivenFolding>): Compilation =>
    compileGraph(graph, {
      ...{ diagnostics: new Diagnostics(), style: 'folded', clockMhz: 200, fps: 200e6 / 1500 },
      ...(given === undefined ? {} : { folding: given, fps: 1 }),
    });

  /** The folding of the design found, but for the matrix products, to which `change` is asked. */
  const refolded = (change: (folding: GivenFolding, index: number) => GivenFolding): Compilation => {
    const names = products(found).map(({ nodes }) => nodes);
    const entries = [...found.folding].map(([name, entry]): readonly [string, GivenFolding] => {
      const index = names.findIndex((nodes) => nodes.includes(name));
      return [name, index < 0 ? entry : change(entry, index)];
    });
    return build(new Map(entries));
  };

  beforeAll(async () => {
    const calibration = part('datasets/mnist/train-images-idx3-ubyte.gz', undefined, 0, 32);
    const method = parseMethodSpec('prune');
    ({ graph } = await quantizedBy('models/lenet300100_sparse.onnx', calibration, method));
    found = build();
  }, 120_000);

  test('at 1,500 cycles a frame the search takes the sparse unit for every layer', () => {
    const layers = products(found).map(({ unit, folding, timing }) => [
      ...[unit, folding?.pe, folding?.simd, timing.initiationInterval],
    ]);
    expect(layers).toEqual([
      ['sparse', 4, 8, 1445],
      ['sparse', 1, 2, 784],
      ['sparse', 1, 1, 149],
    ]);
    expect(found.initiationInterval).toBe(1445);
    // weights that are not zero, their places and what fills the last step of an output
    const stored = products(found).map(({ storage }) => storage);
    expect(stored).toEqual([
      { weights: 235200, bits: 98331 },
      { weights: 30000, bits: 11412 },
      { weights: 1000, bits: 833 },
    ]);
  });

  test('a dense design with as many multipliers in each layer takes 40 times the cycles', () => {
    const dense = refolded((_, index) => ({
      ...{ unit: 'mvu', style: 'folded', order: 'output' },
      ...{ pe: 1, simd: products(found)[index]?.folding?.pe ?? 1 },
    }));
    expect(products(dense).map(({ unit }) => unit)).toEqual(['mvu', 'mvu', 'mvu']);
    expect(dense.initiationInterval).toBe(235200 / 4);
    expect(factor * found.initiationInterval).toBeLessThanOrEqual(dense.initiationInterval);
  });

  describe('with the small last layer in adders', () => {
    let mixed: Compilation;
    beforeAll(() => {
      mixed = refolded((entry, index) => (index < 2 ? entry : { unit: 'unrolled', style: 'unrolled' }));
    });

    test('takes 1/35 of the cycles in which all its multipliers, always busy, do all products', () => {
      const layers = products(mixed);
      expect(layers.map(({ unit }) => unit)).toEqual(['sparse', 'sparse', 'unrolled']);
      const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
      const multipliers = sum(layers.slice(0, 2).map(({ folding }) => folding?.pe ?? NaN));
      const all = sum(layers.map(({ shape }) => shape.inputs * shape.outputs));
      expect([multipliers, all, mixed.initiationInterval]).toEqual([5, 266200, 1445]);
      expect(factor * mixed.initiationInterval).toBeLessThanOrEqual(all / multipliers);
    });

    test('is the same in Verilator, value for value and cycle for cycle', async () => {
      const { hw } = mixed;
      const runner = await createVerilatorRunner({
        ...{ top: hw.name, ports: designPorts(hw, units), channels: hw.channels },
        ...{ files: emitRtl(hw, units, { templateRoot, version: '0.0.0' }), monitor: true },
      });
      try {
        const engine = createEngine(hw, units);
        const frames = Uint8Array.from(mnistTest().images.slice(0, images * 784));
        await sameRun(engine, runner, { inputs: [frames] });
        await sameRun(engine, runner, { inputs: [frames.subarray(0, 2 * 784)], stalls: 5 });
        const [logits] = engine.run({ inputs: [frames] }).outputs;
        // the design found computes the same
        expect(logits).toEqual(createEngine(found.hw, units).run({ inputs: [frames] }).outputs[0]);
        expect(new Set(logits).size).toBeGreaterThan(10);
      } finally {
        runner.close();
      }
    }, 240_000);
  });
});

test.skipIf(!haveData || !large)(
  'the published sparse LeNet-5, its first layer in adders, takes 1/15 of the cycles of as many multipliers, always busy',
  async () => {
    const calibration = part('datasets/mnist/train-images-idx3-ubyte.gz', undefined, 0, 16);
    const { graph } = await quantizedBy('models/lenet5_sparse.onnx', calibration, parseMethodSpec('prune'));
    const diagnostics = new Diagnostics();
    const common = { diagnostics, style: 'folded', clockMhz: 200 } as const;
    const found = compileGraph(graph, { ...common, fps: 200e6 / 20000 });
    const [first] = products(found);
    const folding = new Map<string, GivenFolding>(
      [...found.folding].map(([name, entry]) => [
        name,
        first?.nodes.includes(name) === true ? { unit: 'unrolled', style: 'unrolled' } : entry,
      ]),
    );
    const mixed = compileGraph(graph, { ...common, fps: 1, folding });
    const layers = products(mixed);
    expect(layers.map(({ unit }) => unit)).toEqual(['unrolled', 'sparse', 'sparse', 'sparse']);
    const multipliers = layers.slice(1).reduce((sum, { folding: f }) => sum + (f?.pe ?? NaN), 0);
    const all = layers.reduce((sum, { operations }) => sum + operations, 0);
    expect([multipliers, all, mixed.initiationInterval]).toEqual([6, 2293000, 18880]);
    expect(15 * mixed.initiationInterval).toBeLessThanOrEqual(all / multipliers);
  },
  240_000,
);
