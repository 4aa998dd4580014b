import { InternalError, invariant } from '../diagnostics/index.ts';
import { beats } from '../hw/index.ts';
import type { HwGraph, UnitDefinition } from '../hw/index.ts';
import { beatWidth } from '../hw/pack.ts';
import { connect } from './connect.ts';
import type { Blueprint } from './connect.ts';
import { enduringDepths } from './endure.ts';
import { paced, paceUnits } from './pace.ts';

/** What the cycle model says of a design in steady state. */
export interface Measured {
  /** Cycles from frame to frame once the pipeline has filled. */
  readonly initiationInterval: number;
  /** Cycles from the first input beat's transfer to the last output beat's transfer of the first frame. */
  readonly latency: number;
}

/** One run of the cycle model. */
export interface ModelRun {
  /** Cycles a frame in the steady state; null if the run ended before the timing state recurred. */
  readonly initiationInterval: number | null;
  /** As in `Measured`. */
  readonly latency: number | null;
  /** Frames that were run. */
  readonly frames: number;
  /** The most beats that each FIFO held, by instance. */
  readonly fifos: ReadonlyMap<string, number>;
}

/** The cycle model of a design, without data: given by the driver, which owns the simulation engine. */
export interface CycleModel {
  /**
   * A run that may end where the timing recurs, after so many frames at the latest; undefined if the design stands still.
   *
   * @param extra - units that the design has besides those of templates/.
   * @param punctual - the run may also end, without a steady state, once a source of `paced` is held up.
   */
  readonly run: (
    hw: HwGraph,
    frames: number,
    extra?: ReadonlyMap<string, UnitDefinition>,
    punctual?: boolean,
  ) => ModelRun | undefined;
}

/**
 * The exact steady state of a design; undefined if it stands still.
 *
 * @param extra - units that the design has besides those of templates/.
 */
export function measure(
  hw: HwGraph,
  model: CycleModel,
  extra?: ReadonlyMap<string, UnitDefinition>,
): Measured | undefined {
  // Recurrence is mostly found within a few frames of the pipeline having filled, where the run ends: more frames cost nothing.
  for (let frames = 4096; frames <= 1 << 20; frames *= 16) {
    const run = model.run(hw, frames, extra);
    if (run === undefined) return undefined;
    const { initiationInterval, latency } = run;
    if (initiationInterval !== null && latency !== null) return { initiationInterval, latency };
  }
  throw new InternalError(`the timing of ${hw.name} does not recur`);
}

/** Whether the instances of a design are all connected; parts that are not run at rates of their own. */
function isConnected({ parts, edges }: Blueprint): boolean {
  const group = new Map(parts.map(({ node }) => [node.name, node.name]));
  const find = (name: string): string => {
    const up = group.get(name) ?? name;
    return up === name ? name : find(up);
  };
  for (const { from, to } of edges) group.set(find(from.node), find(to.node));
  return new Set(parts.map(({ node }) => find(node.name))).size <= 1;
}

/** The greatest depth that the fifo unit takes. */
const deepest = 1 << 20;

/**
 * Cycles from the first input beat to the last output beat of a frame in an empty design: without FIFOs, or where it would stand still
 * so, with FIFOs everywhere (each delays a frame by a cycle). What FIFOs there will be is not known yet, so this is an estimate.
 */
export function firstLatency(
  plan: Blueprint,
  units: ReadonlyMap<string, UnitDefinition>,
  model: CycleModel,
): number {
  const run = (depth: number): ModelRun | undefined =>
    model.run(
      connect(
        plan,
        units,
        plan.edges.map(() => depth),
      ),
      1,
    );
  const latency = (run(0) ?? run(deepest))?.latency ?? null;
  invariant(latency !== null, `${plan.name} stands still with FIFOs that never fill`);
  return latency;
}

/** Work that bisection may spend, in instances times cycles: what large designs do not get through keeps the depths of its upper bound. */
const effort = 8e8;

/** Work of a trial, in the same unit, up to which the exact steady state is asked about every FIFO once more. */
const quickTrial = 3e5;

/** Frames within which the parts of a design have to be seen to keep pace with one another. */
const framesApart = 4096;

/** Trials of one design with different FIFO depths at one interval. */
class Trials {
  readonly #plan: Blueprint;
  readonly #units: ReadonlyMap<string, UnitDefinition>;
  readonly #model: CycleModel;
  readonly #connected: boolean;
  #frames = 256;
  #target: number;
  #spent = 0;
  /** Work of a frame, and of a trial that has to go as far as the first frame's latency and a recurrence. */
  #frame = 0;
  #each = 0;

  constructor(
    plan: Blueprint,
    units: ReadonlyMap<string, UnitDefinition>,
    model: CycleModel,
    target: number,
  ) {
    this.#plan = plan;
    this.#units = units;
    this.#model = model;
    this.#target = target;
    this.#connected = isConnected(plan);
  }

