import { StepPipeline } from '../../compiler/hw/index.ts';
import type { TimingModel, UnitTiming } from '../../compiler/hw/index.ts';

/** Constants that change from step to step come out of a memory, which takes a stage; others are compared at once. */
function depthOf(words: number): number {
  return words === 1 ? 0 : 1;
}

/** Every step takes a beat and gives a beat; every row runs alike. */
export function model({ steps, words }: { readonly steps: number; readonly words: number }): TimingModel {
  return new StepPipeline({ steps, inputs: 1, needs: () => true, emits: () => true, depth: depthOf(words) });
}

/** A row takes `steps` cycles, and rows follow one another without a gap. */
export function timing(
  { steps, words }: { readonly steps: number; readonly words: number },
  rows: number,
): UnitTiming {
  return { initiationInterval: rows * steps, latency: depthOf(words) + 1 };
}
