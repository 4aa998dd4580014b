import * as z from 'zod';
import { badUnitParameter, unitCannotImplement } from '../../compiler/diagnostics/catalog/hw.ts';
import type { Diagnostic } from '../../compiler/diagnostics/index.ts';
import { checkParams } from '../../compiler/hw/params.ts';
import type {
  Folding,
  FrameKernel,
  HwNode,
  Implementation,
  KernelContext,
  LayerRequest,
  RandomSource,
  UnitDefinition,
} from '../../compiler/hw/index.ts';
import { fitInteger, printElement, sameElement, valueRange } from '../../compiler/qir/types.ts';
import type { TapSpec } from '../depthwise/analysis.ts';
import { makePlan } from '../depthwise/plan.ts';
import type { Plan } from '../depthwise/plan.ts';
import { sampleInput, sampleShape } from '../depthwise/sample.ts';
import { checkResult, checkTaps, lanesOf, tapSchema, tapShape, tapUnit } from '../depthwise/unit.ts';
import { isPlainInteger } from '../lib/lanes.ts';

const schema = tapSchema.extend({
  /** What is made of the taps. */
  kind: z.enum(['max', 'sum']),
});

function specOf(node: HwNode): TapSpec {
  return { ...(node.params as unknown as Omit<TapSpec, 'base'>), base: 0 };
}

const plans = new WeakMap<HwNode, Plan>();

function planOf(node: HwNode): Plan {
  let plan = plans.get(node);
  if (plan === undefined) plans.set(node, (plan = makePlan(specOf(node))));
  return plan;
}

function check(node: HwNode): readonly Diagnostic[] {
  const found = checkParams(node, schema);
  if (found.length === 0) found.push(...checkTaps(node));
  if (found.length > 0) return found;
  const spec = specOf(node);
  // a greatest bit is no wider number: types that differ would need a conversion
  if (spec.kind === 'max' && spec.x.kind === 'bipolar' && !sameElement(spec.x, spec.y))
    return [badUnitParameter(node, 'y', `${printElement(spec.y)}, expected ${printElement(spec.x)}`)];
  return checkResult(node, spec);
}

function implement(request: LayerRequest, folding: Folding): Implementation {
  const refuse = (found: string, expected: string): Implementation => ({
    refusal: unitCannotImplement('reduce', request.value, found, expected),
  });
  const [op, ...rest] = request.ops;
  if (op === undefined || rest.length > 0 || (op.op !== 'reduce_max' && op.op !== 'reduce_sum'))
    return refuse(request.ops.map(({ op: name }) => name).join('+'), 'reduce_max or reduce_sum');
  if (folding.style !== 'folded') return refuse(`style ${folding.style}`, 'style folded');
  const [x, y] = [request.input.elem, op.result.elem];
  const odd = [x, y].find((elem) => !isPlainInteger(elem));
  if (odd !== undefined) return refuse(`element type ${odd.kind}`, 'integers');
  const kind = op.op === 'reduce_max' ? 'max' : 'sum';
  if (kind === 'max' && x.kind === 'bipolar' && y.kind !== 'bipolar')
    return refuse(`result ${printElement(y)}`, 'bipolar, as the input');
  const shape = tapShape(request);
  return {
    params: { kind, ...shape, lanes: lanesOf(shape, folding), x: { ...x }, y: { ...y } },
    consts: {},
  };
}

function kernel(node: HwNode, context: KernelContext): FrameKernel {
  const { rows, taps, channels, kind, x, y } = specOf(node);
  const run = context.reduce({ rows, taps, channels, kind, x, y });
  return ([input = 0], [output = 0], frames) => run(input, output, frames);
}

/** Random shapes and types; sums in the narrowest type that holds them, maxima now and then in a wider one. */
function sample(random: RandomSource): ReturnType<UnitDefinition['sample']> {
  const shape = sampleShape(random);
  const x = sampleInput(random);
  const kind = random.pick(['max', 'sum'] as const);
  const { min, max } = valueRange(x);
  const wider = x.kind !== 'bipolar' && random.integer(0, 3) === 0;
  const y =
    kind === 'sum'
      ? fitInteger(shape.taps * min, shape.taps * max)
      : wider
        ? fitInteger(4 * min - 1, 4 * max)
        : x;
  return { params: { kind, ...shape, x: { ...x }, y: { ...y } }, consts: {} };
}

/** Greatest or sum of the taps of each channel: a depthwise unit whose weights are 1, or whose adders are comparisons. */
export const unit: UnitDefinition = {
  name: 'reduce',
  summary: 'Greatest element, or sum, over the taps of each channel.',
  implementsOps: ['reduce_max', 'reduce_sum'],
  check,
  implement,
  kernel,
  sample,
  ...tapUnit(planOf),
};
