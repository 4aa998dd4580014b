import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { node, tensor } from './onnx-writer.ts';
import type { AttributeSpec } from './onnx-writer.ts';
import { close, filled, images } from './ort-images.ts';
import { same } from './ort.ts';

type Attributes = Readonly<Record<string, AttributeSpec>>;

describe('Conv equals onnxruntime', () => {
  test.each<[string, readonly number[], readonly number[], Attributes]>([
    ['plain', [1, 3, 5, 6], [4, 3, 3, 2], {}],
    ['one pixel kernel', [1, 3, 5, 6], [4, 3, 1, 1], { kernel_shape: [1, 1] }],
    ['uneven strides and pads', [1, 2, 7, 5], [3, 2, 3, 3], { strides: [2, 3], pads: [0, 1, 2, 1] }],
    ['dilations', [1, 2, 9, 8], [3, 2, 3, 2], { dilations: [3, 2], pads: [1, 0, 0, 1] }],
    ['SAME_UPPER, stride 2', [1, 2, 6, 7], [3, 2, 3, 2], { auto_pad: 'SAME_UPPER', strides: [2, 2] }],
    ['SAME_LOWER, stride 2', [1, 2, 6, 7], [3, 2, 3, 2], { auto_pad: 'SAME_LOWER', strides: [2, 2] }],
    ['VALID', [1, 2, 6, 7], [3, 2, 3, 2], { auto_pad: 'VALID' }],
    ['groups', [1, 6, 4, 4], [4, 3, 3, 3], { group: 2, pads: [1, 1, 1, 1] }],
    ['depthwise', [1, 4, 4, 5], [4, 1, 3, 3], { group: 4 }],
    ['depthwise, two outputs a channel', [1, 3, 4, 5], [6, 1, 2, 3], { group: 3 }],
    ['kernel of the whole image', [1, 3, 4, 5], [2, 3, 4, 5], {}],
    ['pads larger than the kernel', [1, 1, 3, 3], [2, 1, 2, 2], { pads: [3, 2, 4, 3] }],
    ['sequence', [1, 3, 9], [4, 3, 3], { strides: [2], pads: [1, 2] }],
    ['sequence, dilated groups', [1, 4, 12], [4, 2, 3], { dilations: [2], group: 2 }],
    ['sequence, SAME_LOWER', [1, 3, 8], [4, 3, 4], { auto_pad: 'SAME_LOWER', strides: [3] }],
  ])('%s', async (_, dims, weights, attributes) => {
    const w = filled(weights);
    const plain = await images([node('Conv', ['x', 'w'], ['y'], attributes)], dims, { w });
    same(plain);
    expect(plain.graph.nodes.map((n) => n.op)).toEqual(['conv2d']);
    expect(plain.graph.inputs[0]?.boundary.layout).toBe('nchw');
    const b = filled(weights.slice(0, 1), 9);
    const biased = await images([node('Conv', ['x', 'w', 'b'], ['y'], attributes)], dims, { w, b });
    same(biased);
    expect(biased.graph.nodes.map((n) => n.op)).toEqual(['conv2d', 'add']);
  });

  test('random geometry', async () => {
    const side = fc.record({
      size: fc.integer({ min: 1, max: 8 }),
      kernel: fc.integer({ min: 1, max: 4 }),
      stride: fc.integer({ min: 1, max: 3 }),
      dilation: fc.integer({ min: 1, max: 2 }),
      before: fc.integer({ min: 0, max: 3 }),
      after: fc.integer({ min: 0, max: 3 }),
    });
    const fits = side.filter((s) => s.size + s.before + s.after >= (s.kernel - 1) * s.dilation + 1);
    await fc.assert(
      fc.asyncProperty(fits, fits, fc.integer({ min: 1, max: 3 }), async (y, x, groups) => {
        const attributes = {
          group: groups,
          strides: [y.stride, x.stride],
          dilations: [y.dilation, x.dilation],
          pads: [y.before, x.before, y.after, x.after],
        };
        const w = filled([2 * groups, 2, y.kernel, x.kernel]);
        const nodes = [node('Conv', ['x', 'w'], ['y'], attributes)];
        same(await images(nodes, [1, 2 * groups, y.size, x.size], { w }));
      }),
      { numRuns: 40 },
    );
  });
});

