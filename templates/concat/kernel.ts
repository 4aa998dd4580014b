import { readLayout } from '../../compiler/hw/layout.ts';
import { frameLayout, frameStride } from '../../compiler/hw/index.ts';
import type { FrameKernel, HwNode, KernelContext } from '../../compiler/hw/index.ts';
import { rowCount } from '../lib/rows.ts';
import { streamsOf } from './plan.ts';

/** Bytes of an element; undefined for bits. */
function elementBytes(layout: ReturnType<typeof frameLayout>): number | undefined {
  return layout === 'bits' ? undefined : Number(layout.slice(1)) / 8;
}

/** What the beats carry: rows of the inputs side by side; bytes are moved in runs where input and output store elements alike. */
export function kernel(node: HwNode, context: KernelContext): FrameKernel {
  const { inputs, output } = streamsOf(node);
  const rows = rowCount(node);
  const whole = output.elements / rows;
  const toLayout = frameLayout(output.elem);
  return (addresses, [target = 0], frames) => {
    const memory = context.memory();
    const bytes = new Uint8Array(memory);
    let start = 0;
    inputs.forEach((input, index) => {
      const address = addresses[index] ?? 0;
      const length = input.elements / rows;
      const layout = frameLayout(input.elem);
      const size = layout === toLayout ? elementBytes(layout) : undefined;
      if (size !== undefined) {
        for (let frame = 0; frame < frames; frame++) {
          const from = address + frame * frameStride(input);
          const to = target + frame * frameStride(output) + start * size;
          for (let row = 0; row < rows; row++) {
            const at = from + row * length * size;
            bytes.copyWithin(to + row * whole * size, at, at + length * size);
          }
        }
      } else {
        const read = readLayout(memory, input, address);
        const write = readLayout(memory, output, target);
        for (let frame = 0; frame < frames; frame++) {
          for (let row = 0; row < rows; row++) {
            for (let e = 0; e < length; e++)
              write.set(frame, row * whole + start + e, read.get(frame, row * length + e));
          }
        }
      }
      start += length;
    });
  };
}
