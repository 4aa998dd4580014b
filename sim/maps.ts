import { frameLayout, frameStride } from '../compiler/hw/kernel.ts';
import type {
  CombineSpec,
  DepthwiseSpec,
  ReduceSpec,
  RequantizeSpec,
  Thresholds,
} from '../compiler/hw/kernel.ts';
import { fail, invariant } from '../compiler/diagnostics/index.ts';
import { sumTooWide } from '../compiler/diagnostics/catalog/sim.ts';
import { valueRange } from '../compiler/qir/types.ts';
import type { ElementType } from '../compiler/qir/types.ts';
import type { Arena } from './memory.ts';
import { layoutKind, levelsInPlace, store32 } from './threshold.ts';
import type { Kernel } from './threshold.ts';

const ceilTo = (n: number, unit: number): number => Math.ceil(n / unit) * unit;
const strideOf = (elem: ElementType, elements: number): number => frameStride({ elem, elements, lanes: 1 });

/** Elements behind the last one that the vectors of four may read and write. */
const SPARE = 16;

/** Widens one frame of `elements` elements to i32 in scratch memory of its own; gives back where it lies. */
function widener(
  arena: Arena,
  elem: ElementType,
  elements: number,
): { at: number; run: (x: number) => void } {
  const count = ceilTo(elements, 8);
  const at = arena.reserve((count + SPARE) * 4);
  const kind = layoutKind(frameLayout(elem));
  const stride = strideOf(elem, elements);
  return { at, run: (x) => arena.wasm.to32(kind, x, stride, at, count * 4, count, 1) };
}

/** Rows of `channels` i32, `pitch` bytes apart, to one frame of y. */
function rowStore(
  arena: Arena,
  y: ElementType,
  rows: number,
  channels: number,
): { pitch: number; store: Kernel } {
  const elements = rows * channels;
  // comparisons read 16 elements at a time, so rows of bits are made dense first, which they are when the channels fit
  if (frameLayout(y) !== 'bits') {
    const pitch = ceilTo(channels, 16) * 4;
    const bytes = strideOf(y, 16) / 16;
    const run = store32(arena, channels, y, pitch, channels * bytes);
    return { pitch, store: (x, out) => run(x, out, rows) };
  }
  const dense = arena.reserve((ceilTo(elements, 16) + SPARE) * 4);
  const run = store32(arena, elements, y, ceilTo(elements, 16) * 4);
  const pitch = ceilTo(channels, 16) * 4;
  return {
    pitch,
    store: (x, out) => {
      const words = new Int32Array(arena.wasm.memory.buffer);
      for (let row = 0; row < rows; row++) {
        const from = (x + row * pitch) / 4;
        words.copyWithin(dense / 4 + row * channels, from, from + channels);
      }
      run(dense, out, 1);
    },
  };
}

/** Frame by frame: addresses of one frame after the other. */
function eachFrame(xStride: number, yStride: number, run: (x: number, y: number) => void): Kernel {
  return (input, output, frames) => {
    for (let f = 0; f < frames; f++) run(input + f * xStride, output + f * yStride);
  };
}

/** Whether thresholds see sums as signed 32-bit numbers; refuses what 32 bits do not hold. */
function unsignedSums(spec: DepthwiseSpec): boolean {
  const x = valueRange(spec.x);
  let [min, max] = [Infinity, -Infinity];
  for (let c = 0; c < spec.channels; c++) {
    let low = spec.bias?.[c] ?? 0;
    let high = low;
    for (let t = 0; t < spec.taps; t++) {
      const w = spec.weights[t * spec.channels + c] ?? 0;
      low += w > 0 ? w * x.min : w * x.max;
      high += w > 0 ? w * x.max : w * x.min;
    }
    min = Math.min(min, low);
    max = Math.max(max, high);
  }
  if (min >= -(2 ** 31) && max < 2 ** 31) return false;
  if (!(min >= 0 && max < 2 ** 32)) fail(sumTooWide(min, max, spec.taps));
  return true;
}

/** Replaces rows of sums by their levels. */
function leveller(
  arena: Arena,
  thresholds: Thresholds,
  channels: number,
  pitch: number,
  unsigned: boolean,
): (x: number, rows: number) => void {
  return levelsInPlace(arena, { elements: channels, channels, unsigned, stride: pitch, thresholds });
}

