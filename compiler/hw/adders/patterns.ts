import { common, countOf, positionsOf } from './occurrences.ts';
import type { Occurrences } from './occurrences.ts';
import { treeDepth } from './graph.ts';

/** What a node is worth knowing for the choice of patterns. */
export interface NodeSize {
  /** Greatest value as an unsigned number; a subtracted node counts with its bits inverted, so signs do not matter. */
  readonly most: number;
  /** Bits of `most`. */
  readonly bits: number;
  /** Adder levels before it. */
  readonly level: number;
}

/**
 * What is counted as saved. `additions`: two-operand additions. `bits`: LUTs by the rule that adding up bits costs half a LUT for each bit that
 * disappears, and that the shared sum itself has to be built in full.
 */
export type Objective = 'additions' | 'bits';

/** Weights of the kinds of patterns; 0 leaves a kind out. */
export interface PatternWeights {
  readonly pair: number;
  readonly triple: number;
  readonly rowPair: number;
}

/**
 * A sum of two or three nodes that may occur in several rows: nodes, how many shifts each stands above the first, and whether its sign is
 * opposite to the first's.
 */
export interface Pattern {
  readonly nodes: readonly number[];
  readonly distances: readonly number[];
  readonly opposite: readonly boolean[];
}

/** A pattern and what it saves. */
export interface Candidate {
  readonly pattern: Pattern;
  readonly gain: number;
}

/** The size of a pattern's sum. */
export function sizeOf({ nodes, distances }: Pattern, sizes: readonly NodeSize[]): NodeSize {
  let most = 0;
  nodes.forEach((node, i) => (most += sizes[node]!.most * 2 ** distances[i]!));
  return {
    most,
    bits: bitsOf(most),
    level: treeDepth(nodes.map((node) => sizes[node]!.level)),
  };
}

/** Bits of an unsigned number, at least 1. */
export function bitsOf(most: number): number {
  return Math.max(1, Math.ceil(Math.log2(most + 1)));
}

/** What a pattern that occurs `count` times saves. */
export function gainOf(
  pattern: Pattern,
  count: number,
  sizes: readonly NodeSize[],
  objective: Objective,
  weights: PatternWeights,
): number {
  const { nodes } = pattern;
  const weight = nodes.length === 2 ? weights.pair : weights.triple;
  if (objective === 'additions') return weight * (count - 1) * (nodes.length - 1);
  const bits = nodes.map((node) => sizes[node]!.bits);
  const widest = Math.max(...bits);
  const removed = bits.reduce((sum, b) => sum + b, 0) - sizeOf(pattern, sizes).bits;
  const own = nodes.length === 2 ? widest : widest === 1 ? 1 : widest + 1;
  return weight * ((count * removed) / 2 - own);
}

