import { invariant } from '../../diagnostics/index.ts';
import { goodShape } from '../check-type.ts';
import type { Attribute } from '../graph.ts';
import type { AttributeSpec, TypeProblem } from '../op.ts';
import { getNumbers, getNumbersOr, integersAttribute } from './attributes.ts';
import { printShape } from './shapes.ts';

/**
 * A window that slides along one axis. Tap k of window o lies at o * stride + k * dilation - before; positions below 0 or from
 * `size` on are padding.
 */
export interface AxisGeometry {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Padding in front of the first element and behind the last one. */
  readonly before: number;
  readonly after: number;
  /** How many windows there are. */
  readonly out: number;
}

/** A window that slides over an image [height, width, channels]. */
export interface Geometry {
  readonly y: AxisGeometry;
  readonly x: AxisGeometry;
  readonly channels: number;
}

type Attributes = Readonly<Record<string, Attribute>>;

const kernelAttribute = integersAttribute('Height and width of a window.', 1, { count: 2 });
const strideAttribute = integersAttribute('Steps [down, right] from window to window; [1, 1] if absent.', 1, {
  count: 2,
  optional: true,
});
const dilationAttribute = integersAttribute(
  'Distances [down, right] of the taps of a window; [1, 1] if absent.',
  1,
  { count: 2, optional: true },
);

/** Padding of an image, for the ops that pad. */
const padsAttribute: AttributeSpec = integersAttribute(
  'Padding [top, left, bottom, right]; none if absent.',
  0,
  { count: 4, optional: true },
);

/** The attributes of an op whose windows come from the shape of its weights. */
export const slideAttributes: Readonly<Record<string, AttributeSpec>> = {
  strides: strideAttribute,
  pads: padsAttribute,
  dilations: dilationAttribute,
};

/** The attributes of a pool without dilation. */
export const poolAttributes: Readonly<Record<string, AttributeSpec>> = {
  kernel: kernelAttribute,
  strides: strideAttribute,
  pads: padsAttribute,
};

/** The attributes of an op that states the size of its windows. */
export const windowAttributes: Readonly<Record<string, AttributeSpec>> = {
  kernel: kernelAttribute,
  ...slideAttributes,
};

/** The sides of an image: its height, width and channels, or what is wrong with the shape. */
export function imageShape(
  shape: readonly number[],
): { readonly height: number; readonly width: number; readonly channels: number } | TypeProblem {
  const [height, width, channels] = shape;
  if (shape.length !== 3 || height === undefined || width === undefined || channels === undefined) {
    return {
      message: 'the operand is not an image',
      found: `shape ${printShape(shape)}`,
      expected: '[height, width, channels]',
    };
  }
  return { height, width, channels };
}

/** A shape that a tensor can have, or what is wrong with it. */
export function checkedShape(shape: readonly number[]): readonly number[] | TypeProblem {
  if (goodShape(shape)) return shape;
  return {
    message: 'the result is too large',
    found: `shape ${printShape(shape)}`,
    expected: 'at most 2147483647 elements',
  };
}

/** The windows of an op with the attribute `kernel`; see `slide`. */
export function windows(shape: readonly number[], attributes: Attributes): Geometry | TypeProblem {
  const [height = 1, width = 1] = getNumbers(attributes, 'kernel');
  return slide(shape, height, width, attributes);
}

/** The windows of a node that the verifier has typed. */
export function typedWindows(shape: readonly number[], attributes: Attributes): Geometry {
  const geometry = windows(shape, attributes);
  invariant(!('message' in geometry), 'the windows of a node were typed before');
  return geometry;
}

/** The windows of `height` times `width` taps that the attributes let slide over an image. */
export function slide(
  shape: readonly number[],
  height: number,
  width: number,
  attributes: Attributes,
): Geometry | TypeProblem {
  const image = imageShape(shape);
  if ('message' in image) return image;
  const [top = 0, left = 0, bottom = 0, right = 0] = getNumbersOr(attributes, 'pads', [0, 0, 0, 0]);
  const [down = 1, along = 1] = getNumbersOr(attributes, 'strides', [1, 1]);
  const [tall = 1, wide = 1] = getNumbersOr(attributes, 'dilations', [1, 1]);
  const y = axisGeometry('height', {
    size: image.height,
    kernel: height,
    stride: down,
    dilation: tall,
    before: top,
    after: bottom,
  });
  if ('message' in y) return y;
  const x = axisGeometry('width', {
    size: image.width,
    kernel: width,
    stride: along,
    dilation: wide,
    before: left,
    after: right,
  });
  if ('message' in x) return x;
  return { y, x, channels: image.channels };
}

