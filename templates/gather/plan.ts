import { bitWidth } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import type { HwNode } from '../../compiler/hw/index.ts';
import { memoryOf } from './memory.ts';
import type { Memory } from './memory.ts';
import { nestOf } from './movement.ts';
import type { Movement } from './movement.ts';
import { inWords, steps } from './nest.ts';
import type { Nest, Steps } from './nest.ts';

/** The parameters of an instance, typed. */
export interface GatherParams {
  readonly movement: Movement;
  /** Shape of the input. */
  readonly shape: readonly number[];
  /** Elements of a word, in and out. */
  readonly lanes: number;
  /** Words that the buffer holds. */
  readonly depth: number;
  readonly x: ElementType;
  /** As `x`, or a type that also holds `fill`. */
  readonly y: ElementType;
  /** What is given where nothing is read. */
  readonly fill: number;
}

/** The parameters of a checked instance. */
export function gatherParams(node: HwNode): GatherParams {
  return node.params as unknown as GatherParams;
}

/**
 * Which words the writer may overwrite. `each`: words are read in order, each once, and are free then. `loops`: the bound moves with the
 * loops 0 to `level` by their strides; loops inside `gate` move it only while loop `gate` is in its last round (-1: always).
 */
export type Release =
  { readonly kind: 'each' } | { readonly kind: 'loops'; readonly level: number; readonly gate: number };

/** What can be said of a movement without a depth. */
export interface Route {
  readonly nest: Nest;
  readonly steps: Steps;
  /** The word that must have come for a step; NONE if there is none. A frame does not begin before its first word. */
  readonly need: Int32Array;
  /** Words of an input frame. */
  readonly words: number;
  readonly release: Release;
  /** Before each step: words below this one are no longer needed. Counted within the frame; may be negative. */
  readonly free: Int32Array;
  /** The least depth with which every word can be read. */
  readonly least: number;
}

/** No word: less than any. */
export const NONE = -(2 ** 30);

/** How far the bound stands from where the loops' strides alone would have it, and what depth that takes. */
interface Trial {
  readonly release: Release;
  readonly free: Int32Array;
  readonly least: number;
  readonly sum: number;
}

/** Before each step, the least word that it or any later one reads; words beyond the frame belong to the next one. */
export function stillNeeded({ count, place, blank }: Steps, words: number): Int32Array {
  let first = words;
  for (let t = 0; t < count; t++) if (blank[t] === 0) first = Math.min(first, place[t] as number);
  const needed = new Int32Array(count);
  let least = words + first;
  for (let t = count - 1; t >= 0; t--) {
    if (blank[t] === 0) least = Math.min(least, place[t] as number);
    needed[t] = least;
  }
  return needed;
}

/** The bound of a release before each step, as high as `needed` allows. */
function tryRelease(
  { loops }: Nest,
  { count, level }: Steps,
  need: Int32Array,
  needed: Int32Array,
  release: Extract<Release, { kind: 'loops' }>,
): Trial {
  const free = new Int32Array(count);
  const index = new Int32Array(loops.length);
  let offset = Infinity;
  for (let t = 0; t < count; t++) {
    let at = 0;
    const gate = loops[release.gate];
    const open = gate === undefined || index[release.gate] === gate.extent - 1;
    const until = open ? release.level : Math.min(release.level, release.gate);
    for (let l = 0; l <= until; l++) at += (index[l] as number) * (loops[l]?.stride ?? 0);
    free[t] = at;
    offset = Math.min(offset, (needed[t] as number) - at);
    const next = level[t] as number;
    for (let l = loops.length - 1; l > next; l--) index[l] = 0;
    if (next >= 0) index[next] = (index[next] as number) + 1;
  }
  let least = 1;
  let sum = 0;
  for (let t = 0; t < count; t++) {
    const bound = (free[t] as number) + offset;
    free[t] = bound;
    sum += bound;
    least = Math.max(least, (need[t] as number) + 1 - bound);
  }
  return { release, free, least, sum };
}

