import { frameLayout, frameStride } from '../compiler/hw/kernel.ts';
import type { MatvecSpec, Thresholds } from '../compiler/hw/kernel.ts';
import { fail, invariant } from '../compiler/diagnostics/index.ts';
import { sumTooWide } from '../compiler/diagnostics/catalog/sim.ts';
import { valueRange } from '../compiler/qir/types.ts';
import type { ElementType } from '../compiler/qir/types.ts';
import type { Arena } from './memory.ts';
import { moveRows } from './move.ts';
import { blockFrames, compareBits, layoutBytes, layoutKind, levelsInPlace, store32 } from './threshold.ts';
import type { Kernel } from './threshold.ts';

const ceilTo = (n: number, unit: number): number => Math.ceil(n / unit) * unit;

/**
 * A first stage: fills `scratch` (rows of i32, `pitch` bytes a frame) with sums, or with pop counts p that stand for the sums
 * base + coef * p.
 */
interface Stage {
  readonly run: (x: number, scratch: number, frames: number) => void;
  readonly counts?: { readonly base: Int32Array; readonly coef: number };
}

interface Shape {
  readonly rows: number;
  readonly pitch: number;
  readonly block: number;
  /** Bytes from one vector to the next, in and out. */
  readonly xStride: number;
  readonly yStride: number;
}

/** Least and greatest sum over all outputs, from the actual weights and x's type. */
function sumRange(spec: MatvecSpec): { min: number; max: number } {
  const x = valueRange(spec.x);
  // every product of signs can be -1 and +1, so their weights need not be looked at
  const [inputs, reach] = isBits(spec) ? [0, spec.inputs] : [spec.inputs, 0];
  let min = Infinity;
  let max = -Infinity;
  for (let n = 0; n < spec.outputs; n++) {
    const bias = spec.bias?.[n] ?? 0;
    let [lo, hi] = [bias - reach, bias + reach];
    for (let k = 0; k < inputs; k++) {
      const w = spec.weights[n * spec.inputs + k] ?? 0;
      lo += w > 0 ? w * x.min : w * x.max;
      hi += w > 0 ? w * x.max : w * x.min;
    }
    min = Math.min(min, lo);
    max = Math.max(max, hi);
  }
  return { min, max };
}

/** Bipolar x bipolar: differing bits, counted in 64-bit words. */
function xnorStage(arena: Arena, spec: MatvecSpec, shape: Shape): Stage {
  const words = Math.ceil(spec.inputs / 64);
  const packed = new Uint8Array(shape.rows * words * 8);
  for (let n = 0; n < spec.outputs; n++) {
    const group = (n >> 2) * words * 32 + (n & 3) * 8;
    for (let k = 0; k < spec.inputs; k++) {
      if ((spec.weights[n * spec.inputs + k] ?? 0) <= 0) continue;
      const at = group + (k >> 6) * 32 + ((k & 63) >> 3);
      packed[at] = (packed[at] ?? 0) | (1 << (k & 7));
    }
  }
  const w = arena.place(packed);
  const base = new Int32Array(spec.outputs);
  for (let n = 0; n < spec.outputs; n++) base[n] = spec.inputs + (spec.bias?.[n] ?? 0);
  const stride = shape.xStride;
  return {
    run: (x, scratch, frames) =>
      arena.wasm.xnorPops(x, stride, w, words, shape.rows, scratch, shape.pitch, frames),
    counts: { base, coef: -2 },
  };
}

/** Bipolar or ternary on both sides: planes of non-zeros and of signs, counted in 64-bit words. */
function ternaryStage(arena: Arena, spec: MatvecSpec, shape: Shape): Stage {
  const words = Math.ceil(spec.inputs / 64);
  const packed = new Uint8Array(shape.rows * words * 16);
  const bias = new Int32Array(shape.rows);
  for (let n = 0; n < spec.outputs; n++) {
    bias[n] = spec.bias?.[n] ?? 0;
    const group = (n >> 2) * words * 64 + (n & 3) * 16;
    for (let k = 0; k < spec.inputs; k++) {
      const w = spec.weights[n * spec.inputs + k] ?? 0;
      if (w === 0) continue;
      const at = group + (k >> 6) * 64 + ((k & 63) >> 3);
      packed[at] = (packed[at] ?? 0) | (1 << (k & 7));
      if (w < 0) packed[at + 8] = (packed[at + 8] ?? 0) | (1 << (k & 7));
    }
  }
  const w = arena.place(packed);
  const b = arena.place(bias);
  const stride = shape.xStride;
  const split = arena.reserve(words * 16 * shape.block);
  const kind = layoutKind(frameLayout(spec.x));
  return {
    run: (x, scratch, frames) => {
      arena.wasm.planes(kind, x, stride, split, words, frames);
      arena.wasm.ternarySums(split, w, words, shape.rows, b, scratch, shape.pitch, frames);
    },
  };
}

