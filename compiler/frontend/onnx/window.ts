import { badWindow, emptyResult } from '../../diagnostics/catalog/frontend-convolution.ts';
import { badAttribute } from '../../diagnostics/catalog/frontend-nodes.ts';
import type { Conversion } from './conversion.ts';
import { showShape } from './shapes.ts';

/** How a window moves along one axis. */
export interface AxisSide {
  readonly stride: number;
  readonly dilation: number;
  /** Pixels added before and after. */
  readonly before: number;
  readonly after: number;
}

/** A window that moves over an image along one axis. */
export interface AxisWindow extends AxisSide {
  /** Pixels of the image. */
  readonly size: number;
  readonly kernel: number;
  /** Positions of the window. */
  readonly count: number;
  /** Pixels that ceil_mode needs beyond the pads; counted in `after`. */
  readonly beyond: number;
}

/** Windows along height and width; a sequence has the height 1. */
export interface Window {
  readonly y: AxisWindow;
  readonly x: AxisWindow;
}

/** A list attribute with one number a spatial axis, each at least `least`. */
export function sizes(
  c: Conversion,
  name: string,
  count: number,
  least: number,
  fallback: number,
): readonly number[] {
  const given = c.attributes.ints(name);
  if (given === undefined) return new Array<number>(count).fill(fallback);
  // A number beyond any image is a sign of damage, and would overflow the arithmetic below.
  if (given.length !== count || given.some((n) => !(n >= least && n < 2 ** 28))) {
    const expected = `${count} numbers, each at least ${least} and below 2^28`;
    c.fail(badWindow(c.where, name, showShape(given.slice(0, 16)), expected));
  }
  return given;
}

const automatic = ['NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'] as const;
export type AutoPad = (typeof automatic)[number];

export function autoPad(c: Conversion): AutoPad {
  const given = c.attributes.string('auto_pad') ?? 'NOTSET';
  const found = automatic.find((mode) => mode === given);
  if (found === undefined)
    c.fail(badAttribute(c.where, 'auto_pad', given.slice(0, 80), automatic.join(', ')));
  return found;
}

/** The extent of a kernel whose taps are `dilation` pixels apart. */
export function extent(kernel: number, dilation: number): number {
  return (kernel - 1) * dilation + 1;
}

/**
 * The window of a Conv or a pooling by its attributes strides, pads, dilations, auto_pad and ceil_mode, as the ONNX specification
 * defines them.
 *
 * @param size height and width, or the length of a sequence
 * @param kernel as many sizes
 */
export function readWindow(c: Conversion, size: readonly number[], kernel: readonly number[]): Window {
  const axes = size.length;
  const strides = sizes(c, 'strides', axes, 1, 1);
  const dilations = sizes(c, 'dilations', axes, 1, 1);
  const pads = sizes(c, 'pads', 2 * axes, 0, 0);
  const auto = autoPad(c);
  const ceil = c.attributes.flag('ceil_mode', false);
  const windows = size.map((n, axis): AxisWindow => {
    const stride = strides[axis] ?? 1;
    const dilation = dilations[axis] ?? 1;
    const taps = kernel[axis] ?? 1;
    const span = extent(taps, dilation);
    let [before, after] = auto === 'NOTSET' ? [pads[axis] ?? 0, pads[axes + axis] ?? 0] : [0, 0];
    if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') {
      const total = Math.max(0, (Math.ceil(n / stride) - 1) * stride + span - n);
      const half = Math.floor(total / 2);
      [before, after] = auto === 'SAME_UPPER' ? [half, total - half] : [total - half, half];
    }
    const room = n + before + after - span;
    let count = (ceil ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1;
    // A window that begins beyond the image and its first pad is left out.
    if (ceil && (count - 1) * stride >= n + before) count--;
    if (room < 0 || count < 1) {
      const found = `a window of ${span} pixels over ${n} + ${before + after} pixels`;
      c.fail(emptyResult(c.where, found));
    }
    const beyond = Math.max(0, (count - 1) * stride - room);
    return { size: n, kernel: taps, stride, dilation, before, after: after + beyond, count, beyond };
  });
  const none: AxisWindow = { ...still, size: 1, kernel: 1, count: 1, beyond: 0 };
  return windows.length === 1
    ? { y: none, x: windows[0] ?? none }
    : { y: windows[0] ?? none, x: windows[1] ?? none };
}

const still: AxisSide = { stride: 1, dilation: 1, before: 0, after: 0 };

/** One side, or two, as height and width; a sequence has a height that nothing moves along. */
export function axisPair(sides: readonly AxisSide[]): { readonly y: AxisSide; readonly x: AxisSide } {
  return { y: sides.length > 1 ? (sides[0] ?? still) : still, x: sides.at(-1) ?? still };
}

/** The QIR attributes of a window: defaults are left out. */
export function windowAttributes({
  y,
  x,
}: {
  readonly y: AxisSide;
  readonly x: AxisSide;
}): Readonly<Record<string, readonly number[]>> {
  const both = (name: string, values: readonly number[], fallback: number) =>
    values.every((n) => n === fallback) ? {} : { [name]: values };
  return {
    ...both('strides', [y.stride, x.stride], 1),
    ...both('pads', [y.before, x.before, y.after, x.after], 0),
    ...both('dilations', [y.dilation, x.dilation], 1),
  };
}

/** The ONNX dimensions of the result of a window with this many channels. */
export function windowDims(window: Window, channels: number, rank: number): readonly number[] {
  return [1, channels, ...(rank === 4 ? [window.y.count] : []), window.x.count];
}

/** Values of an image's spatial axes as [height, width]; `fill` for the height of a sequence. */
export function heightAndWidth(values: readonly number[], fill: number): readonly [number, number] {
  const [a = fill, b] = values;
  return b === undefined ? [fill, a] : [a, b];
}
