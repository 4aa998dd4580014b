import * as z from 'zod';
import { elementCount, printType, valueRange } from '../../compiler/qir/types.ts';
import type { Tensor } from '../../compiler/qir/types.ts';
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
import { analyse, mvuParams } from './analysis.ts';
import { mostFusedLevels, tooManyLevels } from '../lib/levels.ts';
import { repeated, rowCount, rowsParam, rowsSchema, vectorsOf } from '../lib/rows.ts';
import { cost } from './cost.ts';
import { matrixFoldings } from './foldings.ts';
import { kernel } from './kernel.ts';
import { model, timing } from './model.ts';
import { planOf } from './plan.ts';
import { sample } from './sample.ts';
import { view } from './view.ts';
import { images, weightBitsStored } from './words.ts';

const schema = z.object({
  rows: rowsSchema,
  /** Size of the matrix. */
  inputs: z.int().min(1),
  outputs: z.int().min(1),
  /** Outputs computed at a time, at most `outputs`. */
  pe: z.int().min(1),
  /** Inputs taken at a time, at most `inputs`. */
  simd: z.int().min(1),
  /** Which of outputs and inputs is the outer loop. */
  order: z.enum(['output', 'input']),
  x: elementSchema,
  y: elementSchema,
  /** Lowest level, if there are thresholds; else 0. */
  base: z.int(),
});

function check(node: HwNode): readonly Diagnostic[] {
  const found = checkParams(node, schema);
  if (found.length > 0) return found;
  const bad = (parameter: string, problem: string): unknown =>
    found.push(badUnitParameter(node, parameter, problem));
  const { inputs, outputs, pe, simd, x, y } = mvuParams(node);
  if (pe > outputs) bad('pe', `${pe}, more than the ${outputs} outputs`);
  if (simd > inputs) bad('simd', `${simd}, more than the ${inputs} inputs`);
  if (x.kind === 'pow2' || y.kind === 'pow2') bad(x.kind === 'pow2' ? 'x' : 'y', 'powers of two');
  const { weights, bias, thresholds, flip } = node.consts;
  const fits = (name: string, value: HwConst | undefined, shape: string, good: boolean): void => {
    if (value !== undefined && good && value.data.length === elementCount(value.shape)) return;
    bad(name, value === undefined ? 'missing' : `shape [${value.shape.join(', ')}], expected ${shape}`);
  };
  fits('weights', weights, `[${outputs}, ${inputs}]`, weights?.shape.join() === `${outputs},${inputs}`);
  if (bias !== undefined) fits('bias', bias, `[${outputs}]`, bias.shape.join() === String(outputs));
  const channels = thresholds?.shape[0];
  if (thresholds !== undefined) {
    const good = thresholds.shape.length === 2 && (channels === 1 || channels === outputs);
    fits('thresholds', thresholds, `[${outputs}, n] or [1, n]`, good && (thresholds.shape[1] ?? 0) > 0);
  }
  if (flip !== undefined) fits('flip', flip, `[${channels ?? 0}]`, flip.shape.join() === String(channels));
  if (found.length > 0) return found;
  return checkResult(node);
}

