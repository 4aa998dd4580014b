import { beforeAll, describe, expect, test } from 'vitest';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { compileGraph, type Compilation } from '../../compiler/driver.ts';
import { emitRtl } from '../../compiler/emit/index.ts';
import { designPorts, printHw } from '../../compiler/hw/index.ts';
import type { GivenFolding } from '../../compiler/lower/plan.ts';
import type { Graph } from '../../compiler/qir/graph.ts';
import { parseMethodSpec } from '../../compiler/quantize/index.ts';
import { createEngine, createVerilatorRunner } from '../../sim/index.ts';
import { templateRoot, units } from '../../templates/registry.ts';
import { sameRun } from '../conformance/bench.ts';
import { haveData, large, mnistTest } from './data.ts';
import { part, quantizedBy } from './quantized.ts';

/** How many times as many cycles a dense design takes at least. */
const factors = { lenet300100: 35, lenet5: 15 };
/** Images that Verilator goes through. */
const images = 8;

const products = ({ plan }: Compilation): Compilation['plan'] =>
  plan.filter(({ operations }) => operations > 0);

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** Cycles a frame of a design with as many multipliers as this one, all of which are always busy, over its own. */
function againstDense(found: Compilation): number {
  const layers = products(found);
  expect(layers.map(({ unit }) => unit)).toEqual(layers.map(() => 'sparse'));
  const multipliers = sum(layers.map(({ folding }) => folding?.pe ?? NaN));
  return sum(layers.map(({ operations }) => operations)) / multipliers / found.initiationInterval;
}

/** Unit by unit: products a step, inputs a beat, cycles, variant. */
const foldings = (found: Compilation): unknown[] =>
  products(found).map(({ folding, timing }) => [
    ...[folding?.pe, folding?.simd, timing.initiationInterval, folding?.variant],
  ]);

/** The design that the search finds for a frame in so many cycles at 200 MHz. */
const search = (graph: Graph, cycles: number): Compilation =>
  compileGraph(graph, {
    ...{ diagnostics: new Diagnostics(), style: 'folded', clockMhz: 200, fps: 200e6 / cycles },
  });

async function published(name: string, samples: number, method = 'prune'): Promise<Graph> {
  const calibration = part('datasets/mnist/train-images-idx3-ubyte.gz', undefined, 0, samples);
  return (await quantizedBy(`models/${name}.onnx`, calibration, parseMethodSpec(method))).graph;
}

/** Holds the engine against Verilator, without stalls and with. */
async function inVerilator(found: Compilation): Promise<void> {
  const { hw } = found;
  const runner = await createVerilatorRunner({
    ...{ top: hw.name, ports: designPorts(hw, units), channels: hw.channels },
    ...{ files: emitRtl(hw, units, { templateRoot, version: '0.0.0' }), monitor: true },
  });
  try {
    const engine = createEngine(hw, units);
    const frames = Uint8Array.from(mnistTest().images.slice(0, images * 784));
    await sameRun(engine, runner, { inputs: [frames] });
    await sameRun(engine, runner, { inputs: [frames.subarray(0, 2 * 784)], stalls: 5 });
    expect(new Set(engine.run({ inputs: [frames] }).outputs[0]).size).toBeGreaterThan(10);
  } finally {
    runner.close();
  }
}

