import { StepPipeline } from '../../compiler/hw/index.ts';
import type { TimingModel, TimingTable, UnitTiming } from '../../compiler/hw/index.ts';
import type { WidthParams } from './unit.ts';

/**
 * How the converter is built: `up` when the output's lanes are a multiple of the input's, `down` the other way round, `general`
 * when neither divides, or when rows end in padded beats at which only one of the two sides pauses.
 */
export type Mode = 'up' | 'down' | 'general';

/**
 * How the beats of both sides lie to one another. Rows whose length the lanes divide leave no trace in the beats, so they count as
 * rows of a single beat. After the least common multiple of both rows the pattern begins anew: the hardware knows no more than that.
 */
export interface Geometry {
  readonly mode: Mode;
  readonly from: number;
  readonly to: number;
  /** Elements of an input (output) row; each begins a new beat. */
  readonly fromRow: number;
  readonly toRow: number;
  /** Elements of one round of the pattern, and rounds of a frame. */
  readonly period: number;
  readonly rounds: number;
}

export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The geometry of checked parameters. */
export function geometryOf({ elements, from, to, fromRows = 1, toRows = 1 }: WidthParams): Geometry {
  const row = (rows: number, lanes: number): number =>
    (elements / rows) % lanes === 0 ? lanes : elements / rows;
  const fromRow = row(fromRows, from);
  const toRow = row(toRows, to);
  const period = (fromRow / greatestCommonDivisor(fromRow, toRow)) * toRow;
  // no padding but at the end of the pattern: then one side's lanes being a multiple of the other's is all that counts
  const even = [
    [fromRow, from],
    [toRow, to],
  ].every(([length = 1, lanes]) => length === lanes || length === period);
  const mode = even && to % from === 0 ? 'up' : even && from % to === 0 ? 'down' : 'general';
  return { mode, from, to, fromRow, toRow, period, rounds: elements / period };
}

/** What each step of the `down` and `general` modes does in one round. */
export interface GearStep {
  readonly need: boolean;
  readonly emit: boolean;
  /** Elements stored before the step, and after its input beat has been taken. */
  readonly before: number;
  readonly level: number;
  /** Elements that an output beat of this step carries. */
  readonly count: number;
}

/** Elements of the beat with which a row goes on, of which `done` elements have passed. */
function beatElements(row: number, lanes: number, done: number): number {
  return Math.min(lanes, row - (done % row));
}

const known = new Map<string, readonly GearStep[]>();

/** Rounds remembered at a time; lowering asks for the same few over and over. */
const mostKnown = 256;

/**
 * The steps of one round: a step takes an input beat if less than the next output beat is stored, and gives the output beat if it
 * is then complete. Padding is never stored, so a round ends with nothing stored.
 */
export function gearSteps({ from, to, fromRow, toRow, period }: Geometry): readonly GearStep[] {
  const key = [from, to, fromRow, toRow].join();
  const found = known.get(key);
  if (found !== undefined) return found;
  let taken = 0;
  let given = 0;
  const steps: GearStep[] = [];
  while (given < period) {
    const before = taken - given;
    const count = beatElements(toRow, to, given);
    const need = before < count;
    if (need) taken += beatElements(fromRow, from, taken);
    const level = taken - given;
    const emit = level >= count;
    if (emit) given += count;
    steps.push({ need, emit, before, level, count });
  }
  if (known.size >= mostKnown) known.clear();
  known.set(key, steps);
  return steps;
}

/** What the `general` mode has to store. */
export interface Store {
  /** Elements stored where an input beat can be put above them, ascending. */
  readonly levels: readonly number[];
  /** Elements with the input beat, and from one step to the next. */
  readonly wide: number;
  readonly held: number;
  /** Greatest number of elements that the arithmetic of the levels meets. */
  readonly greatest: number;
}

/** By the steps, which are remembered themselves: a search asks for the same few over and over. */
const stores = new WeakMap<readonly GearStep[], Store>();

/** The store of the `general` mode, as wide as the steps of a round make it. */
export function storeOf(geometry: Geometry): Store {
  const steps = gearSteps(geometry);
  let found = stores.get(steps);
  if (found === undefined) stores.set(steps, (found = makeStore(geometry, steps)));
  return found;
}

function makeStore({ from, to }: Geometry, steps: readonly GearStep[]): Store {
  const levels = new Set<number>();
  let held = 1;
  let greatest = Math.max(from, to);
  for (const { need, emit, before, level, count } of steps) {
    if (need) levels.add(before);
    held = Math.max(held, level - (emit ? count : 0));
    greatest = Math.max(greatest, level);
  }
  const ascending = [...levels].sort((a, b) => a - b);
  return { levels: ascending, wide: Math.max(to, (ascending.at(-1) ?? 0) + from), held, greatest };
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

  /** The spill register is a buffer of two beats, each free once it has moved on. */
  table(): TimingTable {
    const words = this.#beats;
    const need = Int32Array.from({ length: words }, (_, beat) => beat);
    const emit = Uint8Array.from({ length: words }, (_, beat) =>
      beat === words - 1 || beat % this.#ratio === this.#ratio - 1 ? 1 : 0,
    );
    return { kind: 'reader', need, free: need, words, emit, depth: 2 };
  }
}

/** The cycle model of one geometry. */
export function model(geometry: Geometry): TimingModel {
  const { mode, from, to, period } = geometry;
  if (mode === 'up') return new CollectModel(Math.ceil(period / from), to / from);
  const steps = gearSteps(geometry);
  return new StepPipeline({
    steps: steps.length,
    inputs: 1,
    needs: (step) => steps[step]?.need === true,
    emits: (step) => steps[step]?.emit === true,
    depth: 0,
  });
}

/** Cycles of a frame, and from the beat that completes the first output beat to that beat. */
export function timing(geometry: Geometry): UnitTiming {
  const { mode, from, period, rounds } = geometry;
  if (mode === 'up') return { initiationInterval: rounds * Math.ceil(period / from), latency: 2 };
  return { initiationInterval: rounds * gearSteps(geometry).length, latency: 1 };
}
