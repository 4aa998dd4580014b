import { invariant } from '../diagnostics/index.ts';
import { beats } from '../hw/index.ts';
import type { UnitDefinition } from '../hw/index.ts';
import { beatWidth } from '../hw/pack.ts';
import { connect } from './connect.ts';
import type { Blueprint } from './connect.ts';
import { enduringDepths } from './endure.ts';
import { deepest, littleEffort, Trials, usualEffort } from './trials.ts';
import type { CycleModel, Measured, ModelRun } from './trials.ts';

export type { CycleModel, Measured } from './trials.ts';

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
  const least = leastDepths(new Trials(plan, units, model, target, usualEffort), plan);
  const trials = new Trials(plan, units, model, target, usualEffort);
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
 * Depths with which a design runs at the interval of its slowest unit while its source offers a frame each interval, found with little work:
 * near the least ones and larger if anything, to say what a design will cost. What branches need besides so as to endure stalls is not in them.
 *
 * @param target - the greatest initiation interval of any unit
 */
export function nearDepths(
  plan: Blueprint,
  units: ReadonlyMap<string, UnitDefinition>,
  target: number,
  model: CycleModel,
): readonly number[] {
  return triedDepths(new Trials(plan, units, model, target, littleEffort), plan).depths;
}

/** The least depths by trials, as `leastDepths` describes them; and depths that are safe, from which they were cut back. */
function triedDepths(
  trials: Trials,
  plan: Blueprint,
): { readonly depths: readonly number[]; readonly safe: readonly number[] } {
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
  return { depths, safe };
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
 */
function leastDepths(
  trials: Trials,
  plan: Blueprint,
): { readonly depths: readonly number[]; readonly measured: Measured } {
  const none = plan.edges.map(() => 0);
  const bare = trials.exact(none);
  if (bare !== undefined && bare.initiationInterval <= trials.target) return { depths: none, measured: bare };

  const { depths: tried, safe } = triedDepths(trials, plan);
  let depths = tried;
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
