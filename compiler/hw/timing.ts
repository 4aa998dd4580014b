import type { TimingTable } from './tables.ts';

/**
 * The cycle model of one unit instance: when beats move, not what they carry. Ports are numbered in the order of
 * `UnitDefinition.ports`, inputs and outputs each from 0.
 *
 * `ready` and `valid` are functions of the state alone (Moore); the engine evaluates both ends of every channel, then calls
 * `tick` once per cycle on every unit.
 */
export interface TimingModel {
  /** Whether input `port` would accept a beat in this cycle. */
  ready(port: number): boolean;
  /** Whether output `port` offers a beat in this cycle. */
  valid(port: number): boolean;
  /** Advances one clock edge. Bit i of `inputs` (`outputs`) is set if input (output) i transferred a beat in this cycle. */
  tick(inputs: number, outputs: number): void;
  /** Back to the state after reset. */
  reset(): void;
  /**
   * The state as a short string or number, equal exactly if the future behaviour is equal; the engine uses it to see that the
   * whole graph's timing state recurs.
   */
  state(): string | number;
  /**
   * Optional, together with `skip`: a number n such that, if no port transfers at the next n edges, `ready` and `valid` of every port stay as
   * they are now after each of them (0: nothing can be said; Infinity: until a transfer). It lets the engine advance from event to event.
   */
  idle?(): number;
  /** Advances `cycles` edges without transfers, at most `idle()`; the same as so many calls of `tick(0, 0)`. */
  skip?(cycles: number): void;
  /** Optional: the model after reset as data, with exactly the same behaviour, for the engine by stamps. */
  table?(): TimingTable;
}

/**
 * The schedule of a step pipeline, the skeleton that most units share (Verilog: templates/lib/qcc_step_pipeline conventions).
 *
 * A frame takes `steps` steps. Step s consumes a beat from input i if `needs(s, i)`, and its result leaves as an output beat if
 * `emits(s)`. A step fires in a cycle when the output register can take what the pipeline may deliver and every beat that it
 * needs is there. `depth` register stages lie between a step and the two-entry output register (spill register).
 */
export interface StepSchedule {
  readonly steps: number;
  readonly inputs: number;
  readonly needs: (step: number, input: number) => boolean;
  readonly emits: (step: number) => boolean;
  /** Pipeline stages before the spill register, 0 or more. An output beat is valid depth + 1 cycles after its step fired. */
  readonly depth: number;
}

/**
 * The cycle model of a step pipeline with one output.
 *
 * RTL contract: `ce = (spill count < 2)` enables every stage; `fire = ce && (needed inputs valid)`; `<in>_ready = ce && needs(step)`.
 * All stages advance when `ce`, bubbles included; a valid last stage pushes into the spill register; `out_valid = spill count > 0`.
 * With several inputs a step that needs more than one of them would couple their handshakes, so each such unit buffers its
 * inputs first; this model takes at most one needed input a step.
 */
export class StepPipeline implements TimingModel {
  readonly #schedule: StepSchedule;
  readonly #need: Int8Array;
  readonly #emit: Uint8Array;
  /** Steps from this one on that neither need nor emit a beat. */
  readonly #silent: Int32Array;
  #step = 0;
  #pipe = 0;
  #spill = 0;

  constructor(schedule: StepSchedule) {
    this.#schedule = schedule;
    this.#need = new Int8Array(schedule.steps).fill(-1);
    this.#emit = new Uint8Array(schedule.steps);
    for (let s = 0; s < schedule.steps; s++) {
      for (let i = 0; i < schedule.inputs; i++) {
        if (!schedule.needs(s, i)) continue;
        if (this.#need[s] !== -1) throw new RangeError('a step needs at most one input');
        this.#need[s] = i;
      }
      this.#emit[s] = schedule.emits(s) ? 1 : 0;
    }
    this.#silent = new Int32Array(schedule.steps);
    // backwards over two rounds, so that runs across the end of the frame count in full
    let run = 0;
    for (let s = 2 * schedule.steps - 1; s >= 0; s--) {
      const at = s % schedule.steps;
      run = this.#need[at] === -1 && this.#emit[at] === 0 ? Math.min(run + 1, schedule.steps) : 0;
      this.#silent[at] = run;
    }
  }

  ready(port: number): boolean {
    return this.#spill < 2 && this.#need[this.#step] === port;
  }

  valid(): boolean {
    return this.#spill > 0;
  }

  tick(inputs: number, outputs: number): void {
    const enabled = this.#spill < 2;
    if (outputs !== 0) this.#spill--;
    if (!enabled) return;
    const need = this.#need[this.#step] ?? -1;
    const fire = need < 0 || (inputs & (1 << need)) !== 0;
    const top = 1 << this.#schedule.depth;
    this.#pipe = (this.#pipe << 1) | (fire && this.#emit[this.#step] === 1 ? 1 : 0);
    if ((this.#pipe & top) !== 0) {
      this.#spill++;
      this.#pipe &= top - 1;
    }
    if (fire) this.#step = this.#step + 1 === this.#schedule.steps ? 0 : this.#step + 1;
  }

  idle(): number {
    if (this.#spill === 2) return Infinity;
    // the furthest result in the pipeline enters the spill register after so many edges
    const arrives = this.#pipe === 0 ? Infinity : this.#schedule.depth - (31 - Math.clz32(this.#pipe)) - 1;
    if ((this.#need[this.#step] ?? -1) >= 0) return arrives;
    return Math.min(arrives, Math.max(0, (this.#silent[this.#step] ?? 0) - 1));
  }

  skip(cycles: number): void {
    if (this.#spill === 2) return;
    if (this.#pipe !== 0) this.#pipe <<= cycles;
    if ((this.#need[this.#step] ?? -1) < 0) this.#step = (this.#step + cycles) % this.#schedule.steps;
  }

  reset(): void {
    this.#step = 0;
    this.#pipe = 0;
    this.#spill = 0;
  }

  state(): number {
    // depth is at most 16 and the spill count at most 2, so this stays an exact integer for 2^32 steps
    return (this.#step * 2 ** (this.#schedule.depth + 1) + this.#pipe) * 4 + this.#spill;
  }

  table(): TimingTable {
    const { depth } = this.#schedule;
    return { kind: 'steps', need: this.#need, emit: this.#emit, silent: this.#silent, depth };
  }
}