/** Integer dot products on rows of i16 where both sides fit, else of i32. */
function dotStage(arena: Arena, spec: MatvecSpec, shape: Shape): Stage {
  const layout = frameLayout(spec.x);
  const total = spec.inputs * spec.outputs;
  let narrow = layout !== 'i32' && layout !== 'u32';
  for (let i = 0; i < total && narrow; i++) {
    const w = spec.weights[i] ?? 0;
    narrow = w >= -32768 && w <= 32767;
  }
  const stride = shape.xStride;
  const size = narrow ? 2 : 4;
  // frames that lie in memory as the kernel wants them need no conversion
  const direct = stride % 16 === 0 && (narrow ? layout === 'i16' : layoutKind(layout) === 5);
  const count = ceilTo(spec.inputs, 8);
  const bytes = direct ? stride : count * size;
  const pitch = bytes / size;
  const rows = narrow ? new Int16Array(shape.rows * pitch) : new Int32Array(shape.rows * pitch);
  const bias = new Int32Array(shape.rows);
  for (let n = 0; n < spec.outputs; n++) {
    let offset = (spec.bias?.[n] ?? 0) | 0;
    for (let k = 0; k < spec.inputs; k++) {
      const w = spec.weights[n * spec.inputs + k] ?? 0;
      rows[n * pitch + k] = w;
      // u16 comes with 32768 subtracted, so that it fits i16
      if (narrow && layout === 'u16') offset = (offset + Math.imul(w, 32768)) | 0;
    }
    bias[n] = offset;
  }
  const w = arena.place(rows);
  const b = arena.place(bias);
  const dot = narrow ? arena.wasm.dot16 : arena.wasm.dot32;
  if (direct)
    return { run: (x, scratch, frames) => dot(x, bytes, w, shape.rows, b, scratch, shape.pitch, frames) };
  const convert = narrow ? arena.wasm.to16 : arena.wasm.to32;
  const kind = layoutKind(layout);
  const widened = arena.reserve(bytes * shape.block + 64);
  return {
    run: (x, scratch, frames) => {
      convert(kind, x, stride, widened, bytes, count, frames);
      dot(widened, bytes, w, shape.rows, b, scratch, shape.pitch, frames);
    },
  };
}

/** A threshold on a sum as one on the pop count p, sum = base - 2 p: sum >= t where p <= (base - t) / 2. */
function onCounts(thresholds: Thresholds, base: Int32Array): Thresholds {
  return {
    values: Array.from(base, (b, n) => Math.floor((b - Math.ceil(thresholds.values[n] ?? 0)) / 2) + 1),
    count: 1,
    flip: Array.from(base, (_, n) => ((thresholds.flip[n] ?? 0) === 0 ? 1 : 0)),
    base: thresholds.base,
    step: thresholds.step,
  };
}

function affineStage(
  arena: Arena,
  spec: MatvecSpec,
  shape: Shape,
  counts: { base: Int32Array; coef: number },
) {
  const coef = new Int32Array(shape.rows).fill(counts.coef, 0, spec.outputs);
  const base = new Int32Array(shape.rows);
  base.set(counts.base);
  const [c, b] = [arena.place(coef), arena.place(base)];
  return (scratch: number, frames: number) =>
    arena.wasm.affine(scratch, shape.pitch, c, b, shape.rows, frames);
}

