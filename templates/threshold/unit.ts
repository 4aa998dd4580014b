import * as z from 'zod';
import { valueRange } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import { badUnitParameter, unitCannotImplement } from '../../compiler/diagnostics/catalog/hw.ts';
import type { Diagnostic } from '../../compiler/diagnostics/index.ts';
import { checkParams, elementSchema } from '../../compiler/hw/params.ts';
import type {
  Cost,
  Folding,
  FrameKernel,
  HwConst,
  HwNode,
  Implementation,
  KernelContext,
  LayerRequest,
  StreamType,
  UnitDefinition,
} from '../../compiler/hw/index.ts';
import { fittingLanes, pixelStream } from '../lib/lanes.ts';
import { perRow, repeated, rowCount, rowsParam, rowsSchema, vectorsOf } from '../lib/rows.ts';
import { cost, searchIsCheaper } from './cost.ts';
import { model, timing } from './model.ts';
import { planOf, thresholdParams } from './numbers.ts';
import { sample } from './sample.ts';
import { registersOf, searchLimit } from './search.ts';
import { images, view } from './view.ts';

const schema = z.object({
  rows: rowsSchema,
  /** Elements of one frame. */
  elements: z.int().min(1),
  /** Element e belongs to channel e % channels. */
  channels: z.int().min(1),
  /** Elements of one beat, in and out. */
  lanes: z.int().min(1),
  x: elementSchema,
  y: elementSchema,
  /** Lowest level. */
  base: z.int(),
  /** Every threshold compared at once, or a binary search with one a pipeline stage. */
  form: z.enum(['parallel', 'search']).exactOptional(),
});

function check(node: HwNode): readonly Diagnostic[] {
  const found = checkParams(node, schema);
  if (found.length > 0) return found;
  const bad = (parameter: string, problem: string): unknown =>
    found.push(badUnitParameter(node, parameter, problem));
  const { elements, channels, lanes, x, y, base, form } = thresholdParams(node);
  const rows = rowCount(node);
  const row = perRow(node, elements);
  if (!Number.isInteger(row)) bad('rows', `${rows}, which does not divide the ${elements} elements`);
  else if (lanes > row) bad('lanes', `${lanes}, more than the ${row} elements of a row`);
  if (rows > 1 && row % channels !== 0)
    bad('rows', `${rows} of ${row} elements, no multiple of the ${channels} channels`);
  if (x.kind === 'pow2') bad('x', 'powers of two');
  const { thresholds, flip } = node.consts;
  const [given, count = 0] = thresholds?.shape ?? [];
  if (thresholds === undefined) bad('thresholds', 'missing');
  else if (
    thresholds.shape.length !== 2 ||
    given !== channels ||
    count < 1 ||
    thresholds.data.length !== channels * count
  ) {
    bad('thresholds', `shape [${thresholds.shape.join(', ')}], expected [${channels}, n]`);
  }
  if (form === 'search' && count >= searchLimit)
    bad('form', `a search among ${count} thresholds, at most ${searchLimit - 1}`);
  if (flip !== undefined && (flip.shape.join() !== String(channels) || flip.data.length !== channels)) {
    bad('flip', `shape [${flip.shape.join(', ')}], expected [${channels}]`);
  }
  const { min, max } = valueRange(y);
  const holds = y.kind === 'bipolar' ? base === -1 && count === 1 : base >= min && base + count <= max;
  if (y.kind === 'pow2' || !holds) bad('y', `does not hold the levels ${base} to ${base + count}`);
  return found;
}

function implement(request: LayerRequest, folding: Folding): Implementation {
  const refuse = (found: string, expected: string): Implementation => ({
    refusal: unitCannotImplement('threshold', request.value, found, expected),
  });
  const [op, ...rest] = request.ops;
  const thresholds = op?.consts.get(1);
  if (op?.op !== 'threshold' || rest.length > 0 || thresholds === undefined) {
    return refuse(request.ops.map(({ op: name }) => name).join('+'), 'threshold with constant thresholds');
  }
  if (folding.style !== 'folded') return refuse(`style ${folding.style}`, 'style folded');
  const x = request.input.elem;
  const y = op.result.elem;
  for (const elem of [x, y]) {
    if (elem.kind === 'pow2' || elem.kind === 'float32')
      return refuse(`element type ${elem.kind}`, 'integers');
  }
  const pixels = vectorsOf(request.input);
  const perPixel = request.input.shape.at(-1) ?? 1;
  const stream = pixelStream(x, pixels, perPixel, fittingLanes(perPixel, pixels, folding.pe));
  const { shape, elem } = thresholds.type;
  const consts: Record<string, HwConst> = { thresholds: { elem, shape, data: thresholds.data } };
  const flip = op.consts.get(2);
  if (flip !== undefined) consts['flip'] = { elem: flip.type.elem, shape: flip.type.shape, data: flip.data };
  const base = op.attributes['base'];
  const params = {
    ...rowsParam(stream.rows ?? 1),
    elements: stream.elements,
    channels: shape[0] ?? 1,
    lanes: stream.lanes,
    x: { ...x },
    y: { ...y },
    base: typeof base === 'number' ? base : 0,
  };
  return { params: searchIsCheaper(params, consts) ? { ...params, form: 'search' } : params, consts };
}

function kernel(node: HwNode, context: KernelContext): FrameKernel {
  const { elements, channels, x, y, base } = thresholdParams(node);
  const { thresholds, flip } = node.consts;
  const run = context.threshold({
    elements,
    channels,
    x,
    y,
    thresholds: {
      values: thresholds?.data ?? [],
      count: thresholds?.shape[1] ?? 0,
      flip: flip?.data ?? new Uint8Array(channels),
      base,
      step: y.kind === 'bipolar' ? 2 : 1,
    },
  });
  return ([input = 0], [output = 0], frames) => run(input, output, frames);
}

function costOf(node: HwNode): Cost {
  return cost(planOf(node));
}

export const unit: UnitDefinition = {
  name: 'threshold',
  summary: 'Levels of integers by comparison with thresholds.',
  implementsOps: ['threshold'],
  check,
  ports: (node) => {
    const { lanes, x, y } = thresholdParams(node);
    const { elements } = planOf(node);
    const stream = (elem: ElementType): StreamType => repeated({ elem, elements, lanes }, rowCount(node));
    return [
      { name: 'in', direction: 'in', stream: stream(x) },
      { name: 'out', direction: 'out', stream: stream(y) },
    ];
  },
  implement,
  timing: (node) => {
    const plan = planOf(node);
    return timing(plan.steps, registersOf(plan), rowCount(node));
  },
  model: (node) => {
    const plan = planOf(node);
    return model(plan.steps, registersOf(plan));
  },
  kernel,
  cost: costOf,
  memories: images,
  template: 'threshold/unit.v.njk',
  libraries: ['qcc_spill'],
  view,
  sample,
};