describe.skipIf(!haveData)('the published sparse LeNet-300-100 with survivors of 8 bits', () => {
  let graph: Graph;
  let found: Compilation;

  beforeAll(async () => {
    graph = await published('lenet300100_sparse', 32);
    found = search(graph, 1500);
  }, 120_000);

  test('at 1,500 cycles a frame the search takes the sparse unit for every layer', () => {
    expect(foldings(found)).toEqual([
      [3, 1, 1498, 'packed-double-gap7'],
      [1, 1, 934, undefined],
      [1, 1, 149, undefined],
    ]);
    expect(found.initiationInterval).toBe(1498);
    // weights that are not zero and what fills the lanes; how far each is from the one before where that takes less, else where it is
    const stored = products(found).map(({ storage }) => storage);
    expect(stored).toEqual([
      { weights: 235200, bits: 71904 },
      { weights: 30000, bits: 11412 },
      { weights: 1000, bits: 784 },
    ]);
  });

  test.each([
    [1500, 35.54],
    [1200, 38.21],
    [950, 40.24],
  ])(
    'at %i cycles a frame it takes 1/%d of those of as many multipliers that are always busy',
    (cycles, times) => {
      const factor = againstDense(cycles === 1500 ? found : search(graph, cycles));
      expect(factor).toBeGreaterThanOrEqual(factors.lenet300100);
      expect(factor).toBeCloseTo(times, 2);
    },
  );

  test('a dense design with as many multipliers in each layer takes more than 50 times the cycles', () => {
    const names = products(found).map(({ nodes }) => nodes);
    const folding = new Map(
      [...found.folding].map(([name, entry]): readonly [string, GivenFolding] => {
        const index = names.findIndex((nodes) => nodes.includes(name));
        if (index < 0) return [name, entry];
        const simd = products(found)[index]?.folding?.pe ?? 1;
        return [name, { unit: 'mvu', style: 'folded', order: 'output', pe: 1, simd }];
      }),
    );
    const dense = compileGraph(graph, {
      ...{ diagnostics: new Diagnostics(), style: 'folded', clockMhz: 200, fps: 1, folding },
    });
    expect(products(dense).map(({ unit }) => unit)).toEqual(['mvu', 'mvu', 'mvu']);
    expect(dense.initiationInterval).toBe(300 * Math.ceil(784 / 3));
    expect(50 * found.initiationInterval).toBeLessThanOrEqual(dense.initiationInterval);
  });

  test('the folding file of the design gives it again, variants too', () => {
    const again = compileGraph(graph, {
      ...{ diagnostics: new Diagnostics(), style: 'folded', clockMhz: 200, folding: found.folding },
    });
    expect(foldings(again)).toEqual(foldings(found));
    expect(printHw(again.hw)).toBe(printHw(found.hw));
  });

  test('is the same in Verilator, value for value and cycle for cycle', async () => {
    await inVerilator(found);
  }, 240_000);
});

describe.skipIf(!haveData)('the published sparse LeNet-300-100 with survivors that are powers of two', () => {
  let found: Compilation;

  beforeAll(async () => {
    found = search(await published('lenet300100_sparse', 32, 'prune:survivors=inq'), 1500);
  }, 120_000);

  test('takes 1/35 of the cycles of as many adders that are always busy, and no multiplier', () => {
    expect(foldings(found)).toEqual([
      [3, 1, 1498, 'packed-double-gap7'],
      [1, 1, 934, undefined],
      [1, 1, 149, undefined],
    ]);
    expect(againstDense(found)).toBeGreaterThanOrEqual(factors.lenet300100);
    expect(products(found).map(({ cost }) => cost.dsp)).toEqual([0, 0, 0]);
  });

  test('stores a quarter of a bit for each weight of the dense network, indices too', () => {
    const stored = products(found).map(({ storage }) => storage?.bits ?? NaN);
    expect(stored).toEqual([58422, 9510, 588]);
    expect(sum(stored) / sum(products(found).map(({ storage }) => storage?.weights ?? NaN))).toBeLessThan(
      0.26,
    );
  });

  test('is the same in Verilator, value for value and cycle for cycle', async () => {
    await inVerilator(found);
  }, 240_000);
});

test.skipIf(!haveData || !large)(
  'the published sparse LeNet-5 takes 1/15 of the cycles of as many multipliers that are always busy',
  async () => {
    const graph = await published('lenet5_sparse', 16);
    for (const [cycles, times] of [
      [18000, 16.59],
      [20000, 15.34],
      [13000, 16.45],
    ] as const) {
      const found = search(graph, cycles);
      const factor = againstDense(found);
      expect(factor).toBeGreaterThanOrEqual(factors.lenet5);
      expect(factor).toBeCloseTo(times, 2);
    }
  },
  240_000,
);
