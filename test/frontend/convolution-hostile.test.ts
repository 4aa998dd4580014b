import { describe, expect, test } from 'vitest';
import { codes, importSpec, refusal } from './helpers.ts';
import { int64s, model, node, scalar, tensor } from './onnx-writer.ts';
import type { AttributeSpec, ModelSpec, NodeSpec, TensorSpec } from './onnx-writer.ts';
import { filled } from './ort-images.ts';

type Attributes = Readonly<Record<string, AttributeSpec>>;

function network(
  nodes: readonly NodeSpec[],
  initializers: Readonly<Record<string, TensorSpec>> = {},
  rest: Partial<ModelSpec> = {},
): ModelSpec {
  return {
    nodes,
    inputs: [{ name: 'x', dims: [1, 4, 5, 6] }],
    outputs: [{ name: 'y' }],
    initializers: { w: filled([6, 4, 3, 3]), ...initializers },
    ...rest,
  };
}

/** The only error of an import; its message, found and expected hold no undefined and no NaN that the model did not name. */
function error(spec: ModelSpec): string | undefined {
  const found = refusal(model(spec)).filter((d) => d.severity === 'error');
  expect(found.length).toBeLessThanOrEqual(1);
  for (const d of found) expect(`${d.message} ${d.found} ${d.expected}`).not.toContain('undefined');
  return found[0]?.code;
}

const one = (op: string, inputs: readonly string[], attributes: Attributes = {}, domain = ''): NodeSpec =>
  node(op, inputs, ['y'], attributes, domain);

const qonnx = 'qonnx.custom_op.general';
const huge = 2 ** 40;

