import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { compileGraph, type Compilation } from '../../compiler/driver.ts';
import { emitRtl } from '../../compiler/emit/index.ts';
import { designPorts, printHw } from '../../compiler/hw/index.ts';
import { bipolar, createEvaluator, GraphBuilder, int, uint } from '../../compiler/qir/index.ts';
import type { Graph } from '../../compiler/qir/index.ts';
import { elementCount } from '../../compiler/qir/types.ts';
import { createRandom, randomValues } from '../../compiler/random.ts';
import { createEngine, createVerilatorRunner } from '../../sim/index.ts';
import type { VerilatorRunner } from '../../sim/index.ts';
import { templateRoot, units } from '../../templates/registry.ts';
import { sameRun } from '../conformance/bench.ts';

// Rates at which a pixel a cycle is too slow: several pixels and windows a beat, and several copies of what takes them.

const random = createRandom(32);
const constant = (elem: ReturnType<typeof int>, ...shape: number[]) => ({
  elem,
  shape,
  data: randomValues(elem, elementCount(shape), random),
});

/** A padded convolution over 32 x 32 pixels, a pooling, a depthwise convolution of stride 2 that pads bipolar pixels, and a product. */
function network(): Graph {
  const g = new GraphBuilder('several');
  const x = g.input('x', uint(3), [32, 32, 2]);
  const conv = g.conv2d(x, constant(int(3), 4, 3, 3, 2), { name: 'conv', pads: [1, 1, 1, 1] });
  const bits = g.threshold(conv, [[-9], [0], [3], [8]], { name: 'bits', result: bipolar });
  const pooled = g.maxpool(bits, [2, 2], { name: 'pooled', strides: [2, 2] });
  const deep = g.conv2d(pooled, constant(bipolar, 4, 3, 3, 1), {
    name: 'deep',
    pads: [1, 1, 1, 1],
    strides: [2, 2],
    groups: 4,
  });
  g.output(g.conv2d(deep, constant(int(2), 3, 1, 1, 4), { name: 'last' }));
  return g.build();
}

const clockMhz = 200;
const cycles = 300;

describe('a 32 x 32 convolution every 300 cycles', () => {
  let compilation: Compilation;
  let runner: VerilatorRunner;
  const frames = 6;
  const data = randomValues(uint(3), frames * 32 * 32 * 2, createRandom(5));

  beforeAll(async () => {
    const fps = (clockMhz * 1e6) / cycles;
    compilation = compileGraph(network(), { diagnostics: new Diagnostics(), fps, clockMhz });
    const { hw } = compilation;
    const files = emitRtl(hw, units, { templateRoot, version: '0.0.0' });
    const ports = designPorts(hw, units);
    const design = { top: hw.name, ports, channels: hw.channels, files, monitor: true };
    runner = await createVerilatorRunner({ ...design, effort: 'build' });
  }, 120_000);
  afterAll(() => runner?.close());

  test('is folded into several windows a cycle, and several copies of the units behind them', () => {
    const { plan, initiationInterval } = compilation;
    expect(initiationInterval).toBeLessThanOrEqual(cycles);
    const used = plan.flatMap(({ unit, folding }) =>
      folding === undefined ? [] : [`${unit} ${folding.simd}`],
    );
    const again = compileGraph(network(), { diagnostics: new Diagnostics(), folding: compilation.folding });
    expect(printHw(again.hw)).toBe(printHw(compilation.hw));
    expect(used).toMatchInlineSnapshot(`
      [
        "window 16",
        "parallel 72",
        "window 16",
        "reduce 16",
        "window 4",
        "depthwise 36",
        "mvu 4",
      ]
    `);
  });

  test('computes what the network computes, in every engine', async () => {
    const { integer, hw } = compilation;
    const engine = createEngine(hw, units);
    const evaluator = createEvaluator(integer);
    const [input] = integer.inputs;
    const [output] = integer.outputs;
    if (input === undefined || output === undefined) throw new Error('an input and an output expected');
    const size = elementCount(input.type.shape);
    const wanted = Array.from({ length: frames }, (_, i) => {
      const x = { type: input.type, data: data.slice(i * size, (i + 1) * size) };
      return Array.from(evaluator.run({ [input.name]: x }).get(output.value)?.data ?? []);
    }).flat();
    expect(Array.from(engine.run({ inputs: [data] }).outputs[0] ?? [])).toEqual(wanted);
    await sameRun(engine, runner, { inputs: [data] });
    await sameRun(engine, runner, { inputs: [data], stalls: 4 });
    await sameRun(engine, runner, { inputs: [data], stalls: 5, reset: { at: 700, resume: 1 } });
    const { initiationInterval } = engine.time({ frames: 64 });
    expect(initiationInterval).toBe(compilation.initiationInterval);
  });
});