/** A number in [0, 1) that depends on the seed and a pattern alone: ties fall differently with every seed, and the same in every run. */
function tie(seed: number, { nodes, distances, opposite }: Pattern): number {
  let h = Math.imul(seed + 1, 0x9e3779b1);
  for (let i = 0; i < nodes.length; i++) {
    h = Math.imul(h ^ (nodes[i]! * 64 + distances[i]! * 2 + (opposite[i]! ? 1 : 0)), 0x85ebca6b);
    h ^= h >>> 13;
  }
  h = Math.imul(h, 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

type Offer = (pattern: Pattern, count: number) => void;

/** A node that stands in some rows together with another one. */
interface Meeting {
  readonly node: number;
  readonly opposite: boolean;
  readonly count: number;
  readonly set: Uint32Array;
}

/** Finds, for a node, the best pattern in which it comes first. */
export class PatternFinder {
  private readonly where: Occurrences;
  private readonly sizes: readonly NodeSize[];
  private readonly objective: Objective;
  private readonly weights: PatternWeights;
  private readonly seed: number;
  private readonly least: number;
  private readonly maxShift: number;
  private readonly refused: ReadonlySet<string>;
  private readonly scratch: Uint32Array;

  constructor(
    where: Occurrences,
    sizes: readonly NodeSize[],
    refused: ReadonlySet<string>,
    options: {
      readonly objective: Objective;
      readonly weights: PatternWeights;
      readonly seed: number;
      readonly least: number;
    },
  ) {
    this.where = where;
    this.sizes = sizes;
    this.refused = refused;
    this.objective = options.objective;
    this.weights = options.weights;
    this.seed = options.seed;
    this.least = options.least;
    this.maxShift = where.stride === 1 ? 0 : where.stride / 2 - 1;
    this.scratch = new Uint32Array(where.words);
  }

  /** The best pattern with `first` as its first node and, if given, `last` as its last one; better than `floor`. */
  best(first: number, floor: Candidate | undefined, last?: number): Candidate | undefined {
    let found = floor;
    const offer: Offer = (pattern, count) => {
      const gain = gainOf(pattern, count, this.sizes, this.objective, this.weights);
      if (gain < this.least || (found !== undefined && gain + 1e-3 < found.gain)) return;
      const whole = gain + 1e-3 * tie(this.seed, pattern);
      if (found !== undefined && whole <= found.gain) return;
      if (this.refused.size > 0 && this.refused.has(keyOf(pattern))) return;
      found = { pattern, gain: whole };
    };
    const { where } = this;
    const total = where.uses.length;
    if (where.uses[first]! < 2) return found;
    if (this.weights.pair > 0) {
      const [from, to] = last === undefined ? [0, total] : [last, last + 1];
      for (let b = from; b < to; b++) {
        if (where.uses[b]! < 2) continue;
        for (let distance = b > first ? 0 : 1; distance <= this.maxShift; distance++) {
          for (const opposite of [false, true]) {
            const count = where.meet(first, b, distance, opposite, this.scratch);
            if (count < 2) continue;
            const pattern = {
              nodes: [first, b],
              distances: [0, distance],
              opposite: [false, opposite],
            };
            offer(pattern, count);
          }
        }
      }
    }
    if (this.weights.triple > 0 && this.maxShift === 0) this.triples(first, last, () => found, offer);
    return found;
  }

  /** Triples that begin with a node and, if given, end with the last one. */
  private triples(
    first: number,
    last: number | undefined,
    found: () => Candidate | undefined,
    offer: Offer,
  ): void {
    const { where } = this;
    if (last === undefined) return this.allTriples(first, found, offer);
    for (const far of [false, true]) {
      const most = where.meet(first, last, 0, far, this.scratch);
      if (most < 2) continue;
      for (let node = first + 1; node < last; node++) {
        if (where.uses[node]! < 2) continue;
        const nodes = [first, node, last];
        if (this.hopeless(nodes, most, found())) continue;
        for (const near of [false, true]) {
          const count = where.meetWithin(this.scratch, first, node, near);
          if (count >= 2) offer({ nodes, distances: [0, 0, 0], opposite: [false, near, far] }, count);
        }
      }
    }
  }

  /** Whether a sum of these nodes cannot save more than what has been found, even if it stands at `count` places. */
  private hopeless(nodes: readonly number[], count: number, found: Candidate | undefined): boolean {
    const pattern = { nodes, distances: [0, 0, 0], opposite: [] };
    const gain = gainOf(pattern, count, this.sizes, this.objective, this.weights);
    return found === undefined ? gain < this.least : gain + 1e-3 < found.gain;
  }

  /**
   * Nodes that meet the first one are sorted into classes of equal size, most meetings first: a triple stands in no more rows than its pairs, so
   * a class is done with as soon as one of its pairs is too rare.
   */
  private allTriples(first: number, found: () => Candidate | undefined, offer: Offer): void {
    const { where, sizes } = this;
    const classes = new Map<number, Meeting[]>();
    const meetings: Meeting[] = [];
    for (let node = first + 1; node < where.uses.length; node++) {
      if (where.uses[node]! < 2) continue;
      for (const opposite of [false, true]) {
        const count = where.meet(first, node, 0, opposite, this.scratch);
        if (count < 2) continue;
        const meeting = { node, opposite, count, set: this.scratch.slice() };
        meetings.push(meeting);
        const { most } = sizes[node]!;
        const list = classes.get(most);
        if (list === undefined) classes.set(most, [meeting]);
        else list.push(meeting);
      }
    }
    const byCount = (a: Meeting, b: Meeting): number => b.count - a.count || a.node - b.node;
    meetings.sort(byCount);
    for (const list of classes.values()) list.sort(byCount);
    for (const b of meetings) {
      for (const list of classes.values()) {
        // of a pair the rarer one comes second
        for (const c of list) {
          if (this.hopeless([first, b.node, c.node], Math.min(b.count, c.count), found())) break;
          if (c.count > b.count || (c.count === b.count && c.node <= b.node) || c.node === b.node) continue;
          const count = common(b.set, c.set);
          if (count < 2) continue;
          const [low, high] = b.node < c.node ? [b, c] : [c, b];
          offer(
            {
              nodes: [first, low.node, high.node],
              distances: [0, 0, 0],
              opposite: [false, low.opposite, high.opposite],
            },
            count,
          );
        }
      }
    }
  }

  /** The positions at which the pattern's first node stands with all the others. */
  positions({ nodes, distances, opposite }: Pattern): number[] {
    const [first = 0, ...others] = nodes;
    const sets = others.map((node, i) => {
      const set = new Uint32Array(this.where.words);
      this.where.meet(first, node, distances[i + 1]!, opposite[i + 1]!, set);
      return set;
    });
    const [all = this.scratch, ...rest] = sets;
    for (const set of rest) for (let i = 0; i < all.length; i++) all[i]! &= set[i]!;
    return countOf(all) === 0 ? [] : positionsOf(all);
  }
}

/** A pattern as a string. */
export function keyOf({ nodes, distances, opposite }: Pattern): string {
  return nodes.map((node, i) => `${opposite[i]! ? '-' : ''}${node}<${distances[i]!}`).join();
}