describe('windows', () => {
  test.each<[string, Attributes, string]>([
    ['stride 0', { strides: [0, 1] }, 'QCC2221'],
    ['negative stride', { strides: [1, -2] }, 'QCC2221'],
    ['enormous stride', { strides: [huge, 1] }, 'QCC2221'],
    ['one stride for two axes', { strides: [1] }, 'QCC2221'],
    ['dilation 0', { dilations: [0, 0] }, 'QCC2221'],
    ['dilation that leaves the image', { dilations: [3, 3] }, 'QCC2222'],
    ['enormous dilation', { dilations: [huge, 1] }, 'QCC2221'],
    ['negative pads', { pads: [-1, 0, 0, 0] }, 'QCC2221'],
    ['two pads for two axes', { pads: [1, 1] }, 'QCC2221'],
    ['enormous pads', { pads: [huge, huge, huge, huge] }, 'QCC2221'],
    ['pads of a ridiculous image', { pads: [2 ** 27, 2 ** 27, 2 ** 27, 2 ** 27] }, 'QCC2113'],
    ['kernel_shape that is not the weights', { kernel_shape: [5, 5] }, 'QCC2204'],
    ['kernel_shape of another rank', { kernel_shape: [3] }, 'QCC2204'],
    ['unknown auto_pad', { auto_pad: 'SAME' }, 'QCC2200'],
    ['strides as a string', { strides: 'two' }, 'QCC2200'],
    ['no group', { group: 0 }, 'QCC2223'],
    ['negative groups', { group: -1 }, 'QCC2223'],
    ['groups that do not divide the channels', { group: 3 }, 'QCC2223'],
    ['groups that do not fit the weights', { group: 2 }, 'QCC2223'],
  ])('Conv: %s', (_, attributes, code) => {
    expect(error(network([one('Conv', ['x', 'w'], attributes)]))).toBe(code);
  });

  test.each<[string, TensorSpec, string]>([
    ['kernel larger than the image', filled([2, 4, 6, 3]), 'QCC2222'],
    ['wrong channels', filled([2, 3, 3, 3]), 'QCC2223'],
    ['weights of a sequence', filled([2, 4, 3]), 'QCC2204'],
    ['weights of a volume', filled([2, 4, 3, 3, 3]), 'QCC2204'],
    ['weights without an output', tensor([0, 4, 3, 3], []), 'QCC2204'],
    ['NaN', tensor([1, 4, 1, 1], [1, NaN, 2, 3]), 'QCC2209'],
    ['infinite', tensor([1, 4, 1, 1], [1, 2, Infinity, 3]), 'QCC2209'],
  ])('Conv: %s', (_, w, code) => {
    expect(error(network([one('Conv', ['x', 'w'])], { w }))).toBe(code);
  });

  test('Conv: bias, computed weights, constant image, missing weights', () => {
    const conv = [one('Conv', ['x', 'w', 'b'])];
    expect(error(network(conv, { b: filled([5]) }))).toBe('QCC2204');
    expect(error(network(conv, { b: filled([6, 1]) }))).toBe('QCC2204');
    expect(error(network(conv, { b: tensor([6], [1, 2, 3, 4, 5, NaN]) }))).toBe('QCC2209');
    expect(error(network([one('Conv', ['x', 'x'])]))).toBe('QCC2203');
    expect(error(network([one('Conv', ['x'])]))).toBe('QCC2202');
    const still = [
      node('Conv', ['k', 'w'], ['c']),
      node('GlobalMaxPool', ['x'], ['p']),
      one('Add', ['c', 'p']),
    ];
    expect(error(network(still, { k: filled([1, 4, 5, 5]) }))).toBe('QCC2202');
  });

  test.each<[string, readonly number[]]>([
    ['a vector', [1, 4]],
    ['a volume', [1, 4, 5, 5, 5]],
  ])('Conv and poolings of %s', (_, dims) => {
    const inputs = { inputs: [{ name: 'x', dims }] };
    expect(error(network([one('Conv', ['x', 'w'])], {}, inputs))).toBe('QCC2220');
    expect(error(network([one('MaxPool', ['x'], { kernel_shape: [2, 2] })], {}, inputs))).toBe('QCC2220');
    expect(error(network([one('GlobalAveragePool', ['x'])], {}, inputs))).toBe('QCC2220');
    expect(error(network([one('DepthToSpace', ['x'], { blocksize: 2 })], {}, inputs))).toBe('QCC2220');
  });

  test('a batch that a reshape makes', () => {
    const nodes = [node('Reshape', ['x', 's'], ['r']), one('Conv', ['r', 'w'])];
    expect(error(network(nodes, { s: int64s(5, 4, 1, 6) }))).toBe('QCC2220');
  });

  test('quantized weights with a NaN scale', () => {
    const nodes = [node('Quant', ['w', 's', 'z', 'b'], ['q'], {}, qonnx), one('Conv', ['x', 'q'])];
    const s = tensor([6, 1, 1, 1], [1, 1, NaN, 1, 1, 1]);
    expect(error(network(nodes, { s, z: scalar(0), b: scalar(4) }))).toBe('QCC2205');
    expect(error(network(nodes, { s: filled([5, 1, 1, 1]), z: scalar(0), b: scalar(4) }))).toMatch(
      /QCC220[45]/,
    );
  });

  test.each<[string, Attributes, string]>([
    ['pads that leave nothing', { pads: [4, 4, 4, 4] }, 'QCC2222'],
    ['negative output padding', { output_padding: [-1, 0] }, 'QCC2221'],
    ['an output that is larger than there is', { output_shape: [50, 50] }, 'QCC2210'],
    ['output_shape 0', { output_shape: [0, 4] }, 'QCC2221'],
    ['groups that do not divide', { group: 3 }, 'QCC2223'],
    ['enormous stride', { strides: [2 ** 27, 2 ** 27] }, 'QCC2113'],
  ])('ConvTranspose: %s', (_, attributes, code) => {
    expect(error(network([one('ConvTranspose', ['x', 'w'], attributes)], { w: filled([4, 2, 3, 3]) }))).toBe(
      code,
    );
  });

  test('ConvTranspose: wrong channels', () => {
    expect(error(network([one('ConvTranspose', ['x', 'w'])], { w: filled([3, 2, 3, 3]) }))).toBe('QCC2223');
  });

  test.each<[string, Attributes, string]>([
    ['no kernel', {}, 'QCC2200'],
    ['kernel 0', { kernel_shape: [0, 2] }, 'QCC2221'],
    ['kernel larger than the image', { kernel_shape: [6, 6] }, 'QCC2222'],
    ['pads as large as the kernel', { kernel_shape: [2, 2], pads: [2, 0, 0, 0] }, 'QCC2221'],
    ['stride 0', { kernel_shape: [2, 2], strides: [0, 0] }, 'QCC2221'],
    ['ceil_mode 2', { kernel_shape: [2, 2], ceil_mode: 2 }, 'QCC2200'],
  ])('poolings: %s', (_, attributes, code) => {
    for (const op of ['MaxPool', 'AveragePool'])
      expect(error(network([one(op, ['x'], attributes)]))).toBe(code);
  });

  test('poolings: indices, dilated averages, divisors that differ, reductions of other axes', () => {
    const pool = { kernel_shape: [2, 2] };
    expect(error(network([node('MaxPool', ['x'], ['v', 'y'], pool)]))).toBe('QCC2202');
    expect(
      error(network([one('AveragePool', ['x'], { ...pool, dilations: [2, 2] })], {}, { opset: 19 })),
    ).toBe('QCC2210');
    const beyond = {
      kernel_shape: [4, 4],
      strides: [3, 3],
      pads: [1, 0, 0, 0],
      ceil_mode: 1,
      count_include_pad: 1,
    };
    expect(error(network([one('AveragePool', ['x'], beyond)]))).toBe('QCC2210');
    expect(error(network([one('ReduceMean', ['x'], { axes: [1] })]))).toBe('QCC2210');
    expect(error(network([one('ReduceMean', ['x'])]))).toBe('QCC2210');
    expect(error(network([one('ReduceMean', ['x'], { axes: [7] })]))).toBe('QCC2200');
  });

  test.each<[string, Attributes, string]>([
    ['no bits', { kernel: 2, stride: 2, obits: 4 }, 'QCC2200'],
    ['too many bits', { kernel: 4, stride: 2, ibits: 32, obits: 4 }, 'QCC2208'],
    ['kernel larger than the image', { kernel: 9, stride: 2, ibits: 4, obits: 4 }, 'QCC2221'],
    ['stride 0', { kernel: 2, stride: 0, ibits: 4, obits: 4 }, 'QCC2200'],
    ['layout', { kernel: 2, stride: 1, ibits: 4, obits: 4, data_layout: 'HWNC' }, 'QCC2200'],
  ])('QuantAvgPool2d: %s', (_, attributes, code) => {
    expect(error(network([one('QuantAvgPool2d', ['x'], attributes, qonnx)]))).toBe(code);
  });
});

