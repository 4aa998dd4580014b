import * as z from 'zod';
import { beats, StepPipeline } from '../../compiler/hw/index.ts';
import type { HwNode, UnitDefinition } from '../../compiler/hw/index.ts';
import { checkParams, sampleStream, streamParam, streamSchema } from '../../compiler/hw/params.ts';
import { bitWidth } from '../../compiler/qir/types.ts';

function width(node: HwNode): number {
  const { lanes, elem } = streamParam(node);
  return lanes * bitWidth(elem);
}

function beatBits(node: HwNode): number {
  return Math.max(1, Math.ceil(Math.log2(beats(streamParam(node)))));
}

/** AXI4-Stream master at the design's edge: byte-aligned TDATA, TLAST with the last beat of every frame. */
export const unit: UnitDefinition = {
  name: 'stream_output',
  summary: 'AXI4-Stream output of the design.',
  implementsOps: [],
  plumbing: { role: 'output', make: ({ input }) => ({ stream: { ...input, elem: { ...input.elem } } }) },
  check: (node) => checkParams(node, z.object({ stream: streamSchema })),
  ports: (node) => [
    { name: 'in', direction: 'in', stream: streamParam(node) },
    { name: 'm_axis', direction: 'out', stream: streamParam(node), protocol: 'axis' },
  ],
  timing: (node) => ({ initiationInterval: beats(streamParam(node)), latency: 1 }),
  model: () => new StepPipeline({ steps: 1, inputs: 1, needs: () => true, emits: () => true, depth: 0 }),
  kernel: (node, context) => context.copy(streamParam(node)),
  cost: (node) => ({
    lut: width(node) + 2 + beatBits(node) + 2,
    ff: 2 * width(node) + 2 + beatBits(node),
    bram36: 0,
    dsp: 0,
  }),
  memories: () => [],
  template: 'stream_output/unit.v.njk',
  libraries: ['qcc_spill'],
  view: (node, names) => {
    const bits = width(node);
    const bus = Math.ceil(bits / 8) * 8;
    const stream = streamParam(node);
    return {
      module: names.module,
      bits,
      msb: bits - 1,
      busMsb: bus - 1,
      pad: bus - bits,
      many: beats(stream) > 1,
      beatBits: beatBits(node),
      beatMsb: beatBits(node) - 1,
      lastBeat: beats(stream) - 1,
    };
  },
  sample: (random) => ({ params: { stream: sampleStream(random) }, consts: {} }),
};
