import { describe, expect, test } from 'vitest';
import { importSpec, nodeNamed, run } from './helpers.ts';
import { node, scalar, tensor } from './onnx-writer.ts';
import type { ModelSpec, NodeSpec, TensorSpec } from './onnx-writer.ts';
import { close, filled, images, integers, volume } from './ort-images.ts';

const domain = 'qonnx.custom_op.general';

function network(
  nodes: readonly NodeSpec[],
  dims: readonly number[],
  initializers: Readonly<Record<string, TensorSpec>>,
): ModelSpec {
  return { nodes, inputs: [{ name: 'x', dims }], outputs: [{ name: 'y' }], initializers };
}

/** A plain convolution of channels-first arrays, stride 1, no pads. */
function convolve(
  x: readonly number[],
  dims: readonly number[],
  w: readonly number[],
  shape: readonly number[],
): number[] {
  const [, channels = 1, height = 1, width = 1] = dims;
  const [outs = 1, , rows = 1, columns = 1] = shape;
  const [h, v] = [height - rows + 1, width - columns + 1];
  return Array.from({ length: outs * h * v }, (_, at) => {
    const [o, oy, ox] = [Math.floor(at / (h * v)), Math.floor(at / v) % h, at % v];
    let sum = 0;
    for (let c = 0; c < channels; c++)
      for (let ky = 0; ky < rows; ky++)
        for (let kx = 0; kx < columns; kx++)
          sum +=
            (x[(c * height + oy + ky) * width + ox + kx] ?? NaN) *
            (w[((o * channels + c) * rows + ky) * columns + kx] ?? NaN);
    return sum;
  });
}