/** How far the taps of a window reach. */
export function extent({ kernel, dilation }: Pick<AxisGeometry, 'kernel' | 'dilation'>): number {
  return (kernel - 1) * dilation + 1;
}

function axisGeometry(what: string, axis: Omit<AxisGeometry, 'out'>): AxisGeometry | TypeProblem {
  const { size, before, after, kernel, dilation } = axis;
  const room = size + before + after - extent(axis);
  if (room < 0) {
    return {
      message: 'the kernel is larger than the padded image',
      found: `a ${what} of ${size} + ${before} + ${after}, a kernel of ${kernel}${dilation === 1 ? '' : ` with dilation ${dilation}`}`,
      expected: `a padded ${what} of at least ${extent(axis)}`,
    };
  }
  return { ...axis, out: Math.floor(room / axis.stride) + 1 };
}

/** Whether anything is padded. */
export function isPadded({ y, x }: Geometry): boolean {
  return y.before > 0 || y.after > 0 || x.before > 0 || x.after > 0;
}

/** What is wrong if a window lies in the padding altogether: a pool has no result there. */
export function emptyWindow({ y, x }: Geometry): TypeProblem | undefined {
  return emptyAlong('height', y) ?? emptyAlong('width', x);
}

function emptyAlong(what: string, axis: AxisGeometry): TypeProblem | undefined {
  const { size, before, after, kernel, stride, dilation, out } = axis;
  const most = extent(axis) - 1;
  if (before > most || after > most) {
    return {
      message: 'a window of the pool lies in the padding',
      found: `padding of ${before} and ${after} along the ${what}`,
      expected: `at most ${most}, one less than the kernel reaches`,
    };
  }
  // taps at most `size` apart cannot step over the image
  if (dilation <= size) return undefined;
  for (let o = 0; o < out; o++) {
    const start = o * stride - before;
    const tap = Math.max(0, Math.ceil(-start / dilation));
    if (tap < kernel && start + tap * dilation < size) continue;
    return {
      message: 'a window of the pool lies in the padding',
      found: `window ${o} along the ${what} of ${size}, whose taps are ${dilation} apart`,
      expected: 'a tap of every window inside the image',
    };
  }
  return undefined;
}

/** The position of a tap along an axis, or -1 in the padding. */
function tapAt(axis: AxisGeometry, window: number, tap: number): number {
  const at = window * axis.stride + tap * axis.dilation - axis.before;
  return at < axis.size ? Math.max(at, -1) : -1;
}

/** The positions of all taps along an axis, window by window; -1 in the padding. */
function tapPositions(axis: AxisGeometry): Int32Array {
  const positions = new Int32Array(axis.out * axis.kernel);
  for (let i = 0; i < positions.length; i++) {
    const tap = i % axis.kernel;
    positions[i] = tapAt(axis, (i - tap) / axis.kernel, tap);
  }
  return positions;
}

/**
 * For each tap of each window (row-major over [y.out, x.out, y.kernel, x.kernel]) the index of its pixel, -1 in the padding.
 */
export function windowPixels({ y, x }: Geometry): Int32Array {
  const [rows, columns] = [tapPositions(y), tapPositions(x)];
  const pixels = new Int32Array(rows.length * columns.length);
  let at = 0;
  for (let oy = 0; oy < y.out; oy++) {
    for (let ox = 0; ox < x.out; ox++) {
      for (let ky = 0; ky < y.kernel; ky++) {
        const row = rows[oy * y.kernel + ky] ?? -1;
        for (let kx = 0; kx < x.kernel; kx++) {
          const column = columns[ox * x.kernel + kx] ?? -1;
          pixels[at++] = row < 0 || column < 0 ? -1 : row * x.size + column;
        }
      }
    }
  }
  return pixels;
}

/** Spreads pixels to the indices of their elements: each pixel is `channels` elements side by side. */
export function pixelElements(pixels: Int32Array, channels: number): Int32Array {
  const index = new Int32Array(pixels.length * channels);
  for (let i = 0; i < pixels.length; i++) {
    const from = pixels[i] ?? -1;
    for (let c = 0; c < channels; c++) index[i * channels + c] = from < 0 ? -1 : from * channels + c;
  }
  return index;
}