describe('pads, sizes, parts', () => {
  test.each<[string, NodeSpec, Readonly<Record<string, TensorSpec>>, string]>([
    ['reflecting', one('Pad', ['x', 'p'], { mode: 'reflect' }), {}, 'QCC2210'],
    ['unknown mode', one('Pad', ['x', 'p'], { mode: 'odd' }), {}, 'QCC2210'],
    ['negative', one('Pad', ['x', 'n']), { n: int64s(0, 0, -1, 0, 0, 0, 0, 0) }, 'QCC2221'],
    ['channels', one('Pad', ['x', 'n']), { n: int64s(0, 1, 0, 0, 0, 0, 0, 0) }, 'QCC2221'],
    ['too few', one('Pad', ['x', 'n']), { n: int64s(1, 1) }, 'QCC2204'],
    ['none', one('Pad', ['x']), {}, 'QCC2204'],
    ['NaN', one('Pad', ['x', 'p', 'v']), { v: scalar(NaN) }, 'QCC2209'],
    ['enormous', one('Pad', ['x', 'n']), { n: int64s(0, 0, huge, 0, 0, 0, 0, 0) }, 'QCC2221'],
    ['computed', one('Pad', ['x', 'x']), {}, 'QCC2203'],
  ])('Pad: %s', (_, pad, initializers, code) => {
    expect(error(network([pad], { p: int64s(0, 0, 1, 0, 0, 0, 0, 0), ...initializers }))).toBe(code);
  });

  test.each<[string, Attributes, readonly number[], string]>([
    ['linear', { mode: 'linear' }, [1, 1, 2, 2], 'QCC2224'],
    ['cubic', { mode: 'cubic' }, [1, 1, 2, 2], 'QCC2224'],
    ['half a scale', { mode: 'nearest' }, [1, 1, 0.5, 1], 'QCC2224'],
    ['one and a half', { mode: 'nearest' }, [1, 1, 1.5, 2], 'QCC2224'],
    ['scale 0', { mode: 'nearest' }, [1, 1, 0, 2], 'QCC2224'],
    ['negative scale', { mode: 'nearest' }, [1, 1, -2, 2], 'QCC2224'],
    ['NaN', { mode: 'nearest' }, [1, 1, NaN, 2], 'QCC2224'],
    ['channels', { mode: 'nearest' }, [1, 2, 2, 2], 'QCC2224'],
    ['enormous', { mode: 'nearest' }, [1, 1, 2 ** 30, 2], 'QCC2224'],
    ['too few scales', { mode: 'nearest' }, [2, 2], 'QCC2204'],
    ['no scales', { mode: 'nearest' }, [], 'QCC2202'],
    [
      'corners',
      { mode: 'nearest', coordinate_transformation_mode: 'align_corners' },
      [1, 1, 3, 3],
      'QCC2224',
    ],
    [
      'other pixels',
      { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'ceil' },
      [1, 1, 2, 2],
      'QCC2224',
    ],
    [
      'unknown rule',
      { mode: 'nearest', coordinate_transformation_mode: 'tf_crop_and_resize' },
      [1, 1, 2, 2],
      'QCC2200',
    ],
    ['unknown rounding', { mode: 'nearest', nearest_mode: 'up' }, [1, 1, 2, 2], 'QCC2200'],
    ['aspect ratio', { mode: 'nearest', keep_aspect_ratio_policy: 'not_larger' }, [1, 1, 2, 2], 'QCC2224'],
  ])('Resize: %s', (_, attributes, scales, code) => {
    const spec = network([one('Resize', ['x', '', 's'], attributes)], { s: tensor([scales.length], scales) });
    expect(error(spec)).toBe(code);
  });

  test.each<[string, Attributes, string]>([
    ['block that does not divide', { blocksize: 3 }, 'QCC2223'],
    ['block 0', { blocksize: 0 }, 'QCC2200'],
    ['negative block', { blocksize: -2 }, 'QCC2200'],
    ['no block', {}, 'QCC2200'],
    ['unknown mode', { blocksize: 2, mode: 'RCD' }, 'QCC2200'],
  ])('DepthToSpace: %s', (_, attributes, code) => {
    expect(error(network([one('DepthToSpace', ['x'], attributes)]))).toBe(code);
  });

  test('Concat: shapes, axes, constants', () => {
    const pool = node('GlobalMaxPool', ['x'], ['p']);
    expect(error(network([pool, one('Concat', ['x', 'p'], { axis: 1 })]))).toBe('QCC2204');
    expect(error(network([node('Flatten', ['x'], ['f']), one('Concat', ['x', 'f'], { axis: 1 })]))).toBe(
      'QCC2204',
    );
    expect(error(network([one('Concat', ['x', 'x'], { axis: 0 })]))).toBe('QCC2210');
    expect(error(network([one('Concat', ['x', 'x'], { axis: 4 })]))).toBe('QCC2200');
    expect(error(network([one('Concat', ['x', 'x'])]))).toBe('QCC2200');
    expect(error(network([one('Concat', [], { axis: 1 })]))).toBe('QCC2202');
    expect(error(network([one('Concat', ['x', 'k'], { axis: 1 })], { k: filled([1, 4, 5, 6]) }))).toBe(
      'QCC2210',
    );
    const index = [node('ArgMax', ['x'], ['i'], { axis: 1 }), one('Concat', ['x', 'i'], { axis: 1 })];
    expect(error(network(index))).toBe('QCC2211');
  });

  test('Split: sizes, outputs, axes', () => {
    const split = (attributes: Attributes, opset = 11) =>
      error(network([node('Split', ['x'], ['y', 'z'], attributes)], {}, { opset }));
    expect(split({ axis: 1, split: [2, 3] })).toBe('QCC2225');
    expect(split({ axis: 1, split: [4] })).toBe('QCC2225');
    expect(split({ axis: 1, split: [4, 0] })).toBe('QCC2225');
    expect(split({ axis: 1, split: [5, -1] })).toBe('QCC2225');
    expect(split({ axis: 2 })).toBe('QCC2225');
    expect(split({ axis: 9 })).toBe('QCC2200');
    expect(split({ axis: 1, num_outputs: 3 }, 18)).toBe('QCC2225');
    expect(split({ axis: 1, num_outputs: 0 }, 18)).toBe('QCC2225');
    expect(split({ axis: 0, split: [1, 1] })).toBe('QCC2225');
  });

  test('Slice: steps, nothing left, the batch axis, an axis twice', () => {
    const slice = (from: number[], to: number[], axes: number[], steps: number[]) => {
      const lists = { f: int64s(...from), t: int64s(...to), a: int64s(...axes), s: int64s(...steps) };
      return error(network([one('Slice', ['x', 'f', 't', 'a', 's'])], lists));
    };
    expect(slice([0], [4], [1], [2])).toBe('QCC2225');
    expect(slice([-1], [-9], [1], [-1])).toBe('QCC2225');
    expect(slice([3], [3], [1], [1])).toBe('QCC2225');
    expect(slice([0], [0], [0], [1])).toBe('QCC2225');
    expect(slice([0], [4], [1], [0])).toBe('QCC2204');
    expect(slice([0, 1], [2, 3], [1, 1], [1, 1])).toBe('QCC2204');
    expect(slice([0], [4], [8], [1])).toBe('QCC2200');
  });

  test('activations', () => {
    expect(error(network([one('PRelu', ['x', 's'])], { s: filled([5, 1, 1]) }))).toBe('QCC2204');
    expect(error(network([one('PRelu', ['x', 's'])], { s: scalar(NaN) }))).toBe('QCC2209');
    expect(error(network([one('PRelu', ['x', 'x'])]))).toBe('QCC2203');
    expect(error(network([one('LeakyRelu', ['x'], { alpha: { float: NaN } })]))).toBe('QCC2200');
    expect(error(network([one('LeakyRelu', ['x'], { alpha: 'a little' })]))).toBe('QCC2200');
  });
});

