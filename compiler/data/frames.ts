import { fail } from '../diagnostics/index.ts';
import {
  dataEmpty,
  dataNotInteger,
  dataNotOnGrid,
  dataRange,
  dataShape,
} from '../diagnostics/catalog/data.ts';
import { toReal } from '../qir/evaluate.ts';
import type { Boundary, GraphInput } from '../qir/graph.ts';
import {
  allocate,
  elementCount,
  holds,
  printElement,
  printType,
  valueRange,
  type ElementType,
  type Tensor,
  type TensorData,
} from '../qir/types.ts';
import { isFloat, unravel, type NdArray } from './array.ts';
import { sourceOrder, sourceShape } from './order.ts';

/** Frames for one input of a graph: integers in row-major order, one frame after the other. */
export interface Frames {
  readonly count: number;
  /** Elements of one frame. */
  readonly elements: number;
  readonly data: TensorData;
}

/** How an array is turned into frames. */
export interface FrameOptions {
  /** How messages name the array, for example `--input`. */
  readonly what: string;
  /**
   * Round real values to the nearest integer (ties to even) and clamp them to the type's range, as the host does for a model
   * whose own first operation is that quantizer. Otherwise a real value off the grid is refused.
   */
  readonly quantize?: boolean;
  /** Take at most this many frames. */
  readonly limit?: number;
}

const withoutOnes = (shape: readonly number[]): number[] => shape.filter((n) => n !== 1);
const equal = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((n, i) => n === b[i]);

/** Whether an array of shape `a` can be read as shape `b`: same axes but for ones, or one of them flat. */
function compatible(a: readonly number[], b: readonly number[]): boolean {
  if (elementCount(a) !== elementCount(b)) return false;
  const [left, right] = [withoutOnes(a), withoutOnes(b)];
  return left.length <= 1 || right.length <= 1 || equal(left, right);
}

/** How many samples of shape `wanted` an array of shape `shape` holds; undefined if it cannot be read so. */
function samplesIn(shape: readonly number[], wanted: readonly number[]): number | undefined {
  if (equal(shape, wanted)) return 1;
  if (shape.length > 0 && compatible(shape.slice(1), wanted)) return shape[0];
  return compatible(shape, wanted) ? 1 : undefined;
}

/** An array of a known number of samples, and where each element of a sample goes; undefined where it stays. */
export interface Samples {
  readonly count: number;
  readonly order: Int32Array | undefined;
}

/**
 * Reads an array's shape as samples of a tensor at the boundary of a graph. Images of a channels-first model may come in the order of
 * the model or channels last, told by the shape; where both fit (a flat array, equal sides) it is the model's.
 */
export function samplesOf(array: NdArray, shape: readonly number[], boundary: Boundary): Samples | undefined {
  const first = samplesIn(array.shape, sourceShape(shape, boundary));
  if (first !== undefined) return { count: first, order: sourceOrder(shape, boundary) };
  const last = boundary.layout === undefined ? undefined : samplesIn(array.shape, shape);
  return last === undefined ? undefined : { count: last, order: undefined };
}

function framesIn(array: NdArray, input: GraphInput, what: string): Samples {
  const { boundary } = input;
  const { shape } = input.type;
  const samples = samplesOf(array, shape, boundary);
  if (samples === undefined) {
    const orders = boundary.layout === undefined ? [shape] : [sourceShape(shape, boundary), shape];
    const known = [...orders, [elementCount(shape)]].map((axes) => `[frames, ${axes.join(', ')}]`);
    return fail(dataShape(what, array.shape, input.name, [...new Set(known)].join(' or ')));
  }
  if (samples.count === 0) fail(dataEmpty(what));
  return samples;
}

