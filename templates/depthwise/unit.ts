import * as z from 'zod';
import { badUnitParameter, unitCannotImplement } from '../../compiler/diagnostics/catalog/hw.ts';
import type { Diagnostic } from '../../compiler/diagnostics/index.ts';
import { checkParams, elementSchema } from '../../compiler/hw/params.ts';
import type {
  Folding,
  HwConst,
  HwNode,
  Implementation,
  LayerRequest,
  UnitDefinition,
} from '../../compiler/hw/index.ts';
import { elementCount, valueRange } from '../../compiler/qir/types.ts';
import type { Tensor } from '../../compiler/qir/types.ts';
import { mostFusedLevels, tooManyLevels } from '../lib/levels.ts';
import { fittingLanes, isMemory, isPlainInteger, tableImages } from '../lib/lanes.ts';
import { analyse } from './analysis.ts';
import type { TapSpec } from './analysis.ts';
import { cost } from './cost.ts';
import { kernel } from './kernel.ts';
import { model, timing } from './model.ts';
import { planOf, specOf } from './params.ts';
import { inputStream, lanesFor, lanesLegal, outputStream } from './plan.ts';
import type { Plan } from './plan.ts';
import { sample } from './sample.ts';
import { view } from './view.ts';

/** Parameters of every unit that accumulates over taps. */
export const tapSchema = z.object({
  /** Results of one channel in a frame. */
  rows: z.int().min(1),
  taps: z.int().min(1),
  channels: z.int().min(1),
  /** Elements of an input beat: at most the channels, or a multiple of them that divides all taps'. */
  lanes: z.int().min(1),
  x: elementSchema,
  y: elementSchema,
});

const schema = tapSchema.extend({
  /** Lowest level, if there are thresholds; else 0. */
  base: z.int(),
});

/** What is wrong with the lanes and types of a unit that accumulates over taps. */
export function checkTaps(node: HwNode): Diagnostic[] {
  const { taps, channels, lanes, x, y } = node.params as unknown as TapSpec;
  const found: Diagnostic[] = [];
  if (!lanesLegal({ taps, channels, lanes })) {
    const problem = `${lanes}, neither up to the ${channels} channels nor a multiple of them that divides ${taps * channels}`;
    found.push(badUnitParameter(node, 'lanes', problem));
  }
  for (const [name, elem] of [
    ['x', x],
    ['y', y],
  ] as const)
    if (!isPlainInteger(elem)) found.push(badUnitParameter(node, name, 'powers of two'));
  return found;
}

function check(node: HwNode): readonly Diagnostic[] {
  const found = checkParams(node, schema);
  if (found.length > 0) return found;
  found.push(...checkTaps(node));
  const { taps, channels } = node.params as unknown as TapSpec;
  const { weights, bias, thresholds, flip } = node.consts;
  const fits = (name: string, value: HwConst | undefined, shape: string, good: boolean): void => {
    if (value !== undefined && good && value.data.length === elementCount(value.shape)) return;
    const problem = value === undefined ? 'missing' : `shape [${value.shape.join(', ')}], expected ${shape}`;
    found.push(badUnitParameter(node, name, problem));
  };
  fits('weights', weights, `[${taps}, ${channels}]`, weights?.shape.join() === `${taps},${channels}`);
  if (bias !== undefined) fits('bias', bias, `[${channels}]`, bias.shape.join() === String(channels));
  const rows = thresholds?.shape[0];
  if (thresholds !== undefined) {
    const good = thresholds.shape.length === 2 && (rows === 1 || rows === channels);
    fits('thresholds', thresholds, `[${channels}, n] or [1, n]`, good && (thresholds.shape[1] ?? 0) > 0);
  }
  if (flip !== undefined) fits('flip', flip, `[${rows ?? 0}]`, flip.shape.join() === String(rows));
  return found.length > 0 ? found : checkResult(node, specOf(node));
}

/** Whether the result's type holds every result. */
export function checkResult(node: HwNode, spec: TapSpec): Diagnostic[] {
  const { channels, y, base } = spec;
  const { low, high, count } = analyse(spec);
  const { min, max } = valueRange(y);
  if (count > 0) {
    const good = y.kind === 'bipolar' ? base === -1 && count === 1 : base >= min && base + count <= max;
    return good ? [] : [badUnitParameter(node, 'y', `does not hold the levels ${base} to ${base + count}`)];
  }
  if ((y.kind === 'bipolar') !== (spec.kind === 'max' && spec.x.kind === 'bipolar'))
    return [badUnitParameter(node, 'y', `${y.kind}, which the results are not`)];
  for (let c = 0; c < channels; c++) {
    const [least, most] = [low[c] ?? 0, high[c] ?? 0];
    if (least >= min && most <= max) continue;
    const problem = `does not hold channel ${c}, which ranges from ${least} to ${most}`;
    return [badUnitParameter(node, 'y', problem)];
  }
  return [];
}