describe('quantized weights of convolutions', () => {
  const shape = [3, 2, 2, 3];
  const dims = [1, 2, 4, 5];
  const w = integers(volume(shape), 5);
  const x = integers(volume(dims), 6);

  test('a scale per output channel stands along the first axis', () => {
    const scales = [0.5, 2, 0.25];
    const nodes = [
      node('Quant', ['w', 's', 'z', 'b'], ['q'], { signed: 1, narrow: 1 }, domain),
      node('Conv', ['x', 'q'], ['y']),
    ];
    const parameters = { s: tensor([3, 1, 1, 1], scales), z: scalar(0), b: scalar(3) };
    const graph = importSpec(network(nodes, dims, { w: tensor(shape, w), ...parameters }));
    const quantizer = nodeNamed(graph, 'Quant_q');
    expect(quantizer.type.shape).toEqual([3, 2, 3, 2]);
    const constants = quantizer.operands.map((o) => graph.consts.get(o.name)?.tensor.type.shape);
    expect(constants).toEqual([[3, 2, 3, 2], [3, 1, 1, 1], []]);
    const levels = w.map((v, i) => {
      const scale = scales[Math.floor(i / 12)] ?? 1;
      const q = v / scale;
      const even = Math.abs(q % 1) === 0.5 ? 2 * Math.round(q / 2) : Math.round(q);
      return Math.min(3, Math.max(-3, even)) * scale;
    });
    expect(Array.from(run(graph, x).data)).toEqual(convolve(x, dims, levels, shape));
  });

  test('one bit, and a weight used by two convolutions', () => {
    const nodes = [
      node('BipolarQuant', ['w', 's'], ['q'], {}, domain),
      node('Conv', ['x', 'q'], ['a']),
      node('Conv', ['x', 'q'], ['b'], { pads: [0, 0, 0, 0] }),
      node('Add', ['a', 'b'], ['y']),
    ];
    const graph = importSpec(network(nodes, dims, { w: tensor(shape, w), s: scalar(0.5) }));
    expect(graph.nodes.map((n) => n.op)).toEqual(['bipolar_quant', 'conv2d', 'conv2d', 'add']);
    const signs = w.map((v) => (v >= 0 ? 1 : -1));
    expect(Array.from(run(graph, x).data)).toEqual(convolve(x, dims, signs, shape));
  });

  test('integer weights of DequantizeLinear along an axis, as onnxruntime computes them', async () => {
    const int8 = (axes: readonly number[], seed: number) =>
      tensor(axes, integers(volume(axes), seed), 'int8');
    const scale = tensor([4], [0.5, 0.25, 2, 1]);
    const zero = tensor([4], [0, 0, 0, 0], 'int8');
    const dequantize = (axis: number) => node('DequantizeLinear', ['w', 's', 'z'], ['d'], { axis });
    for (const [attributes, kernel] of [
      [{}, [4, 2, 3, 2]],
      [{ group: 2 }, [4, 1, 2, 2]],
    ] as const) {
      const nodes = [dequantize(0), node('Conv', ['x', 'd'], ['y'], attributes)];
      close(await images(nodes, dims, { w: int8(kernel, 3), s: scale, z: zero }));
    }
    const sequence = [dequantize(0), node('Conv', ['x', 'd'], ['y'])];
    close(await images(sequence, [1, 3, 8], { w: int8([4, 3, 3], 3), s: scale, z: zero }));
    const turned = [dequantize(1), node('ConvTranspose', ['x', 'd'], ['y'], { strides: [2, 2] })];
    close(await images(turned, dims, { w: int8([2, 4, 3, 2], 3), s: scale, z: zero }));
    const depthwise = [dequantize(0), node('ConvTranspose', ['x', 'd'], ['y'], { group: 4 })];
    const outcome = await images(depthwise, [1, 4, 3, 3], { w: int8([4, 1, 2, 2], 3), s: scale, z: zero });
    close(outcome);
    const parameters = outcome.graph.nodes[0]?.operands.map(
      (o) => outcome.graph.consts.get(o.name)?.tensor.type.shape,
    );
    expect(parameters).toEqual([[4, 2, 2, 1], [4, 1, 1, 1], []]);
  });

  test('activations quantized per channel, as onnxruntime computes them', async () => {
    const nodes = [
      node('Conv', ['x', 'w'], ['a']),
      node('QuantizeLinear', ['a', 's', 'z'], ['q'], { axis: 1 }),
      node('DequantizeLinear', ['q', 's', 'z'], ['y'], { axis: 1 }),
    ];
    const s = tensor([3], [0.5, 2, 16]);
    close(await images(nodes, dims, { w: filled(shape), s, z: tensor([3], [0, 3, -5], 'int8') }));
  });

  test('Quant with a scale per channel, and MultiThreshold, keep the channels last', () => {
    const nodes = [
      node('Conv', ['x', 'w'], ['a']),
      node('Quant', ['a', 's', 'z', 'b'], ['q'], {}, domain),
      node('MultiThreshold', ['q', 't'], ['y'], {}, domain),
    ];
    const initializers = {
      w: tensor(shape, w),
      s: tensor([1, 3, 1, 1], [1, 2, 4]),
      z: scalar(0),
      b: scalar(6),
      t: tensor([3, 2], [-4, 4, -10, 10, 0, 1]),
    };
    const graph = importSpec(network(nodes, dims, initializers));
    expect(graph.nodes.map((n) => n.op)).toEqual(['conv2d', 'quant', 'multithreshold']);
    const sums = convolve(x, dims, w, shape);
    const limits = [
      [-4, 4],
      [-10, 10],
      [0, 1],
    ];
    const expected = sums.map((v, i) => {
      const c = Math.floor(i / 9);
      const scale = [1, 2, 4][c] ?? 1;
      const q = v / scale;
      const even = Math.abs(q % 1) === 0.5 ? 2 * Math.round(q / 2) : Math.round(q);
      const level = Math.min(31, Math.max(-32, even)) * scale;
      return (limits[c] ?? []).filter((t) => level >= t).length;
    });
    expect(Array.from(run(graph, x).data)).toEqual(expected);
  });

  test('a quantized bias', () => {
    const nodes = [
      node('Quant', ['k', 's', 'z', 'b'], ['q'], {}, domain),
      node('Conv', ['x', 'w', 'q'], ['y']),
    ];
    const initializers = {
      w: tensor(shape, w),
      k: tensor([3], [1.2, -3, 4]),
      s: scalar(0.5),
      z: scalar(0),
      b: scalar(8),
    };
    const graph = importSpec(network(nodes, dims, initializers));
    const bias = [1, -3, 4];
    const expected = convolve(x, dims, w, shape).map((v, i) => v + (bias[Math.floor(i / 9)] ?? NaN));
    expect(Array.from(run(graph, x).data)).toEqual(expected);
  });
});