describe('ConvTranspose equals onnxruntime', () => {
  test.each<[string, readonly number[], readonly number[], Attributes]>([
    ['plain', [1, 3, 4, 5], [3, 2, 3, 2], {}],
    ['stride 2', [1, 3, 4, 5], [3, 2, 2, 2], { strides: [2, 2] }],
    [
      'stride, pads, output padding',
      [1, 2, 3, 4],
      [2, 3, 3, 3],
      { strides: [2, 3], pads: [1, 0, 1, 2], output_padding: [1, 2] },
    ],
    ['dilations', [1, 2, 3, 4], [2, 3, 2, 3], { dilations: [2, 2], strides: [2, 1] }],
    ['groups', [1, 4, 3, 3], [4, 3, 2, 3], { group: 2, strides: [2, 2] }],
    ['depthwise', [1, 3, 3, 4], [3, 1, 3, 3], { group: 3, strides: [2, 2], pads: [1, 1, 1, 1] }],
    ['pads that cut into the image', [1, 2, 5, 5], [2, 2, 2, 1], { pads: [2, 1, 1, 2] }],
    ['SAME_UPPER', [1, 2, 3, 4], [2, 2, 4, 3], { auto_pad: 'SAME_UPPER', strides: [2, 2] }],
    ['SAME_LOWER', [1, 2, 3, 4], [2, 2, 4, 3], { auto_pad: 'SAME_LOWER', strides: [2, 2] }],
    ['VALID', [1, 2, 3, 4], [2, 2, 4, 3], { auto_pad: 'VALID', strides: [2, 2] }],
    ['output shape', [1, 2, 3, 4], [2, 2, 3, 3], { strides: [2, 2], output_shape: [6, 8] }],
    ['sequence', [1, 3, 6], [3, 2, 4], { strides: [3], pads: [1, 0] }],
  ])('%s', async (_, dims, weights, attributes) => {
    const w = filled(weights);
    const b = filled([(weights[1] ?? 1) * Number(attributes['group'] ?? 1)], 9);
    const outcome = await images([node('ConvTranspose', ['x', 'w', 'b'], ['y'], attributes)], dims, { w, b });
    same(outcome);
  });
});

describe('poolings equal onnxruntime', () => {
  test.each<[string, readonly number[], Attributes]>([
    ['plain', [1, 3, 4, 6], { kernel_shape: [2, 3] }],
    ['rows left over', [1, 2, 7, 8], { kernel_shape: [3, 3], strides: [3, 3] }],
    ['ceil_mode', [1, 2, 7, 8], { kernel_shape: [3, 3], strides: [3, 3], ceil_mode: 1 }],
    [
      'ceil_mode with pads',
      [1, 2, 6, 5],
      { kernel_shape: [2, 2], strides: [2, 2], pads: [1, 1, 1, 0], ceil_mode: 1 },
    ],
    ['pads', [1, 2, 6, 5], { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 2, 1] }],
    ['SAME_UPPER', [1, 2, 5, 6], { kernel_shape: [2, 3], strides: [2, 2], auto_pad: 'SAME_UPPER' }],
    ['SAME_LOWER', [1, 2, 5, 6], { kernel_shape: [2, 3], strides: [2, 2], auto_pad: 'SAME_LOWER' }],
    ['sequence', [1, 3, 9], { kernel_shape: [4], strides: [2], pads: [1, 2] }],
  ])('%s', async (_, dims, attributes) => {
    same(await images([node('MaxPool', ['x'], ['y'], attributes)], dims));
    // A power of two as the count of pixels makes averages of integers exact; others round once on both sides.
    close(await images([node('AveragePool', ['x'], ['y'], attributes)], dims));
    if (attributes['ceil_mode'] === undefined)
      close(await images([node('AveragePool', ['x'], ['y'], { ...attributes, count_include_pad: 1 })], dims));
  });

  test('MaxPool with dilations', async () => {
    const attributes = { kernel_shape: [2, 3], dilations: [2, 2], strides: [1, 2], pads: [1, 1, 1, 1] };
    same(await images([node('MaxPool', ['x'], ['y'], attributes)], [1, 2, 6, 8]));
  });

  test('whole images: global poolings, ReduceMean and ReduceMax, kept and dropped axes', async () => {
    const dims = [1, 3, 4, 8];
    same(await images([node('GlobalAveragePool', ['x'], ['y'])], dims));
    same(await images([node('GlobalMaxPool', ['x'], ['y'])], dims));
    for (const keepdims of [0, 1]) {
      same(await images([node('ReduceMean', ['x'], ['y'], { axes: [2, 3], keepdims })], dims));
      same(await images([node('ReduceMax', ['x'], ['y'], { axes: [-1, -2], keepdims })], dims));
      same(await images([node('ReduceMean', ['x'], ['y'], { axes: [1, 2], keepdims })], [1, 4, 8, 3]));
      same(await images([node('ReduceMean', ['x'], ['y'], { axes: [2], keepdims })], [1, 3, 8]));
    }
    const axes = tensor([2], [2, 3], 'int64');
    same(await images([node('ReduceMean', ['x', 'axes'], ['y'])], dims, { axes }, 18));
  });
});

