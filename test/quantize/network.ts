import { GraphBuilder } from '../../compiler/qir/builder.ts';
import type { Graph } from '../../compiler/qir/graph.ts';
import { elementCount, float32, uint, type Tensor } from '../../compiler/qir/types.ts';

/** A small generator of repeatable numbers from -1 to 1. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 31 - 1) * 0.999;
  };
}

/**
 * A float network with everything that int8 quantization has to see: bias, relu, pooling, a residual sum whose sides differ in scale, average
 * pooling and a last layer. 8x8 pixels of two channels, `classes` sums.
 */
export function residual(seed: number, classes = 5): Graph {
  const random = numbers(seed);
  const g = new GraphBuilder('residual', { form: 'real' });
  const tensor = (
    shape: readonly number[],
    factor: number,
  ): { elem: typeof float32; shape: readonly number[]; data: number[] } => ({
    elem: float32,
    shape,
    data: Array.from({ length: elementCount(shape) }, () => Math.fround(random() * factor)),
  });
  const x = g.input('pixels', uint(8), [8, 8, 2], { scale: { numerator: 1, denominator: 255 } });
  const conv = (from: typeof x, shape: readonly number[], name: string, factor: number): typeof x => {
    const sums = g.op(
      'conv2d',
      [from, tensor(shape, factor)],
      { pads: [1, 1, 1, 1] },
      { name: `${name}_sums` },
    );
    return g.op('add', [sums, tensor([shape[0] ?? 1], 0.2)], {}, { name });
  };
  const first = g.op('relu', [conv(x, [4, 3, 3, 2], 'conv1', 0.5)], {}, { name: 'relu1' });
  const second = conv(first, [4, 3, 3, 4], 'conv2', 0.05);
  const joined = g.op('relu', [g.op('add', [second, first], {}, { name: 'joined' })], {}, { name: 'relu2' });
  const pooled = g.op('maxpool', [joined], { kernel: [2, 2], strides: [2, 2] }, { name: 'pool' });
  const third = g.op('relu', [conv(pooled, [6, 3, 3, 4], 'conv3', 0.4)], {}, { name: 'relu3' });
  const mean = g.op('avgpool', [third], { kernel: [4, 4] }, { name: 'mean' });
  const flat = g.op('reshape', [mean], { shape: [6] }, { name: 'flat' });
  const sums = g.op('matmul', [flat, tensor([classes, 6], 1)], {}, { name: 'logits_sums' });
  g.output(g.op('add', [sums, tensor([classes], 0.1)], {}, { name: 'logits' }));
  return g.build();
}

/** Random images for it. */
export function images(seed: number, count: number): Record<string, Tensor>[] {
  const random = numbers(seed);
  return Array.from({ length: count }, () => ({
    pixels: {
      type: { elem: uint(8), shape: [8, 8, 2] },
      data: Uint8Array.from({ length: 128 }, () => Math.floor((random() + 1) * 128)),
    },
  }));
}