/** Whether the result's type holds every result. */
function checkResult(node: HwNode): Diagnostic[] {
  const { outputs, y, base } = mvuParams(node);
  const { low, high, offset, scale, count } = analyse(node, true);
  const { min, max } = valueRange(y);
  if (count > 0) {
    const good = y.kind === 'bipolar' ? base === -1 && count === 1 : base >= min && base + count <= max;
    return good ? [] : [badUnitParameter(node, 'y', `does not hold the levels ${base} to ${base + count}`)];
  }
  if (y.kind === 'bipolar') return [badUnitParameter(node, 'y', 'bipolar, but there is no threshold')];
  for (let n = 0; n < outputs; n++) {
    const least = scale * (low[n] ?? 0) + (offset[n] ?? 0);
    const most = scale * (high[n] ?? 0) + (offset[n] ?? 0);
    if (least < min || most > max) {
      return [
        badUnitParameter(node, 'y', `does not hold output ${n}, which ranges from ${least} to ${most}`),
      ];
    }
  }
  return [];
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

/** The instance for a request, which fuses at most `most` thresholds a channel. */
export function implement(
  request: LayerRequest,
  folding: Folding,
  most: number = mostFusedLevels,
): Implementation {
  const refuse = (found: string, expected: string): Implementation => ({
    refusal: unitCannotImplement('mvu', request.value, found, expected),
  });
  const [product, levels] = request.ops;
  const weights = product?.consts.get(1);
  if (product?.op !== 'matmul' || weights === undefined) {
    return refuse(request.ops.map(({ op }) => op).join('+'), 'matmul with constant weights');
  }
  if (request.ops.length > 2 || (levels !== undefined && levels.op !== 'threshold')) {
    return refuse(request.ops.map(({ op }) => op).join('+'), 'matmul, or matmul and threshold');
  }
  if (folding.style !== 'folded') return refuse(`style ${folding.style}`, 'style folded');
  const [outputs = 0, inputs = 0] = weights.type.shape;
  if (request.input.shape.at(-1) !== inputs) {
    return refuse(`input ${printType(request.input)}`, `vectors of ${inputs} elements`);
  }
  const y = (levels ?? product).result.elem;
  if (weights.type.elem.kind === 'float32') return refuse('weights of type float32', 'integers');
  for (const elem of [request.input.elem, y]) {
    if (elem.kind === 'pow2' || elem.kind === 'float32')
      return refuse(`element type ${elem.kind}`, 'integers');
  }
  const consts: Record<string, HwConst> = { weights: hwConst(weights) };
  const bias = product.consts.get(2);
  if (bias !== undefined) consts['bias'] = hwConst(bias);
  const many = tooManyLevels(request, most);
  if (many !== undefined) return refuse(`${many} thresholds`, `at most ${most}`);
  const thresholds = levels?.consts.get(1);
  if (levels !== undefined && thresholds === undefined)
    return refuse('thresholds that are no constant', 'constants');
  if (thresholds !== undefined) consts['thresholds'] = hwConst(thresholds);
  const flip = levels?.consts.get(2);
  if (flip !== undefined) consts['flip'] = hwConst(flip);
  const base = levels?.attributes['base'];
  const params = {
    ...rowsParam(vectorsOf(request.input)),
    inputs,
    outputs,
    pe: Math.min(folding.pe, outputs),
    simd: Math.min(folding.simd, inputs),
    order: folding.order,
    x: { ...request.input.elem },
    y: { ...y },
    base: typeof base === 'number' ? base : 0,
  };
  return { params, consts };
}

export const unit: UnitDefinition = {
  name: 'mvu',
  summary: 'Folded matrix-vector product, with thresholds if wanted.',
  implementsOps: ['matmul', 'matmul+threshold'],
  check,
  ports: (node) => {
    const { inputs, outputs, pe, simd, x, y } = mvuParams(node);
    return [
      {
        name: 'in',
        direction: 'in',
        stream: repeated({ elem: x, elements: inputs, lanes: simd }, rowCount(node)),
      },
      {
        name: 'out',
        direction: 'out',
        stream: repeated({ elem: y, elements: outputs, lanes: pe }, rowCount(node)),
      },
    ];
  },
  implement: (request, folding) => implement(request, folding),
  foldings: (request, cycles, styles) => (styles.includes('folded') ? matrixFoldings(request, cycles) : []),
  timing: (node) => timing(planOf(node), rowCount(node)),
  model: (node) => model(planOf(node)),
  kernel,
  cost: (node, form) => cost(planOf(node), form),
  memories: (node) => images(node, planOf(node)),
  storedBits: (node, form) => weightBitsStored(planOf(node), form),
  template: 'mvu/unit.v.njk',
  libraries: ['qcc_spill'],
  view,
  sample,
};
