import { StepPipeline } from '../../compiler/hw/index.ts';
import type { TimingModel, UnitTiming } from '../../compiler/hw/index.ts';

/** The folding of an instance: beats of an input frame, groups of outputs, and which of them runs faster. */
export interface Schedule {
  readonly sf: number;
  readonly nf: number;
  readonly order: 'output' | 'input';
}

/** Stages between a step and the spill register: operands, accumulator. */
const stages = 2;

/**
 * Step s works on input beat sf and output group nf; it takes the beat in the first group, gives a beat at the last beat. The
 * vectors of a frame follow one another like frames, so the schedule is that of one vector. `depth` stages lie before the spill register.
 */
export function model({ sf, nf, order }: Schedule, depth = stages): TimingModel {
  const groupOf = (step: number): number => (order === 'output' ? Math.floor(step / sf) : step % nf);
  const beatOf = (step: number): number => (order === 'output' ? step % sf : Math.floor(step / nf));
  return new StepPipeline({
    steps: sf * nf,
    inputs: 1,
    needs: (step) => groupOf(step) === 0,
    emits: (step) => beatOf(step) === sf - 1,
    depth,
  });
}

/** A vector takes sf * nf cycles; the first result needs the last input beat (the one that ends the first sum). */
export function timing({ sf, nf }: Schedule, rows: number, depth = stages): UnitTiming {
  return { initiationInterval: rows * sf * nf, latency: depth + 1 };
}