describe('QuantAvgPool2d', () => {
  // The published definition: the sum of the window's integers, shifted right by what bits a sum of k * k inputs has more than the output.
  test.each<[number, number, number, number]>([
    [2, 2, 4, 4],
    [3, 1, 4, 2],
    [2, 1, 2, 8],
    [4, 4, 8, 8],
  ])('kernel %d, stride %d, %d bits to %d', (kernel, stride, ibits, obits) => {
    const [height, width, channels] = [5, 6, 3];
    for (const signed of [0, 1]) {
      const most = 2 ** ibits - 1;
      const range = (v: number) => (signed ? v % 2 ** (ibits - 1) : (v + 7) % (most + 1));
      const x = integers(height * width * channels, 4).map((v) => range(v) + 0);
      const [rows, columns] = [height, width].map((n) => Math.floor((n - kernel) / stride) + 1);
      const bits = Math.floor(Math.log2(most * kernel * kernel)) + 1;
      const shift = Math.max(0, bits - obits);
      const at = (c: number, y: number, z: number): number => {
        let sum = 0;
        for (let i = 0; i < kernel; i++)
          for (let j = 0; j < kernel; j++)
            sum += x[(c * height + y * stride + i) * width + z * stride + j] ?? NaN;
        return Math.floor(sum / 2 ** shift);
      };
      const expected = Array.from({ length: channels * (rows ?? 0) * (columns ?? 0) }, (_, i) => {
        const pixels = (rows ?? 0) * (columns ?? 0);
        return at(Math.floor(i / pixels), Math.floor((i % pixels) / (columns ?? 1)), i % (columns ?? 1));
      });
      const attributes = { kernel, stride, ibits, obits, signed };
      const pool = node('QuantAvgPool2d', ['x'], ['y'], attributes, domain);
      const graph = importSpec(network([pool], [1, channels, height, width], {}));
      expect(Array.from(run(graph, x).data, (v) => v + 0)).toEqual(expected.map((v) => v + 0));

      const last = [
        node('Transpose', ['x'], ['t'], { perm: [0, 2, 3, 1] }),
        node('QuantAvgPool2d', ['t'], ['u'], { ...attributes, data_layout: 'NHWC' }, domain),
        node('Transpose', ['u'], ['y'], { perm: [0, 3, 1, 2] }),
      ];
      const other = importSpec(network(last, [1, channels, height, width], {}));
      expect(Array.from(run(other, x).data, (v) => v + 0)).toEqual(expected.map((v) => v + 0));
    }
  });
});

describe('wrappers with the channels last', () => {
  test('Conv, BatchNormalization, MaxPool are the standard operators, and leave no transpose', () => {
    const last = 'qonnx.custom_op.channels_last';
    const parameters = {
      s: tensor([1, 1, 1, 2], [1, 2]),
      z: scalar(0),
      b: scalar(4),
    };
    const weights = integers(2 * 3 * 2 * 2, 8);
    const wrapped: ModelSpec = {
      nodes: [
        node('Quant', ['w', 's', 'z', 'b'], ['q'], {}, domain),
        node('Conv', ['x', 'q'], ['c'], { pads: [1, 0, 0, 0] }, last),
        node('BatchNormalization', ['c', 'g', 'm', 'm', 'one'], ['n'], { epsilon: { float: 0.5 } }, last),
        node('MaxPool', ['n'], ['y'], { kernel_shape: [2, 2] }, last),
      ],
      inputs: [{ name: 'x', dims: [1, 4, 5, 2] }],
      outputs: [{ name: 'y', dims: [1, 3, 3, 3] }],
      initializers: {
        ...parameters,
        w: tensor([3, 2, 2, 2], weights),
        g: filled([3], 2),
        m: filled([3], 3),
        one: tensor([3], [1, 1, 1]),
      },
      customOpsets: { [last]: 1 },
    };
    const graph = importSpec(wrapped);
    expect(graph.nodes.map((n) => n.op)).toEqual(['quant', 'conv2d', 'batchnorm', 'maxpool']);
    expect([graph.inputs[0]?.boundary, graph.outputs[0]?.boundary]).toEqual([{}, {}]);

    const standard: ModelSpec = {
      ...wrapped,
      nodes: [
        node('Quant', ['w', 's', 'z', 'b'], ['q'], {}, domain),
        node('Transpose', ['x'], ['t'], { perm: [0, 3, 1, 2] }),
        node('Transpose', ['q'], ['qt'], { perm: [0, 3, 1, 2] }),
        node('Conv', ['t', 'qt'], ['c'], { pads: [1, 0, 0, 0] }),
        node('BatchNormalization', ['c', 'g', 'm', 'm', 'one'], ['n'], { epsilon: { float: 0.5 } }),
        node('MaxPool', ['n'], ['p'], { kernel_shape: [2, 2] }),
        node('Transpose', ['p'], ['y'], { perm: [0, 2, 3, 1] }),
      ],
    };
    const x = integers(40, 9);
    expect(Array.from(run(graph, x).data)).toEqual(Array.from(run(importSpec(standard), x).data));
  });
});
