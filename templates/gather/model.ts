import type { TimingModel, TimingTable, UnitTiming } from '../../compiler/hw/index.ts';
import { NONE, planOf } from './plan.ts';
import type { Route } from './plan.ts';
import type { HwNode } from '../../compiler/hw/index.ts';

/**
 * The writer takes a word while fewer than `depth` stand behind the bound of what is free; the reader makes a step in a cycle in which the
 * output register is empty or is being taken, if the word was written in an earlier cycle or none is needed. Both bounds are
 * registers, so the state is the step, the words written and whether the output register is full.
 */
export class GatherModel implements TimingModel {
  readonly #route: Route;
  readonly #depth: number;
  #step = 0;
  /** Words written, counted from the start of the frame that is read: negative while the last frame's end is still to come. */
  #written = 0;
  #full = false;

  constructor(route: Route, depth: number) {
    this.#route = route;
    this.#depth = depth;
  }

  ready(): boolean {
    return this.#written - (this.#route.free[this.#step] as number) < this.#depth;
  }

  valid(): boolean {
    return this.#full;
  }

  /** Whether the word that the step needs is there. */
  #can(): boolean {
    return (this.#route.need[this.#step] as number) < this.#written;
  }

  tick(inputs: number, outputs: number): void {
    if (!this.#full || outputs !== 0) {
      this.#full = this.#can();
      if (this.#full && ++this.#step === this.#route.steps.count) {
        this.#step = 0;
        this.#written -= this.#route.words;
      }
    }
    if (inputs !== 0) this.#written++;
  }

  idle(): number {
    return this.#full || !this.#can() ? Infinity : 0;
  }

  /** Without transfers nothing changes in the states that `idle` allows. */
  skip(): void {
    return;
  }

  reset(): void {
    this.#step = 0;
    this.#written = 0;
    this.#full = false;
  }

  state(): number {
    // written is between minus a frame and a frame and the depth, so each pair has its own number
    const { words, steps } = this.#route;
    return ((this.#written + words) * steps.count + this.#step) * 2 + (this.#full ? 1 : 0);
  }

  table(): TimingTable {
    const { need, free, words, steps } = this.#route;
    return {
      kind: 'reader',
      need,
      free,
      words,
      emit: new Uint8Array(steps.count).fill(1),
      depth: this.#depth,
    };
  }
}

/** Frames after which the interval has settled; a difference of speeds fills or empties the buffer within the first ones. */
const SETTLED = 5;

/** Cycles from one frame to the next when neither end stalls: measured on the model. */
export function intervalOf(route: Route, depth: number): number {
  const model = new GatherModel(route, depth);
  const { count } = route.steps;
  const patience = (SETTLED + 2) * 4 * (count + route.words + depth + 8);
  let [given, earlier] = [0, 0];
  for (let cycle = 0; cycle < patience; cycle++) {
    const [input, output] = [model.ready() ? 1 : 0, model.valid() ? 1 : 0];
    model.tick(input, output);
    given += output;
    if (output === 0 || given % count !== 0) continue;
    if (given === count * SETTLED) earlier = cycle;
    else if (given === count * (SETTLED + 1)) return cycle - earlier;
  }
  throw new RangeError('the buffer is too small for its loops');
}

/** By the steps of a route, which its plans share, and the depth. */
const intervals = new WeakMap<Route['steps'], Map<number, number>>();

/** As `intervalOf`, remembered. */
export function interval(route: Route, depth: number): number {
  let known = intervals.get(route.steps);
  if (known === undefined) intervals.set(route.steps, (known = new Map<number, number>()));
  let found = known.get(depth);
  if (found === undefined) known.set(depth, (found = intervalOf(route, depth)));
  return found;
}

/** A word is written, read in the next cycle, and stands at the output in the one after. */
export function timing(node: HwNode): UnitTiming {
  const plan = planOf(node);
  return { initiationInterval: interval(plan, plan.params.depth), latency: 2 };
}

/**
 * The least depth, at least the route's own, with which a frame takes no more cycles than it has words to take or to give: found from the latest
 * cycle in which each word may come (or, where input binds, the earliest in which each is read), then held against the model.
 */
export function fullRateDepth(route: Route): number {
  const ideal = Math.max(route.words, route.steps.count);
  const { count } = route.steps;
  const estimate = route.words >= count ? inputBound(route) : outputBound(route);
  let depth = Math.max(route.least, estimate, 1);
  // the model has the last word; registers cost a word or two
  while (interval(route, depth) > ideal && depth < estimate + route.words + count) depth++;
  return depth;
}

/** The reader makes a step every cycle; each word comes as late as that allows, one a cycle. */
function outputBound({ steps: { count }, need, words, free }: Route): number {
  const latest = new Float64Array(words).fill(Infinity);
  for (let t = count - 1; t >= 0; t--) if (need[t] !== NONE) latest[need[t] as number] = t - 1;
  for (let round = 0; round < 2; round++) {
    let next = (latest[0] as number) + count;
    for (let w = words - 1; w >= 0; w--) next = latest[w] = Math.min(latest[w] as number, next - 1);
  }
  let depth = 1;
  for (let w = 0; w < words; w++) {
    const at = latest[w] as number;
    const frame = Math.floor(at / count);
    const bound = (free[at - frame * count] as number) + frame * words;
    depth = Math.max(depth, w + 1 - bound);
  }
  return depth;
}

/** A word comes every cycle; each step is made as soon as its word is there. */
function inputBound({ steps: { count }, need, words, free }: Route): number {
  const time = new Float64Array(count);
  let earlier = -1;
  for (let round = 0; round < 2; round++) {
    for (let t = 0; t < count; t++) {
      earlier = time[t] = Math.max(earlier + 1, (need[t] as number) + 1);
    }
    earlier -= words;
  }
  // steps of the frame before may still be waited for while this one comes in
  let depth = 1;
  let t = 0;
  let frame = -1;
  while (frame < 0 || t < count) {
    const from =
      t === 0
        ? frame < 0
          ? -Infinity
          : (time[count - 1] as number) - words
        : (time[t - 1] as number) + frame * words;
    const to = (time[t] as number) + frame * words;
    // while step t waits, in the cycles after `from` up to `to`, words of this frame come
    const last = Math.min(to, words - 1);
    if (last >= 0 && last > from) depth = Math.max(depth, last + 1 - ((free[t] as number) + frame * words));
    if (++t === count && frame < 0) [t, frame] = [0, 0];
  }
  return depth;
}
