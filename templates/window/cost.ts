import type { Cost } from '../../compiler/hw/index.ts';
import type { Axis, Plan } from './plan.ts';
import { bitsFor, linesOf } from './view.ts';

/** The spill register of a pixel, counters, line buffers and the columns of a window. Factors fitted, see README.md. */
export function cost(plan: Plan): Cost {
  const { params, rows, columns, groups, pixels, padded, pixelBits, lineLength, kept, flag } = plan;
  const [kernelRows] = params.kernel;
  const lines = linesOf(plan);
  const pixel = pixels * (pixelBits - (flag ? 1 : 0));
  const waits = ({ reach, stride }: Axis): number =>
    reach > 1 || stride > 1 ? bitsFor(Math.max(reach, stride) - 1) : 0;
  const count = (axis: Axis): number => bitsFor(axis.scanned - 1) + waits(axis);
  const across = groups === undefined ? count(columns) : bitsFor(groups.image + groups.padding - 1);
  const counters = count(rows) + across;
  const address = lines === undefined ? 0 : bitsFor(lineLength - 1);
  const held = lineLength > 0 && lines?.block !== true ? (kernelRows - 1) * pixels * pixelBits : 0;
  return {
    lut: Math.round(pixel * (padded ? 2 : 1) + 1.5 * counters + 1.2 * address + 6 + (lines?.lut ?? 0)),
    ff: 2 * pixel + 3 + counters + address + held + kernelRows * kept * pixelBits,
    bram36: lines?.bram36 ?? 0,
    dsp: 0,
  };
}
