import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { compileGraph, type Compilation } from '../../compiler/driver.ts';
import { emitRtl } from '../../compiler/emit/index.ts';
import { designPorts } from '../../compiler/hw/index.ts';
import { createEvaluator } from '../../compiler/qir/index.ts';
import { toReal } from '../../compiler/qir/evaluate.ts';
import { elementCount, type Tensor, type TensorData } from '../../compiler/qir/types.ts';
import { createRandom, randomValues } from '../../compiler/random.ts';
import { createEngine, createVerilatorRunner } from '../../sim/index.ts';
import type { VerilatorRunner } from '../../sim/index.ts';
import { templateRoot, units } from '../../templates/registry.ts';
import { sameRun } from '../conformance/bench.ts';
import { importSpec } from '../frontend/helpers.ts';
import { int64s, node, scalar, tensor } from '../frontend/onnx-writer.ts';
import type { ModelSpec, NodeSpec } from '../frontend/onnx-writer.ts';
import { filled, integers } from '../frontend/ort-images.ts';

// An ONNX network that holds every operator on images which the front-end reads, each on its way between two quantizers, from the file
// through every engine. The operators one by one stand in test/frontend, random networks of them in test/fuzz.

const domain = 'qonnx.custom_op.general';

/** A Quant of some bits and a scale of its own. */
const quant = (x: string, y: string, scale: string, bits: string, signed = 1): NodeSpec =>
  node('Quant', [x, scale, 'zero', bits], [y], { signed }, domain);

const nodes: readonly NodeSpec[] = [
  quant('x', 'x0', 'one', 'b4'),
  // convolutions: bias, strides, dilations, uneven pads; auto_pad and groups; depthwise
  node('Conv', ['x0', 'wa', 'ba'], ['a0'], { strides: [2, 1], dilations: [1, 2], pads: [1, 0, 2, 3] }),
  node('PRelu', ['a0', 'slopes'], ['a1']),
  quant('a1', 'a', 'half', 'b4'),
  node('Conv', ['a', 'wb'], ['c0'], { group: 2, auto_pad: 'SAME_UPPER' }),
  node('LeakyRelu', ['c0'], ['c1'], { alpha: { float: 0.125 } }),
  quant('c1', 'c', 'threequarters', 'b6'),
  node('Conv', ['a', 'wd'], ['d0'], { group: 4, auto_pad: 'SAME_LOWER' }),
  node('Clip', ['d0', 'low', 'high'], ['d1']),
  quant('d1', 'd', 'two', 'b4'),
  // two branches with scales of their own
  node('Add', ['c', 'd'], ['e0']),
  node('Mul', ['e0', 'factor'], ['e1']),
  quant('e1', 'e', 'one', 'b4'),
  // poolings
  node('MaxPool', ['e'], ['m'], { kernel_shape: [2, 3], strides: [1, 2], pads: [1, 0, 0, 1] }),
  node('AveragePool', ['e'], ['v0'], { kernel_shape: [2, 3], strides: [1, 2], pads: [1, 0, 0, 1] }),
  node('Tanh', ['v0'], ['v1']),
  quant('v1', 'v', 'quarter', 'b4'),
  // channels of two scales, brought to one
  node('Concat', ['m', 'm', 'v'], ['j0'], { axis: 1 }),
  quant('j0', 'j', 'half', 'b4'),
  node('Split', ['j', 'parts'], ['s0', 's1'], { axis: 1 }),
  node('DepthToSpace', ['s0'], ['t'], { blocksize: 2, mode: 'DCR' }),
  node('Pad', ['s1', 'pads', 'zero'], ['p'], { mode: 'constant' }),
  node('Resize', ['p', '', 'twice'], ['r'], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  }),
  node('ConvTranspose', ['t', 'wt'], ['u0'], {
    strides: [1, 2],
    pads: [0, 1, 1, 0],
    output_padding: [0, 1],
  }),
  node('Clip', ['u0', 'minus', 'one'], ['u1']),
  quant('u1', 'u', 'quarter', 'b4'),
  node('Sigmoid', ['u'], ['g0']),
  quant('g0', 'g', 'sixteenth', 'b4', 0),
  node('QuantAvgPool2d', ['r'], ['q'], { kernel: 2, stride: 2, ibits: 4, obits: 4, signed: 1 }, domain),
  node('GlobalAveragePool', ['g'], ['h0']),
  node('Flatten', ['h0'], ['h1']),
  quant('h1', 'h', 'sixteenth', 'b4', 0),
  node('GlobalAveragePool', ['q'], ['k0']),
  node('Flatten', ['k0'], ['k1']),
  quant('k1', 'k', 'quarter', 'b4'),
  node('MatMul', ['h', 'wh'], ['y0']),
  node('MatMul', ['k', 'wk'], ['y1']),
  quant('y0', 'y', 'half', 'b6'),
  quant('y1', 'z', 'half', 'b6'),
];

