import type { FrameKernel, HwNode, KernelContext } from '../../compiler/hw/index.ts';
import { rowCount } from '../lib/rows.ts';
import { mvuParams } from './analysis.ts';

/** Repeats the rows of shared thresholds for every output, as the matrix-vector primitive wants them. */
function perOutput(data: ArrayLike<number>, channels: number, outputs: number): ArrayLike<number> {
  if (channels === outputs) return data;
  const count = data.length / channels;
  return Float64Array.from({ length: outputs * count }, (_, i) => data[i % count] ?? 0);
}

/** What the beats carry: the matrix-vector primitive on the original numbers, not on the rewritten ones of the hardware. */
export function kernel(node: HwNode, context: KernelContext): FrameKernel {
  const { inputs, outputs, x, y, base } = mvuParams(node);
  const { weights, bias, thresholds, flip } = node.consts;
  if (weights === undefined) throw new RangeError('mvu without weights');
  const channels = thresholds?.shape[0] ?? 1;
  const run = context.matvec({
    rows: rowCount(node),
    inputs,
    outputs,
    x,
    w: weights.elem,
    weights: weights.data,
    ...(bias === undefined ? {} : { bias: bias.data }),
    y,
    ...(thresholds === undefined
      ? {}
      : {
          thresholds: {
            values: perOutput(thresholds.data, channels, outputs),
            count: thresholds.shape[1] ?? 0,
            flip: perOutput(flip?.data ?? new Uint8Array(channels), channels, outputs),
            base,
            step: y.kind === 'bipolar' ? 2 : 1,
          },
        }),
  });
  return ([input = 0], [output = 0], frames) => run(input, output, frames);
}
