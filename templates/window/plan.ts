import { bitWidth } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import type { HwNode } from '../../compiler/hw/index.ts';
import { outputOf } from '../gather/output.ts';

/** The parameters of an instance, typed. */
export interface WindowParams {
  /** Height, width, channels of the input. */
  readonly shape: readonly [number, number, number];
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  /** Top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number];
  readonly dilations: readonly [number, number];
  readonly x: ElementType;
  /** As `x`, or a type that also holds `fill`. */
  readonly y: ElementType;
  /** What padded positions hold. */
  readonly fill: number;
  /** Pixels of an input beat, side by side in a row; absent: 1. */
  readonly pixels?: number;
}

/** The parameters of a checked instance. */
export function windowParams(node: HwNode): WindowParams {
  return node.params as unknown as WindowParams;
}

/** One axis: pixels before the image, of the image, run over in all, from the first to the last of a window, between windows. */
export interface Axis {
  readonly before: number;
  readonly length: number;
  readonly scanned: number;
  readonly reach: number;
  readonly stride: number;
  readonly windows: number;
}

/** How a row is run over several pixels a step: the groups of its pixels, then groups of padding, which end this row and begin the next one. */
export interface Groups {
  readonly image: number;
  readonly padding: number;
  /** The groups with which windows end, the same number with each. */
  readonly first: number;
  readonly last: number;
}

/** How an instance is built. */
export interface Plan {
  readonly params: WindowParams;
  readonly rows: Axis;
  readonly columns: Axis;
  /** Pixels of an input beat, windows of an output beat. */
  readonly pixels: number;
  readonly windows: number;
  /** Absent for one pixel a step. */
  readonly groups?: Groups;
  /** So many pixels a step, over image and padding, row by row. */
  readonly steps: number;
  /** Whether step s takes a beat, and whether it gives one. */
  readonly needs: (step: number) => boolean;
  readonly emits: (step: number) => boolean;
  readonly padded: boolean;
  /** Bits of a pixel as it is stored: its elements, and above them a bit that tells padding if the elements cannot. */
  readonly pixelBits: number;
  readonly flag: boolean;
  /** Words between a pixel and the one below it in a window, and the columns that are kept. */
  readonly lineLength: number;
  readonly kept: number;
}

function axis(
  length: number,
  kernel: number,
  stride: number,
  dilation: number,
  before: number,
  after: number,
): Axis {
  const reach = (kernel - 1) * dilation + 1;
  const windows = Math.floor((length + before + after - reach) / stride) + 1;
  // padding behind the last window is not run over, pixels are
  const scanned = Math.max(before + length, (windows - 1) * stride + reach);
  return { before, length, scanned, reach, stride, windows };
}

/** The groups of a row, or a word on why it cannot be cut into groups of so many pixels. */
function groupsOf(
  { before, length, reach, stride, windows }: Axis,
  pixels: number,
): Groups | { readonly problem: string } {
  const each = pixels / stride;
  if (!Number.isInteger(each) || length % pixels !== 0 || windows % each !== 0)
    return {
      problem: `${pixels} pixels a beat, which do not divide ${length} pixels and ${windows} windows`,
    };
  const image = length / pixels;
  // the column with which the last window of the first beat ends
  const end = (each - 1) * stride + reach - 1 - before;
  if (end < 0) return { problem: 'first windows of nothing but padding' };
  const first = Math.floor(end / pixels);
  const last = first + windows / each - 1;
  return { image, padding: Math.max(Math.ceil(before / pixels), last + 1 - image), first, last };
}

/** The plan for these parameters, or a word on why there is none. */
export function planFor(params: WindowParams): Plan | { readonly problem: string } {
  const { shape, kernel, strides, pads, dilations, x, pixels = 1 } = params;
  const [h, w, c] = shape;
  const rows = axis(h, kernel[0], strides[0], dilations[0], pads[0], pads[2]);
  const columns = axis(w, kernel[1], strides[1], dilations[1], pads[1], pads[3]);
  if (rows.windows < 1 || columns.windows < 1)
    return { problem: `no window of ${kernel.join(' x ')} fits ${h} x ${w} pixels` };
  const groups = pixels > 1 ? groupsOf(columns, pixels) : undefined;
  if (groups !== undefined && 'problem' in groups) return groups;
  const inside = ({ before, length }: Axis, at: number): boolean => at >= before && at < before + length;
  const ends = ({ reach, stride }: Axis, at: number): boolean =>
    at >= reach - 1 && (at - reach + 1) % stride === 0;
  const across = groups === undefined ? columns.scanned : groups.image + groups.padding;
  const needs = (step: number): boolean =>
    inside(rows, Math.floor(step / across)) &&
    (groups === undefined ? inside(columns, step % across) : step % across < groups.image);
  const emits = (step: number): boolean => {
    const column = step % across;
    return (
      ends(rows, Math.floor(step / across)) &&
      (groups === undefined ? ends(columns, column) : column >= groups.first && column <= groups.last)
    );
  };
  // the first window has to have a pixel, or it would leave before anything of its frame has come
  const first = (rows.reach - 1) * columns.scanned + columns.reach - 1;
  const before = rows.before * columns.scanned + columns.before;
  if (first < before) return { problem: 'a first window of nothing but padding' };
  const padded = rows.scanned > h || columns.scanned > w;
  const { flag } = outputOf(params, padded);
  const line = groups === undefined ? columns.scanned : groups.image;
  const kept = groups === undefined ? columns.reach : (groups.first + 1) * pixels + columns.before;
  return {
    params,
    rows,
    columns,
    pixels,
    windows: groups === undefined ? 1 : pixels / columns.stride,
    ...(groups === undefined ? {} : { groups }),
    steps: rows.scanned * across,
    needs,
    emits,
    padded,
    flag,
    pixelBits: c * bitWidth(x) + (flag ? 1 : 0),
    lineLength: kernel[0] > 1 ? dilations[0] * line : 0,
    kept,
  };
}

const known = new WeakMap<HwNode, Plan>();

/** The plan of a checked instance. */
export function planOf(node: HwNode): Plan {
  let plan = known.get(node);
  if (plan === undefined) {
    const made = planFor(windowParams(node));
    if ('problem' in made) throw new RangeError(`${node.name}: ${made.problem}`);
    known.set(node, (plan = made));
  }
  return plan;
}
