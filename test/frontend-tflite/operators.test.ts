import { describe, expect, test } from 'vitest';
import { createRandom } from '../../compiler/random.ts';
import type { RandomSource } from '../../compiler/hw/index.ts';
import { importSpec, run } from './helpers.ts';
import * as reference from './kernels.ts';
import type { Affine, Window } from './kernels.ts';
import type { ModelSpec, OperatorSpec, TensorSpec } from './tflite-writer.ts';

const byte = (value: number): readonly ['byte', number] => ['byte', value];
const word = (value: number): readonly ['int', number] => ['int', value];

/** A scale as a converter writes it: a float32. */
const scaleOf = (random: RandomSource, least = 5, greatest = 4000): number =>
  Math.fround(random.integer(least, greatest) / 9973);
const affineOf = (random: RandomSource): Affine => ({
  scale: scaleOf(random),
  zeroPoint: random.integer(-128, 127),
});
const int8s = (random: RandomSource, count: number): number[] =>
  Array.from({ length: count }, () =>
    random.pick([random.integer(-128, 127), random.integer(-3, 3), 127, -128]),
  );
const quantized = ({ scale, zeroPoint }: Affine): Pick<TensorSpec, 'scales' | 'zeroPoints'> => ({
  scales: [scale],
  zeroPoints: [zeroPoint],
});
const count = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** A model of one operator; the tensors `x` and `y` (and `x2`) are computed, others are constants. */
function single(
  operator: Omit<OperatorSpec, 'inputs' | 'outputs'>,
  tensors: readonly TensorSpec[],
): ModelSpec {
  const names = tensors.map(({ name }) => name).filter((name) => name !== 'y');
  const inputs = names.filter((name) => name.startsWith('x'));
  return { tensors, inputs, outputs: ['y'], operators: [{ ...operator, inputs: names, outputs: ['y'] }] };
}

function windowOf(random: RandomSource, dilated = true): Window & { size: [number, number, number] } {
  const pair = (max: number): [number, number] => [random.integer(1, max), random.integer(1, max)];
  const dilations: [number, number] = dilated && random.integer(0, 3) === 0 ? pair(2) : [1, 1];
  const kernel = pair(4);
  const same = random.pick([true, false]);
  const extent = kernel.map((k, i) => (k - 1) * (dilations[i] ?? 1) + 1);
  const size: [number, number, number] = [
    random.integer(same ? 1 : (extent[0] ?? 1), 9),
    random.integer(same ? 1 : (extent[1] ?? 1), 9),
    random.integer(1, 6),
  ];
  return { kernel, strides: pair(3), dilations, same, size };
}

function outputSize({
  kernel,
  strides,
  dilations,
  same,
  size,
}: ReturnType<typeof windowOf>): [number, number] {
  const of = (i: 0 | 1): number => reference.along(size[i], kernel[i], strides[i], dilations[i], same)[0];
  return [of(0), of(1)];
}

const seeds = Array.from({ length: 60 }, (_, i) => i);

