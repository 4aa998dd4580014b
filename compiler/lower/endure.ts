import { invariant } from '../diagnostics/index.ts';
import type { UnitDefinition } from '../hw/index.ts';
import { beatWidth } from '../hw/pack.ts';
import { connect } from './connect.ts';
import type { Blueprint } from './connect.ts';
import { deepest } from './trials.ts';
import type { CycleModel, Measured } from './trials.ts';
import { dripping, paceUnits } from './pace.ts';

/** Frames of a trial: from the second on, every frame meets the design as the one before left it. */
const frames = 3;

/** Whether branches meet in a design: only there one branch can wait for another one. */
export function hasJoins({ parts, edges }: Blueprint): boolean {
  const inputs = new Map(parts.map(({ node }) => [node.name, 0]));
  for (const { to } of edges) inputs.set(to.node, (inputs.get(to.node) ?? 0) + 1);
  return [...inputs.values()].some((count) => count > 1);
}

/**
 * FIFO depths with which a design never stands still, however its surroundings stall it: those given, deepened where that is needed.
 *
 * Depths that keep an unstalled design going may count on its pipelines to hold a beat a stage. Behind a source that pauses they hold
 * fewer: a pipeline that has to wait stops as a whole, with the gaps that the pauses left in it. A unit then holds least if everything
 * has come to rest before the next beat of the source, so this is what the depths are held against: a source that offers a beat only when
 * all that the one before set off is over. Which beats a unit takes and gives, and in which order, does not depend on time; so a design that
 * gets by with least room in its units gets by with any.
 *
 * As in the search for the interval, the occupancies of FIFOs that never fill are depths that are enough. Those above the depths given are
 * taken back, whole groups at a time, and what remains is cut back by bisection.
 *
 * @param measured - of the design with the depths given
 * @param keeps - whether depths let the design run at its interval; not asked where none that are tried do
 */
export function enduringDepths(
  plan: Blueprint,
  units: ReadonlyMap<string, UnitDefinition>,
  depths: readonly number[],
  measured: Measured,
  model: CycleModel,
  keeps: (depths: readonly number[]) => boolean,
): readonly number[] {
  if (!hasJoins(plan)) return depths;
  // a frame that has the design to itself takes its latency; one beat of it sets off no more than all of that
  const rest = 2 * (measured.latency + measured.initiationInterval) + 16;
  const run = (tried: readonly number[]): ReadonlyMap<string, number> | undefined =>
    model.run(dripping(connect(plan, units, tried), rest), frames, paceUnits)?.fifos;
  if (run(depths) !== undefined) return depths;

  const unbounded = plan.edges.map(() => deepest);
  const held = run(unbounded);
  invariant(held !== undefined, `${plan.name} stands still with FIFOs that never fill`);
  const fifos = connect(plan, units, unbounded).nodes.filter(({ name }) => held.has(name));
  // FIFOs stand in the order of the instances that drive them, as the edges do
  const room = plan.edges.map((_, edge) => Math.max(2, held.get(fifos[edge]?.name ?? '') ?? 0));
  const enough = depths.map((depth, edge) => Math.max(depth, room[edge] ?? 0));
  const roomy = [enough, enough.map((depth) => depth + 2), enough.map((depth) => 2 * depth)].find(keeps);
  let current: readonly number[] = roomy ?? enough;

  const take = (wanted: readonly number[]): boolean => {
    if (run(wanted) === undefined || (roomy !== undefined && !keeps(wanted))) return false;
    current = wanted;
    return true;
  };
  const deepened = (): number[] => [...depths.keys()].filter((edge) => current[edge] !== depths[edge]);
  const takeBack = (edges: readonly number[], knownNeeded: boolean): boolean => {
    const group = new Set(edges);
    const back = current.map((depth, edge) => (group.has(edge) ? (depths[edge] ?? 0) : depth));
    if (edges.length === 0 || (!knownNeeded && take(back))) return true;
    if (edges.length === 1) return false;
    const half = Math.ceil(edges.length / 2);
    const first = takeBack(edges.slice(0, half), false);
    const second = takeBack(edges.slice(half), first);
    return first && second;
  };
  const bits = (edge: number): number => {
    const stream = plan.edges[edge]?.stream;
    return stream === undefined ? 0 : beatWidth(stream) * (current[edge] ?? 0);
  };
  takeBack(
    deepened().sort((a, b) => bits(b) - bits(a)),
    true,
  );
  for (const edge of deepened()) {
    let low = Math.max(2, depths[edge] ?? 0);
    while (low < (current[edge] ?? 0)) {
      const middle = Math.floor((low + (current[edge] ?? 0)) / 2);
      if (!take(current.map((depth, each) => (each === edge ? middle : depth)))) low = middle + 1;
    }
  }
  return current;
}
