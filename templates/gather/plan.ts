import { bitWidth } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import type { HwNode } from '../../compiler/hw/index.ts';
import { memoryOf } from './memory.ts';
import type { Memory } from './memory.ts';
import { nestOf } from './movement.ts';
import type { Movement } from './movement.ts';
import { inWords, steps } from './nest.ts';
import type { Loop, Nest, Steps } from './nest.ts';

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

type Loops = Extract<Release, { kind: 'loops' }>;

/** How far the bound of a release stands from where the loops' strides alone would have it, and what depth that takes. */
interface Trial {
  readonly release: Loops;
  readonly offset: number;
  readonly least: number;
  /** Of the bounds before all steps. */
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

/** Runs through the steps of a nest; `visit` gets for each how far the loops outside each loop have moved, and whether each is in its last round. */
function walk(
  { loops }: Nest,
  { count, level }: Steps,
  visit: (step: number, moved: Int32Array, last: Uint8Array) => void,
): void {
  const index = new Int32Array(loops.length);
  const moved = new Int32Array(loops.length + 1);
  const last = Uint8Array.from(loops, ({ extent }) => (extent === 1 ? 1 : 0));
  for (let t = 0; t < count; t++) {
    visit(t, moved, last);
    const next = level[t] as number;
    if (next < 0) return;
    for (let l = next; l < loops.length; l++) {
      const { extent, stride } = loops[l] as Loop;
      const at = l === next ? (index[l] as number) + 1 : 0;
      index[l] = at;
      last[l] = at === extent - 1 ? 1 : 0;
      moved[l + 1] = (moved[l] as number) + at * stride;
    }
  }
}

/** The loop to which the bound of a release has moved. */
const levelOf = ({ level, gate }: Loops, last: Uint8Array): number =>
  gate < 0 || last[gate] === 1 ? level : Math.min(level, gate);

/** Releases with their bounds as high as `needed` allows, all in one run through the steps, which are many. */
function tryReleases(
  nest: Nest,
  run: Steps,
  need: Int32Array,
  needed: Int32Array,
  releases: readonly Loops[],
): Trial[] {
  const offsets = new Float64Array(releases.length).fill(Infinity);
  const most = new Float64Array(releases.length).fill(-Infinity);
  const sums = new Float64Array(releases.length);
  walk(nest, run, (t, moved, last) => {
    const [limit, word] = [needed[t] as number, need[t] as number];
    for (let r = 0; r < releases.length; r++) {
      const at = moved[levelOf(releases[r] as Loops, last) + 1] as number;
      if (limit - at < (offsets[r] as number)) offsets[r] = limit - at;
      if (word + 1 - at > (most[r] as number)) most[r] = word + 1 - at;
      sums[r] = (sums[r] as number) + at;
    }
  });
  return releases.map((release, r) => {
    const offset = offsets[r] as number;
    const least = Math.max(1, (most[r] as number) - offset);
    return { release, offset, least, sum: (sums[r] as number) + run.count * offset };
  });
}

/** The bound of a release before each step. */
function boundOf(nest: Nest, run: Steps, { release, offset }: Trial): Int32Array {
  const free = new Int32Array(run.count);
  walk(nest, run, (t, moved, last) => {
    free[t] = (moved[levelOf(release, last) + 1] as number) + offset;
  });
  return free;
}

/** Words that a release may need beyond the least depth if it gives words free sooner. */
const TOLERANCE = 2;

/** The release that needs the least depth, or all but; of equals the one that gives words free soonest, then the one with the fewest loops. */
function bestRelease(nest: Nest, run: Steps, need: Int32Array, words: number): Trial {
  const needed = stillNeeded(run, words);
  const releases: Loops[] = [{ kind: 'loops', level: -1, gate: -1 }];
  for (let level = 0; level < nest.loops.length; level++) {
    for (let gate = -1; gate < level; gate++) {
      // only a loop that comes back to the same words is worth waiting for
      const inside = nest.loops[gate + 1];
      const outer = nest.loops[gate];
      const onward =
        outer !== undefined && inside !== undefined && outer.stride >= inside.stride * inside.extent;
      if (outer?.short === true || onward) continue;
      releases.push({ kind: 'loops', level, gate });
    }
  }
  const trials = tryReleases(nest, run, need, needed, releases);
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
  const best = bestRelease(nest, run, need, words);
  const { release, least } = best;
  return { nest, steps: run, need, words, release, free: boundOf(nest, run, best), least };
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
