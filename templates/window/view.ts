import { bitWidth } from '../../compiler/qir/types.ts';
import type { TemplateView } from '../../compiler/hw/index.ts';
import { memoryOf } from '../gather/memory.ts';
import type { Memory } from '../gather/memory.ts';
import { outputOf } from '../gather/output.ts';
import type { Axis, Plan } from './plan.ts';

/** Bits of a counter from 0 to `last`. */
export function bitsFor(last: number): number {
  return Math.max(1, Math.ceil(Math.log2(last + 1)));
}

/** The memory of the line buffers; undefined where a register does, or windows have one row. */
export function linesOf({ params, lineLength, pixelBits }: Plan): Memory | undefined {
  return lineLength > 1 ? memoryOf(lineLength, (params.kernel[0] - 1) * pixelBits) : undefined;
}

/** What the template prints about one axis. */
function counters(name: string, { before, length, scanned, reach, stride }: Axis): Record<string, unknown> {
  const bits = bitsFor(scanned - 1);
  const waitBits = bitsFor(Math.max(reach, stride) - 1);
  const at = (value: number): string => `${bits}'d${value}`;
  const conditions: string[] = [];
  if (before > 0) conditions.push(`${name}_q >= ${at(before)}`);
  if (before + length < scanned) conditions.push(`${name}_q < ${at(before + length)}`);
  return {
    name,
    bits,
    msb: bits - 1,
    last: at(scanned - 1),
    waitBits,
    waitMsb: waitBits - 1,
    first: `${waitBits}'d${reach - 1}`,
    again: `${waitBits}'d${stride - 1}`,
    // windows of one pixel at every place need no counter
    waits: reach > 1 || stride > 1,
    inside: conditions.join(' && '),
  };
}

/** The template's root object. */
export function view(plan: Plan, names: { readonly module: string }): TemplateView {
  const { params, rows, columns, padded, flag, pixelBits, lineLength, kept } = plan;
  const { kernel, dilations, x, y, shape } = params;
  const lines = linesOf(plan);
  const pixel = shape[2] * bitWidth(x);
  const columnBits = kernel[0] * pixelBits;
  const { clear, element } = outputOf(params, padded, 'pixels', `blanks[lane/${shape[2]}]`);
  // the newest column and the newest row of it stand lowest
  const taps = Array.from({ length: kernel[0] * kernel[1] }, (_, tap) => {
    const [ky, kx] = [Math.floor(tap / kernel[1]), tap % kernel[1]];
    return (kernel[1] - 1 - kx) * dilations[1] * columnBits + (kernel[0] - 1 - ky) * pixelBits;
  });
  const addressBits = bitsFor(lineLength - 1);
  return {
    module: names.module,
    kernel: kernel.join(' x '),
    steps: plan.steps,
    inMsb: pixel - 1,
    inBits: pixel,
    outMsb: kernel[0] * kernel[1] * shape[2] * bitWidth(y) - 1,
    axes: [counters('column', columns), counters('row', rows)],
    need: [columns, rows]
      .map((axis, i) => counters(i === 0 ? 'column' : 'row', axis)['inside'])
      .filter((c) => c !== ''),
    padded,
    flag,
    pixelBits,
    pixelMsb: pixelBits - 1,
    blank: `{${flag ? "1'b1, " : ''}{${shape[2]}{${bitWidth(x)}'h${clear.toString(16)}}}}`,
    columnBits,
    columnMsb: columnBits - 1,
    lines: lineLength > 0,
    single: lineLength === 1,
    block: lines?.block === true,
    linesBits: columnBits - pixelBits,
    linesMsb: columnBits - pixelBits - 1,
    lastIndex: lineLength - 1,
    addressBits,
    addressMsb: addressBits - 1,
    addressLast: `${addressBits}'d${lineLength - 1}`,
    kept,
    keptMsb: kept * columnBits - 1,
    shiftMsb: (kept - 1) * columnBits - 1,
    taps: taps.map((low) => ({ low, high: low + pixel - 1, flag: low + pixel })).toReversed(),
    pixelsMsb: taps.length * pixel - 1,
    tapsMsb: taps.length - 1,
    lanes: taps.length * shape[2],
    element: element ?? false,
    yElement: bitWidth(y),
  };
}
