import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { node, tensor } from './onnx-writer.ts';
import { close, filled, images, integers } from './ort-images.ts';
import { runs, same } from './ort.ts';

describe('constants and changes of shape mean what ONNX says for channels first', () => {
  const w = filled([4, 3, 2, 2]);
  const conv = node('Conv', ['x', 'w'], ['a']);
  const dims = [1, 3, 4, 5];

  test('constants of every shape that broadcasts', async () => {
    const shapes = [
      [],
      [1],
      [4],
      [3, 4],
      [3, 1],
      [4, 1, 1],
      [1, 4, 1, 1],
      [1, 1, 3, 4],
      [1, 4, 3, 4],
      [4, 3, 1],
    ];
    for (const shape of shapes) {
      for (const op of ['Add', 'Mul']) {
        const inputs = op === 'Add' ? ['a', 'k'] : ['k', 'a'];
        same(await images([conv, node(op, inputs, ['y'])], dims, { w, k: filled(shape, 7) }));
      }
    }
  });

  test('constants that widen: channels, rank, batch', async () => {
    const one = filled([1, 3, 2, 2]);
    for (const shape of [
      [1, 5, 1, 1],
      [5, 1, 4],
      [2, 1, 1, 1, 1],
      [2, 1, 1, 1],
    ])
      same(await images([conv, node('Add', ['a', 'k'], ['y'])], dims, { w: one, k: filled(shape, 7) }));
  });

  test('two values of different rank', async () => {
    const nodes = [
      conv,
      node('GlobalMaxPool', ['a'], ['g']),
      node('Flatten', ['g'], ['f']),
      node('Add', ['a', 'f'], ['y']),
    ];
    same(await images(nodes, [1, 3, 4, 5], { w }));
  });

  test('per-channel functions: PRelu, batch normalization, LeakyRelu, Clip', async () => {
    const slope = tensor([4, 1, 1], [0.5, 0.25, 2, -1]);
    same(await images([conv, node('PRelu', ['a', 's'], ['y'])], dims, { w, s: slope }));
    same(await images([conv, node('LeakyRelu', ['a'], ['y'], { alpha: { float: 0.125 } })], dims, { w }));
    const limits = { lo: tensor([], [-3]), hi: tensor([], [5]) };
    same(await images([conv, node('Clip', ['a', 'lo', 'hi'], ['y'])], dims, { w, ...limits }));
    const k = (seed: number) =>
      tensor(
        [4],
        integers(4, seed).map((n) => n + 8),
      );
    const norm = node('BatchNormalization', ['a', 'g', 'b', 'm', 'v'], ['y'], { epsilon: { float: 0.5 } });
    close(await images([conv, norm], dims, { w, g: k(1), b: k(2), m: k(3), v: k(4) }));
  });

  test('Sigmoid and Tanh', async () => {
    const scale = tensor([], [0.0625]);
    for (const op of ['Sigmoid', 'Tanh'])
      close(
        await images([conv, node('Mul', ['a', 'k'], ['b']), node(op, ['b'], ['y'])], dims, { w, k: scale }),
        1e-6,
      );
  });

  test('Softmax and ArgMax over every axis', async () => {
    for (const axis of [1, 2, 3]) {
      close(await images([conv, node('Softmax', ['a'], ['y'], { axis })], dims, { w }), 1e-6);
      for (const keepdims of [0, 1])
        same(
          await images([conv, node('ArgMax', ['a'], ['y'], { axis, keepdims })], dims, { w }, 13, 'int64'),
        );
    }
  });

  test('Flatten, Reshape, Transpose, Squeeze, MatMul', async () => {
    same(await images([conv, node('Flatten', ['a'], ['y'])], dims, { w }));
    same(await images([conv, node('Flatten', ['a'], ['y'], { axis: 2 })], dims, { w }));
    for (const shape of [
      [1, -1],
      [1, 4, -1],
      [1, 4, 4, 3],
      [4, 3, 4],
      [1, 2, 6, 4],
      [1, 4, 2, 3, 2],
    ]) {
      const s = tensor([shape.length], shape, 'int64');
      same(await images([conv, node('Reshape', ['a', 's'], ['y'])], dims, { w, s }));
    }
    for (const perm of [
      [0, 2, 3, 1],
      [0, 3, 2, 1],
      [0, 1, 3, 2],
      [0, 3, 1, 2],
      [1, 0, 2, 3],
    ])
      same(await images([conv, node('Transpose', ['a'], ['y'], { perm })], dims, { w }));
    const m = filled([4, 6], 5);
    same(await images([conv, node('MatMul', ['a', 'm'], ['y'])], dims, { w, m }));
    const rows = [node('GlobalMaxPool', ['x'], ['a']), node('Squeeze', ['a', 'n'], ['y'])];
    same(await images(rows, dims, { n: tensor([2], [2, 3], 'int64') }));
  });

  test('a reshape that keeps the channels moves nothing', async () => {
    const s = tensor([3], [1, 4, -1], 'int64');
    const nodes = [conv, node('Reshape', ['a', 's'], ['b']), node('Conv', ['b', 'w1'], ['y'])];
    const outcome = await images(nodes, dims, { w, s, w1: filled([2, 4, 3], 4) });
    same(outcome);
    expect(outcome.graph.nodes.map((n) => n.op)).toEqual(['conv2d', 'reshape', 'conv2d']);
  });

  test('one channel or one pixel: Flatten is no transpose', async () => {
    const pixel = [node('Conv', ['x', 'w'], ['a']), node('Flatten', ['a'], ['y'])];
    for (const shape of [
      [4, 3, 4, 5],
      [1, 3, 2, 2],
    ]) {
      const outcome = await images(pixel, dims, { w: filled(shape) });
      same(outcome);
      expect(outcome.graph.nodes.map((n) => n.op)).toEqual(['conv2d', 'reshape']);
    }
  });

  test('a network of channels last: its transposes leave no trace', async () => {
    const nodes = [
      node('Transpose', ['x'], ['t'], { perm: [0, 3, 1, 2] }),
      node('Conv', ['t', 'w'], ['a']),
      node('Relu', ['a'], ['r']),
      node('Transpose', ['r'], ['y'], { perm: [0, 2, 3, 1] }),
    ];
    const outcome = await images(nodes, [1, 4, 5, 3], { w });
    same(outcome);
    expect(outcome.graph.nodes.map((n) => n.op)).toEqual(['conv2d', 'relu']);
    expect([outcome.graph.inputs[0]?.boundary, outcome.graph.outputs[0]?.boundary]).toEqual([{}, {}]);
    const sequence = [
      node('Transpose', ['x'], ['t'], { perm: [0, 2, 1] }),
      node('Conv', ['t', 'w'], ['a']),
      node('Transpose', ['a'], ['y'], { perm: [0, 2, 1] }),
    ];
    const line = await images(sequence, [1, 7, 3], { w: filled([4, 3, 2]) });
    same(line);
    expect(line.graph.nodes.map((n) => n.op)).toEqual(['reshape', 'conv2d', 'reshape']);
  });

  test('a value read in both orders is turned once', async () => {
    const nodes = [
      conv,
      node('Flatten', ['a'], ['f']),
      node('Reshape', ['a', 's'], ['g']),
      node('Concat', ['f', 'g'], ['y'], { axis: 1 }),
    ];
    const outcome = await images(nodes, dims, { w, s: tensor([2], [1, 48], 'int64') });
    same(outcome);
    expect(outcome.graph.nodes.filter((n) => n.op === 'transpose')).toHaveLength(1);
  });

  test('an image read by a convolution and by a matrix', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 3 }),
        async (height, width) => {
          const nodes = [
            node('Conv', ['x', 'w'], ['a']),
            node('Flatten', ['x'], ['f']),
            node('MatMul', ['f', 'm'], ['b']),
            node('Flatten', ['a'], ['c']),
            node('Concat', ['b', 'c'], ['y'], { axis: 1 }),
          ];
          const initializers = { w: filled([2, 2, 1, 1]), m: filled([2 * height * width, 3], 4) };
          same(await images(nodes, [1, 2, height, width], initializers));
        },
      ),
      runs,
    );
  });
});