  get target(): number {
    return this.#target;
  }

  /** Whether there is effort left for another trial. */
  get left(): boolean {
    return this.#spent < effort;
  }

  /** Whether a trial is so little work that every FIFO can be looked at once more in the exact steady state. */
  get quick(): boolean {
    return this.#each <= quickTrial;
  }

  /**
   * The steady state with sources that are always there; undefined if the design stands still. Where a design falls into parts, which have
   * no common steady state, the sources offer a frame each interval; undefined then also if a part falls behind the others.
   */
  exact(depths: readonly number[]): Measured | undefined {
    const hw = connect(this.#plan, this.#units, depths);
    return this.#connected ? measure(hw, this.#model) : this.#apart(paced(hw, this.#target));
  }

  /** The steady state of a design in parts; parts that do not keep pace with one another have none, however long they run. */
  #apart(hw: HwGraph): Measured | undefined {
    const { initiationInterval = null, latency = null } = this.#model.run(hw, framesApart, paceUnits) ?? {};
    return initiationInterval === null || latency === null ? undefined : { initiationInterval, latency };
  }

  #run(depths: readonly number[], punctual = false): ModelRun | undefined {
    const hw = paced(connect(this.#plan, this.#units, depths), this.#target);
    const run = this.#model.run(hw, this.#frames, paceUnits, punctual);
    // most designs that stand still do so in the first frame
    this.#spent += this.#frame * (run?.frames ?? 1);
    return run;
  }

  /** The most that each edge holds when nothing ever waits for room; sets the interval that is kept from then on. */
  unbounded(): readonly number[] {
    const depths = this.#plan.edges.map(() => deepest);
    let run = this.#run(depths);
    for (let tries = 0; tries < 4 && (run?.initiationInterval ?? null) === null; tries++) {
      // parts of a design have no common steady state at an interval that one of them cannot keep
      if (this.#connected) this.#frames *= 8;
      else this.#target = Math.ceil(this.#target * 1.25);
      run = this.#run(depths);
    }
    const interval = run?.initiationInterval ?? null;
    if (run === undefined || interval === null)
      throw new InternalError(`the timing of ${this.#plan.name} does not recur`);
    this.#target = Math.max(this.#target, Math.ceil(interval));
    const filled = Math.ceil((run.latency ?? 0) / this.#target);
    // enough to see a frame like an earlier one; small designs get more, where a frame more or less costs nothing
    this.#frames = 4 + Math.min(4096, Math.ceil(40_000 / this.#target));
    this.#frame = (this.#plan.parts.length + 1) * this.#target;
    this.#each = this.#frame * (filled + 4);
    return this.#held(run, depths);
  }

  /** By edge, the most that its FIFO held; 0 without FIFO. */
  #held(run: ModelRun, depths: readonly number[]): readonly number[] {
    const names = connect(this.#plan, this.#units, depths).nodes.filter(({ name }) => run.fifos.has(name));
    // FIFOs stand in the order of the instances that drive them, as the edges do
    let next = 0;
    return depths.map((depth) => (depth === 0 ? 0 : (run.fifos.get(names[next++]?.name ?? '') ?? 0)));
  }

  /** Whether the depths keep the interval; if so, the most that each FIFO held. */
  meets(depths: readonly number[]): readonly number[] | undefined {
    const run = this.#run(depths, true);
    const interval = run?.initiationInterval ?? Infinity;
    return run === undefined || interval > this.#target ? undefined : this.#held(run, depths);
  }
}

/**
 * FIFO depths on the edges of a design: least depths that let it run at the initiation interval of its slowest unit, deepened where the
 * design could stand still if its surroundings stall it; see `leastDepths` and `enduringDepths`.
 *
 * @param target - the greatest initiation interval of any unit: no FIFO can bring the design below it.
 */
export function fifoDepths(
  plan: Blueprint,
  units: ReadonlyMap<string, UnitDefinition>,
  target: number,
  model: CycleModel,
): { readonly depths: readonly number[]; readonly measured: Measured } {
  const least = leastDepths(plan, units, target, model);
  const trials = new Trials(plan, units, model, target);
  const keeps = (depths: readonly number[]): boolean => {
    const interval = trials.exact(depths)?.initiationInterval;
    return interval !== undefined && interval <= least.measured.initiationInterval;
  };
  const depths = enduringDepths(plan, units, least.depths, least.measured, model, keeps);
  if (depths === least.depths) return least;
  const measured = trials.exact(depths);
  invariant(measured !== undefined, `${plan.name} stands still with deeper FIFOs than it needs`);
  return { depths, measured };
}

/**
 * The least depths that let it run at the initiation interval of its slowest unit, without ever
 * standing still.
 *
 * Every unit stores two beats at its output anyway, so most edges need no FIFO. One helps where a unit gives its results in a burst
 * while its neighbour still works through the frame before, and where branches meet again: the shorter branch must hold what the longer
 * one has under way.
 *
 * Timing does not depend on data, so the cycle model is exact. Behind a source that offers a frame each interval, and with FIFOs that
 * never fill, the occupancies are depths that keep the interval (the same run takes place if nothing has to wait). From there FIFOs are
 * taken out, those of the most bits first and whole groups at a time, and what remains is cut back from the top, by a beat and then
 * by bisection below the first depth that is too little: after that, no FIFO can be
 * one beat shorter, or left out, with the others as they are, as long as more room never slows a design down. That holds but for depths
 * of one beat (they take and give in turn), which is why the exact steady state of the result, with a source that is always there,
 * is measured at the end and decides; of small designs each FIFO is tried shorter in it once more. Very large designs stop bisecting after a fixed number of simulated cycles, never after a time, so
 * that the result is always the same.
 *
 * @param target - the greatest initiation interval of any unit: no FIFO can bring the design below it.
 */
function leastDepths(
  plan: Blueprint,
  units: ReadonlyMap<string, UnitDefinition>,
  target: number,
  model: CycleModel,
): { readonly depths: readonly number[]; readonly measured: Measured } {
  const trials = new Trials(plan, units, model, target);
  const none = plan.edges.map(() => 0);
  const bare = trials.exact(none);
  if (bare !== undefined && bare.initiationInterval <= target) return { depths: none, measured: bare };

  const room = trials.unbounded().map((held) => Math.max(2, held + 1));
  let depths: readonly number[] = room;
  for (let tries = 0; trials.meets(depths) === undefined && tries < 8; tries++)
    depths = depths.map((depth) => Math.min(deepest, 2 * depth));
  const safe = depths;

  const bits = (edge: number): number => {
    const stream = plan.edges[edge]?.stream;
    return stream === undefined ? 0 : beatWidth(stream) * (depths[edge] ?? 0);
  };
  const byBits = (edges: readonly number[]): number[] => [...edges].sort((a, b) => bits(b) - bits(a));
  /** Takes over new depths if they keep the interval; depths that were never used up shrink to what was. */
  const take = (wanted: readonly number[]): boolean => {
    const held = trials.meets(wanted);
    if (held === undefined) return false;
    depths = wanted.map((depth, edge) =>
      depth === 0 ? 0 : Math.min(depth, Math.max(2, (held[edge] ?? 0) + 1)),
    );
    return true;
  };
  /** Takes as many FIFOs of a list out as can go; returns whether all did. */
  const takeOut = (edges: readonly number[], knownNeeded: boolean): boolean => {
    if (!trials.left) return false;
    const drop = new Set(edges);
    if (!knownNeeded && take(depths.map((depth, edge) => (drop.has(edge) ? 0 : depth)))) return true;
    if (edges.length === 1) return false;
    const half = Math.ceil(edges.length / 2);
    const first = takeOut(edges.slice(0, half), false);
    const second = takeOut(edges.slice(half), first);
    return first && second;
  };
  takeOut(byBits([...depths.keys()]), true);
  for (const edge of byBits([...depths.keys()].filter((each) => (depths[each] ?? 0) > 0))) {
    // most are as short as can be by now: a beat less is too little; else by bisection
    let [low, first] = [1, true];
    while (low < (depths[edge] ?? 0) && trials.left) {
      const depth = depths[edge] ?? 0;
      const wanted = first ? depth - 1 : Math.floor((low + depth) / 2);
      if (!take(depths.map((old, each) => (each === edge ? wanted : old)))) low = wanted + 1;
      first = false;
    }
  }
  const exact = (wanted: readonly number[]): Measured | undefined => {
    const found = trials.exact(wanted);
    return found !== undefined && found.initiationInterval <= trials.target ? found : undefined;
  };
  // The trials bound the source and the number of frames; the steady state without that decides.
  let measured: Measured | undefined;
  for (const wanted of [depths, depths.map((depth) => (depth === 0 ? 0 : depth + 2)), safe]) {
    measured = exact(wanted);
    depths = wanted;
    if (measured !== undefined) break;
  }
  if (measured === undefined) {
    depths = plan.edges.map(({ stream }, edge) => Math.max(safe[edge] ?? 0, 2 * beats(stream) + 2));
    measured = trials.exact(depths);
    invariant(measured !== undefined, `${plan.name} stands still with every FIFO that it could need`);
    return { depths, measured };
  }
  // what a trial wrongly took for too little
  for (let changed = trials.quick; changed;) {
    changed = false;
    for (const edge of depths.keys()) {
      const depth = depths[edge] ?? 0;
      for (const less of depth === 0 ? [] : [0, depth - 1]) {
        const wanted = depths.map((old, each) => (each === edge ? less : old));
        const found = exact(wanted);
        if (found === undefined) continue;
        [depths, measured, changed] = [wanted, found, true];
        break;
      }
    }
  }
  return { depths, measured };
}
