import { z } from 'zod';
import { bitWidth } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import type { HwNode, UnitDefinition } from '../../compiler/hw/index.ts';
import { checkParams, elementSchema } from '../../compiler/hw/params.ts';
import { gearSteps, model, modeOf } from './model.ts';
import { cost } from './cost.ts';
import { view } from './view.ts';

const schema = z.object({
  elem: elementSchema,
  /** Elements of one frame. */
  elements: z.int().min(1),
  /** Lanes of the input's beats. */
  from: z.int().min(1),
  /** Lanes of the output's beats. */
  to: z.int().min(1),
});

/** The parameters, typed. */
export interface WidthParams {
  readonly elem: ElementType;
  readonly elements: number;
  readonly from: number;
  readonly to: number;
}

function params(node: HwNode): WidthParams {
  return node.params as unknown as WidthParams;
}

/** Regroups the elements of a frame from beats of `from` lanes to beats of `to` lanes; neither need divide the other. */
export const unit: UnitDefinition = {
  name: 'width_converter',
  summary: 'Changes the number of lanes of a stream.',
  implementsOps: [],
  plumbing: {
    role: 'width',
    make: ({ input, output }) => ({
      elem: { ...input.elem },
      elements: input.elements,
      from: input.lanes,
      to: output.lanes,
    }),
  },
  check: (node) => checkParams(node, schema),
  ports: (node) => {
    const { elem, elements, from, to } = params(node);
    return [
      { name: 'in', direction: 'in', stream: { elem, elements, lanes: from } },
      { name: 'out', direction: 'out', stream: { elem, elements, lanes: to } },
    ];
  },
  timing: (node) => {
    const { elements, from, to } = params(node);
    if (modeOf(from, to) === 'up') return { initiationInterval: Math.ceil(elements / from), latency: 2 };
    return { initiationInterval: gearSteps(elements, from, to).length, latency: 1 };
  },
  model: (node) => model(params(node).elements, params(node).from, params(node).to),
  kernel: (node, context) => {
    const { elem, elements, from } = params(node);
    return context.copy({ elem, elements, lanes: from });
  },
  cost: (node) => {
    const { elem, elements, from, to } = params(node);
    return cost(bitWidth(elem), elements, from, to);
  },
  memories: () => [],
  template: 'width_converter/unit.v.njk',
  libraries: ['qcc_spill'],
  view: (node, names) => ({ module: names.module, ...view(params(node)) }),
  sample: (random) => {
    const ratio = random.integer(2, 5);
    const narrow = random.integer(1, 4);
    const [from, to] = random.pick([
      [narrow, narrow * ratio],
      [narrow * ratio, narrow],
      [random.integer(1, 9), random.integer(1, 9)],
    ]);
    const elem = random.pick<ElementType>([
      { kind: 'bipolar' },
      { kind: 'ternary' },
      { kind: 'uint', bits: 3 },
    ]);
    return {
      params: { elem: { ...elem }, elements: random.integer(1, 40), from: from ?? 1, to: to ?? 1 },
      consts: {},
    };
  },
};
