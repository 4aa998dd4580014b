// qcc/unit: a hardware unit of one's own, run in the engine. A unit in templates/ is this and a Verilog template.
//
//   node --conditions=qcc-source --import ./scripts/ts.mjs examples/api/unit.ts
import { createEngine } from 'qcc/sim';
import {
  beats,
  checkParams,
  freeze,
  readLayout,
  sampleStream,
  StepPipeline,
  streamParam,
  streamSchema,
  type HwGraph,
  type UnitDefinition,
} from 'qcc/unit';
import * as z from 'zod';

const schema = z.object({ stream: streamSchema });

/** y = -x, lane by lane: a step pipeline that takes a beat and gives a beat. */
const negate: UnitDefinition = {
  name: 'negate',
  summary: 'Negates every element.',
  implementsOps: [],
  check: (node) => checkParams(node, schema),
  ports: (node) => [
    { name: 'in', direction: 'in', stream: streamParam(node) },
    { name: 'out', direction: 'out', stream: streamParam(node) },
  ],
  timing: (node) => ({ initiationInterval: beats(streamParam(node)), latency: 1 }),
  // when beats move
  model: (node) =>
    new StepPipeline({
      steps: beats(streamParam(node)),
      inputs: 1,
      needs: () => true,
      emits: () => true,
      depth: 0,
    }),
  // what they carry
  kernel:
    (node, context) =>
    ([input = 0], [output = 0], frames) => {
      const stream = streamParam(node);
      const from = readLayout(context.memory(), stream, input);
      const to = readLayout(context.memory(), stream, output);
      for (let f = 0; f < frames; f++) {
        for (let e = 0; e < stream.elements; e++) to.set(f, e, -from.get(f, e));
      }
    },
  cost: (node) => ({ lut: streamParam(node).lanes, ff: 2 * streamParam(node).lanes, bram36: 0, dsp: 0 }),
  memories: () => [],
  template: 'negate/unit.v.njk',
  libraries: ['qcc_spill'],
  view: (_node, { module }) => ({ module }),
  sample: (random) => ({ params: { stream: sampleStream(random) }, consts: {} }),
};

const stream = { elem: { kind: 'bipolar' }, elements: 8, lanes: 4 } as const;
const hw: HwGraph = freeze({
  name: 'flip',
  clockMhz: 200,
  nodes: [
    { name: 'flip0', unit: 'negate', params: { stream }, consts: {}, origin: { nodes: [] }, value: 'y' },
  ],
  channels: [
    { name: 'x', stream, from: { node: '', port: 'x' }, to: { node: 'flip0', port: 'in' } },
    { name: 'y', stream, from: { node: 'flip0', port: 'out' }, to: { node: '', port: 'y' } },
  ],
});
for (const node of hw.nodes) for (const problem of negate.check(node)) throw new Error(problem.message);

const engine = createEngine(hw, new Map([[negate.name, negate]]));
const { outputs, outputCycles } = engine.run({ inputs: [[1, 1, 1, 1, -1, -1, 1, -1]] });
console.log('values:', [...(outputs[0] ?? [])].join(' '));
console.log('cycles of the beats:', [...(outputCycles[0] ?? [])].join(' '));