describe('graphs', () => {
  const conv = node('Conv', ['x', 'w'], ['c']);

  test('a branch that is never read leaves no trace', () => {
    const nodes = [conv, node('MaxPool', ['x'], ['dead'], { kernel_shape: [9, 9] }), one('Relu', ['c'])];
    expect(importSpec(network(nodes)).nodes.map((n) => n.op)).toEqual(['conv2d', 'relu']);
    const parts = [node('Split', ['x'], ['y', 'unused'], { axis: 1 })];
    expect(importSpec(network(parts)).nodes.map((n) => n.op)).toEqual(['slice']);
  });

  test('two outputs of which one is an image', () => {
    const nodes = [conv, node('Relu', ['c'], ['y']), node('Flatten', ['c'], ['z'])];
    const graph = importSpec(network(nodes, {}, { outputs: [{ name: 'y' }, { name: 'z' }] }));
    expect(graph.outputs.map((o) => o.boundary)).toEqual([{ layout: 'nchw' }, {}]);
  });

  test('an output that the operator does not have', () => {
    expect(error(network([node('Relu', ['x'], ['r', 'y'])]))).toBe('QCC2202');
    expect(error(network([conv, node('Concat', ['c', 'c'], ['r', 'y'], { axis: 1 })]))).toBe('QCC2202');
  });

  test('an image of a wrong declared output', () => {
    expect(
      error(network([one('Conv', ['x', 'w'])], {}, { outputs: [{ name: 'y', dims: [1, 3, 4, 6] }] })),
    ).toBe('QCC2111');
  });
});

