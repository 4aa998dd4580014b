import * as z from 'zod';
import { beats, StepPipeline } from '../../compiler/hw/index.ts';
import type { HwNode, StreamType, UnitDefinition } from '../../compiler/hw/index.ts';
import { checkParams, sampleStream, streamParam, streamSchema } from '../../compiler/hw/params.ts';
import { bitWidth } from '../../compiler/qir/types.ts';

function width(node: HwNode): number {
  const { lanes, elem } = streamParam(node);
  return lanes * bitWidth(elem);
}

function ports(stream: StreamType): ReturnType<UnitDefinition['ports']> {
  return [
    { name: 's_axis', direction: 'in', stream, protocol: 'axis' },
    { name: 'out', direction: 'out', stream },
  ];
}

/** AXI4-Stream slave at the design's edge: takes the elements out of byte-aligned TDATA. */
export const unit: UnitDefinition = {
  name: 'stream_input',
  summary: 'AXI4-Stream input of the design.',
  implementsOps: [],
  plumbing: { role: 'input', make: ({ input }) => ({ stream: { ...input, elem: { ...input.elem } } }) },
  check: (node) => checkParams(node, z.object({ stream: streamSchema })),
  ports: (node) => ports(streamParam(node)),
  timing: (node) => ({
    initiationInterval: beats(streamParam(node)),
    latency: 1,
  }),
  model: () => new StepPipeline({ steps: 1, inputs: 1, needs: () => true, emits: () => true, depth: 0 }),
  kernel: (node, context) => context.copy(streamParam(node)),
  cost: (node) => ({ lut: width(node) + 2, ff: 2 * width(node) + 2, bram36: 0, dsp: 0 }),
  memories: () => [],
  template: 'stream_input/unit.v.njk',
  libraries: ['qcc_spill'],
  view: (node, names) => {
    const bits = width(node);
    const bus = Math.ceil(bits / 8) * 8;
    return { module: names.module, bits, msb: bits - 1, busMsb: bus - 1, padded: bus > bits, low: bits };
  },
  sample: (random) => ({ params: { stream: sampleStream(random) }, consts: {} }),
};