/** Weights of two and a half bits, which every convolution reads through a quantizer. */
const weights = {
  wa: [4, 2, 3, 3],
  wb: [4, 2, 3, 2],
  wd: [4, 1, 2, 3],
  wt: [2, 3, 2, 3],
  wh: [3, 4],
  wk: [4, 4],
};

const spec: ModelSpec = {
  nodes: [...Object.keys(weights).map((name) => quant(`${name}f`, name, 'two', 'b3')), ...nodes],
  inputs: [{ name: 'x', dims: [1, 2, 6, 5] }],
  outputs: [{ name: 'y' }, { name: 'z' }, { name: 'u' }],
  initializers: {
    ...Object.fromEntries(
      Object.entries(weights).map(([name, dims], i) => [`${name}f`, filled(dims, i + 3)]),
    ),
    ba: tensor([4], integers(4, 9)),
    slopes: tensor([4, 1, 1], [0.5, 0.25, 2, 1]),
    zero: scalar(0),
    one: scalar(1),
    minus: scalar(-1),
    two: scalar(2),
    half: scalar(0.5),
    quarter: scalar(0.25),
    sixteenth: scalar(0.0625),
    threequarters: scalar(0.75),
    b3: scalar(3),
    b4: scalar(4),
    b6: scalar(6),
    low: scalar(-6),
    high: scalar(9.5),
    factor: tensor([4, 1, 1], [0.5, 0.75, 1.25, -0.5]),
    parts: int64s(8, 4),
    pads: int64s(0, 0, 1, 0, 0, 0, 0, 1),
    twice: tensor([4], [1, 1, 2, 2]),
  },
  customOpsets: { [domain]: 1 },
};

describe('a network with every operator on images', () => {
  let compilation: Compilation;
  let runner: VerilatorRunner;

  beforeAll(async () => {
    compilation = compileGraph(importSpec(spec), { diagnostics: new Diagnostics() });
    const { hw } = compilation;
    const files = emitRtl(hw, units, { templateRoot, version: '0.0.0' });
    const design = {
      top: hw.name,
      ports: designPorts(hw, units),
      channels: hw.channels,
      files,
      monitor: true,
    };
    runner = await createVerilatorRunner({ ...design, effort: 'build' });
  }, 180_000);
  afterAll(() => runner?.close());

  test('is one value in the model, the integer form, the cycle engine and the Verilog', async () => {
    const { source, integer, hw } = compilation;
    const [input] = integer.inputs;
    if (input === undefined) throw new Error('an input expected');
    const frames = 4;
    const size = elementCount(input.type.shape);
    const data = randomValues(input.type.elem, frames * size, createRandom(7));
    const run = (graph: typeof source): Tensor[][] => {
      const evaluator = createEvaluator(graph);
      return Array.from({ length: frames }, (_, i) => {
        const part: TensorData = data.slice(i * size, (i + 1) * size);
        const x = { type: input.type, data: part };
        const results = evaluator.run({ [input.name]: x });
        return graph.outputs.map(({ value }) => results.get(value) as Tensor);
      });
    };
    const whole = run(integer);
    const engine = createEngine(hw, units);
    const { outputs } = engine.run({ inputs: [data] });
    run(source).forEach((meant, frame) =>
      integer.outputs.forEach(({ boundary, host }, at) => {
        const found = whole[frame]?.[at] as Tensor;
        expect(host).toEqual([]);
        expect(Array.from(toReal(found, boundary).data)).toEqual(Array.from(meant[at]?.data ?? []));
        const count = found.data.length;
        const given = outputs[at]?.slice(frame * count, (frame + 1) * count);
        expect(Array.from(given ?? [])).toEqual(Array.from(found.data));
        expect(new Set(found.data).size).toBeGreaterThan(1);
      }),
    );
    await sameRun(engine, runner, { inputs: [data] });
    await sameRun(engine, runner, { inputs: [data], stalls: 3 });
    expect(engine.time({ frames: 32 }).initiationInterval).toBe(compilation.initiationInterval);
  });
});
