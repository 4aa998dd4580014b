import { frameLayout, frameStride } from '../compiler/hw/kernel.ts';
import type { FrameLayout, ThresholdSpec, Thresholds } from '../compiler/hw/kernel.ts';
import { invariant } from '../compiler/diagnostics/index.ts';
import type { ElementType } from '../compiler/qir/types.ts';
import type { Arena } from './memory.ts';

/** A kernel over frame buffers: addresses of the first frame, number of frames. */
export type Kernel = (input: number, output: number, frames: number) => void;

/** Number by which the WASM conversions know a layout. */
export function layoutKind(layout: FrameLayout): number {
  return { bits: 0, i8: 1, u8: 2, i16: 3, u16: 4, i32: 5, u32: 5 }[layout];
}

/** Bytes of one element; `bits` counts as 0. */
export function layoutBytes(layout: FrameLayout): number {
  return { bits: 0, i8: 1, u8: 1, i16: 2, u16: 2, i32: 4, u32: 4 }[layout];
}

const ceilTo = (n: number, unit: number): number => Math.ceil(n / unit) * unit;

/** How a threshold is asked for in WASM: `x > entry`, or always; the greatest entry is never exceeded. */
function entry(threshold: number, bits: number, unsigned: boolean): number | 'always' {
  const low = unsigned ? 0 : -(2 ** (bits - 1));
  const high = low + 2 ** bits - 1;
  const t = Math.ceil(threshold);
  if (t <= low) return 'always';
  return Math.min(t - 1, high) - (unsigned ? 2 ** (bits - 1) : 0);
}

/**
 * Builds `bit = level > 0` where level = base + step * count over a single threshold, from elements of 8, 16 or 32 bits. `stride` is that of x
 * in bytes; x may be read up to 16 elements behind the last one.
 */
export function compareBits(
  arena: Arena,
  spec: {
    readonly elements: number;
    readonly channels: number;
    readonly bits: 8 | 16 | 32;
    readonly unsigned: boolean;
    readonly stride: number;
    readonly thresholds: Thresholds;
    /** Bytes from one result to the next; absent: those of a frame. */
    readonly outStride?: number | undefined;
  },
): Kernel {
  const { elements, channels, bits, unsigned, stride, thresholds } = spec;
  const steps = Math.ceil(elements / 16);
  const never = 2 ** (bits - 1) - 1;
  const make = { 8: Int8Array, 16: Int16Array, 32: Int32Array }[bits];
  const table = new make(steps * 16).fill(never);
  const inverted = new Uint8Array(steps * 2);
  for (let e = 0; e < elements; e++) {
    const c = e % channels;
    // bits for "x below the threshold" and "x at or above it"
    const flip = (thresholds.flip[c] ?? 0) !== 0;
    const zero = thresholds.base > 0;
    const one = thresholds.base + thresholds.step > 0;
    const below = flip ? one : zero;
    const above = flip ? zero : one;
    const t = entry(thresholds.values[c] ?? 0, bits, unsigned);
    if (t !== 'always' && below !== above) table[e] = t;
    if (t === 'always' ? above : below) inverted[e >> 3] = (inverted[e >> 3] ?? 0) | (1 << (e & 7));
  }
  const at = arena.place(table);
  const inv = arena.place(inverted);
  const outStride = spec.outStride ?? ceilTo(Math.ceil(elements / 8), 16);
  const run = { 8: arena.wasm.compare8, 16: arena.wasm.compare16, 32: arena.wasm.compare32 }[bits];
  return (x, y, frames) => run(x, stride, at, inv, unsigned ? 1 : 0, y, outStride, steps, frames);
}

/** Up to so many thresholds, comparing with each in vectors is faster than searching. */
const FEW = 12;

/**
 * The tables of a thresholding, by channel: the entries that `x` has to exceed (ascending, the greatest value for "never"), the level where it
 * exceeds none, and what each adds. Thresholds that are always met are in the start already.
 */
function channelTables(
  thresholds: Thresholds,
  channels: number,
  bits: 8 | 32,
  unsigned: boolean,
): { readonly table: Int32Array; readonly start: Int32Array; readonly slope: Int32Array } {
  const { count, base, step } = thresholds;
  const table = new Int32Array(channels * count).fill(2 ** (bits - 1) - 1);
  const start = new Int32Array(channels);
  const slope = new Int32Array(channels);
  for (let c = 0; c < channels; c++) {
    const flip = (thresholds.flip[c] ?? 0) !== 0;
    slope[c] = flip ? -step : step;
    let level = flip ? base + step * count : base;
    let used = 0;
    for (let k = 0; k < count; k++) {
      const t = entry(thresholds.values[c * count + k] ?? 0, bits, unsigned);
      if (t === 'always') level += flip ? -step : step;
      else table[c * count + used++] = t;
    }
    start[c] = level;
  }
  return { table, start, slope };
}

/** Builds a thresholding from 8-bit elements into 8-bit levels, 16 elements at a time; for few thresholds. */
function narrowLevels(arena: Arena, spec: ThresholdSpec, unsigned: boolean): Kernel {
  const { elements, channels, thresholds } = spec;
  const { count } = thresholds;
  const { table, start, slope } = channelTables(thresholds, channels, 8, unsigned);
  const stride = ceilTo(elements, 16);
  const wide = new Int8Array(stride * count).fill(127);
  const wideStart = new Int8Array(stride);
  const wideSlope = new Int8Array(stride);
  for (let e = 0; e < elements; e++) {
    const c = e % channels;
    wideStart[e] = start[c] ?? 0;
    wideSlope[e] = slope[c] ?? 0;
    for (let k = 0; k < count; k++) wide[k * stride + e] = table[c * count + k] ?? 0;
  }
  const [t, a, b] = [arena.place(wide), arena.place(wideStart), arena.place(wideSlope)];
  const order = unsigned ? 1 : 0;
  return (x, y, frames) => arena.wasm.levels8(x, t, a, b, order, y, stride, count, frames);
}