describe('pads, sizes and channels equal onnxruntime', () => {
  test.each<[string, readonly number[], readonly number[], number]>([
    ['pads', [0, 0, 1, 2, 0, 0, 3, 0], [1, 2, 3, 4], 0],
    ['another value', [0, 0, 1, 0, 0, 0, 0, 1], [1, 2, 3, 4], -2.5],
    ['a sequence', [0, 0, 2, 0, 0, 1], [1, 2, 5], 1],
    ['nothing', [0, 0, 0, 0, 0, 0, 0, 0], [1, 2, 3, 4], 1],
  ])('Pad: %s', async (_, pads, dims, value) => {
    const last = node('Relu', ['p'], ['y']);
    const p = tensor([pads.length], pads, 'int64');
    const v = tensor([], [value]);
    same(await images([node('Pad', ['x', 'p8', 'v'], ['p']), last], dims, { p8: p, v }));
    same(await images([node('Pad', ['x'], ['p'], { pads, value: { float: value } }), last], dims, {}, 10));
  });

  test('Pad along some axes', async () => {
    const initializers = { p: tensor([4], [1, 2, 0, 3], 'int64'), a: tensor([2], [-1, 2], 'int64') };
    same(await images([node('Pad', ['x', 'p', '', 'a'], ['y'])], [1, 2, 3, 4], initializers, 18));
  });

  test('Upsample and Resize: scales and sizes, rules that repeat pixels', async () => {
    const dims = [1, 2, 3, 4];
    const scales = tensor([4], [1, 1, 2, 3]);
    same(await images([node('Upsample', ['x', 's'], ['y'], { mode: 'nearest' })], dims, { s: scales }, 9));
    same(await images([node('Resize', ['x', 's'], ['y'], { mode: 'nearest' })], dims, { s: scales }, 10));
    for (const [coordinate_transformation_mode, nearest_mode] of [
      ['asymmetric', 'floor'],
      ['half_pixel', 'round_prefer_floor'],
      ['half_pixel', 'round_prefer_ceil'],
      ['pytorch_half_pixel', 'round_prefer_floor'],
      ['tf_half_pixel_for_nn', 'floor'],
    ] as const) {
      const attributes = { mode: 'nearest', coordinate_transformation_mode, nearest_mode };
      same(await images([node('Resize', ['x', '', 's'], ['y'], attributes)], dims, { s: scales }));
      const sizes = tensor([4], [1, 2, 12, 8], 'int64');
      same(await images([node('Resize', ['x', '', '', 'n'], ['y'], attributes)], dims, { n: sizes }));
    }
    const corners = { mode: 'nearest', coordinate_transformation_mode: 'align_corners' };
    const twice = { s: tensor([4], [1, 1, 2, 2]) };
    same(await images([node('Resize', ['x', '', 's'], ['y'], corners)], [1, 2, 5, 6], twice));
    const s = tensor([3], [1, 1, 4]);
    same(await images([node('Resize', ['x', '', 's'], ['y'], { mode: 'nearest' })], [1, 2, 5], { s }));
  });

  test('DepthToSpace in both orders', async () => {
    for (const mode of ['DCR', 'CRD'])
      same(await images([node('DepthToSpace', ['x'], ['y'], { blocksize: 2, mode })], [1, 12, 2, 3]));
    same(await images([node('DepthToSpace', ['x'], ['y'], { blocksize: 3 })], [1, 9, 2, 3]));
  });
});