describe('chosen input shapes', () => {
  const conv = network([one('Conv', ['x', 'w'])], {}, { outputs: [{ name: 'y', dims: [1, 6, 3, 4] }] });
  const bytes = model(conv);

  test('replace the declared ones, and what follows from them', () => {
    const graph = importSpec(conv, { inputShape: '1, 4, 7, 9' });
    expect([graph.inputs[0]?.type.shape, graph.nodes.at(-1)?.type.shape]).toEqual([
      [7, 9, 4],
      [5, 7, 6],
    ]);
    const open = { ...conv, inputs: [{ name: 'x', dims: ['n', 4, 'h', null] }], outputs: [{ name: 'y' }] };
    expect(error(open)).toBe('QCC2107');
    expect(importSpec(open, { inputShape: 'x=1,4,3,3' }).nodes.at(-1)?.type.shape).toEqual([1, 1, 6]);
  });

  test.each<[string, string]>([
    ['', 'QCC2310'],
    ['1,4,', 'QCC2310'],
    ['1,4,-5,6', 'QCC2310'],
    ['1,4,0,6', 'QCC2310'],
    ['1x4x5x6', 'QCC2310'],
    ['1,4,1e3,6', 'QCC2310'],
    ['1,4,9999999999,9999999999', 'QCC2310'],
    ['x=1,4,5,6;x=1,4,5,6', 'QCC2310'],
    [`${'1,'.repeat(5000)}1`, 'QCC2310'],
    ['z=1,4,5,6', 'QCC2311'],
    ['1,4,5', 'QCC2311'],
    ['2,4,5,6', 'QCC2109'],
    ['1,3,5,6', 'QCC2223'],
    ['1,4,2,2', 'QCC2222'],
  ])('%s', (inputShape, code) => {
    expect(codes(refusal(bytes, { inputShape }))).toEqual([code]);
  });
});