/** What follows the first stage: from scratch to frames of type y. */
function finish(arena: Arena, spec: MatvecSpec, shape: Shape, stage: Stage): Kernel {
  const { thresholds, outputs } = spec;
  const affine = stage.counts === undefined ? undefined : affineStage(arena, spec, shape, stage.counts);
  if (thresholds === undefined) {
    const store = store32(arena, outputs, spec.y, shape.pitch, shape.yStride);
    return (scratch, output, frames) => {
      affine?.(scratch, frames);
      store(scratch, output, frames);
    };
  }
  const { min, max } = sumRange(spec);
  const signed = min >= -(2 ** 31) && max < 2 ** 31;
  if (!signed && !(min >= 0 && max < 2 ** 32)) fail(sumTooWide(min, max, spec.inputs));
  const common = { elements: outputs, channels: outputs, stride: shape.pitch };
  const { yStride: outStride } = shape;
  if (thresholds.count === 1 && frameLayout(spec.y) === 'bits') {
    const asked = stage.counts === undefined ? thresholds : onCounts(thresholds, stage.counts.base);
    const unsigned = stage.counts === undefined && !signed;
    return compareBits(arena, { ...common, bits: 32, unsigned, thresholds: asked, outStride });
  }
  const level = levelsInPlace(arena, { ...common, unsigned: !signed, thresholds });
  const store = store32(arena, outputs, spec.y, shape.pitch, shape.yStride);
  return (scratch, output, frames) => {
    affine?.(scratch, frames);
    level(scratch, frames);
    store(scratch, output, frames);
  };
}

/** Bytes that `elements` elements take when they stand one behind the other; undefined if they do not fill whole bytes. */
function tightBytes(elem: ElementType, elements: number): number | undefined {
  const bytes = layoutBytes(frameLayout(elem));
  if (bytes > 0) return bytes * elements;
  return elements % 8 === 0 ? elements / 8 : undefined;
}

/** Products of vectors that lie `xStride` bytes apart, with results `yStride` bytes apart. */
function products(arena: Arena, spec: MatvecSpec, xStride: number, yStride: number): Kernel {
  // rows of scratch hold a multiple of 16 elements, as the vectors of comparisons read them
  const pitch = ceilTo(spec.outputs, 16) * 4;
  const block = blockFrames(pitch + xStride);
  const shape: Shape = { rows: ceilTo(spec.outputs, 4), pitch, block, xStride, yStride };
  const build = isSigns(spec.x, spec.w) ? (isBits(spec) ? xnorStage : ternaryStage) : dotStage;
  const stage = build(arena, spec, shape);
  const then = finish(arena, spec, shape, stage);
  const scratch = arena.reserve(pitch * block + 64);
  return (input, output, frames) => {
    for (let f = 0; f < frames; f += block) {
      const n = Math.min(block, frames - f);
      stage.run(input + f * xStride, scratch, n);
      then(scratch, output + f * yStride, n);
    }
  };
}

const isSigns = (...elems: ElementType[]): boolean =>
  elems.every(({ kind }) => kind === 'bipolar' || kind === 'ternary');
const isBits = ({ x, w }: MatvecSpec): boolean => x.kind === 'bipolar' && w.kind === 'bipolar';

/** Builds a matrix-vector product; see KernelContext.matvec. */
export function buildMatvec(arena: Arena, spec: MatvecSpec): Kernel {
  invariant(spec.inputs >= 1 && spec.outputs >= 1, 'a matrix has rows and columns');
  const { inputs, outputs, rows = 1 } = spec;
  const vector = frameStride({ elem: spec.x, elements: inputs, lanes: 1 });
  const result = frameStride({ elem: spec.y, elements: outputs, lanes: 1 });
  if (rows === 1) return products(arena, spec, vector, result);
  const frame = frameStride({ elem: spec.x, elements: rows * inputs, lanes: 1 });
  const outFrame = frameStride({ elem: spec.y, elements: rows * outputs, lanes: 1 });
  const x = tightBytes(spec.x, inputs);
  const y = tightBytes(spec.y, outputs);
  // agreements are counted in whole words, and bits are written 16 at a time; else the vectors pass through memory that is aligned
  const reads = x !== undefined && (!isBits(spec) || inputs % 64 === 0);
  const writes = y !== undefined && (frameLayout(spec.y) !== 'bits' || outputs % 16 === 0);
  const run = products(arena, spec, reads ? x : vector, writes ? y : result);
  const spread = reads ? undefined : moveRows(arena, spec.x, inputs, rows, 'spread');
  const collect = writes ? undefined : moveRows(arena, spec.y, outputs, rows, 'collect');
  const from = reads ? 0 : arena.reserve(rows * vector);
  const to = writes ? 0 : arena.reserve(rows * result);
  return (input, output, frames) => {
    for (let f = 0; f < frames; f++) {
      spread?.(input + f * frame, from, 1);
      run(reads ? input + f * frame : from, writes ? output + f * outFrame : to, rows);
      collect?.(to, output + f * outFrame, 1);
    }
  };
}