/** The shape [rows, taps, channels] that a request's first operand is taken as. */
export function tapShape({ input }: LayerRequest): {
  readonly rows: number;
  readonly taps: number;
  readonly channels: number;
} {
  const channels = input.shape.at(-1) ?? 1;
  const taps = input.shape.at(-2) ?? 1;
  return { rows: elementCount(input.shape) / (taps * channels), taps, channels };
}

/** The lanes that a folding asks for, brought to what the shape allows. */
export function lanesOf(
  { taps, channels }: { readonly taps: number; readonly channels: number },
  folding: Folding,
): number {
  return fittingLanes(channels, taps, folding.simd);
}

/** Foldings of every unit that accumulates over taps. */
export function tapFoldings(
  request: LayerRequest,
  cycles: number,
  styles: readonly Folding['style'][],
): readonly Folding[] {
  if (!styles.includes('folded')) return [];
  const shape = tapShape(request);
  return lanesFor(shape, cycles).map((simd) => ({
    style: 'folded',
    pe: Math.min(simd, shape.channels),
    simd,
    order: 'input',
  }));
}

const constants = new WeakMap<Tensor, HwConst>();

/** The tensor as a constant of an instance; the same object for the same tensor, so that analyses are shared. */
function hwConst(tensor: Tensor): HwConst {
  let found = constants.get(tensor);
  if (found === undefined) {
    found = { elem: tensor.type.elem, shape: tensor.type.shape, data: tensor.data };
    constants.set(tensor, found);
  }
  return found;
}

function implement(request: LayerRequest, folding: Folding): Implementation {
  const refuse = (found: string, expected: string): Implementation => ({
    refusal: unitCannotImplement('depthwise', request.value, found, expected),
  });
  const chain = request.ops.map(({ op }) => op).join('+');
  const [sum, levels] = request.ops;
  const weights = sum?.consts.get(1);
  if (
    sum === undefined ||
    weights === undefined ||
    (chain !== 'depthwise' && chain !== 'depthwise+threshold')
  )
    return refuse(chain, 'depthwise with constant weights, and threshold if wanted');
  if (folding.style !== 'folded') return refuse(`style ${folding.style}`, 'style folded');
  const y = (levels ?? sum).result.elem;
  const odd = [request.input.elem, y].find((elem) => !isPlainInteger(elem));
  if (odd !== undefined) return refuse(`element type ${odd.kind}`, 'integers');
  const consts: Record<string, HwConst> = { weights: hwConst(weights) };
  const bias = sum.consts.get(2);
  if (bias !== undefined) consts['bias'] = hwConst(bias);
  const many = tooManyLevels(request);
  if (many !== undefined) return refuse(`${many} thresholds`, `at most ${mostFusedLevels}`);
  const thresholds = levels?.consts.get(1);
  if (levels !== undefined && thresholds === undefined)
    return refuse('thresholds that are no constant', 'constants');
  if (thresholds !== undefined) consts['thresholds'] = hwConst(thresholds);
  const flip = levels?.consts.get(2);
  if (flip !== undefined) consts['flip'] = hwConst(flip);
  const base = levels?.attributes['base'];
  const shape = tapShape(request);
  return {
    params: {
      ...shape,
      lanes: lanesOf(shape, folding),
      x: { ...request.input.elem },
      y: { ...y },
      base: typeof base === 'number' ? base : 0,
    },
    consts,
  };
}

/** What follows from the plan, the same for every unit that accumulates over taps. */
export function tapUnit(
  plan: (node: HwNode) => Plan,
): Pick<
  UnitDefinition,
  | 'ports'
  | 'foldings'
  | 'timing'
  | 'model'
  | 'cost'
  | 'memories'
  | 'storedBits'
  | 'template'
  | 'view'
  | 'libraries'
> {
  return {
    ports: (node) => [
      { name: 'in', direction: 'in', stream: inputStream(plan(node).spec) },
      { name: 'out', direction: 'out', stream: outputStream(plan(node).spec) },
    ],
    foldings: tapFoldings,
    timing: (node) => timing(plan(node)),
    model: (node) => model(plan(node)),
    cost: (node) => cost(plan(node)),
    memories: (node) => {
      const { weights, start, late } = plan(node);
      return tableImages(
        node.name,
        [weights, start, late].filter((table) => table !== undefined),
      );
    },
    storedBits: (node) => {
      const { spec, analysis, weights } = plan(node);
      return weights !== undefined && isMemory(weights) ? spec.taps * spec.channels * analysis.weightBits : 0;
    },
    template: 'depthwise/unit.v.njk',
    libraries: ['qcc_spill'],
    view: (node, names) => view(node, plan(node), names),
  };
}

export const unit: UnitDefinition = {
  name: 'depthwise',
  summary: 'Weighted sum over the taps of each channel, with thresholds if wanted.',
  implementsOps: ['depthwise', 'depthwise+threshold'],
  check,
  implement,
  kernel,
  sample,
  ...tapUnit(planOf),
};