/** Words that a release may need beyond the least depth if it gives words free sooner. */
const TOLERANCE = 2;

/** The release that needs the least depth, or all but; of equals the one that gives words free soonest, then the one with the fewest loops. */
function bestRelease(nest: Nest, run: Steps, need: Int32Array, words: number): Trial {
  const needed = stillNeeded(run, words);
  const trials = [tryRelease(nest, run, need, needed, { kind: 'loops', level: -1, gate: -1 })];
  for (let level = 0; level < nest.loops.length; level++) {
    for (let gate = -1; gate < level; gate++) {
      // only a loop that comes back to the same words is worth waiting for
      const inside = nest.loops[gate + 1];
      const outer = nest.loops[gate];
      const onward =
        outer !== undefined && inside !== undefined && outer.stride >= inside.stride * inside.extent;
      if (outer?.short === true || onward) continue;
      trials.push(tryRelease(nest, run, need, needed, { kind: 'loops', level, gate }));
    }
  }
  const least = Math.min(...trials.map((trial) => trial.least));
  return trials
    .filter((trial) => trial.least <= least + TOLERANCE)
    .reduce((best, trial) => (trial.sum > best.sum ? trial : best));
}

const routes = new Map<string, Route | { readonly problem: string }>();
/** Routes kept; a search over foldings asks for few different ones, many times. */
const KEPT = 64;

/** The way of the words through the buffer, or a word on why there is none. */
export function routeOf(
  movement: Movement,
  shape: readonly number[],
  lanes: number,
): Route | { readonly problem: string } {
  const key = JSON.stringify([movement, shape, lanes]);
  let found = routes.get(key);
  if (found !== undefined) return found;
  found = makeRoute(movement, shape, lanes);
  if (routes.size >= KEPT) routes.delete(routes.keys().next().value ?? '');
  routes.set(key, found);
  return found;
}

function makeRoute(
  movement: Movement,
  shape: readonly number[],
  lanes: number,
): Route | { readonly problem: string } {
  const made = nestOf(movement, shape);
  if ('problem' in made) return made;
  const elements = shape.reduce((product, n) => product * n, 1);
  const nest = elements % lanes === 0 ? inWords(made.nest, lanes) : undefined;
  if (nest === undefined) return { problem: `words of ${lanes} elements that are not read whole` };
  const run = steps(nest);
  const words = elements / lanes;
  const need = run.place.map((at, t) => (run.blank[t] === 0 ? at : t === 0 ? 0 : NONE));
  const ordered = run.blank.includes(1) ? inOrder(run, words) : undefined;
  if (ordered !== undefined) {
    // the place of a step without a word is then the next word
    const release = { kind: 'each' } as const;
    return { nest, steps: { ...run, place: ordered }, need, words, release, free: ordered, least: 1 };
  }
  const { release, free, least } = bestRelease(nest, run, need, words);
  return { nest, steps: run, need, words, release, free, least };
}

/** The words read before each step, if every word is read, in order and once. */
function inOrder({ count, place, blank }: Steps, words: number): Int32Array | undefined {
  const before = new Int32Array(count);
  let next = 0;
  for (let t = 0; t < count; t++) {
    before[t] = next;
    if (blank[t] === 0 && place[t] !== next++) return undefined;
  }
  return next === words ? before : undefined;
}

/** How an instance is built. */
export interface Plan extends Route {
  readonly params: GatherParams;
  readonly memory: Memory;
}

const known = new WeakMap<HwNode, Plan>();

/** The plan of a checked instance. */
export function planOf(node: HwNode): Plan {
  let plan = known.get(node);
  if (plan === undefined) {
    const params = gatherParams(node);
    const route = routeOf(params.movement, params.shape, params.lanes);
    if ('problem' in route) throw new RangeError(`${node.name}: ${route.problem}`);
    plan = { ...route, params, memory: memoryOf(params.depth, params.lanes * bitWidth(params.x)) };
    known.set(node, plan);
  }
  return plan;
}
