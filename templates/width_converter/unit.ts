import * as z from 'zod';
import { bitWidth } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import type { HwNode, StreamType, UnitDefinition } from '../../compiler/hw/index.ts';
import type { Diagnostic } from '../../compiler/diagnostics/index.ts';
import { badUnitParameter } from '../../compiler/diagnostics/catalog/hw.ts';
import { checkParams, elementSchema } from '../../compiler/hw/params.ts';
import { rowsSchema } from '../lib/rows.ts';
import { geometryOf, model, timing } from './model.ts';
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
  /** Rows of the input's and of the output's frame, each of which begins a new beat; absent: 1. */
  fromRows: rowsSchema,
  toRows: rowsSchema,
});

/** The parameters, typed. */
export interface WidthParams {
  readonly elem: ElementType;
  readonly elements: number;
  readonly from: number;
  readonly to: number;
  readonly fromRows?: number;
  readonly toRows?: number;
}

function params(node: HwNode): WidthParams {
  return node.params as unknown as WidthParams;
}

function check(node: HwNode): readonly Diagnostic[] {
  const found = checkParams(node, schema);
  if (found.length > 0) return found;
  const { elements, fromRows = 1, toRows = 1 } = params(node);
  for (const [name, rows] of [
    ['fromRows', fromRows],
    ['toRows', toRows],
  ] as const) {
    if (elements % rows !== 0)
      found.push(badUnitParameter(node, name, `${rows}, which does not divide the ${elements} elements`));
  }
  return found;
}

function stream(node: HwNode, lanes: number, rows: number | undefined): StreamType {
  const { elem, elements } = params(node);
  return { elem, elements, lanes, ...(rows === undefined ? {} : { rows }) };
}

function inputStream(node: HwNode): StreamType {
  return stream(node, params(node).from, params(node).fromRows);
}

/** Regroups the elements of a frame from beats of `from` lanes to beats of `to` lanes, row by row or across the rows. */
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
      ...((input.rows ?? 1) > 1 ? { fromRows: input.rows ?? 1 } : {}),
      ...((output.rows ?? 1) > 1 ? { toRows: output.rows ?? 1 } : {}),
    }),
  },
  check,
  ports: (node) => [
    { name: 'in', direction: 'in', stream: inputStream(node) },
    { name: 'out', direction: 'out', stream: stream(node, params(node).to, params(node).toRows) },
  ],
  timing: (node) => timing(geometryOf(params(node))),
  model: (node) => model(geometryOf(params(node))),
  kernel: (node, context) => context.copy(inputStream(node)),
  cost: (node) => cost(bitWidth(params(node).elem), geometryOf(params(node))),
  memories: () => [],
  template: 'width_converter/unit.v.njk',
  libraries: ['qcc_spill'],
  view: (node, names) => ({
    module: names.module,
    ...view(bitWidth(params(node).elem), geometryOf(params(node))),
  }),
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
    const plain = { elem: { ...elem }, elements: random.integer(1, 40), from: from ?? 1, to: to ?? 1 };
    // rows on either side or on both, of lengths of which one divides the other, or neither
    const fromRows = random.pick([1, 1, 2, 3, 6]);
    const toRows = random.pick([1, fromRows, 2, 6]);
    const elements = fromRows * toRows === 1 ? plain.elements : 6 * random.integer(1, 12);
    return { params: { ...plain, elements, fromRows, toRows }, consts: {} };
  },
};
