import { bitWidth } from '../../compiler/qir/types.ts';
import type { TemplateView } from '../../compiler/hw/index.ts';
import { memoryOf } from '../gather/memory.ts';
import type { Memory } from '../gather/memory.ts';
import { outputOf } from '../gather/output.ts';
import type { Axis, Groups, Plan } from './plan.ts';

/** Bits of a counter from 0 to `last`. */
export function bitsFor(last: number): number {
  return Math.max(1, Math.ceil(Math.log2(last + 1)));
}

/** The memory of the line buffers; undefined where a register does, or windows have one row. */
export function linesOf({ params, lineLength, pixels, pixelBits }: Plan): Memory | undefined {
  return lineLength > 1 ? memoryOf(lineLength, pixels * (params.kernel[0] - 1) * pixelBits) : undefined;
}

/** The conditions under which a counter of so many bits stands from `first` to `last`, `end` being its last value. */
function between(name: string, bits: number, first: number, last: number, end: number): string {
  const conditions: string[] = [];
  if (first > 0) conditions.push(`${name}_q >= ${bits}'d${first}`);
  if (last < end) conditions.push(`${name}_q <= ${bits}'d${last}`);
  return conditions.join(' && ');
}

/** What the template prints about one axis. */
function counters(
  name: string,
  { before, length, scanned, reach, stride }: Axis,
): Record<string, string | number | boolean> {
  const bits = bitsFor(scanned - 1);
  const waitBits = bitsFor(Math.max(reach, stride) - 1);
  return {
    name,
    bits,
    msb: bits - 1,
    last: `${bits}'d${scanned - 1}`,
    waitBits,
    waitMsb: waitBits - 1,
    first: `${waitBits}'d${reach - 1}`,
    again: `${waitBits}'d${stride - 1}`,
    // windows of one pixel at every place need no counter
    waits: reach > 1 || stride > 1,
    end: "1'b1",
    inside: between(name, bits, before, before + length - 1, scanned - 1),
  };
}

/** The same of columns that are run over in groups: windows end with every group from the first to the last. */
function groupCounter(
  name: string,
  { image, padding, first, last }: Groups,
): Record<string, string | number | boolean> {
  const end = image + padding - 1;
  const bits = bitsFor(end);
  const ends = between(name, bits, first, last, end);
  return {
    name,
    bits,
    msb: bits - 1,
    last: `${bits}'d${end}`,
    waitBits: 0,
    waitMsb: 0,
    first: '',
    again: '',
    waits: false,
    end: ends === '' ? "1'b1" : ends,
    inside: between(name, bits, 0, image - 1, end),
  };
}

/** The template's root object. */
export function view(plan: Plan, names: { readonly module: string }): TemplateView {
  const { params, rows, columns, groups, pixels, windows, padded, flag, pixelBits, lineLength, kept } = plan;
  const { kernel, strides, dilations, x, y, shape } = params;
  const lines = linesOf(plan);
  const pixel = shape[2] * bitWidth(x);
  const columnBits = kernel[0] * pixelBits;
  const lineBits = columnBits - pixelBits;
  const { clear, element } = outputOf(params, padded, 'pixels', `blanks[lane/${shape[2]}]`);
  const count = kernel[0] * kernel[1];
  // the newest column and the newest row of it stand lowest
  const taps = Array.from({ length: windows * count }, (_, i) => {
    const [window, tap] = [Math.floor(i / count), i % count];
    const [ky, kx] = [Math.floor(tap / kernel[1]), tap % kernel[1]];
    const age = kept - 1 - window * strides[1] - kx * dilations[1];
    return age * columnBits + (kernel[0] - 1 - ky) * pixelBits;
  });
  const addressBits = bitsFor(lineLength - 1);
  const axes = [
    groups === undefined ? counters('column', columns) : groupCounter('column', groups),
    counters('row', rows),
  ];
  const blank = `{${flag ? "1'b1, " : ''}{${shape[2]}{${bitWidth(x)}'h${clear.toString(16)}}}}`;
  const columnPadding = groups !== undefined && groups.padding > 0;
  return {
    module: names.module,
    kernel: kernel.join(' x '),
    pixels: pixels === 1 ? 'one pixel' : `${pixels} pixels`,
    windows: windows === 1 ? 'one window' : `${windows} windows`,
    steps: plan.steps,
    inMsb: pixels * pixel - 1,
    inBits: pixels * pixel,
    outMsb: windows * count * shape[2] * bitWidth(y) - 1,
    axes,
    need: axes.map((axis) => axis['inside']).filter((condition) => condition !== ''),
    padded,
    flag,
    pixelMsb: pixelBits - 1,
    blank,
    columns: Array.from({ length: pixels }, (_, i) => ({
      name: pixels === 1 ? '' : `_${i}`,
      data: pixels === 1 ? 'pixel_data' : `pixel_data[${(i + 1) * pixel - 1}:${i * pixel}]`,
      line: pixels === 1 ? 'line_q' : `line_q[${(i + 1) * lineBits - 1}:${i * lineBits}]`,
    })),
    several: pixels > 1,
    inside: columnPadding ? axes[0]?.['inside'] : false,
    blankNewest: `{${pixels * kernel[0]}${blank}}`,
    blankOlder: `{${Math.max(1, kept - pixels) * kernel[0]}${blank}}`,
    newestMsb: pixels * columnBits - 1,
    olderLsb: pixels * columnBits,
    // a first row may give windows before any padding behind a row has come
    fresh: columnPadding && columns.before > 0 && rows.reach === 1,
    columnBits,
    columnMsb: columnBits - 1,
    lines: lineLength > 0,
    single: lineLength === 1,
    block: lines?.block === true,
    lineMsb: lineBits - 1,
    linesMsb: pixels * lineBits - 1,
    lastIndex: lineLength - 1,
    addressBits,
    addressMsb: addressBits - 1,
    addressLast: `${addressBits}'d${lineLength - 1}`,
    keptMsb: kept * columnBits - 1,
    oldestLsb: Math.max(0, kept - pixels) * columnBits,
    shifts: kept > pixels,
    shiftMsb: (kept - pixels) * columnBits - 1,
    taps: taps.map((low) => ({ low, high: low + pixel - 1, flag: low + pixel })).toReversed(),
    pixelsMsb: taps.length * pixel - 1,
    tapsMsb: taps.length - 1,
    lanes: taps.length * shape[2],
    element: element ?? false,
    yElement: bitWidth(y),
  };
}
