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
function tie(seed: number, a: number, b: number, c: number): number {
  let h = Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(a + 1, 0x85ebca6b) ^ Math.imul(b + 1, 0xc2b2ae35);
  h = Math.imul(h ^ Math.imul(c + 1, 0x27d4eb2f) ^ (h >>> 15), 0x2c1b3c6d);
  return ((h ^ (h >>> 13)) >>> 0) / 2 ** 32;
}

/** Finds, for a node, the best pattern in which it comes first. */
export class PatternFinder {
  private readonly where: Occurrences;
  private readonly sizes: readonly NodeSize[];
  private readonly objective: Objective;
  private readonly weights: PatternWeights;
  private readonly seed: number;
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
    },
  ) {
    this.where = where;
    this.sizes = sizes;
    this.refused = refused;
    this.objective = options.objective;
    this.weights = options.weights;
    this.seed = options.seed;
    this.maxShift = where.stride === 1 ? 0 : where.stride / 2 - 1;
    this.scratch = new Uint32Array(where.words);
  }

  /** The best pattern with `first` as its first node and, if given, `last` as its last one; better than `floor`. */
  best(first: number, floor: Candidate | undefined, last?: number): Candidate | undefined {
    let found = floor;
    const offer = (pattern: Pattern, count: number, a: number, b: number): void => {
      const gain = gainOf(pattern, count, this.sizes, this.objective, this.weights);
      if (gain <= 0 || (found !== undefined && gain + 1e-3 < found.gain)) return;
      const whole = gain + 1e-3 * tie(this.seed, first, a, b);
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
            offer(pattern, count, b, distance * 2 + (opposite ? 1 : 0));
          }
        }
      }
    }
    if (this.weights.triple > 0 && this.maxShift === 0) this.triples(first, last, () => found, offer);
    return found;
  }

  private triples(
    first: number,
    last: number | undefined,
    found: () => Candidate | undefined,
    offer: (pattern: Pattern, count: number, a: number, b: number) => void,
  ): void {
    const { where } = this;
    interface Meeting {
      readonly node: number;
      readonly opposite: boolean;
      readonly set: Uint32Array;
      readonly count: number;
    }
    const meetings: Meeting[] = [];
    for (let node = first + 1; node < where.uses.length; node++) {
      if (where.uses[node]! < 2) continue;
      for (const opposite of [false, true]) {
        const count = where.meet(first, node, 0, opposite, this.scratch);
        if (count >= 2) meetings.push({ node, opposite, set: this.scratch.slice(), count });
      }
    }
    if (last !== undefined && !meetings.some(({ node }) => node === last)) return;
    for (let i = 0; i < meetings.length; i++) {
      const b = meetings[i]!;
      if (b.node === last) break;
      for (let j = meetings.length - 1; j > i; j--) {
        const c = meetings[j]!;
        if (c.node === b.node) break;
        if (last !== undefined && c.node !== last) {
          if (c.node < last) break;
          continue;
        }
        const pattern = {
          nodes: [first, b.node, c.node],
          distances: [0, 0, 0],
          opposite: [false, b.opposite, c.opposite],
        };
        // no triple stands in more rows than its pairs
        const bound = Math.min(b.count, c.count);
        const best = found();
        if (best !== undefined) {
          const most = gainOf(pattern, bound, this.sizes, this.objective, this.weights);
          if (most + 1e-3 < best.gain) continue;
        }
        const count = common(b.set, c.set);
        if (count < 2) continue;
        offer(pattern, count, b.node, c.node * 4 + (b.opposite ? 2 : 0) + (c.opposite ? 1 : 0));
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
