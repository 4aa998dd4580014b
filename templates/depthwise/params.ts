import type { HwNode } from '../../compiler/hw/index.ts';
import type { TapSpec } from './analysis.ts';
import { makePlan } from './plan.ts';
import type { Plan } from './plan.ts';

type Params = Pick<TapSpec, 'rows' | 'taps' | 'channels' | 'lanes' | 'x' | 'y' | 'base'>;

/** What a depthwise instance computes: its parameters, typed, and its constants. */
export function specOf(node: HwNode): TapSpec {
  const { weights, bias, thresholds, flip } = node.consts;
  if (weights === undefined) throw new RangeError('depthwise without weights');
  const [rows = 1, count = 0] = thresholds?.shape ?? [];
  return {
    ...(node.params as unknown as Params),
    kind: 'sum',
    weights: weights.data,
    ...(bias === undefined ? {} : { bias: bias.data }),
    ...(thresholds === undefined ? {} : { thresholds: { data: thresholds.data, rows, count } }),
    ...(flip === undefined ? {} : { flip: flip.data }),
  };
}

const plans = new WeakMap<HwNode, Plan>();

/** The plan of a checked depthwise instance. */
export function planOf(node: HwNode): Plan {
  let plan = plans.get(node);
  if (plan === undefined) plans.set(node, (plan = makePlan(specOf(node))));
  return plan;
}
