import type { TimingModel, TimingTable, UnitTiming } from '../../compiler/hw/index.ts';
import type { Plan } from './plan.ts';

/**
 * Pixels wait in a spill register. A step is made when no window is waiting, or it is being taken, and the pixel that the step needs is
 * there; a step that ends a window leaves it waiting.
 */
export class WindowModel implements TimingModel {
  readonly #needs: Uint8Array;
  readonly #emits: Uint8Array;
  #step = 0;
  #spill = 0;
  #full = false;

  constructor({ steps, needs, emits }: Plan) {
    this.#needs = Uint8Array.from({ length: steps }, (_, s) => (needs(s) ? 1 : 0));
    this.#emits = Uint8Array.from({ length: steps }, (_, s) => (emits(s) ? 1 : 0));
  }

  ready(): boolean {
    return this.#spill < 2;
  }

  valid(): boolean {
    return this.#full;
  }

  tick(inputs: number, outputs: number): void {
    const need = this.#needs[this.#step] as number;
    const pixels = this.#spill;
    this.#spill += inputs;
    if (this.#full && outputs === 0) return;
    this.#full = false;
    if (need > pixels) return;
    this.#full = this.#emits[this.#step] === 1;
    this.#spill -= need;
    if (++this.#step === this.#needs.length) this.#step = 0;
  }

  idle(): number {
    return this.#full || (this.#needs[this.#step] as number) > this.#spill ? Infinity : 0;
  }

  /** Without transfers nothing changes in the states that `idle` allows. */
  skip(): void {
    return;
  }

  reset(): void {
    this.#step = 0;
    this.#spill = 0;
    this.#full = false;
  }

  state(): number {
    return this.#step * 6 + this.#spill * 2 + (this.#full ? 1 : 0);
  }

  /** The spill register is a buffer of two pixels, each free once its step is made. */
  table(): TimingTable {
    const [need, free] = [new Int32Array(this.#needs.length), new Int32Array(this.#needs.length)];
    let words = 0;
    this.#needs.forEach((needs, step) => {
      free[step] = words;
      need[step] = needs === 1 ? words++ : -1;
    });
    return { kind: 'reader', need, free, words, emit: this.#emits, depth: 2 };
  }
}

/** A frame takes its steps; the latency follows from the model, since padding may stand in front of the first window's last pixel or behind it. */
export function timing(plan: Plan): UnitTiming {
  let wanted = 0;
  let step = 0;
  for (; !plan.emits(step); step++) wanted += plan.needs(step) ? 1 : 0;
  wanted += plan.needs(step) ? 1 : 0;
  const model = new WindowModel(plan);
  let taken = 0;
  let stamp = 0;
  let cycle = 0;
  for (; !model.valid(); cycle++) {
    const input = model.ready() ? 1 : 0;
    if (input === 1 && ++taken === wanted) stamp = cycle;
    model.tick(input, 0);
  }
  return { initiationInterval: plan.steps, latency: cycle - stamp };
}
