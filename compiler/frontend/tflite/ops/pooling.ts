import * as say from '../../../diagnostics/catalog/frontend-tflite.ts';
import { fail } from '../../../diagnostics/index.ts';
import type { Value } from '../../../qir/builder-values.ts';
import { int } from '../../../qir/types.ts';
import { leastSum } from '../arithmetic.ts';
import type { Activation, Bounds, Conversion } from '../conversion.ts';
import type { Affine } from '../quantization.ts';
import { tabulated } from './elementwise.ts';
import { slide, stridesOf } from './sliding.ts';

interface Pool {
  readonly x: Activation & { readonly size: readonly [number, number, number] };
  readonly kernel: readonly [number, number];
  readonly strides: number[];
  readonly pads: number[];
  readonly size: readonly [number, number];
  readonly parameters: Affine;
  readonly bounds: Bounds;
}

function poolOf(conversion: Conversion): Pool {
  const options = conversion.options(5);
  const x = conversion.image(0);
  const kernel = [options?.int32(4) ?? 0, options?.int32(3) ?? 0] as const;
  stridesOf(conversion, kernel, 'filter size');
  const strides = stridesOf(conversion, [options?.int32(2) ?? 0, options?.int32(1) ?? 0], 'strides');
  const padding = options?.int8(0) ?? 0;
  const { size, pads } = slide(conversion, x.size, { kernel, strides, dilations: [1, 1], padding });
  conversion.expectDims([1, ...size, x.size[2]]);
  const parameters = conversion.sameParameters(x);
  return {
    x,
    kernel,
    strides,
    pads,
    size,
    parameters,
    bounds: conversion.clamp(options?.int8(5) ?? 0, parameters),
  };
}

/** MAX_POOL_2D: padded positions do not take part. */
export function maxPool(conversion: Conversion): void {
  const { x, kernel, strides, pads, parameters, bounds } = poolOf(conversion);
  const clamps = bounds.min > -128 || bounds.max < 127;
  const attributes = { kernel: [...kernel], strides, pads };
  const pooled = conversion.emit('maxpool', [x.value], attributes, clamps ? { suffix: 'max' } : {});
  const clamp = (v: number): number => Math.min(bounds.max, Math.max(bounds.min, v));
  conversion.give(clamps ? tabulated(conversion, pooled, -128, 127, clamp) : pooled, parameters);
}

/**
 * AVERAGE_POOL_2D: the sum over the positions inside the image, divided by their number, rounded to nearest with halves away from zero.
 * The integers themselves are averaged, so the zero point plays no part. As the level rises with the sum, it is a count of thresholds.
 */
export function averagePool(conversion: Conversion): void {
  const pool = poolOf(conversion);
  const { x, kernel, strides, pads, size, parameters, bounds } = pool;
  const rows = positions(pool, 0);
  const columns = positions(pool, 1);
  if (rows === undefined || columns === undefined) {
    const found = 'windows at the edge average over fewer positions than others';
    const help = 'pool with VALID padding';
    fail(say.notExact(conversion.where, found, 'the same number of positions in every window', help));
  }
  const count = rows * columns;
  const [height, width, channels] = x.size;
  const global = size[0] * size[1] === 1 && rows === height && columns === width;
  const gathered: Value = global
    ? conversion.reshape(x.value, [1, 1, height * width, channels], 'all')
    : conversion.emit(
        'windows',
        [x.value],
        { kernel: [...kernel], strides, pads, pad_value: 0 },
        { suffix: 'windows' },
      );
  const sums = conversion.emit('reduce_sum', [gathered], {}, { suffix: 'sum' });
  const { base, thresholds } = levels(count, bounds);
  conversion.spend(thresholds.length);
  const level = conversion.emit('threshold', [sums, { data: [thresholds] }], { base }, { result: int(8) });
  conversion.give(level, parameters);
}

/** The rounded mean of `count` integers within the bounds, as the number of thresholds that the sum reaches. */
function levels(count: number, { min, max }: Bounds): { base: number; thresholds: number[] } {
  // one constant level still needs a threshold: one that every sum reaches, or none
  if (min === max && min > -128) return { base: min - 1, thresholds: [-129 * count] };
  if (min === max) return { base: min, thresholds: [129 * count] };
  return { base: min, thresholds: Array.from({ length: max - min }, (_, i) => leastSum(min + 1 + i, count)) };
}

/** The number of positions along an axis that lie inside the image, if it is the same for every window. */
function positions({ x, kernel, strides, pads, size }: Pool, axis: 0 | 1): number | undefined {
  const [stride, before] = [strides[axis] ?? 1, pads[axis] ?? 0];
  const inside = (at: number): number => {
    const start = at * stride - before;
    return Math.min(start + kernel[axis], x.size[axis]) - Math.max(start, 0);
  };
  // The number is a concave function of the position: where it is the same at both ends and in between, it is the same everywhere.
  const last = size[axis] - 1;
  const first = inside(0);
  if (inside(last) !== first || inside(Math.floor(last / 2)) !== first) return undefined;
  return first;
}

/** MEAN, as GlobalAveragePooling2D is converted: no two kernels of TensorFlow Lite round it alike. */
export function mean(conversion: Conversion): void {
  const found = 'a mean that kernels round differently, by version and by whether dimensions are kept';
  const help = 'use AveragePooling2D over the whole image in the source model: its rounding is defined';
  fail(say.notExact(conversion.where, found, 'AVERAGE_POOL_2D', help));
}
