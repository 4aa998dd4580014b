import { StepPipeline } from '../../compiler/hw/index.ts';
import type { TimingModel, UnitTiming } from '../../compiler/hw/index.ts';
import type { Plan } from './plan.ts';

/** Stages between a step and the spill register: operands, products if there are any, accumulator. */
function depthOf({ operandStages }: Plan): number {
  return operandStages + 1;
}

/** A step takes a beat; those of the last taps give one. The schedule repeats with every result. */
export function model(plan: Plan): TimingModel {
  const { groups } = plan.slots;
  return new StepPipeline({
    steps: plan.beats * groups,
    inputs: 1,
    needs: () => true,
    emits: (step) => step >= (plan.beats - 1) * groups,
    depth: depthOf(plan),
  });
}

/** A frame takes as many cycles as it has beats. */
export function timing(plan: Plan): UnitTiming {
  return {
    initiationInterval: plan.spec.rows * plan.beats * plan.slots.groups,
    latency: depthOf(plan) + 1,
  };
}
