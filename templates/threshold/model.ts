import { StepPipeline } from '../../compiler/hw/index.ts';
import type { TimingModel, UnitTiming } from '../../compiler/hw/index.ts';

/** Every step takes a beat and gives a beat; every row runs alike. `registers` lie in front of the output register. */
export function model(steps: number, registers: number): TimingModel {
  return new StepPipeline({ steps, inputs: 1, needs: () => true, emits: () => true, depth: registers });
}

/** A row takes `steps` cycles, and rows follow one another without a gap. */
export function timing(steps: number, registers: number, rows: number): UnitTiming {
  return { initiationInterval: rows * steps, latency: registers + 1 };
}
