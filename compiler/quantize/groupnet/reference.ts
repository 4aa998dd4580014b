import { factorsOf, filtersOf, levelOf, levelUnit, normOf, signsOf } from './arithmetic.ts';
import type { Activation, BinaryLayer, Block, GroupNet, Norm } from './network.ts';

/** Real numbers with their shape: [n], or [height, width, channels]. */
interface Reals {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** How a window moves, and what is outside of the image. */
interface Slide {
  readonly stride?: number;
  readonly pad?: number;
}

/**
 * The scores of a Group-Net as its formulas say, in double precision, with no coefficient rounded: what the integer form is held against, and
 * what its rounding costs is measured by. With `stream` the sums between blocks are neither rounded nor saturated here.
 *
 * @param pixels the input's elements, channels last, 0 to 255
 */
export function evaluateGroupNet(net: GroupNet, pixels: ArrayLike<number>): Float64Array {
  const { input, first, groups, last, activation } = net;
  const scale =
    typeof input.scale === 'number' ? input.scale : input.scale.numerator / input.scale.denominator;
  const image: Reals = { shape: input.shape, data: Float64Array.from(pixels) };
  const units = Float64Array.from(
    { length: filtersOf(first) },
    (_, o) => scale * (first.scale[first.scale.length === 1 ? 0 : o] ?? 0),
  );
  let x = pooled(normed(times(product(image, first.shape, first.levels, first, 0), units), first.norm), net);
  for (const [i, { branches }] of groups.entries()) {
    const results = branches.map(({ lambda, blocks }) => {
      let y = x;
      for (const block of blocks) y = runBlock(net, block, y);
      return { ...y, data: y.data.map((v) => v * lambda) };
    });
    x = added(results);
    if (net.stream === undefined) x = quantized(x, i + 1 < groups.length ? activation : last.activation);
  }
  const levels = quantized(x, last.activation);
  const [height = 1, width = 1] = levels.shape.length === 3 ? levels.shape : [];
  const inputs = levels.shape.at(-1) ?? 1;
  const mean = new Float64Array(inputs);
  levels.data.forEach((v, i) => (mean[i % inputs] = (mean[i % inputs] ?? 0) + v));
  return Float64Array.from({ length: filtersOf(last) }, (_, o) => {
    let sum = 0;
    for (let i = 0; i < inputs; i++) sum += (mean[i] ?? 0) * (last.levels[o * inputs + i] ?? 0);
    return (sum * last.scale) / (height * width) + (last.bias?.[o] ?? 0);
  });
}

function runBlock(net: GroupNet, { layers, skip }: Block, x: Reals): Reals {
  let y = x;
  for (const layer of layers) y = runLayer(net, layer, y);
  if (skip === 'none') return y;
  if (typeof skip === 'object') return added([y, runLayer(net, skip, x)]);
  return added([y, net.stream === undefined ? quantized(x, net.activation) : x]);
}

function runLayer(net: GroupNet, layer: BinaryLayer, x: Reals): Reals {
  const { activation, padding } = net;
  const unit = levelUnit(activation);
  const levels = { ...x, data: x.data.map((v) => levelOf(v, activation)) };
  const outside = padding === 'zero' ? 0 : levelOf(1, activation);
  const bases = layer.bases.map((base) => {
    const sums = product(levels, layer.shape, signsOf(base), layer, outside);
    return times(
      sums,
      factorsOf(base, filtersOf(layer)).map((factor) => factor * unit),
    );
  });
  return normed(added(bases), layer.norm);
}

function quantized(x: Reals, activation: Activation): Reals {
  const unit = levelUnit(activation);
  return { ...x, data: x.data.map((v) => levelOf(v, activation) * unit) };
}

function added(parts: readonly Reals[]): Reals {
  const [first, ...rest] = parts;
  const data = Float64Array.from(first?.data ?? []);
  for (const part of rest) part.data.forEach((v, i) => (data[i] = (data[i] ?? 0) + v));
  return { shape: first?.shape ?? [], data };
}

function times(x: Reals, factors: Float64Array): Reals {
  return { ...x, data: x.data.map((v, i) => v * (factors[i % factors.length] ?? 0)) };
}

function normed(x: Reals, norm: Norm): Reals {
  const channels = Array.from({ length: norm.gamma.length }, (_, c) => normOf(norm, c));
  return { ...x, data: x.data.map((v, i) => channels[i % channels.length]?.(v) ?? NaN) };
}

function pooled(x: Reals, { first: { pool } }: GroupNet): Reals {
  if (pool === undefined) return x;
  return windows(x, pool.kernel, pool.kernel, pool, x.shape[2] ?? 1, (at, c) => {
    let most = -Infinity;
    for (let ky = 0; ky < pool.kernel; ky++)
      for (let kx = 0; kx < pool.kernel; kx++) most = Math.max(most, at(ky, kx, c) ?? -Infinity);
    return most;
  });
}

/** The sums of a matrix or a convolution; `outside` is what padding holds. */
function product(
  x: Reals,
  shape: readonly number[],
  weights: ArrayLike<number>,
  slide: Slide,
  outside: number,
): Reals {
  const [outputs = 1, height = 1, width = 1, inputs = 1] =
    shape.length === 2 ? [shape[0], 1, 1, shape[1]] : shape;
  const image = shape.length === 2 ? { shape: [1, 1, inputs], data: x.data } : x;
  const result = windows(image, height, width, slide, outputs, (at, o) => {
    let sum = 0;
    for (let ky = 0, w = o * height * width * inputs; ky < height; ky++)
      for (let kx = 0; kx < width; kx++)
        for (let i = 0; i < inputs; i++, w++) sum += (weights[w] ?? 0) * (at(ky, kx, i) ?? outside);
    return sum;
  });
  return shape.length === 2 ? { shape: [outputs], data: result.data } : result;
}

/** One number for each position of a window and each of `outputs` channels; `at` is undefined outside of the image. */
function windows(
  { shape, data }: Reals,
  kernelHeight: number,
  kernelWidth: number,
  { stride = 1, pad = 0 }: Slide,
  outputs: number,
  compute: (at: (ky: number, kx: number, c: number) => number | undefined, output: number) => number,
): Reals {
  const [height = 1, width = 1, channels = 1] = shape;
  const rows = Math.floor((height + 2 * pad - kernelHeight) / stride) + 1;
  const columns = Math.floor((width + 2 * pad - kernelWidth) / stride) + 1;
  const result = new Float64Array(rows * columns * outputs);
  for (let y = 0, to = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const at = (ky: number, kx: number, c: number): number | undefined => {
        const [iy, ix] = [y * stride + ky - pad, x * stride + kx - pad];
        return iy < 0 || ix < 0 || iy >= height || ix >= width
          ? undefined
          : data[(iy * width + ix) * channels + c];
      };
      for (let o = 0; o < outputs; o++, to++) result[to] = compute(at, o);
    }
  }
  return { shape: [rows, columns, outputs], data: result };
}