/** Builds a grouped dot product; see KernelContext.depthwise. */
export function buildDepthwise(arena: Arena, spec: DepthwiseSpec): Kernel {
  const { rows, taps, channels, thresholds } = spec;
  const x = widener(arena, spec.x, rows * taps * channels);
  const weights = new Int32Array(taps * channels + SPARE);
  for (let i = 0; i < taps * channels; i++) weights[i] = spec.weights[i] ?? 0;
  const bias = new Int32Array(channels + SPARE);
  for (let c = 0; c < channels; c++) bias[c] = spec.bias?.[c] ?? 0;
  const [w, b] = [arena.place(weights), arena.place(bias)];
  const { pitch, store } = rowStore(arena, spec.y, rows, channels);
  const sums = arena.reserve(rows * pitch + SPARE * 4);
  const level =
    thresholds === undefined ? undefined : leveller(arena, thresholds, channels, pitch, unsignedSums(spec));
  const xStride = strideOf(spec.x, rows * taps * channels);
  return eachFrame(xStride, strideOf(spec.y, rows * channels), (input, output) => {
    x.run(input);
    arena.wasm.depthwise32(x.at, w, b, sums, pitch, rows, taps, channels);
    level?.(sums, rows);
    store(sums, output, 1);
  });
}

/** Builds a reduction over taps; see KernelContext.reduce. */
export function buildReduce(arena: Arena, spec: ReduceSpec): Kernel {
  const { rows, taps, channels, kind } = spec;
  invariant(
    kind === 'sum' || frameLayout(spec.x) !== 'u32',
    'the greatest of uint32 is not compared as signed',
  );
  const x = widener(arena, spec.x, rows * taps * channels);
  const { pitch, store } = rowStore(arena, spec.y, rows, channels);
  const results = arena.reserve(rows * pitch + SPARE * 4);
  const greatest = kind === 'max' ? 1 : 0;
  const xStride = strideOf(spec.x, rows * taps * channels);
  return eachFrame(xStride, strideOf(spec.y, rows * channels), (input, output) => {
    x.run(input);
    arena.wasm.reduce32(x.at, results, pitch, rows, taps, channels, greatest);
    store(results, output, 1);
  });
}

/** Builds a scaled sum of tensors; see KernelContext.combine. */
export function buildCombine(
  arena: Arena,
  spec: CombineSpec,
): (inputs: readonly number[], output: number, frames: number) => void {
  const { elements, channels, bias } = spec;
  const count = ceilTo(elements, 16);
  const sums = arena.reserve((count + SPARE) * 4);
  const start = new Int32Array(count);
  for (let e = 0; e < elements; e++) start[e] = bias?.[e % channels] ?? 0;
  const from = arena.place(start);
  const operands = spec.inputs.map(({ x, coefficient }) => ({
    ...widener(arena, x, elements),
    stride: strideOf(x, elements),
    // one coefficient an element, in the order of the elements
    factors: arena.place(
      Int32Array.from({ length: count }, (_, e) =>
        typeof coefficient === 'number' ? coefficient : (coefficient[e % channels] ?? 0),
      ),
    ),
  }));
  const store = store32(arena, elements, spec.y, count * 4);
  const yStride = strideOf(spec.y, elements);
  return (inputs, output, frames) => {
    for (let f = 0; f < frames; f++) {
      new Uint8Array(arena.wasm.memory.buffer).copyWithin(sums, from, from + count * 4);
      operands.forEach(({ at, run, stride, factors }, i) => {
        run((inputs[i] ?? 0) + f * stride);
        arena.wasm.accumulate32(at, sums, factors, ceilTo(elements, 4));
      });
      store(sums, output + f * yStride, 1);
    }
  };
}

/** Builds a requantization; see KernelContext.requantize. */
export function buildRequantize(arena: Arena, spec: RequantizeSpec): Kernel {
  const { elements, channels, shift, min, max } = spec;
  const wide = (values: ArrayLike<number>): number =>
    arena.place(BigInt64Array.from({ length: channels }, (_, c) => BigInt(values[c] ?? 0)));
  const x = widener(arena, spec.x, elements);
  const [m, b] = [wide(spec.multipliers), wide(spec.biases)];
  const unsigned = frameLayout(spec.x) === 'u32' ? 1 : 0;
  // widening writes up to a multiple of 8, comparisons read up to one of 16
  const store = store32(arena, elements, spec.y, ceilTo(elements, 16) * 4);
  const [by, low, high] = [BigInt(shift), BigInt(min), BigInt(max)];
  return eachFrame(strideOf(spec.x, elements), strideOf(spec.y, elements), (input, output) => {
    x.run(input);
    arena.wasm.requantize32(x.at, m, b, by, low, high, unsigned, channels, elements / channels);
    store(x.at, output, 1);
  });
}
