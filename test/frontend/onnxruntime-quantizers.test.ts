import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { both, first, float, list, positive, runs, same, small, spec, unit } from './ort.ts';
import { node, scalar, tensor } from './onnx-writer.ts';

describe('quantizers equal to onnxruntime', () => {
  test.each(['int8', 'uint8'] as const)(
    'QuantizeLinear, Clip, DequantizeLinear of %s: per tensor and per axis',
    async (type) => {
      // onnxruntime clips int8 and uint8 only; ties and saturation lie in the inputs.
      const zero = type === 'int8' ? -3 : 120;
      const ties = Array.from({ length: 12 }, (_, i) => (i - 6) * 0.125);
      await fc.assert(
        fc.asyncProperty(list(float, 12), positive, async (x, scale) => {
          for (const values of [x, ties]) {
            const one = { unit, s: scalar(values === ties ? 0.25 : scale), z: scalar(zero, type) };
            const dims = [1, 3, 4];
            const quantize = node('QuantizeLinear', ['x0', 's', 'z'], ['q']);
            const dequantize = node('DequantizeLinear', ['q', 's', 'z'], ['y']);
            same(await both(spec([first, quantize, dequantize], dims, dims, one), values));
            const limits = { lo: scalar(zero - 7, type), hi: scalar(zero + 7, type) };
            const clipped = [
              first,
              quantize,
              node('Clip', ['q', 'lo', 'hi'], ['p']),
              { ...dequantize, inputs: ['p', 's', 'z'] },
            ];
            same(await both(spec(clipped, dims, dims, { ...one, ...limits }), values));
            const channels = { unit, s: tensor([3], [scale, 0.5, 3]), z: tensor([3], [zero, 0, 5], type) };
            const attributes = { axis: 1 };
            const perAxis = [first, { ...quantize, attributes }, { ...dequantize, attributes }];
            same(await both(spec(perAxis, dims, dims, channels), values));
          }
        }),
        runs,
      );
    },
  );

  test('the levels of QuantizeLinear as output, at the boundary of the graph', async () => {
    const outcome = await both(
      spec(
        [first, node('QuantizeLinear', ['x0', 's', 'z'], ['y'])],
        [1, 4],
        [1, 4],
        { unit, s: scalar(0.5), z: scalar(3, 'uint8') },
        {
          outputs: [{ name: 'y', dims: [1, 4], type: 'uint8' }],
        },
      ),
      [-9, 0.25, 0.75, 900],
    );
    expect(outcome.graph.outputs[0]?.boundary).toEqual({
      scale: { numerator: 0.5, denominator: 1 },
      zeroPoint: 3,
    });
    expect(outcome.ours.map((real) => real / 0.5 + 3)).toEqual(outcome.theirs);
  });

  test('weights of DequantizeLinear, per tensor and per output channel', async () => {
    await fc.assert(
      fc.asyncProperty(list(small, 4), list(small, 12), async (x, w) => {
        const per = {
          w: tensor([4, 3], w, 'int8'),
          s: tensor([3], [0.5, 0.25, 2]),
          z: tensor([3], [1, 0, -2], 'int8'),
        };
        const nodes = [
          node('DequantizeLinear', ['w', 's', 'z'], ['d'], { axis: 1 }),
          node('MatMul', ['x', 'd'], ['y']),
        ];
        const outcome = await both(spec(nodes, [1, 4], [1, 3], per), x);
        same(outcome);
        expect(outcome.graph.nodes.map((n) => n.op)).toEqual(['quant', 'matmul']);
      }),
      runs,
    );
  });
});