/**
 * Builds the replacement of i32 values by their levels, in place: `elements` values a frame, `stride` bytes from frame to frame, a
 * multiple of 16 that has room for the elements rounded up to 4. Values behind the elements become 0.
 */
export function levelsInPlace(
  arena: Arena,
  spec: {
    readonly elements: number;
    readonly channels: number;
    readonly unsigned: boolean;
    readonly stride: number;
    readonly thresholds: Thresholds;
  },
): (x: number, frames: number) => void {
  const { elements, channels, unsigned, stride, thresholds } = spec;
  const { count } = thresholds;
  const { table, start, slope } = channelTables(thresholds, channels, 32, unsigned);
  const order = unsigned ? 1 : 0;
  if (count > FEW) {
    const [t, a, b] = [arena.place(table), arena.place(start), arena.place(slope)];
    return (x, frames) => arena.wasm.search(x, stride, t, a, b, order, elements, channels, count, frames);
  }
  const padded = ceilTo(elements, 4);
  const wide = new Int32Array(padded * count);
  const wideStart = new Int32Array(padded);
  const wideSlope = new Int32Array(padded);
  for (let e = 0; e < elements; e++) {
    const c = e % channels;
    wideStart[e] = start[c] ?? 0;
    wideSlope[e] = slope[c] ?? 0;
    for (let k = 0; k < count; k++) wide[k * padded + e] = table[c * count + k] ?? 0;
  }
  const [t, a, b] = [arena.place(wide), arena.place(wideStart), arena.place(wideSlope)];
  return (x, frames) => arena.wasm.levels(x, stride, t, a, b, order, padded, count, frames);
}

/** The single threshold that turns the levels -1 and +1 into bits. */
function signBit(): Thresholds {
  return { values: [1], count: 1, flip: [0], base: -1, step: 2 };
}

/** Builds the move of i32 values (as `levelsInPlace` leaves them) into frames of type `y`, dropping high bits. */
export function store32(
  arena: Arena,
  elements: number,
  y: ElementType,
  stride: number,
  outStride = frameStride({ elem: y, elements, lanes: 1 }),
): Kernel {
  const layout = frameLayout(y);
  if (layout === 'bits') {
    return compareBits(arena, {
      elements,
      channels: 1,
      bits: 32,
      unsigned: false,
      stride,
      outStride,
      thresholds: signBit(),
    });
  }
  const bytes = layoutBytes(layout);
  return (x, out, frames) => arena.wasm.narrow(bytes, x, stride, out, outStride, elements, frames);
}

/** Frames that one pass over scratch memory takes, so that the scratch stays in the second-level cache. */
export function blockFrames(bytesPerFrame: number): number {
  return Math.max(2, Math.min(64, Math.floor(49152 / bytesPerFrame) & ~1));
}

function leastMultiple(a: number, b: number): number {
  let multiple = a;
  while (multiple % b !== 0) multiple += a;
  return multiple;
}

/** Builds a stand-alone thresholding; see KernelContext.threshold. */
export function buildThreshold(arena: Arena, spec: ThresholdSpec): Kernel {
  const { elements, channels, thresholds } = spec;
  // a feature map is cut into pieces that are alike and lie aligned in every layout, so that tables are no larger than a piece
  const piece = leastMultiple(channels, 128);
  if (elements > piece && elements % piece === 0) {
    const inner = buildThreshold(arena, { ...spec, elements: piece });
    return (input, output, frames) => inner(input, output, (frames * elements) / piece);
  }
  invariant(channels >= 1 && thresholds.count >= 0, 'a thresholding has channels');
  const layout = frameLayout(spec.x);
  const stride = frameStride({ elem: spec.x, elements, lanes: 1 });
  const unsigned = layout.startsWith('u');
  const bytes = layoutBytes(layout);
  if (thresholds.count === 1 && frameLayout(spec.y) === 'bits' && bytes > 0) {
    const bits = bytes === 1 ? 8 : bytes === 2 ? 16 : 32;
    return compareBits(arena, { elements, channels, bits, unsigned, stride, thresholds });
  }
  if (bytes === 1 && layoutBytes(frameLayout(spec.y)) === 1 && thresholds.count <= FEW) {
    return narrowLevels(arena, spec, unsigned);
  }
  // scratch rows hold a multiple of 16 elements, as the vectors of comparisons read them
  const count = ceilTo(elements, 16);
  const pitch = count * 4;
  const block = blockFrames(pitch);
  const scratch = arena.reserve(pitch * block + 64);
  const outStride = frameStride({ elem: spec.y, elements, lanes: 1 });
  const level = levelsInPlace(arena, {
    elements,
    channels,
    unsigned: layout === 'u32',
    stride: pitch,
    thresholds,
  });
  const store = store32(arena, elements, spec.y, pitch);
  const kind = layoutKind(layout);
  const widened = ceilTo(elements, 8);
  return (input, output, frames) => {
    for (let f = 0; f < frames; f += block) {
      const n = Math.min(block, frames - f);
      arena.wasm.to32(kind, input + f * stride, stride, scratch, pitch, widened, n);
      level(scratch, n);
      store(scratch, output + f * outStride, n);
    }
  };
}
