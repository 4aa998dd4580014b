import * as z from 'zod';
import { bitWidth } from '../../compiler/qir/types.ts';
import { beats } from '../../compiler/hw/index.ts';
import type { HwNode, UnitDefinition } from '../../compiler/hw/index.ts';
import { checkParams, sampleStream, streamParam as stream, streamSchema } from '../../compiler/hw/params.ts';
import { FifoModel } from './model.ts';
import { cost, inBlocks } from './cost.ts';

const schema = z.object({
  stream: streamSchema,
  /** Beats it holds, 1 or more. */
  depth: z
    .int()
    .min(1)
    .max(1 << 20),
});

function depth(node: HwNode): number {
  return node.params['depth'] as number;
}

/** A FIFO buffer of beats: first word falls through after one cycle, in any order of pushes and pops at one beat a cycle. */
export const unit: UnitDefinition = {
  name: 'fifo',
  summary: 'Buffers up to `depth` beats between two units.',
  implementsOps: [],
  plumbing: {
    role: 'fifo',
    make: ({ input, depth }) => ({ stream: { ...input, elem: { ...input.elem } }, depth: depth ?? 2 }),
  },
  check: (node) => checkParams(node, schema),
  ports: (node) => [
    { name: 'in', direction: 'in', stream: stream(node) },
    { name: 'out', direction: 'out', stream: stream(node) },
  ],
  timing: (node) => ({
    // A depth of one is full or empty: it takes and gives in turn.
    initiationInterval: beats(stream(node)) * (depth(node) === 1 ? 2 : 1),
    latency: 1,
  }),
  model: (node) => new FifoModel(depth(node)),
  kernel: (node, context) => context.copy(stream(node)),
  cost: (node) => cost(stream(node).lanes * bitWidth(stream(node).elem), depth(node)),
  memories: () => [],
  template: 'fifo/unit.v.njk',
  libraries: [],
  view: (node, names) => {
    const width = stream(node).lanes * bitWidth(stream(node).elem);
    const addressBits = Math.max(1, Math.ceil(Math.log2(depth(node))));
    return {
      module: names.module,
      msb: width - 1,
      depth: depth(node),
      lastIndex: depth(node) - 1,
      last: `${addressBits}'d${depth(node) - 1}`,
      addressMsb: addressBits - 1,
      addressBits,
      countMsb: Math.ceil(Math.log2(depth(node) + 1)) - 1,
      countBits: Math.ceil(Math.log2(depth(node) + 1)),
      single: depth(node) === 1,
      block: inBlocks(width, depth(node)),
    };
  },
  sample: (random) => {
    // one in four in block RAM, its pointers coming round within a few frames
    const deep = random.integer(0, 3) === 0;
    const wide = { elem: { kind: 'int', bits: 9 }, elements: 4 * random.integer(50, 60), lanes: 4 };
    const params = deep
      ? { stream: wide, depth: random.pick([129, 130, 141]) }
      : { stream: sampleStream(random), depth: random.pick([1, 2, 3, 4, 7, 16, 33]) };
    return { params, consts: {} };
  },
};