describe('one operator equals the reference kernel', () => {
  test.each(seeds)('CONV_2D %i', (seed) => {
    const random = createRandom(seed + 1);
    const window = windowOf(random);
    const groups = random.pick([1, 1, 1, 2]);
    const depth = random.integer(1, 5);
    const size: [number, number, number] = [window.size[0], window.size[1], depth * groups];
    const outputs = groups * random.integer(1, 4);
    const [from, to] = [affineOf(random), affineOf(random)];
    const perChannel = random.pick([true, false]);
    const scales = Array.from({ length: perChannel ? outputs : 1 }, () => scaleOf(random, 1, 60));
    const [kh, kw] = window.kernel;
    const weights = int8s(random, outputs * kh * kw * depth);
    const bias = Array.from({ length: outputs }, () => random.integer(-20_000, 20_000));
    const activation = random.pick([0, 1, 3]);
    const filter = { name: 'w', dims: [outputs, kh, kw, depth], data: weights, scales };
    const fields = {
      0: byte(window.same ? 0 : 1),
      1: word(window.strides[1]),
      2: word(window.strides[0]),
      3: byte(activation),
      4: word(window.dilations[1]),
      5: word(window.dilations[0]),
    };
    const graph = importSpec(
      single({ op: 'CONV_2D', options: [1, fields] }, [
        { name: 'x', dims: [1, ...size], ...quantized(from) },
        filter,
        { name: 'b', dims: [outputs], type: 'int32', data: bias },
        { name: 'y', dims: [1, ...outputSize({ ...window, size }), outputs], ...quantized(to) },
      ]),
    );
    const x = int8s(random, count(size));
    const weight = (o: number, t: number, i: number): number => weights[(o * kh * kw + t) * depth + i] ?? 0;
    const layer = { ...window, outputs, groups, weight, bias, scales, activation };
    expect(run(graph, x)).toEqual(reference.convolution({ size, data: x }, from, to, layer));
  });

  test.each(seeds)('DEPTHWISE_CONV_2D %i', (seed) => {
    const random = createRandom(seed + 1001);
    const window = windowOf(random);
    const { size } = window;
    const multiplier = random.pick([1, 1, 2, 3]);
    const outputs = size[2] * multiplier;
    const [from, to] = [affineOf(random), affineOf(random)];
    const scales = Array.from({ length: outputs }, () => scaleOf(random, 1, 200));
    const [kh, kw] = window.kernel;
    const weights = int8s(random, outputs * kh * kw);
    const bias = Array.from({ length: outputs }, () => random.integer(-2000, 2000));
    const activation = random.pick([0, 1, 3]);
    const fields = {
      0: byte(window.same ? 0 : 1),
      1: word(window.strides[1]),
      2: word(window.strides[0]),
      3: word(multiplier),
      4: byte(activation),
      5: word(window.dilations[1]),
      6: word(window.dilations[0]),
    };
    const graph = importSpec(
      single({ op: 'DEPTHWISE_CONV_2D', options: [2, fields] }, [
        { name: 'x', dims: [1, ...size], ...quantized(from) },
        { name: 'w', dims: [1, kh, kw, outputs], data: weights, scales, axis: 3 },
        { name: 'b', dims: [outputs], type: 'int32', data: bias },
        { name: 'y', dims: [1, ...outputSize(window), outputs], ...quantized(to) },
      ]),
    );
    const x = int8s(random, count(size));
    const weight = (o: number, t: number): number => weights[t * outputs + o] ?? 0;
    const layer = { ...window, outputs, groups: size[2], weight, bias, scales, activation };
    expect(run(graph, x)).toEqual(reference.convolution({ size, data: x }, from, to, layer));
  });

  test.each(seeds)('FULLY_CONNECTED %i', (seed) => {
    const random = createRandom(seed + 2001);
    const [depth, outputs] = [random.integer(1, 40), random.integer(1, 8)];
    const [from, to] = [affineOf(random), affineOf(random)];
    const perChannel = random.pick([true, false]);
    const scales = Array.from({ length: perChannel ? outputs : 1 }, () => scaleOf(random, 1, 80));
    const zeroPoint = perChannel ? 0 : random.pick([0, -128, 5]);
    const vectors = random.pick([1, 1, 3]);
    const weights = int8s(random, outputs * depth);
    const bias = Array.from({ length: outputs }, () => random.integer(-9000, 9000));
    const withBias = random.pick([true, false]);
    const activation = random.pick([0, 1, 3]);
    const graph = importSpec(
      single({ op: 'FULLY_CONNECTED', options: [8, { 0: byte(activation), 1: byte(0) }] }, [
        { name: 'x', dims: [1, vectors, depth], ...quantized(from) },
        { name: 'w', dims: [outputs, depth], data: weights, scales, zeroPoints: scales.map(() => zeroPoint) },
        ...(withBias ? [{ name: 'b', dims: [outputs], type: 'int32' as const, data: bias }] : []),
        { name: 'y', dims: [vectors, outputs], ...quantized(to) },
      ]),
    );
    const x = int8s(random, vectors * depth);
    const expected: number[] = [];
    for (let v = 0; v < vectors; v++) {
      for (let o = 0; o < outputs; o++) {
        let sum = withBias ? (bias[o] ?? 0) : 0;
        for (let i = 0; i < depth; i++) {
          sum += ((x[v * depth + i] ?? 0) - from.zeroPoint) * ((weights[o * depth + i] ?? 0) - zeroPoint);
        }
        const scale = scales[perChannel ? o : 0] ?? 0;
        const product = scales.length === 1 ? Math.fround(from.scale * scale) : from.scale * scale;
        const level = reference.scaleSum(sum, product / to.scale) + to.zeroPoint;
        expected.push(reference.clampTo(level, activation, to));
      }
    }
    expect(run(graph, x)).toEqual(expected);
  });

  test.each(seeds)('MAX_POOL_2D and AVERAGE_POOL_2D %i', (seed) => {
    const random = createRandom(seed + 3001);
    const window = windowOf(random, false);
    const whole = random.integer(0, 4) === 0;
    const max = random.pick([true, false]);
    // an average over windows of different sizes is refused: only what fits, or the whole image
    const shape: ReturnType<typeof windowOf> = whole
      ? { ...window, kernel: [window.size[0], window.size[1]], same: false }
      : {
          ...window,
          same: window.same && max,
          size: [window.size[0] + 3, window.size[1] + 3, window.size[2]],
        };
    const p = affineOf(random);
    const activation = random.pick([0, 0, 1, 3]);
    const fields = {
      0: byte(shape.same ? 0 : 1),
      1: word(shape.strides[1]),
      2: word(shape.strides[0]),
      3: word(shape.kernel[1]),
      4: word(shape.kernel[0]),
      5: byte(activation),
    };
    const graph = importSpec(
      single({ op: max ? 'MAX_POOL_2D' : 'AVERAGE_POOL_2D', options: [5, fields] }, [
        { name: 'x', dims: [1, ...shape.size], ...quantized(p) },
        { name: 'y', dims: [1, ...outputSize(shape), shape.size[2]], ...quantized(p) },
      ]),
    );
    const x = int8s(random, count(shape.size));
    const expected = reference.pool(
      { size: shape.size, data: x },
      max ? 'max' : 'average',
      shape,
      activation,
      p,
    );
    expect(run(graph, x)).toEqual(expected);
  });

  test('AVERAGE_POOL_2D rounds every sum as the kernel does', () => {
    const p = { scale: 0.5, zeroPoint: 7 };
    for (const n of [1, 2, 3, 4, 5]) {
      const size: [number, number, number] = [1, n, 1];
      const fields = { 0: byte(1), 1: word(1), 2: word(1), 3: word(n), 4: word(1), 5: byte(0) };
      const graph = importSpec(
        single({ op: 'AVERAGE_POOL_2D', options: [5, fields] }, [
          { name: 'x', dims: [1, ...size], ...quantized(p) },
          { name: 'y', dims: [1, 1, 1, 1], ...quantized(p) },
        ]),
      );
      const window: Window = { kernel: [1, n], strides: [1, 1], dilations: [1, 1], same: false };
      for (let sum = -128 * n; sum <= 127 * n; sum++) {
        const x = Array.from({ length: n }, (_, i) => Math.floor((sum + i) / n));
        expect(run(graph, x)).toEqual(reference.pool({ size, data: x }, 'average', window, 0, p));
      }
    }
  });

  test.each(seeds)('ADD %i', (seed) => {
    const random = createRandom(seed + 4001);
    const [a, b, to] = [
      affineOf(random),
      affineOf(random),
      { ...affineOf(random), scale: scaleOf(random, 2500, 9000) },
    ];
    const activation = random.pick([0, 1, 3]);
    const dims = [1, 3, 8, 11];
    const graph = importSpec(
      single({ op: 'ADD', options: [11, { 0: byte(activation) }] }, [
        { name: 'x', dims, ...quantized(a) },
        { name: 'x2', dims, ...quantized(b) },
        { name: 'y', dims, ...quantized(to) },
      ]),
    );
    const [x, x2] = [int8s(random, count(dims)), int8s(random, count(dims))];
    const expected = x.map((v, i) => reference.addition(v, x2[i] ?? 0, a, b, to, activation));
    expect(run(graph, x, x2)).toEqual(expected);
  });

  test.each([
    ['QUANTIZE', 0],
    ['RELU', 1],
    ['RELU6', 3],
  ] as const)('%s', (op, activation) => {
    for (let seed = 0; seed < 10; seed++) {
      const random = createRandom(seed + 5001);
      const [from, to] = [affineOf(random), affineOf(random)];
      const dims = [1, 256];
      const graph = importSpec(
        single({ op }, [
          { name: 'x', dims, ...quantized(from) },
          { name: 'y', dims, ...quantized(to) },
        ]),
      );
      const x = Array.from({ length: 256 }, (_, i) => i - 128);
      const expected = x.map((v) => {
        const level = reference.scaleSum(v - from.zeroPoint, from.scale / to.scale) + to.zeroPoint;
        return reference.clampTo(level, activation, to);
      });
      expect(run(graph, x)).toEqual(expected);
    }
  });

  test('PAD puts the zero point around the image', () => {
    const p = { scale: 0.25, zeroPoint: -5 };
    const graph = importSpec(
      single({ op: 'PAD', options: [22, {}] }, [
        { name: 'x', dims: [1, 1, 2, 1], ...quantized(p) },
        { name: 'pads', dims: [4, 2], type: 'int32', data: [0, 0, 1, 0, 0, 2, 0, 0] },
        { name: 'y', dims: [1, 2, 4, 1], ...quantized(p) },
      ]),
    );
    expect(run(graph, [10, 20])).toEqual([-5, -5, -5, -5, 10, 20, -5, -5]);
  });
});
