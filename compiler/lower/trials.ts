import { InternalError } from '../diagnostics/index.ts';
import type { HwGraph, UnitDefinition } from '../hw/index.ts';
import { connect } from './connect.ts';
import type { Blueprint } from './connect.ts';
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
function measure(
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
export const deepest = 1 << 20;

/** Work that trials may spend, in instances times cycles: what large designs do not get through keeps the depths of its upper bound. */
export const usualEffort = 3e8;

/** Work for depths that only have to be near: a design with them is as fast, and larger if anything. */
export const littleEffort = usualEffort / 3;

/** Work of a trial, in the same unit, up to which the exact steady state is asked about every FIFO once more. */
const quickTrial = 3e5;

/** Frames within which the parts of a design have to be seen to keep pace with one another. */
const framesApart = 4096;

/** Trials of one design with different FIFO depths at one interval. */
export class Trials {
  readonly #plan: Blueprint;
  readonly #units: ReadonlyMap<string, UnitDefinition>;
  readonly #model: CycleModel;
  readonly #effort: number;
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
    effort: number,
  ) {
    this.#plan = plan;
    this.#effort = effort;
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
    return this.#spent < this.#effort;
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
