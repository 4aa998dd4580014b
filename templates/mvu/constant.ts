import { MAX_CONSTANT_STEPS, printBody, xnorConst } from '../../compiler/hw/xilinx/index.ts';
import type { ConstantOutput, WeightBit } from '../../compiler/hw/xilinx/index.ts';
import type { HwNode } from '../../compiler/hw/index.ts';
import { isXnor, usesAcc } from './body.ts';
import type { Plan } from './plan.ts';

/**
 * Steps up to which weights are cheaper as a function of the step inside the first cells than in a memory in front of them:
 * the step and an input share a six-input LUT with two outputs.
 */
const mostSteps = Math.min(16, MAX_CONSTANT_STEPS);

/** All processing elements of an instance as one body of cells with the weights decoded from the step. */
export interface ConstantArray {
  /** `sign`: one bit an element, 1 where the sum reaches its threshold; `sum`: what the elements' ports give. */
  readonly kind: 'sign' | 'sum';
  /** The array reads the running sums. */
  readonly hasAcc: boolean;
  readonly lines: readonly string[];
}

/** Whether the form for AMD devices has an array with constant weights instead of a memory. */
export function hasConstantArray(plan: Plan): boolean {
  return isXnor(plan) && plan.steps >= 2 && plan.steps <= mostSteps;
}

/** The array, or undefined where the weights stay in a memory. */
export function constantArray(node: HwNode, plan: Plan): ConstantArray | undefined {
  if (!hasConstantArray(plan)) return undefined;
  const { params, analysis, sf, nf, steps, order } = plan;
  const { inputs, outputs, pe, simd } = params;
  const data = node.consts['weights']?.data ?? [];
  const groupOf = (step: number): number => (order === 'output' ? Math.floor(step / sf) : step % nf);
  const beatOf = (step: number): number => (order === 'output' ? step % sf : Math.floor(step / nf));
  const weight = (lane: number, step: number, k: number): WeightBit => {
    // an element without an output computes another one's; its lane is masked
    const output = Math.min(groupOf(step) * pe + lane, outputs - 1);
    const input = beatOf(step) * simd + k;
    if (input >= inputs) return null;
    const positive = (data[output * inputs + input] ?? 0) > 0;
    return positive === (analysis.negated[output] !== 1) ? 1 : 0;
  };
  const weights = Array.from({ length: pe }, (_, lane) =>
    Array.from({ length: steps }, (__, step) =>
      Array.from({ length: simd }, (___, k) => weight(lane, step, k)),
    ),
  );
  const sign = plan.store === 'none' && plan.result.kind === 'sign';
  const output: ConstantOutput = sign
    ? {
        kind: 'threshold',
        thresholds: Array.from({ length: pe }, (_, lane) =>
          Array.from({ length: steps }, (__, step) => -startValue(plan, groupOf(step), lane)),
        ),
      }
    : { kind: 'accumulate', accBits: plan.accBits };
  return {
    kind: sign ? 'sign' : 'sum',
    hasAcc: !sign && usesAcc(plan),
    lines: printBody(xnorConst({ simd, weights, output })),
  };
}

/** Start value of the sum of one lane in one group. */
function startValue({ init }: Plan, group: number, lane: number): number {
  return (init.kind === 'lanes' ? init.row[lane] : init.rows[group]?.[lane]) ?? 0;
}
