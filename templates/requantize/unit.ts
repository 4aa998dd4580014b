import * as z from 'zod';
import { badUnitParameter, unitCannotImplement } from '../../compiler/diagnostics/catalog/hw.ts';
import type { Diagnostic } from '../../compiler/diagnostics/index.ts';
import { checkParams, elementSchema } from '../../compiler/hw/params.ts';
import type {
  Folding,
  FrameKernel,
  HwConst,
  HwNode,
  Implementation,
  KernelContext,
  LayerRequest,
  UnitDefinition,
} from '../../compiler/hw/index.ts';
import { elementCount, valueRange } from '../../compiler/qir/types.ts';
import { fittingLanes, isPlainInteger, laneCounts, lanesFit, tableImages } from '../lib/lanes.ts';
import { cost } from './cost.ts';
import { model, streamOf, timing } from './model.ts';
import { planOf, requantizeParams } from './plan.ts';
import { sample } from './sample.ts';
import { view } from './view.ts';

const schema = z.object({
  /** Pixels of one frame. */
  rows: z.int().min(1),
  channels: z.int().min(1),
  /** Elements of a beat: at most the channels, or a multiple of them that divides all. */
  lanes: z.int().min(1),
  x: elementSchema,
  y: elementSchema,
  shift: z.int().min(0).max(62),
  /** Bits by which the biases stand to the left. */
  biasShift: z.int().min(0).max(52),
  min: z.int(),
  max: z.int(),
});

/** Greatest size of a sum that is exact in double precision, which the widths are computed in. */
const largest = 2 ** 53;

function check(node: HwNode): readonly Diagnostic[] {
  const found = checkParams(node, schema);
  if (found.length > 0) return found;
  const bad = (parameter: string, problem: string): unknown =>
    found.push(badUnitParameter(node, parameter, problem));
  const { rows, channels, lanes, x, y, min, max } = requantizeParams(node);
  if (!lanesFit(channels, rows, lanes))
    bad(
      'lanes',
      `${lanes}, neither up to the ${channels} channels nor a multiple of them that divides ${rows * channels}`,
    );
  if (!isPlainInteger(x)) bad('x', 'powers of two');
  const { multipliers, biases } = node.consts;
  for (const [name, value] of [
    ['multipliers', multipliers],
    ['biases', biases],
  ] as const) {
    const shape = value?.shape.join();
    if (
      value !== undefined &&
      (shape === '1' || shape === String(channels)) &&
      String(value.data.length) === shape
    )
      continue;
    bad(
      name,
      value === undefined ? 'missing' : `shape [${value.shape.join(', ')}], expected [${channels}] or [1]`,
    );
  }
  if (min > max) bad('min', `${min}, more than max, ${max}`);
  const range = y.kind === 'float32' ? { min: 0, max: 0 } : valueRange(y);
  if (!isPlainInteger(y) || y.kind === 'bipolar' || min < range.min || max > range.max)
    bad('y', `does not hold ${min} to ${max}`);
  if (found.length === 0) found.push(...checkRange(node));
  return found;
}

/** Whether products and sums are within what the evaluator and this unit compute exactly. */
function checkRange(node: HwNode): Diagnostic[] {
  const { channels, x, biasShift } = requantizeParams(node);
  const { multipliers, biases } = node.consts;
  const { min, max } = valueRange(x);
  const at = (constant: HwConst | undefined, c: number): number =>
    constant?.data[constant.data.length === 1 ? 0 : c] ?? 0;
  for (let c = 0; c < channels; c++) {
    const [m, b] = [at(multipliers, c), at(biases, c) * 2 ** biasShift];
    const product = Math.abs(m) * Math.max(-min, max);
    if (product + Math.abs(b) <= largest) continue;
    return [
      badUnitParameter(node, 'multipliers', `channel ${c} reaches ${product + Math.abs(b)}, more than 2^53`),
    ];
  }
  return [];
}

function implement(request: LayerRequest, folding: Folding): Implementation {
  const refuse = (found: string, expected: string): Implementation => ({
    refusal: unitCannotImplement('requantize', request.value, found, expected),
  });
  const [op, ...rest] = request.ops;
  const [multipliers, biases] = [op?.consts.get(1), op?.consts.get(2)];
  if (op?.op !== 'requantize' || rest.length > 0 || multipliers === undefined || biases === undefined)
    return refuse(request.ops.map(({ op: name }) => name).join('+'), 'requantize with constant operands');
  if (folding.style !== 'folded') return refuse(`style ${folding.style}`, 'style folded');
  const [x, y] = [request.input.elem, op.result.elem];
  const odd = [x, y].find((elem) => !isPlainInteger(elem));
  if (odd !== undefined) return refuse(`element type ${odd.kind}`, 'integers');
  const number = (name: string): number => {
    const value = op.attributes[name];
    return typeof value === 'number' ? value : 0;
  };
  const channels = request.input.shape.at(-1) ?? 1;
  const rows = elementCount(request.input.shape) / channels;
  const constant = ({ type, data }: typeof multipliers): HwConst => ({
    elem: type.elem,
    shape: type.shape,
    data,
  });
  return {
    params: {
      rows,
      channels,
      lanes: fittingLanes(channels, rows, folding.pe),
      x: { ...x },
      y: { ...y },
      shift: number('shift'),
      biasShift: number('bias_shift'),
      min: number('min'),
      max: number('max'),
    },
    consts: { multipliers: constant(multipliers), biases: constant(biases) },
  };
}

function kernel(node: HwNode, context: KernelContext): FrameKernel {
  const { rows, channels, x, y, shift, biasShift, min, max } = requantizeParams(node);
  const perChannel = (constant: HwConst | undefined): Float64Array =>
    Float64Array.from(
      { length: channels },
      (_, c) => constant?.data[constant.data.length === 1 ? 0 : c] ?? 0,
    );
  const run = context.requantize({
    elements: rows * channels,
    channels,
    x,
    y,
    multipliers: perChannel(node.consts['multipliers']),
    biases: perChannel(node.consts['biases']).map((bias) => bias * 2 ** biasShift),
    shift,
    min,
    max,
  });
  return ([input = 0], [output = 0], frames) => run(input, output, frames);
}

export const unit: UnitDefinition = {
  name: 'requantize',
  summary: 'Integers multiplied, biased, shifted and clamped: the scale of a channel in fixed point.',
  implementsOps: ['requantize'],
  check,
  ports: (node) => {
    const plan = planOf(node);
    return [
      { name: 'in', direction: 'in', stream: streamOf(plan, plan.params.x) },
      { name: 'out', direction: 'out', stream: streamOf(plan, plan.params.y) },
    ];
  },
  implement,
  foldings: (request, cycles, styles) => {
    if (!styles.includes('folded')) return [];
    const channels = request.input.shape.at(-1) ?? 1;
    const rows = elementCount(request.input.shape) / channels;
    return laneCounts(channels, rows, cycles).map((lanes) => ({
      style: 'folded',
      pe: lanes,
      simd: lanes,
      order: 'output',
    }));
  },
  timing: (node) => timing(planOf(node)),
  model: (node) => model(planOf(node)),
  kernel,
  cost: (node) => cost(planOf(node)),
  memories: (node) => {
    const { multipliers, biases } = planOf(node);
    return tableImages(
      node.name,
      [multipliers, biases].filter((table) => table !== undefined),
    );
  },
  template: 'requantize/unit.v.njk',
  libraries: ['qcc_spill'],
  view,
  sample,
};
