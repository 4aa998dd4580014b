import * as z from 'zod';
import { beats } from '../../compiler/hw/index.ts';
import type { HwNode, UnitDefinition } from '../../compiler/hw/index.ts';
import { checkParams, sampleStream, streamParam, streamSchema } from '../../compiler/hw/params.ts';
import { bitWidth } from '../../compiler/qir/types.ts';
import { ForkModel } from './model.ts';

/** More readers than the ports of an instance have bits for in a cycle model's masks. */
const mostReaders = 30;

const schema = z.object({
  stream: streamSchema,
  /** Readers of the stream. */
  count: z.int().min(1).max(mostReaders),
});

function count(node: HwNode): number {
  return node.params['count'] as number;
}

function width(node: HwNode): number {
  const { lanes, elem } = streamParam(node);
  return lanes * bitWidth(elem);
}

function names(node: HwNode): readonly string[] {
  return Array.from({ length: count(node) }, (_, reader) => `out${reader}`);
}

/** Gives every beat to each of several readers. */
export const unit: UnitDefinition = {
  name: 'fork',
  summary: 'Gives each beat to several readers, which may take it at different times.',
  implementsOps: [],
  plumbing: {
    role: 'fork',
    make: ({ input, count: readers }) => ({
      stream: { ...input, elem: { ...input.elem } },
      count: readers ?? 2,
    }),
  },
  check: (node) => checkParams(node, schema),
  ports: (node) => [
    { name: 'in', direction: 'in', stream: streamParam(node) },
    ...names(node).map((name) => ({ name, direction: 'out', stream: streamParam(node) }) as const),
  ],
  timing: (node) => ({ initiationInterval: beats(streamParam(node)), latency: 1 }),
  model: (node) => new ForkModel(count(node)),
  kernel: (node, context) => {
    const copy = context.copy(streamParam(node));
    return (inputs, outputs, frames) => {
      for (const output of outputs) copy(inputs, [output], frames);
    };
  },
  cost: (node) => ({
    lut: count(node) * (width(node) + 3) + Math.ceil(count(node) / 5),
    ff: count(node) * (2 * width(node) + 2),
    bram36: 0,
    dsp: 0,
  }),
  memories: () => [],
  template: 'fork/unit.v.njk',
  libraries: ['qcc_spill'],
  view: (node, { module }) => ({
    module,
    bits: width(node),
    msb: width(node) - 1,
    readers: names(node).map((name, index) => ({ name, index })),
    lastReader: count(node) - 1,
  }),
  sample: (random) => ({
    params: { stream: sampleStream(random), count: random.integer(1, 4) },
    consts: {},
  }),
};