/** Rounds to the nearest integer, ties to the even one. */
function roundHalfEven(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  if (rest !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}

function rangeText(elem: ElementType): string {
  if (elem.kind === 'bipolar') return '-1 or +1';
  const { min, max } = valueRange(elem);
  return elem.kind === 'pow2' ? `0 or a power of two of ${printElement(elem)}` : `${min} to ${max}`;
}

/** The real number that integer k stands for at this input, by the evaluator's own definition; each k is computed once. */
function realOf(input: GraphInput): (k: number) => number {
  const known = new Map<number, number>();
  return (k) => {
    let real = known.get(k);
    if (real === undefined) {
      const tensor: Tensor = { type: { elem: input.type.elem, shape: [1] }, data: Float64Array.of(k) };
      real = toReal(tensor, input.boundary).data[0] ?? Number.NaN;
      known.set(k, real);
    }
    return real;
  };
}

/**
 * Turns an array into integer frames for an input of a graph.
 *
 * The leading axis counts the frames (an array of the input's own shape is one frame). Integer arrays are taken as they are,
 * each element checked against the input's type (for `fixed<W,F>`: value * 2^F); a boolean is 0 or 1, or -1 or +1 where the
 * input is bipolar. Float arrays hold real values: element x becomes the integer k for which
 * float32((k - zeroPoint) * scale) + offset is exactly x.
 *
 * Where the input is an image of a channels-first model, the array may be [frames, C, H, W] or [frames, H, W, C]; the frames are
 * channels last, as the graph has them.
 *
 * @throws DiagnosticError (QCC6020 to QCC6023) naming the first element that does not fit.
 */
export function toFrames(array: NdArray, input: GraphInput, options: FrameOptions): Frames {
  const { what } = options;
  const { elem, shape } = input.type;
  const elements = elementCount(shape);
  const samples = framesIn(array, input, what);
  const { order } = samples;
  const place = (i: number): number =>
    order === undefined ? i : i - (i % elements) + (order[i % elements] ?? 0);
  const count = Math.min(samples.count, options.limit ?? Infinity);
  if (count < 1) fail(dataEmpty(what));
  const out = allocate(elem, count * elements);
  const { dtype, data } = array;

  if (!isFloat(dtype)) {
    for (let i = 0; i < out.length; i++) {
      const raw = Number(data[i]);
      const k = dtype === 'bool' && elem.kind === 'bipolar' ? 2 * raw - 1 : raw;
      if (!holds(elem, k)) {
        fail(dataRange(what, unravel(i, array.shape), String(data[i]), printElement(elem), rangeText(elem)));
      }
      out[place(i)] = k;
    }
    return { count, elements, data: out };
  }

  const real = realOf(input);
  const scale = input.boundary.scale ?? {
    numerator: 1,
    denominator: elem.kind === 'fixed' ? 2 ** elem.frac : 1,
  };
  const offset = input.boundary.offset ?? 0;
  const zeroPoint = input.boundary.zeroPoint ?? 0;
  const { min, max } = valueRange(elem);
  for (let i = 0; i < out.length; i++) {
    const x = Number(data[i]);
    const quotient = ((x - offset) * scale.denominator) / scale.numerator;
    // The quantizer that the host takes over works in float32: its ties must be the host's.
    const exact =
      options.quantize === true ? Math.fround(Math.fround(quotient) + zeroPoint) : quotient + zeroPoint;
    const clamped = Number.isNaN(exact) ? min : Math.min(max, Math.max(min, roundHalfEven(exact)));
    // 0 is no bipolar value; its neighbour +1 is (the sign of zero counts as positive)
    const k = elem.kind === 'bipolar' ? (clamped >= 0 ? 1 : -1) : clamped;
    const fits = holds(elem, k) && (real(k) === x || (options.quantize === true && !Number.isNaN(x)));
    if (!fits) {
      const type = `${input.name} : ${printType(input.type)}`;
      fail(dataNotOnGrid(what, unravel(i, array.shape), String(x), type, `${real(k)} (the integer ${k})`));
    }
    out[place(i)] = k;
  }
  return { count, elements, data: out };
}

/** Frame `index` of the frames as a tensor of the input's type; a view, not a copy. */
export function frameTensor(frames: Frames, index: number, input: GraphInput): Tensor {
  const start = index * frames.elements;
  return { type: input.type, data: frames.data.subarray(start, start + frames.elements) };
}

/**
 * The elements of an integer array (`--expect`, `--labels`) as numbers. Float arrays are taken if all values are integers.
 *
 * @throws DiagnosticError (QCC6024) naming the first element that is no integer that a double holds exactly.
 */
export function toIntegers(array: NdArray, what: string): Float64Array {
  const out = new Float64Array(array.data.length);
  for (let i = 0; i < out.length; i++) {
    const value = Number(array.data[i]);
    if (!Number.isSafeInteger(value))
      fail(dataNotInteger(what, unravel(i, array.shape), String(array.data[i])));
    out[i] = value === 0 ? 0 : value;
  }
  return out;
}
