import { StepPipeline } from '../../compiler/hw/index.ts';
import type { HwNode, TimingModel, UnitTiming } from '../../compiler/hw/index.ts';
import { rowCount } from '../lib/rows.ts';
import { isEnd, planOf } from './plan.ts';

/** Stages between a step and the spill register: the step's word, operands, sums. */
export const depth = 3;

/** Cycles of a vector: its beats and steps one after the other, or side by side. */
export function vectorCycles(beats: number, steps: number, double: boolean): number {
  return double ? Math.max(beats, steps) : beats + steps;
}

export function timing(node: HwNode): UnitTiming {
  const { params, beats, steps, firstSteps } = planOf(node);
  const cycles = vectorCycles(beats, steps.length, params.double ?? false);
  return { initiationInterval: rowCount(node) * cycles, latency: firstSteps + depth + 1 };
}

/**
 * A step pipeline (compiler/hw/timing.ts) behind memory for two vectors. A beat is stored in a cycle in which fewer than two vectors are
 * complete, a step is made in one in which any is, and the last step frees its vector; like the stages, all of it stands still while the spill
 * register is full.
 */
class DoubleBuffered implements TimingModel {
  readonly #beats: number;
  readonly #emit: readonly boolean[];
  /** Steps from this one to the next that gives a result or frees the vector, that one included. */
  readonly #quiet: Int32Array;
  #beat = 0;
  #full = 0;
  #step = 0;
  #pipe = 0;
  #spill = 0;

  constructor(beats: number, emit: readonly boolean[]) {
    this.#beats = beats;
    this.#emit = emit;
    this.#quiet = new Int32Array(emit.length);
    for (let s = emit.length - 1; s >= 0; s--)
      this.#quiet[s] = s + 1 === emit.length || emit[s] === true ? 1 : 1 + (this.#quiet[s + 1] as number);
  }

  ready(): boolean {
    return this.#spill < 2 && this.#full < 2;
  }

  valid(): boolean {
    return this.#spill > 0;
  }

  tick(inputs: number, outputs: number): void {
    const enabled = this.#spill < 2;
    if (outputs !== 0) this.#spill--;
    if (!enabled) return;
    const fire = this.#full > 0;
    this.#pipe = (this.#pipe << 1) | (fire && this.#emit[this.#step] === true ? 1 : 0);
    if (this.#pipe >> depth !== 0) {
      this.#spill++;
      this.#pipe &= (1 << depth) - 1;
    }
    if (fire && ++this.#step === this.#emit.length) {
      this.#step = 0;
      this.#full--;
    }
    if (inputs !== 0 && ++this.#beat === this.#beats) {
      this.#beat = 0;
      this.#full++;
    }
  }

  idle(): number {
    if (this.#spill === 2) return Infinity;
    // the furthest result in the pipeline enters the spill register after so many edges
    const arrives = this.#pipe === 0 ? Infinity : depth - (31 - Math.clz32(this.#pipe)) - 1;
    if (this.#full === 0) return arrives;
    return Math.min(arrives, (this.#quiet[this.#step] as number) - 1);
  }

  skip(cycles: number): void {
    if (this.#spill === 2) return;
    if (this.#pipe !== 0) this.#pipe <<= cycles;
    if (this.#full > 0) this.#step += cycles;
  }

  reset(): void {
    this.#beat = 0;
    this.#full = 0;
    this.#step = 0;
    this.#pipe = 0;
    this.#spill = 0;
  }

  state(): number {
    const { length } = this.#emit;
    const counts = (this.#beat * length + this.#step) * 3 + this.#full;
    return (counts * 2 ** depth + this.#pipe) * 3 + this.#spill;
  }
}

/** The cycle model of a checked instance. */
export function model(node: HwNode): TimingModel {
  const { params, beats, steps } = planOf(node);
  const emits = steps.map(isEnd);
  if (params.double === true) return new DoubleBuffered(beats, emits);
  return new StepPipeline({
    steps: beats + steps.length,
    inputs: 1,
    needs: (step) => step < beats,
    emits: (step) => step >= beats && emits[step - beats] === true,
    depth,
  });
}
