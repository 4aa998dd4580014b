import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { both, first, float, list, positive, runs, same, small, spec, unit } from './ort.ts';
import { int64s, node, scalar, tensor } from './onnx-writer.ts';
import type { NodeSpec, TensorSpec } from './onnx-writer.ts';

describe('equal to onnxruntime', () => {
  test.each(['Add', 'Sub', 'Mul', 'Div'])('%s with every broadcast', async (op) => {
    const shapes = [[], [1], [3], [2, 3], [1, 1, 3], [1, 2, 1], [1, 2, 3]];
    await fc.assert(
      fc.asyncProperty(
        list(float, 6),
        list(positive, 6),
        fc.constantFrom(...shapes),
        fc.boolean(),
        async (x, b, dims, swap) => {
          const count = dims.reduce((n, m) => n * m, 1);
          const inputs = swap && op !== 'Div' ? ['b', 'x'] : ['x', 'b'];
          same(
            await both(
              spec([node(op, inputs, ['y'])], [1, 2, 3], [1, 2, 3], { b: tensor(dims, b.slice(0, count)) }),
              x,
            ),
          );
        },
      ),
      runs,
    );
  });

  test('a broadcast that widens the value', async () => {
    const b = tensor(
      [4, 1, 3],
      Array.from({ length: 12 }, (_, i) => i / 4),
    );
    same(await both(spec([node('Add', ['x', 'b'], ['y'])], [1, 2, 3], [4, 2, 3], { b }), [1, 2, 3, 4, 5, 6]));
  });

  test.each([2, 0.5])('Pow with exponent %d', async (exponent) => {
    await fc.assert(
      fc.asyncProperty(list(positive, 4), async (x) => {
        same(await both(spec([node('Pow', ['x', 'e'], ['y'])], [1, 4], [1, 4], { e: scalar(exponent) }), x));
      }),
      runs,
    );
  });

  test('Relu and Clip, limits as inputs, as attributes and left out', async () => {
    await fc.assert(
      fc.asyncProperty(list(float, 6), async (x) => {
        same(await both(spec([node('Relu', ['x'], ['y'])], [1, 6], [1, 6]), x));
        const limits = { lo: scalar(-1.5), hi: scalar(6) };
        same(await both(spec([node('Clip', ['x', 'lo', 'hi'], ['y'])], [1, 6], [1, 6], limits), x));
        same(await both(spec([node('Clip', ['x', '', 'hi'], ['y'])], [1, 6], [1, 6], { hi: scalar(6) }), x));
        const attributes = { min: { float: 0 }, max: { float: 6 } };
        same(await both(spec([node('Clip', ['x'], ['y'], attributes)], [1, 6], [1, 6], {}, { opset: 7 }), x));
      }),
      runs,
    );
  });

  test('MatMul of integers: matrix on either side, vectors, more rows', async () => {
    await fc.assert(
      fc.asyncProperty(list(small, 12), list(small, 12), async (x, w) => {
        same(
          await both(
            spec([node('MatMul', ['x', 'w'], ['y'])], [1, 4], [1, 3], { w: tensor([4, 3], w) }),
            x.slice(0, 4),
          ),
        );
        same(
          await both(
            spec([node('MatMul', ['x', 'w'], ['y'])], [1, 3, 4], [1, 3, 3], { w: tensor([4, 3], w) }),
            x,
          ),
        );
        same(
          await both(
            spec([node('MatMul', ['x', 'w'], ['y'])], [1, 3, 4], [1, 3, 3], { w: tensor([1, 4, 3], w) }),
            x,
          ),
        );
        same(
          await both(
            spec([node('MatMul', ['w', 'x'], ['y'])], [1, 4, 3], [1, 3, 3], { w: tensor([3, 4], w) }),
            x,
          ),
        );
        same(
          await both(
            spec([node('MatMul', ['x', 'w'], ['y'])], [1, 4], [1], { w: tensor([4], w.slice(0, 4)) }),
            x.slice(0, 4),
          ),
        );
        same(
          await both(
            spec([node('MatMul', ['x', 'w'], ['y'])], [4], [3], { w: tensor([4, 3], w) }),
            x.slice(0, 4),
          ),
        );
        same(
          await both(
            spec([node('MatMul', ['w', 'x'], ['y'])], [4], [3], { w: tensor([3, 4], w) }),
            x.slice(0, 4),
          ),
        );
      }),
      runs,
    );
  });

  test('Gemm of integers: alpha, beta, both transpositions, bias shapes', async () => {
    const biases = [[3], [1, 3], [1], [1, 1], []];
    await fc.assert(
      fc.asyncProperty(
        list(small, 4),
        list(small, 12),
        fc.boolean(),
        fc.constantFrom(1, 2, -0.5),
        fc.constantFrom(1, 0, 0.25),
        fc.constantFrom(...biases),
        async (x, w, transB, alpha, beta, dims) => {
          const c = tensor(
            dims,
            w.slice(
              0,
              dims.reduce((n, m) => n * m, 1),
            ),
          );
          const attributes = { alpha: { float: alpha }, beta: { float: beta }, transB: transB ? 1 : 0 };
          const initializers = { w: tensor(transB ? [3, 4] : [4, 3], w), c };
          same(
            await both(
              spec([node('Gemm', ['x', 'w', 'c'], ['y'], attributes)], [1, 4], [1, 3], initializers),
              x,
            ),
          );
          // x as a column, transposed by the node
          const turned = [
            node('Reshape', ['x', 's'], ['t']),
            node('Gemm', ['t', 'w', 'c'], ['y'], { ...attributes, transA: 1 }),
          ];
          same(await both(spec(turned, [1, 4], [1, 3], { ...initializers, s: int64s(4, 1) }), x));
        },
      ),
      runs,
    );
  });

  test('Gemm with the constant on the left', async () => {
    const w = tensor([3, 4], [1, 2, 3, 4, -1, -2, -3, -4, 5, 6, 7, 8]);
    const nodes = [node('Reshape', ['x', 's'], ['t']), node('Gemm', ['w', 't'], ['y'])];
    same(await both(spec(nodes, [1, 4], [3, 1], { w, s: int64s(4, 1) }), [1, -2, 3, -4]));
    same(
      await both(
        spec([node('Gemm', ['w', 'x'], ['y'], { transB: 1 })], [1, 4], [3, 1], { w }),
        [1, -2, 3, -4],
      ),
    );
  });

  test('layout: Transpose, Reshape, Flatten, Squeeze, Unsqueeze keep the order of elements', async () => {
    const count = 24;
    const sizes = [1, 2, 3, 4];
    const x = Array.from({ length: count }, (_, i) => i);
    /** Runs the nodes on x0, a copy of x: a change of shape alone would compute nothing. */
    const check = async (
      nodes: readonly NodeSpec[],
      out: readonly number[],
      initializers: Readonly<Record<string, TensorSpec>> = {},
      opset = 13,
    ): Promise<void> => {
      same(await both(spec([first, ...nodes], sizes, out, { unit, ...initializers }, { opset }), x));
    };
    for (const perm of ['0231', '0321', '1023', '3210', '2013'].map((text) => text.split('').map(Number))) {
      const out = perm.map((axis) => sizes[axis] ?? 1);
      await check([node('Transpose', ['x0'], ['y'], { perm })], out);
      const chain = [node('Transpose', ['x0'], ['t'], { perm }), node('Flatten', ['t'], ['y'])];
      await check(chain, [out[0] ?? 1, count / (out[0] ?? 1)]);
    }
    const reshape = [node('Reshape', ['x0', 's'], ['y'])];
    await check(reshape, [1, 24], { s: int64s(0, -1) });
    await check(reshape, [24], { s: int64s(-1) });
    await check(reshape, [2, 2, 6], { s: int64s(2, 0, -1) });
    await check(reshape, [4, 3, 2, 1], { s: int64s(4, 3, 2, 1) });
    for (const axis of [0, 1, 2, 4]) {
      const rows = sizes.slice(0, axis).reduce((n, m) => n * m, 1);
      await check([node('Flatten', ['x0'], ['y'], { axis })], [rows, count / rows]);
    }
    const inputs = [node('Unsqueeze', ['x0', 'a'], ['t']), node('Squeeze', ['t', 'b'], ['y'])];
    await check(inputs, [2, 1, 3, 4], { a: int64s(2), b: int64s(0) });
    const attributes = [
      node('Unsqueeze', ['x0'], ['t'], { axes: [2, 5] }),
      node('Squeeze', ['t'], ['y'], { axes: [-1] }),
    ];
    await check(attributes, [1, 2, 1, 3, 4], {}, 11);
    await check([node('Squeeze', ['x0'], ['y'])], [2, 3, 4]);
  });

  test('operations between changes of shape stay aligned', async () => {
    const x = Array.from({ length: 24 }, (_, i) => i - 11);
    const nodes = [
      node('Mul', ['x', 'm'], ['a']),
      node('Transpose', ['a'], ['b'], { perm: [0, 2, 1] }),
      node('Reshape', ['b', 's'], ['c']),
      node('Add', ['c', 'k'], ['d']),
      node('Transpose', ['d'], ['e'], { perm: [1, 0] }),
      node('MatMul', ['e', 'w'], ['y']),
    ];
    const initializers = {
      m: tensor([6, 1], [1, 2, 3, 4, 5, 6]),
      s: int64s(8, 3),
      k: tensor([8, 1], [1, 2, 3, 4, 5, 6, 7, 8]),
      w: tensor(
        [8, 2],
        Array.from({ length: 16 }, (_, i) => (i % 5) - 2),
      ),
    };
    same(await both(spec(nodes, [1, 6, 4], [3, 2], initializers), x));
  });

  test('ArgMax and TopK: ties, smallest, axes, keepdims', async () => {
    await fc.assert(
      fc.asyncProperty(list(fc.integer({ min: 0, max: 4 }), 6), async (x) => {
        const out = { outputs: [{ name: 'y', dims: [1, 1], type: 'int64' as const }] };
        same(await both(spec([node('ArgMax', ['x'], ['y'], { axis: 1 })], [1, 6], [], {}, out), x));
        const dropped = { outputs: [{ name: 'y', dims: [1], type: 'int64' as const }] };
        same(
          await both(
            spec([node('ArgMax', ['x'], ['y'], { axis: -1, keepdims: 0 })], [1, 6], [], {}, dropped),
            x,
          ),
        );
        const inner = { outputs: [{ name: 'y', dims: [1, 1, 3], type: 'int64' as const }] };
        same(await both(spec([node('ArgMax', ['x'], ['y'], { axis: 1 })], [1, 2, 3], [], {}, inner), x));
        for (const largest of [0, 1]) {
          const top = { outputs: [{ name: 'y', dims: [1, 3], type: 'int64' as const }] };
          same(
            await both(
              spec([node('TopK', ['x', 'k'], ['v', 'y'], { largest })], [1, 6], [], { k: int64s(3) }, top),
              x,
            ),
          );
        }
      }),
      runs,
    );
  });

  test('Identity, Dropout, Constant and a folded shape chain', async () => {
    const nodes = [
      node('Shape', ['x'], ['shape']),
      node('Gather', ['shape', 'zero'], ['batch']),
      node('Unsqueeze', ['batch', 'axis'], ['batch1']),
      node('Constant', [], ['rest'], { value_ints: [-1] }),
      node('Concat', ['batch1', 'rest'], ['to'], { axis: 0 }),
      node('Reshape', ['x', 'to'], ['flat']),
      node('Dropout', ['flat'], ['kept']),
      node('Identity', ['kept'], ['i']),
      node('Constant', [], ['two'], { value_float: { float: 2 } }),
      node('Mul', ['i', 'two'], ['y']),
    ];
    const initializers = { zero: scalar(0, 'int64'), axis: int64s(0) };
    const outcome = await both(spec(nodes, [1, 2, 3], [1, 6], initializers), [1, 2, 3, 4, 5, 6]);
    same(outcome);
    expect(outcome.graph.nodes.map((n) => n.op)).toEqual(['reshape', 'mul']);
  });

  test('folded arithmetic on shapes: Slice, Cast, ConstantOfShape, Expand, Where, Range', async () => {
    const nodes = [
      node('Shape', ['x'], ['shape']),
      node('Slice', ['shape', 'from', 'to', 'axes', 'step'], ['back']),
      node('Cast', ['back'], ['real'], { to: 1 }),
      node('ConstantOfShape', ['n'], ['ones'], { value: { tensor: tensor([1], [1]) } }),
      node('Mul', ['real', 'ones'], ['scaled']),
      node('Range', ['r0', 'r2', 'r1'], ['range']),
      node('Equal', ['range', 'r0v'], ['test']),
      node('Cast', ['range'], ['rangef'], { to: 1 }),
      node('Where', ['test', 'scaled', 'rangef'], ['chosen']),
      node('Expand', ['chosen', 'e'], ['wide']),
      node('Add', ['x', 'wide'], ['y']),
    ];
    const initializers = {
      from: int64s(-1),
      to: int64s(-1e9),
      axes: int64s(0),
      step: int64s(-2),
      n: int64s(2),
      r0: scalar(0, 'int64'),
      r1: scalar(1, 'int64'),
      r2: scalar(2, 'int64'),
      r0v: int64s(0, 5),
      e: int64s(3, 2),
    };
    same(
      await both(
        spec(nodes, [1, 4, 3, 2], [1, 4, 3, 2], initializers),
        Array.from({ length: 24 }, (_, i) => i),
      ),
    );
  });
});
