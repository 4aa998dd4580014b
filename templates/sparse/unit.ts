import * as z from 'zod';
import { badUnitParameter, unitCannotImplement } from '../../compiler/diagnostics/catalog/hw.ts';
import type { Diagnostic } from '../../compiler/diagnostics/index.ts';
import type {
  Folding,
  HwConst,
  HwNode,
  Implementation,
  LayerRequest,
  UnitDefinition,
} from '../../compiler/hw/index.ts';
import { checkParams, elementSchema } from '../../compiler/hw/params.ts';
import { valueRange } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import { matrixOf as sizeOf } from '../mvu/foldings.ts';
import { isPlainInteger, tableImages } from '../lib/lanes.ts';
import { repeated, rowCount, rowsParam, rowsSchema } from '../lib/rows.ts';
import { cost } from './cost.ts';
import { alone, foldings, formOf, sparseOf, variants } from './foldings.ts';
import { model, timing } from './model.ts';
import { placeBits } from './matrix.ts';
import { planOf, scheduleTable, sparseParams, sumRange } from './plan.ts';
import { sample } from './sample.ts';
import { view } from './view.ts';

const schema = z.object({
  rows: rowsSchema,
  inputs: z.int().min(1),
  outputs: z.int().min(1),
  /** Non-zero weights multiplied at a time. */
  pe: z.int().min(1),
  /** Inputs of a beat. */
  simd: z.int().min(1),
  /** Whether a step's lanes may be those of several outputs. */
  packed: z.boolean().exactOptional(),
  /** Whether the next vector is loaded while one is computed with. */
  double: z.boolean().exactOptional(),
  /** Bits of the distance from one weight's place to the next one's. */
  gap: z.int().min(1).exactOptional(),
  x: elementSchema,
  y: elementSchema,
});

function check(node: HwNode): readonly Diagnostic[] {
  const found = checkParams(node, schema);
  if (found.length > 0) return found;
  const bad = (parameter: string, problem: string): unknown =>
    found.push(badUnitParameter(node, parameter, problem));
  const { inputs, outputs, simd, pe, gap, x, y } = sparseParams(node);
  if (simd > inputs) bad('simd', `${simd}, more than the ${inputs} inputs`);
  if (pe > inputs) bad('pe', `${pe}, more than the ${inputs} inputs`);
  if (found.length === 0 && gap !== undefined) {
    const { beat, lane } = placeBits(inputs, simd);
    if (gap >= beat + lane) bad('gap', `${gap}, no less than the ${beat + lane} bits of a place`);
  }
  if (!isPlainInteger(x) || x.kind === 'bipolar') bad('x', 'no integers');
  const { weights, bias } = node.consts;
  if (weights?.shape.join() !== `${outputs},${inputs}` || weights.data.length !== outputs * inputs)
    bad('weights', `expected shape [${outputs}, ${inputs}]`);
  if (bias !== undefined && bias.shape.join() !== String(outputs)) bad('bias', `expected shape [${outputs}]`);
  if (found.length > 0) return found;
  const { min, max } = sumRange(node);
  const range = valueRange(y);
  if (!isPlainInteger(y) || y.kind === 'bipolar' || min < range.min || max > range.max)
    bad('y', `does not hold the sums from ${min} to ${max}`);
  return found;
}

function hwConst({
  type,
  data,
}: {
  readonly type: { readonly elem: ElementType; readonly shape: readonly number[] };
  readonly data: ArrayLike<number>;
}): HwConst {
  return { elem: type.elem, shape: type.shape, data };
}

function implement(request: LayerRequest, folding: Folding): Implementation {
  const refuse = (found: string, expected: string): Implementation => ({
    refusal: unitCannotImplement('sparse', request.value, found, expected),
  });
  const size = sizeOf(request);
  const [op] = request.ops;
  const weights = op?.consts.get(1);
  if (size === undefined || op === undefined || weights === undefined || request.ops.length > 1)
    return refuse(request.ops.map(({ op: name }) => name).join('+'), 'matmul with constant weights');
  if (sparseOf(request) === undefined)
    return refuse('dense weights', 'weights of which at least half are zero');
  if (folding.style !== 'folded') return refuse(`style ${folding.style}`, 'style folded');
  const y = op.result.elem;
  const odd = [request.input.elem, y].find((elem) => !isPlainInteger(elem) || elem.kind === 'bipolar');
  if (odd !== undefined) return refuse(`element type ${odd.kind}`, 'integers');
  const bias = op.consts.get(2);
  const form = formOf(folding.variant);
  const simd = Math.min(folding.simd, size.inputs);
  const { beat, lane } = placeBits(size.inputs, simd);
  if (form.gap !== undefined && form.gap >= beat + lane)
    return refuse(
      `variant ${folding.variant ?? ''}`,
      `distances of less than the ${beat + lane} bits of a place`,
    );
  return {
    params: {
      ...rowsParam(size.rows),
      inputs: size.inputs,
      outputs: size.outputs,
      pe: Math.min(folding.pe, size.inputs),
      simd,
      ...form,
      x: { ...request.input.elem },
      y: { ...y },
    },
    consts: { weights: hwConst(weights), ...(bias === undefined ? {} : { bias: hwConst(bias) }) },
  };
}

export const unit: UnitDefinition = {
  name: 'sparse',
  summary: 'Matrix-vector product that works on the non-zero weights alone.',
  implementsOps: ['matmul'],
  check,
  ports: (node) => {
    const { inputs, outputs, simd, x, y } = sparseParams(node);
    return [
      {
        name: 'in',
        direction: 'in',
        stream: repeated({ elem: x, elements: inputs, lanes: simd }, rowCount(node)),
      },
      {
        name: 'out',
        direction: 'out',
        stream: repeated({ elem: y, elements: outputs, lanes: 1 }, rowCount(node)),
      },
    ];
  },
  implement,
  foldings,
  alone,
  variants,
  timing,
  model,
  kernel: (node, context) => {
    const { inputs, outputs, x, y } = sparseParams(node);
    const { weights, bias } = node.consts;
    if (weights === undefined) throw new RangeError('sparse without weights');
    const run = context.matvec({
      ...{ rows: rowCount(node), inputs, outputs, x, y, w: weights.elem, weights: weights.data },
      ...(bias === undefined ? {} : { bias: bias.data }),
    });
    return ([input = 0], [output = 0], frames) => run(input, output, frames);
  },
  cost: (node) => cost(planOf(node)),
  memories: (node) => {
    const { bias } = planOf(node);
    const schedule = scheduleTable(node);
    return tableImages(node.name, bias === undefined ? [schedule] : [schedule, bias]);
  },
  storedBits: (node) => {
    const { steps, width } = planOf(node);
    return steps.length > 1 ? steps.length * width : 0;
  },
  template: 'sparse/unit.v.njk',
  libraries: ['qcc_spill'],
  view,
  sample,
};
