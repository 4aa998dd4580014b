import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { both, float, list, normal, positive, runs, spec } from './ort.ts';
import { node, tensor } from './onnx-writer.ts';

describe('within a stated bound of onnxruntime', () => {
  test('float dot products: n rounding errors of the absolute products', async () => {
    await fc.assert(
      fc.asyncProperty(list(float, 8), list(float, 16), async (x, w) => {
        const { ours, theirs } = await both(
          spec([node('MatMul', ['x', 'w'], ['y'])], [1, 8], [1, 2], { w: tensor([8, 2], w) }),
          x,
        );
        ours.forEach((value, o) => {
          const weight = x.reduce((sum, v, i) => sum + Math.abs(v * (w[2 * i + o] ?? 0)), 0);
          expect(Math.abs(value - (theirs[o] ?? NaN))).toBeLessThanOrEqual(8 * 2 ** -24 * weight + 2 ** -149);
        });
      }),
      runs,
    );
  });

  test.each([
    [
      [1, 3],
      [1, 3],
    ],
    [
      [1, 3, 1],
      [1, 3, 1],
    ],
    [
      [1, 3, 2, 2],
      [1, 3, 2, 2],
    ],
  ])('BatchNormalization of %j: 4 rounding errors of the largest term', async (dims) => {
    const count = dims.reduce((n, m) => n * m, 1);
    const parameters = fc.tuple(list(normal, 3), list(normal, 3), list(normal, 3), list(positive, 3));
    await fc.assert(
      fc.asyncProperty(list(normal, count), parameters, async (x, [scale, bias, mean, variance]) => {
        const initializers = {
          s: tensor([3], scale),
          b: tensor([3], bias),
          m: tensor([3], mean),
          v: tensor([3], variance),
        };
        const nodes = [
          node('BatchNormalization', ['x', 's', 'b', 'm', 'v'], ['y'], { epsilon: { float: 1e-5 } }),
        ];
        const { ours, theirs, graph } = await both(spec(nodes, dims, dims, initializers), x);
        expect(graph.nodes.filter((n) => n.op === 'batchnorm')).toHaveLength(1);
        ours.forEach((value, i) => {
          const c = Math.floor(i / (count / 3));
          const factor = (scale[c] ?? 0) / Math.sqrt((variance[c] ?? 0) + 1e-5);
          const terms =
            Math.abs((x[i] ?? 0) * factor) + Math.abs((mean[c] ?? 0) * factor) + Math.abs(bias[c] ?? 0);
          expect(Math.abs(value - (theirs[i] ?? NaN))).toBeLessThanOrEqual(4 * 2 ** -24 * terms + 2 ** -149);
        });
      }),
      runs,
    );
  });

  test('Softmax, new and old default axis: 2^-20 of one', async () => {
    await fc.assert(
      fc.asyncProperty(list(float, 5), fc.constantFrom(13, 11), async (x, opset) => {
        const { ours, theirs } = await both(
          spec([node('Softmax', ['x'], ['y'])], [1, 5], [1, 5], {}, { opset }),
          x,
        );
        ours.forEach((value, i) =>
          expect(Math.abs(value - (theirs[i] ?? NaN))).toBeLessThanOrEqual(2 ** -20),
        );
      }),
      runs,
    );
  });
});
