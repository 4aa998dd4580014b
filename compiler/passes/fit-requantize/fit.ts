/** A rising step function of integers: the level is `base` plus the number of thresholds reached. */
export interface StepFunction {
  readonly base: number;
  /** Ascending. */
  readonly thresholds: ArrayLike<number>;
  /** Least and greatest integer that can come up. */
  readonly min: number;
  readonly max: number;
}

/** All (multiplier, bias) of one multiplier that give a step function: floor((x * m + b) / 2^shift), limited to its levels. */
export interface Fit {
  readonly m: number;
  /** Least and greatest bias, both integers or infinite. */
  readonly least: number;
  readonly most: number;
}

/** What has to hold at the edges of the steps: x * a + c reaches `level` at x = `at`, and not before. */
interface Edges {
  /** Points at which a level must have been reached: `at` and `level` in turn. */
  readonly reached: Float64Array;
  /** Points at which a level must not have been reached. */
  readonly missed: Float64Array;
}

function edgesOf({ base, thresholds, min, max }: StepFunction): Edges {
  const reached: number[] = [];
  const missed: number[] = [];
  for (let j = 0; j < thresholds.length; j++) {
    const t = thresholds[j] ?? 0;
    const level = base + j + 1;
    if (t <= max) reached.push(Math.max(t, min), level);
    if (t > min) missed.push(Math.min(t - 1, max), level);
  }
  return { reached: Float64Array.from(reached), missed: Float64Array.from(missed) };
}

/** The greatest c that some `reached` demands for slope a: max of level - a * at. */
function demanded(points: Float64Array, a: number, unit: number): number {
  let most = -Infinity;
  for (let i = 0; i < points.length; i += 2)
    most = Math.max(most, (points[i + 1] ?? 0) * unit - a * (points[i] ?? 0));
  return most;
}

/** The c that all `missed` allow for slope a: min of level - a * at; c must be less. */
function allowed(points: Float64Array, a: number, unit: number): number {
  let least = Infinity;
  for (let i = 0; i < points.length; i += 2)
    least = Math.min(least, (points[i + 1] ?? 0) * unit - a * (points[i] ?? 0));
  return least;
}

/** The multipliers of a step function: which slopes lead a line through all of its edges. */
export class Slopes {
  readonly #edges: Edges;
  /** The slope whose line has most room, and the interval of those that have any; real numbers. */
  readonly #best: number;
  readonly #low: number;
  readonly #high: number;

  constructor(steps: StepFunction) {
    this.#edges = edgesOf(steps);
    // the room is concave in the slope: it rises to its greatest and falls from there
    let [low, high] = [0, steps.thresholds.length + 1];
    for (let i = 0; i < 120; i++) {
      const [a, b] = [low + (high - low) / 3, high - (high - low) / 3];
      if (this.#room(a) < this.#room(b)) low = a;
      else high = b;
    }
    this.#best = (low + high) / 2;
    this.#low = this.#edge(this.#best, 0);
    this.#high = this.#edge(this.#best, steps.thresholds.length + 1);
  }

  /** Whether any line leads through all edges; where not, no shift has a multiplier. */
  get possible(): boolean {
    return this.#room(this.#best) > 0;
  }

  /** The least multiplier in size that serves at this shift, with its biases; undefined if none of those tried does. */
  at(shift: number): Fit | undefined {
    const unit = 2 ** shift;
    const tries = [
      Math.ceil(this.#low * unit),
      Math.floor(this.#best * unit),
      Math.ceil(this.#best * unit),
      Math.round(((this.#low + this.#high) / 2) * unit),
      Math.floor(this.#high * unit),
    ];
    // most small shifts have no integer between the ends at all; these are known up to a last bit
    const [low, high] = [this.#low * unit * (1 - 2 ** -40), this.#high * unit * (1 + 2 ** -40)];
    const good = [...new Set(tries)].filter((n) => n >= 0 && n >= low && n <= high);
    for (const m of good.sort((a, b) => a - b)) {
      const least = demanded(this.#edges.reached, m, unit);
      const most = allowed(this.#edges.missed, m, unit) - 1;
      if (least <= most) return { m, least, most };
    }
    return undefined;
  }

  #room(a: number): number {
    const room = allowed(this.#edges.missed, a, 1) - demanded(this.#edges.reached, a, 1);
    return room === Infinity ? Number.MAX_VALUE : room;
  }

  /** The last slope from one that has room towards another that still has it. */
  #edge(from: number, to: number): number {
    if (this.#room(to) > 0) return to;
    let [inside, outside] = [from, to];
    for (let i = 0; i < 60; i++) {
      const middle = (inside + outside) / 2;
      if (this.#room(middle) > 0) inside = middle;
      else outside = middle;
    }
    return inside;
  }
}
