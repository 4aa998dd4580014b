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
  RandomSource,
  UnitDefinition,
} from '../../compiler/hw/index.ts';
import {
  bipolar,
  elementCount,
  fitInteger,
  fixed,
  int,
  ternary,
  uint,
  valueRange,
} from '../../compiler/qir/types.ts';
import type { ElementType, Tensor } from '../../compiler/qir/types.ts';
import { fittingLanes, isPlainInteger, laneCounts, lanesFit, tableImages } from '../lib/lanes.ts';
import { cost } from './cost.ts';
import { model, streamOf, timing } from './model.ts';
import { combineParams, planOf, sumRange } from './plan.ts';
import { view } from './view.ts';

/** Most inputs of one instance; the cycle model keeps what moves in a cycle as bits of an integer. */
const mostInputs = 16;

/** Greatest coefficient: products stay exact and the result is an element of 32 bits at most. */
const greatestCoefficient = 2 ** 31;

const schema = z.object({
  /** Pixels of one frame. */
  rows: z.int().min(1),
  channels: z.int().min(1),
  /** Elements of a beat: at most the channels, or a multiple of them that divides all. */
  lanes: z.int().min(1),
  /** One for each input; coefficients are absent if there is a constant of them. */
  terms: z
    .array(
      z.object({
        x: elementSchema,
        coefficient: z.int().min(-greatestCoefficient).max(greatestCoefficient).exactOptional(),
      }),
    )
    .min(1)
    .max(mostInputs),
  y: elementSchema,
});

function check(node: HwNode): readonly Diagnostic[] {
  const found = checkParams(node, schema);
  if (found.length > 0) return found;
  const bad = (parameter: string, problem: string): unknown =>
    found.push(badUnitParameter(node, parameter, problem));
  const { rows, channels, lanes, terms, y } = combineParams(node);
  if (!lanesFit(channels, rows, lanes))
    bad(
      'lanes',
      `${lanes}, neither up to the ${channels} channels nor a multiple of them that divides ${rows * channels}`,
    );
  if (terms.some(({ x }) => !isPlainInteger(x))) bad('terms', 'powers of two');
  const { bias, coefficients } = node.consts;
  if (terms.some(({ coefficient }) => (coefficient === undefined) === (coefficients === undefined)))
    bad('terms', 'a coefficient each, or a constant of them, not both');
  const wanted = `${terms.length},${channels}`;
  if (
    coefficients !== undefined &&
    (coefficients.shape.join() !== wanted || coefficients.data.length !== terms.length * channels)
  )
    bad('coefficients', `shape [${coefficients.shape.join(', ')}], expected [${terms.length}, ${channels}]`);
  const shape = bias?.shape.join();
  if (
    bias !== undefined &&
    ((shape !== '1' && shape !== String(channels)) || String(bias.data.length) !== shape)
  )
    bad('bias', `shape [${bias.shape.join(', ')}], expected [${channels}]`);
  if (found.length > 0) return found;
  const { min, max } = sumRange(node);
  const range = valueRange(y);
  if (!isPlainInteger(y) || y.kind === 'bipolar' || min < range.min || max > range.max)
    bad('y', `does not hold the sums from ${min} to ${max}`);
  return found;
}

function implement(request: LayerRequest, folding: Folding): Implementation {
  const refuse = (found: string, expected: string): Implementation => ({
    refusal: unitCannotImplement('combine', request.value, found, expected),
  });
  const [op, ...rest] = request.ops;
  if (op?.op !== 'combine' || rest.length > 0)
    return refuse(request.ops.map(({ op: name }) => name).join('+'), 'combine');
  if (folding.style !== 'folded') return refuse(`style ${folding.style}`, 'style folded');
  const { inputs } = request;
  if (inputs.length > mostInputs) return refuse(`${inputs.length} operands`, `at most ${mostInputs}`);
  const given = op.attributes['coefficients'] as readonly number[] | undefined;
  if (given !== undefined && given.length !== inputs.length)
    return refuse(`${inputs.length} operands`, `${given.length}, as there are coefficients`);
  const odd = [...inputs.map(({ elem }) => elem), op.result.elem].find((elem) => !isPlainInteger(elem));
  if (odd !== undefined) return refuse(`element type ${odd.kind}`, 'integers');
  const channels = request.input.shape.at(-1) ?? 1;
  const rows = elementCount(request.input.shape) / channels;
  const factors = given === undefined ? op.consts.get(inputs.length) : undefined;
  if (given === undefined && factors === undefined) return refuse('no coefficients', 'coefficients');
  const bias = op.consts.get(inputs.length + (factors === undefined ? 0 : 1));
  return {
    params: {
      rows,
      channels,
      lanes: fittingLanes(channels, rows, folding.pe),
      terms: inputs.map(({ elem }, i) => ({
        x: { ...elem },
        ...(given === undefined ? {} : { coefficient: given[i] ?? 0 }),
      })),
      y: { ...op.result.elem },
    },
    consts: {
      ...(factors === undefined ? {} : { coefficients: hwConst(factors) }),
      ...(bias === undefined ? {} : { bias: hwConst(bias) }),
    },
  };
}

