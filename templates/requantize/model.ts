import { beats, StepPipeline } from '../../compiler/hw/index.ts';
import type { StreamType, TimingModel, UnitTiming } from '../../compiler/hw/index.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import { pixelStream } from '../lib/lanes.ts';
import type { Plan } from './plan.ts';

/** Stages between a step and the spill register: operands, products if any, sums if any. */
function depthOf({ multiplied, summed }: Plan): number {
  return 1 + (multiplied ? 1 : 0) + (summed ? 1 : 0);
}

/** The beats of input or output. */
export function streamOf({ params }: Plan, elem: ElementType): StreamType {
  return pixelStream(elem, params.rows, params.channels, params.lanes);
}

/** Every step takes a beat and gives a beat, whatever its position: the model has one step. */
export function model(plan: Plan): TimingModel {
  return new StepPipeline({
    steps: 1,
    inputs: 1,
    needs: () => true,
    emits: () => true,
    depth: depthOf(plan),
  });
}

export function timing(plan: Plan): UnitTiming {
  return { initiationInterval: beats(streamOf(plan, plan.params.x)), latency: depthOf(plan) + 1 };
}
