import type { FrameKernel, HwNode, KernelContext } from '../../compiler/hw/index.ts';
import { specOf } from './params.ts';

/** What the beats carry: the primitive on the original numbers, not on the rewritten ones of the hardware. */
export function kernel(node: HwNode, context: KernelContext): FrameKernel {
  const spec = specOf(node);
  const { rows, taps, channels, x, y, weights, bias, thresholds, flip, base } = spec;
  const w = node.consts['weights']?.elem;
  if (weights === undefined || w === undefined) throw new RangeError('depthwise without weights');
  const row = (c: number): number => c % (thresholds?.rows ?? 1);
  const count = thresholds?.count ?? 0;
  const values = Float64Array.from(
    { length: channels * count },
    (_, i) => thresholds?.data[row(Math.floor(i / count)) * count + (i % count)] ?? 0,
  );
  const run = context.depthwise({
    rows,
    taps,
    channels,
    x,
    w,
    weights,
    ...(bias === undefined ? {} : { bias }),
    y,
    ...(thresholds === undefined
      ? {}
      : {
          thresholds: {
            values,
            count,
            flip: Uint8Array.from({ length: channels }, (_, c) => flip?.[row(c)] ?? 0),
            base,
            step: y.kind === 'bipolar' ? 2 : 1,
          },
        }),
  });
  return ([input = 0], [output = 0], frames) => run(input, output, frames);
}