describe('branches equal onnxruntime', () => {
  const w = filled([4, 3, 1, 1]);
  const w2 = filled([2, 3, 1, 1], 5);
  const conv = node('Conv', ['x', 'w'], ['a']);
  const conv2 = node('Conv', ['x', 'w2'], ['b']);

  test.each(['Add', 'Sub', 'Mul'])('%s of two convolutions', async (op) => {
    const nodes = [conv, node('Conv', ['x', 'w2'], ['b']), node(op, ['a', 'b'], ['y'])];
    same(await images(nodes, [1, 3, 4, 5], { w, w2: filled([4, 3, 1, 1], 8) }));
  });

  test('Concat along every axis', async () => {
    same(
      await images([conv, conv2, node('Concat', ['a', 'b', 'x'], ['y'], { axis: 1 })], [1, 3, 4, 5], {
        w,
        w2,
      }),
    );
    for (const axis of [2, -1])
      same(await images([conv, node('Concat', ['a', 'a'], ['y'], { axis })], [1, 3, 4, 5], { w }));
    same(await images([node('Concat', ['x', 'x'], ['y'], { axis: 1 })], [1, 6]));
  });

  test('Split into parts and back in another order', async () => {
    const join = node('Concat', ['c', 'b', 'd'], ['y'], { axis: 1 });
    const nodes = [conv, node('Split', ['a'], ['b', 'c', 'd'], { axis: 1, split: [1, 2, 1] }), join];
    same(await images(nodes, [1, 3, 4, 5], { w }, 11));
    const listed = [conv, node('Split', ['a', 'n'], ['b', 'c', 'd'], { axis: 1 }), join];
    const outcome = await images(listed, [1, 3, 4, 5], { w, n: tensor([3], [2, 1, 1], 'int64') });
    same(outcome);
    expect(outcome.graph.nodes.map((n) => n.op)).toEqual(['conv2d', 'slice', 'slice', 'slice', 'concat']);
    const equal = [conv, node('Split', ['a'], ['b', 'c'], { axis: -2 }), node('Add', ['b', 'c'], ['y'])];
    same(await images(equal, [1, 3, 4, 5], { w }));
    const uneven = [conv, node('Split', ['a'], ['b', 'y'], { axis: 3, num_outputs: 2 })];
    same(await images(uneven, [1, 3, 4, 5], { w }, 18));
  });

  test('Slice of images and of vectors', async () => {
    const initializers = {
      w,
      from: tensor([2], [1, -4], 'int64'),
      to: tensor([2], [3, 2 ** 40], 'int64'),
      axes: tensor([2], [1, 3], 'int64'),
    };
    same(await images([conv, node('Slice', ['a', 'from', 'to', 'axes'], ['y'])], [1, 3, 4, 5], initializers));
    same(await images([node('Slice', ['x'], ['y'], { starts: [1], ends: [5], axes: [1] })], [1, 7], {}, 9));
  });

  test('Slice, Split and Concat along the first axis of what is no image', async () => {
    const s = tensor([2], [3, 4], 'int64');
    const rows = node('Reshape', ['x', 's'], ['r']);
    for (const to of [2, 3]) {
      const slice = node('Slice', ['r'], ['y'], { starts: [1], ends: [to], axes: [0] });
      same(await images([rows, slice], [1, 12], { s }, 9));
    }
    const parts = [
      rows,
      node('Split', ['r'], ['a', 'b'], { axis: 0, split: [1, 2] }),
      node('Concat', ['b', 'b'], ['c'], { axis: 0 }),
      node('Slice', ['c'], ['d'], { starts: [0], ends: [1], axes: [0] }),
      node('Add', ['a', 'd'], ['y']),
    ];
    same(await images(parts, [1, 12], { s }, 9));
  });

  test('an output that is an image, beside one that is not', async () => {
    const nodes = [conv, node('GlobalMaxPool', ['a'], ['g']), node('Add', ['a', 'g'], ['y'])];
    same(await images(nodes, [1, 3, 4, 5], { w }));
  });
});
