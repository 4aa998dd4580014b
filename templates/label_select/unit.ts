import * as z from 'zod';
import { beats, StepPipeline } from '../../compiler/hw/index.ts';
import type { HwNode, StreamType, UnitDefinition } from '../../compiler/hw/index.ts';
import { checkParams, elementSchema } from '../../compiler/hw/params.ts';
import { readLayout } from '../../compiler/hw/layout.ts';
import { bitWidth, isSigned, printType } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import { unitCannotImplement } from '../../compiler/diagnostics/catalog/hw.ts';
import { repeated, rowCount, rowsParam, rowsSchema, vectorsOf } from '../lib/rows.ts';
import { selectLabels } from './kernel.ts';

const schema = z.object({
  /** Vectors of one frame, each of which gives its own indices. */
  rows: rowsSchema,
  elem: elementSchema,
  /** Scores of one vector. */
  elements: z.int().min(1),
  lanes: z.int().min(1),
  /** How many indices leave, the best first; more than one needs one lane. */
  k: z.int().min(1),
  /** Whether the greatest scores win, or the least. */
  largest: z.boolean(),
  /** Type of an index. */
  index: elementSchema,
});

interface Params {
  readonly elem: ElementType;
  readonly elements: number;
  readonly lanes: number;
  readonly k: number;
  readonly largest: boolean;
  readonly index: ElementType;
}

function params(node: HwNode): Params {
  return node.params as unknown as Params;
}

function streams(node: HwNode): { readonly input: StreamType; readonly output: StreamType } {
  const { elem, elements, lanes, k, index } = params(node);
  const rows = rowCount(node);
  return {
    input: repeated({ elem, elements, lanes }, rows),
    output: repeated({ elem: index, elements: k, lanes: k }, rows),
  };
}

/** Beats of one vector. */
function vectorBeats(node: HwNode): number {
  return Math.ceil(params(node).elements / params(node).lanes);
}

/** The index of the greatest score, or of the k greatest; the lower index wins a tie. */
export const unit: UnitDefinition = {
  name: 'label_select',
  summary: 'Finds the index of the greatest (or least) element of a vector, or the k best in order.',
  implementsOps: ['argmax', 'topk'],
  check: (node) =>
    checkParams(
      node,
      schema.refine((p) => p.k === 1 || p.lanes === 1, 'k above 1 needs one lane'),
    ),
  ports: (node) => [
    { name: 'in', direction: 'in', stream: streams(node).input },
    { name: 'out', direction: 'out', stream: streams(node).output },
  ],
  implement: (request, folding) => {
    const [op, ...others] = request.ops;
    if (op === undefined || others.length > 0 || request.input.shape.length === 0) {
      return {
        refusal: unitCannotImplement(
          'label_select',
          request.value,
          printType(request.input),
          'vectors of scores',
        ),
      };
    }
    const k = op.op === 'topk' ? (op.attributes['k'] as number) : 1;
    const elements = request.input.shape.at(-1) ?? 1;
    return {
      params: {
        elem: { ...request.input.elem },
        elements,
        lanes: k === 1 ? Math.min(folding.simd, elements) : 1,
        k,
        largest: op.attributes['largest'] !== false,
        index: { ...op.result.elem },
        ...rowsParam(vectorsOf(request.input)),
      },
      consts: {},
    };
  },
  timing: (node) => ({ initiationInterval: beats(streams(node).input), latency: 2 }),
  model: (node) => {
    const steps = vectorBeats(node);
    return new StepPipeline({
      steps,
      inputs: 1,
      needs: () => true,
      emits: (step) => step === steps - 1,
      depth: 1,
    });
  },
  kernel: (node, context) => {
    const { input, output } = streams(node);
    const { elements, k, largest } = params(node);
    return ([from], [to], frames) => {
      const read = readLayout(context.memory(), input, from ?? 0);
      const write = readLayout(context.memory(), output, to ?? 0);
      selectLabels(read, write, { rows: rowCount(node), elements, k, largest, frames });
    };
  },
  cost: (node) => {
    const { elem, elements, lanes, k, index } = params(node);
    const value = bitWidth(elem);
    const label = bitWidth(index);
    // a comparison takes half a LUT a bit on the carry chain, a selection one a bit
    const select = Math.ceil(value / 2) + value + label;
    const steps = vectorBeats(node);
    const counters = Math.ceil(Math.log2(steps)) + label;
    return {
      lut: select * (lanes - 1 + k) + label + 2 * k * label + Math.ceil(Math.log2(elements + 1)),
      // a frame of one beat has no best so far
      ff: (steps === 1 ? label : (value + label) * (1 + k) + counters + k) + 2 * k * label + 3,
      bram36: 0,
      dsp: 0,
    };
  },
  memories: () => [],
  template: 'label_select/unit.v.njk',
  libraries: ['qcc_spill'],
  view: (node, names) => {
    const { elem, elements, lanes, k, largest, index } = params(node);
    const width = bitWidth(elem);
    const label = bitWidth(index);
    const steps = vectorBeats(node);
    const stepBits = Math.max(1, Math.ceil(Math.log2(steps)));
    const remainder = elements - (steps - 1) * lanes;
    // The tree folds the lanes pairwise; the left operand is always the lower index.
    const tree: { readonly out: number; readonly left: number; readonly right: number }[] = [];
    let level = Array.from({ length: lanes }, (_, lane) => lane);
    let next = lanes;
    while (level.length > 1) {
      const above: number[] = [];
      for (let i = 0; i + 1 < level.length; i += 2) {
        tree.push({ out: next, left: level[i] ?? 0, right: level[i + 1] ?? 0 });
        above.push(next++);
      }
      if (level.length % 2 === 1) above.push(level[level.length - 1] ?? 0);
      level = above;
    }
    return {
      module: names.module,
      elements,
      k,
      many: k > 1,
      what: largest ? 'greatest' : 'least',
      greater: largest ? '>' : '<',
      sign: isSigned(elem) ? 'signed ' : '',
      msb: width - 1,
      inMsb: lanes * width - 1,
      labelBits: label,
      labelMsb: label - 1,
      outMsb: k * label - 1,
      outBits: k * label,
      single: steps === 1,
      stepBits,
      stepMsb: stepBits - 1,
      lastStep: steps - 1,
      lanesStep: lanes,
      root: level[0] ?? 0,
      tree,
      lanes: Array.from({ length: lanes }, (_, lane) => ({
        lane,
        high: (lane + 1) * width - 1,
        low: lane * width,
        index: `${label}'d${lane}`,
        // Padding lanes of the last beat must not win.
        guarded: lane >= remainder,
        always: steps === 1 && lane >= remainder,
      })),
      places: Array.from({ length: k }, (_, place) => ({
        place,
        above: place - 1,
        first: place === 0,
        high: (place + 1) * label - 1,
        low: place * label,
      })),
    };
  },
  sample: (random) => {
    const elements = random.integer(1, 20);
    const k = random.pick([1, 1, Math.min(elements, 3)]);
    return {
      params: {
        elem: random.pick([{ kind: 'bipolar' }, { kind: 'uint', bits: 4 }, { kind: 'int', bits: 6 }]),
        elements,
        lanes: k === 1 ? random.integer(1, elements) : 1,
        k,
        largest: random.pick([true, false]),
        index: { kind: 'uint', bits: Math.max(1, Math.ceil(Math.log2(elements))) },
        ...rowsParam(random.pick([1, 1, 2, 5])),
      },
      consts: {},
    };
  },
};