function hwConst({ type, data }: Tensor): HwConst {
  return { elem: type.elem, shape: type.shape, data };
}

function kernel(node: HwNode, context: KernelContext): FrameKernel {
  const { rows, channels, terms, y } = combineParams(node);
  const { bias, coefficients } = node.consts;
  const run = context.combine({
    elements: rows * channels,
    inputs: terms.map(({ x, coefficient = 0 }, i) => ({
      x,
      coefficient:
        coefficients === undefined
          ? coefficient
          : Array.from({ length: channels }, (_, c) => coefficients.data[i * channels + c] ?? 0),
    })),
    channels,
    ...(bias === undefined
      ? {}
      : { bias: Float64Array.from({ length: channels }, (_, c) => bias.data[c % bias.data.length] ?? 0) }),
    y,
  });
  return (inputs, [output = 0], frames) => run(inputs, output, frames);
}

/** Two to five inputs of any types, coefficients of all kinds, lanes that do not divide. */
function sample({ integer, pick }: RandomSource): ReturnType<UnitDefinition['sample']> {
  const [rows, channels] = [integer(1, 5), integer(1, 9)];
  const wanted = pick([1, channels, integer(1, channels), integer(1, channels), 2 * channels]);
  const style = pick(['plain', 'any', 'channels'] as const);
  const factor = {
    plain: () => pick([1, 1, 1, -1, 4]),
    any: () => pick([0, integer(-20, 20), 2 ** integer(0, 6), integer(-3000, 3000)]),
    channels: () => pick([0, integer(-20, 20), integer(-30000, 30000)]),
  }[style];
  const count = pick([1, 2, 2, 2, 3, 4, 5]);
  const terms = Array.from({ length: count }, () => ({
    x: pick<ElementType>([
      bipolar,
      ternary,
      uint(integer(1, 8)),
      int(integer(1, 8)),
      int(integer(8, 15)),
      fixed(6, 2),
    ]),
    ...(style === 'channels' ? {} : { coefficient: factor() }),
  }));
  const consts: Record<string, HwConst> = {};
  if (style === 'channels') {
    // few distinct ones now and then, so that lanes or all channels have the same
    const one = integer(0, 1) === 0 ? () => pick([3, 3, 3, -4]) : factor;
    const data = Int32Array.from({ length: count * channels }, one);
    consts['coefficients'] = { elem: int(16), shape: [count, channels], data };
  }
  const size = pick([0, 1, channels]);
  if (size > 0) {
    const data = Int32Array.from({ length: size }, () => integer(-500, 500));
    consts['bias'] = { elem: int(10), shape: [size], data };
  }
  const params = { rows, channels, lanes: fittingLanes(channels, rows, wanted), terms };
  const node: HwNode = { name: '', unit: '', params, consts, origin: { nodes: [] }, value: '' };
  const { min, max } = sumRange(node);
  const wider = integer(0, 3) === 0 ? 5 : 0;
  return { params: { ...params, y: { ...fitInteger(min - wider, max + wider) } }, consts };
}

export const unit: UnitDefinition = {
  name: 'combine',
  summary: 'Sum of tensors with integer coefficients, one a tensor or a channel: where branches join.',
  implementsOps: ['combine'],
  check,
  ports: (node) => {
    const plan = planOf(node);
    return [
      ...plan.params.terms.map(({ x }, i) => ({
        name: `in${i}`,
        direction: 'in' as const,
        stream: streamOf(plan, x),
      })),
      { name: 'out', direction: 'out' as const, stream: streamOf(plan, plan.params.y) },
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
    const { bias, terms } = planOf(node);
    return tableImages(
      node.name,
      [...terms.map(({ table }) => table), bias].filter((table) => table !== undefined),
    );
  },
  template: 'combine/unit.v.njk',
  libraries: ['qcc_spill'],
  view,
  sample,
};
