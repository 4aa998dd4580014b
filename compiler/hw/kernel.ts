import type { ElementType } from '../qir/types.ts';
import type { StreamType } from './graph.ts';

/**
 * How the frames of a channel lie in the engine's memory. All frames of a channel have the same stride (a multiple of 16 bytes);
 * bytes behind the elements are zero.
 *
 * - `bits`: bipolar, one bit an element (1 stands for +1), element e at bit e % 8 of byte e / 8.
 * - `i8`, `u8`, `i16`, `u16`, `i32`, `u32`: one integer an element, little endian; the narrowest that holds the type
 *   (ternary: i8).
 */
export type FrameLayout = 'bits' | 'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32';

/** Layout of a channel with this element type. */
export function frameLayout(elem: ElementType): FrameLayout {
  switch (elem.kind) {
    case 'bipolar':
      return 'bits';
    case 'ternary':
      return 'i8';
    case 'uint':
      return elem.bits <= 8 ? 'u8' : elem.bits <= 16 ? 'u16' : 'u32';
    case 'int':
    case 'fixed':
      return elem.bits <= 8 ? 'i8' : elem.bits <= 16 ? 'i16' : 'i32';
    case 'pow2':
      return elem.hi <= 6 ? 'i8' : elem.hi <= 14 ? 'i16' : 'i32';
    case 'float32':
      throw new RangeError('no channel carries float32');
  }
}

/** Bytes from one frame to the next. */
export function frameStride(stream: StreamType): number {
  const layout = frameLayout(stream.elem);
  const bytes =
    layout === 'bits'
      ? Math.ceil(stream.elements / 8)
      : stream.elements * (layout.endsWith('8') ? 1 : layout.endsWith('16') ? 2 : 4);
  return Math.ceil(bytes / 16) * 16;
}

/** Computes `frames` consecutive frames. Addresses are byte offsets of the first frame in the engine's memory, one per port. */
export type FrameKernel = (inputs: readonly number[], outputs: readonly number[], frames: number) => void;

/**
 * What the engine offers to a unit's kernel: memory that lives as long as the engine, and bit-packed primitives compiled to
 * WebAssembly. Every primitive computes whole frames; strides follow `frameStride`.
 */
export interface KernelContext {
  /** Reserves zeroed memory (16-byte aligned) and returns its byte offset. */
  readonly reserve: (bytes: number) => number;
  /** A view of the engine's memory. Fetch it anew after every `reserve`: growing moves the buffer. */
  readonly memory: () => ArrayBuffer;
  /**
   * Builds a matrix-vector product: for each frame and output n, y[n] = bias[n] + sum_k w[n][k] * x[k], exact in 32 bits.
   * Weights are row-major [outputs][inputs]. The fastest form for the given types is chosen (bit planes for bipolar and ternary).
   * If `thresholds` is given the result is not the sum but its level, as `threshold` below.
   */
  readonly matvec: (spec: MatvecSpec) => (input: number, output: number, frames: number) => void;
  /**
   * Builds a thresholding: y[n] = level of x[n], where count = the number of thresholds t of channel n with x[n] >= t,
   * flipped channels count those with x[n] < t; level = base + step * count.
   */
  readonly threshold: (spec: ThresholdSpec) => (input: number, output: number, frames: number) => void;
  /** The kernel of a unit that leaves the tensor as it is and only moves beats. */
  readonly copy: (stream: StreamType) => FrameKernel;
  /** Builds a selection of elements: y[i] = index[i] < 0 ? fill : x[index[i]]. */
  readonly gather: (spec: GatherSpec) => (input: number, output: number, frames: number) => void;
  /** Builds a grouped dot product: y[r][c] = bias[c] + sum_t w[t][c] * x[r][t][c], exact in 32 bits; thresholds as in `matvec`. */
  readonly depthwise: (spec: DepthwiseSpec) => (input: number, output: number, frames: number) => void;
  /** Builds a reduction over taps: y[r][c] = max_t or sum_t of x[r][t][c]. */
  readonly reduce: (spec: ReduceSpec) => (input: number, output: number, frames: number) => void;
  /** Builds a scaled sum of tensors of one shape: y[e] = bias[c] + sum_i coefficient_i[c] * x_i[e], c = e % channels, exact in 32 bits. */
  readonly combine: (
    spec: CombineSpec,
  ) => (inputs: readonly number[], output: number, frames: number) => void;
  /** Builds y[e] = clamp(floor((x[e] * multipliers[c] + biases[c]) / 2^shift), min, max), c = e % channels; products exact in 64 bits. */
  readonly requantize: (spec: RequantizeSpec) => (input: number, output: number, frames: number) => void;
}

export interface GatherSpec {
  readonly inputElements: number;
  readonly outputElements: number;
  readonly x: ElementType;
  /** As x, or a type that also holds `fill`. */
  readonly y: ElementType;
  /** For each output element the input element, or -1. */
  readonly index: Int32Array;
  readonly fill: number;
}

export interface DepthwiseSpec {
  readonly rows: number;
  readonly taps: number;
  readonly channels: number;
  readonly x: ElementType;
  readonly w: ElementType;
  /** Row-major [taps][channels]. */
  readonly weights: ArrayLike<number>;
  readonly bias?: ArrayLike<number>;
  readonly y: ElementType;
  readonly thresholds?: Thresholds;
}

export interface ReduceSpec {
  readonly rows: number;
  readonly taps: number;
  readonly channels: number;
  readonly kind: 'max' | 'sum';
  readonly x: ElementType;
  readonly y: ElementType;
}

export interface CombineSpec {
  readonly elements: number;
  /** The coefficient of an input, or one for each channel. */
  readonly inputs: readonly { readonly x: ElementType; readonly coefficient: number | ArrayLike<number> }[];
  readonly channels: number;
  readonly bias?: ArrayLike<number>;
  readonly y: ElementType;
}

export interface RequantizeSpec {
  readonly elements: number;
  readonly channels: number;
  readonly x: ElementType;
  readonly y: ElementType;
  /** One a channel. */
  readonly multipliers: ArrayLike<number>;
  readonly biases: ArrayLike<number>;
  readonly shift: number;
  readonly min: number;
  readonly max: number;
}

/** Thresholds of `channels` channels, ascending within a channel. Element e of a frame belongs to channel e % channels. */
export interface Thresholds {
  /** Row-major [channels][count]. */
  readonly values: ArrayLike<number>;
  readonly count: number;
  /** 1 where the channel's level falls as the input rises. */
  readonly flip: ArrayLike<number>;
  /** Level at count 0. */
  readonly base: number;
  /** Difference of neighbouring levels: 2 for bipolar, else 1. */
  readonly step: number;
}

export interface MatvecSpec {
  /** Vectors of one frame, one behind the other without padding, in and out; absent: 1. */
  readonly rows?: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly x: ElementType;
  readonly w: ElementType;
  readonly weights: ArrayLike<number>;
  readonly bias?: ArrayLike<number>;
  readonly y: ElementType;
  readonly thresholds?: Thresholds;
}

export interface ThresholdSpec {
  readonly elements: number;
  readonly x: ElementType;
  readonly y: ElementType;
  readonly thresholds: Thresholds;
  readonly channels: number;
}
