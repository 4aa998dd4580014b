import { StepPipeline } from '../../compiler/hw/index.ts';
import type { TimingModel } from '../../compiler/hw/index.ts';

/** How the converter is built: `up` when the output's lanes are a multiple of the input's, `down` the other way round. */
export type Mode = 'up' | 'down' | 'general';

/** Which mode serves these lane counts. */
export function modeOf(from: number, to: number): Mode {
  if (to % from === 0) return 'up';
  return from % to === 0 ? 'down' : 'general';
}

/** What each step of the `down` and `general` modes does in one frame. */
export interface GearStep {
  readonly need: boolean;
  readonly emit: boolean;
}

/**
 * The steps of one frame: a step takes an input beat whenever less than one output beat is stored, and gives an output beat
 * whenever one is complete or the frame has no more input.
 */
export function gearSteps(elements: number, from: number, to: number): GearStep[] {
  let inputLeft = Math.ceil(elements / from);
  let outputLeft = Math.ceil(elements / to);
  let level = 0;
  const steps: GearStep[] = [];
  while (outputLeft > 0) {
    const need = level < to && inputLeft > 0;
    if (need) {
      level += from;
      inputLeft--;
    }
    const emit = level >= to || inputLeft === 0;
    if (emit) {
      level = Math.max(0, level - to);
      outputLeft--;
    }
    steps.push({ need, emit });
  }
  return steps;
}

/**
 * The `up` mode: narrow beats wait in a spill register and are collected into one wide register, which is the output.
 * A beat moves on when the collecting register is not full or is being taken in the same cycle.
 */
class CollectModel implements TimingModel {
  readonly #beats: number;
  readonly #ratio: number;
  #spill = 0;
  #beat = 0;
  #slot = 0;
  #full = false;

  constructor(beats: number, ratio: number) {
    this.#beats = beats;
    this.#ratio = ratio;
  }

  ready(): boolean {
    return this.#spill < 2;
  }

  valid(): boolean {
    return this.#full;
  }

  tick(inputs: number, outputs: number): void {
    const move = this.#spill > 0 && (!this.#full || outputs !== 0);
    if (move) {
      const last = this.#beat === this.#beats - 1;
      this.#full = last || this.#slot === this.#ratio - 1;
      this.#slot = this.#full ? 0 : this.#slot + 1;
      this.#beat = last ? 0 : this.#beat + 1;
    } else if (outputs !== 0) {
      this.#full = false;
    }
    this.#spill += (inputs !== 0 ? 1 : 0) - (move ? 1 : 0);
  }

  reset(): void {
    this.#spill = 0;
    this.#beat = 0;
    this.#slot = 0;
    this.#full = false;
  }

  state(): number {
    return (this.#beat * this.#ratio + this.#slot) * 6 + this.#spill * 2 + (this.#full ? 1 : 0);
  }
}

/** The cycle model for one frame length and pair of lane counts. */
export function model(elements: number, from: number, to: number): TimingModel {
  if (modeOf(from, to) === 'up') return new CollectModel(Math.ceil(elements / from), to / from);
  const steps = gearSteps(elements, from, to);
  return new StepPipeline({
    steps: steps.length,
    inputs: 1,
    needs: (step) => steps[step]?.need === true,
    emits: (step) => steps[step]?.emit === true,
    depth: 0,
  });
}
