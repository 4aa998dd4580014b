import { padRank, transposed, withDims } from './constants.ts';
import { normalAxis, qirShape, trimLeading } from './shapes.ts';
import type { ConstTensor } from './tensors.ts';

/**
 * How the elements of a value stand in QIR. `source`: in the order of the ONNX tensor, its batch axis dropped. `channels-last`: an
 * ONNX image [1, C, H, W] as [H, W, C], or a sequence [1, C, L] as [1, L, C].
 */
export type Layout = 'source' | 'channels-last';

/** The ONNX dimensions of a value, batch axis included, and how its elements stand in QIR. */
export interface Placed {
  readonly dims: readonly number[];
  readonly layout: Layout;
}

/** A value of these ONNX dimensions in source order. */
export function inSourceOrder(dims: readonly number[]): Placed {
  return { dims, layout: 'source' };
}

/** Whether a tensor of these dimensions can stand channels last: one image or sequence of channels first. */
export function canBeImage(dims: readonly number[]): boolean {
  return (dims.length === 3 || dims.length === 4) && dims[0] === 1;
}

/** The QIR axes of an image, as axes of the ONNX tensor; -1 for the height that a sequence does not have. */
function imageAxes(rank: number): readonly number[] {
  return rank === 4 ? [2, 3, 1] : [-1, 2, 1];
}

/** The QIR shape of a value. */
export function placedShape({ dims, layout }: Placed): readonly number[] {
  if (layout === 'source') return qirShape(dims);
  return imageAxes(dims.length).map((axis) => dims[axis] ?? 1);
}

/** The QIR axis of an ONNX axis, or undefined for the batch axis and for axes out of range. */
export function placedAxis({ dims, layout }: Placed, axis: number): number | undefined {
  const normal = normalAxis(axis, dims.length);
  if (normal === undefined) return undefined;
  if (layout === 'source') {
    const inner = normal - (dims.length - qirShape(dims).length);
    return inner < 0 ? undefined : inner;
  }
  const at = imageAxes(dims.length).indexOf(normal);
  return at < 0 ? undefined : at;
}

/** Whether source order and channels last are the same order of elements: one channel, or one pixel. */
export function sameOrder(dims: readonly number[]): boolean {
  const [, channels = 1, ...spatial] = dims;
  return channels === 1 || spatial.every((n) => n === 1);
}

/** A constant as it broadcasts against a value of this placing: leading 1-axes dropped, a single element a scalar. */
export function placedConstant(tensor: ConstTensor, placed: Placed): ConstTensor {
  if (tensor.data.length === 1) return withDims(tensor, []);
  if (placed.layout === 'source')
    return withDims(tensor, trimLeading(tensor.dims, qirShape(placed.dims).length));
  const rank = placed.dims.length;
  const full = padRank(withDims(tensor, trimLeading(tensor.dims, rank)), rank);
  const turned = transposed(full, [0, ...imageAxes(rank).filter((axis) => axis > 0)]);
  return withDims(turned, trimLeading(turned.dims, 1));
}
