import * as z from 'zod';
import type { Loop, Nest } from './nest.ts';

const size = z.int().min(1);
const pair = z.tuple([size, size]);
const pads = z.tuple([z.int().min(0), z.int().min(0), z.int().min(0), z.int().min(0)]);

/** Schema of what is done with the input; the names and meanings are those of the operations. */
export const movementSchema = z.discriminatedUnion('op', [
  z.object({ op: z.literal('windows'), kernel: pair, strides: pair, pads, dilations: pair }),
  z.object({ op: z.literal('pad'), pads }),
  z.object({ op: z.literal('upsample'), factors: pair }),
  z.object({ op: z.literal('dilate'), factors: pair }),
  z.object({ op: z.literal('depth_to_space'), block: size, mode: z.enum(['DCR', 'CRD']) }),
  z.object({ op: z.literal('transpose'), perm: z.array(z.int().min(0)).min(1) }),
  z.object({ op: z.literal('slice'), axis: z.int().min(0), start: z.int().min(0), end: z.int().min(1) }),
]);

/** What is done with the input. */
export type Movement = z.infer<typeof movementSchema>;

/** Elements from one index to the next along each axis. */
function pitches(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, n) => product * n, 1));
}

/** Windows along one axis of `length` pixels; may be 0 or less. */
function windowsAlong(length: number, kernel: number, stride: number, dilation: number, pad: number): number {
  return Math.floor((length + pad - (kernel - 1) * dilation - 1) / stride) + 1;
}

/**
 * The loops over the elements of the result and the shape of the result, or a word on why a tensor of this shape cannot be taken.
 *
 * @param shape - of the input; three axes (height, width, channels) but for `transpose` and `slice`.
 */
export function nestOf(
  movement: Movement,
  shape: readonly number[],
): { readonly nest: Nest; readonly shape: readonly number[] } | { readonly problem: string } {
  switch (movement.op) {
    case 'transpose':
      return transpose(movement.perm, shape);
    case 'slice':
      return slice(movement, shape);
    default:
      break;
  }
  const [h, w, c, ...more] = shape;
  if (h === undefined || w === undefined || c === undefined || more.length > 0)
    return { problem: `${shape.length} axes, expected height, width and channels` };
  switch (movement.op) {
    case 'windows': {
      const { kernel, strides, dilations } = movement;
      const [top, left, bottom, right] = movement.pads;
      const oh = windowsAlong(h, kernel[0], strides[0], dilations[0], top + bottom);
      const ow = windowsAlong(w, kernel[1], strides[1], dilations[1], left + right);
      if (oh < 1 || ow < 1) return { problem: `no window of ${kernel.join(' x ')} fits ${h} x ${w} pixels` };
      return {
        nest: {
          loops: [
            { name: 'oy', extent: oh, stride: strides[0] * w * c },
            { name: 'ox', extent: ow, stride: strides[1] * c },
            { name: 'ky', extent: kernel[0], stride: dilations[0] * w * c },
            { name: 'kx', extent: kernel[1], stride: dilations[1] * c },
            { name: 'c', extent: c, stride: 1 },
          ],
          base: -top * w * c - left * c,
          bounds: [
            {
              size: h,
              base: -top,
              terms: [
                { loop: 'oy', step: strides[0] },
                { loop: 'ky', step: dilations[0] },
              ],
            },
            {
              size: w,
              base: -left,
              terms: [
                { loop: 'ox', step: strides[1] },
                { loop: 'kx', step: dilations[1] },
              ],
            },
          ],
        },
        shape: [oh, ow, kernel[0] * kernel[1], c],
      };
    }
    case 'pad': {
      const [top, left, bottom, right] = movement.pads;
      const [oh, ow] = [h + top + bottom, w + left + right];
      return {
        nest: {
          loops: [
            { name: 'oy', extent: oh, stride: w * c },
            { name: 'ox', extent: ow, stride: c },
            { name: 'c', extent: c, stride: 1 },
          ],
          base: -top * w * c - left * c,
          bounds: [
            { size: h, base: -top, terms: [{ loop: 'oy', step: 1 }] },
            { size: w, base: -left, terms: [{ loop: 'ox', step: 1 }] },
          ],
        },
        shape: [oh, ow, c],
      };
    }
    case 'upsample':
    case 'dilate': {
      const [fy, fx] = movement.factors;
      const inside = movement.op === 'dilate' ? { short: true, blank: true } : {};
      const loops: Loop[] = [
        { name: 'iy', extent: h, stride: w * c },
        { name: 'ry', extent: fy, stride: 0, ...inside },
        { name: 'ix', extent: w, stride: c },
        { name: 'rx', extent: fx, stride: 0, ...inside },
        { name: 'c', extent: c, stride: 1 },
      ];
      const along = (n: number, f: number): number => (movement.op === 'dilate' ? (n - 1) * f + 1 : n * f);
      return {
        // a factor of one, or a single pixel, leaves nothing between
        nest: {
          loops: loops.filter(
            (loop, i) => !loop.short || (loop.extent > 1 && (loops[i - 1]?.extent ?? 1) > 1),
          ),
          base: 0,
          bounds: [],
        },
        shape: [along(h, fy), along(w, fx), c],
      };
    }
    case 'depth_to_space': {
      const { block: r, mode } = movement;
      if (c % (r * r) !== 0) return { problem: `${c} channels, expected a multiple of ${r} x ${r}` };
      const rest = c / (r * r);
      const [ry, rx, step] = mode === 'DCR' ? [r * rest, rest, 1] : [r, 1, r * r];
      return {
        nest: {
          loops: [
            { name: 'iy', extent: h, stride: w * c },
            { name: 'ry', extent: r, stride: ry },
            { name: 'ix', extent: w, stride: c },
            { name: 'rx', extent: r, stride: rx },
            { name: 'c', extent: rest, stride: step },
          ],
          base: 0,
          bounds: [],
        },
        shape: [h * r, w * r, rest],
      };
    }
  }
}

function transpose(
  perm: readonly number[],
  shape: readonly number[],
): { readonly nest: Nest; readonly shape: readonly number[] } | { readonly problem: string } {
  if (perm.toSorted((a, b) => a - b).join() !== shape.map((_, axis) => axis).join())
    return { problem: `permutation ${perm.join(', ')} of ${shape.length} axes` };
  const pitch = pitches(shape);
  return {
    nest: {
      loops: perm.map((axis) => ({ name: `a${axis}`, extent: shape[axis] ?? 1, stride: pitch[axis] ?? 1 })),
      base: 0,
      bounds: [],
    },
    shape: perm.map((axis) => shape[axis] ?? 1),
  };
}

function slice(
  { axis, start, end }: Extract<Movement, { op: 'slice' }>,
  shape: readonly number[],
): { readonly nest: Nest; readonly shape: readonly number[] } | { readonly problem: string } {
  const length = shape[axis];
  if (length === undefined) return { problem: `axis ${axis} of ${shape.length}` };
  if (start >= end || end > length) return { problem: `${start} to ${end} of ${length}` };
  const pitch = pitches(shape);
  const kept = shape.map((n, i) => (i === axis ? end - start : n));
  return {
    nest: {
      loops: kept.map((extent, i) => ({ name: `a${i}`, extent, stride: pitch[i] ?? 1 })),
      base: start * (pitch[axis] ?? 1),
      bounds: [],
    },
    shape: kept,
  };
}
