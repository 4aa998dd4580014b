import type { AdderGraph, Term } from './graph.ts';
import { Occurrences } from './occurrences.ts';
import { bitsOf, gainOf, keyOf, PatternFinder, sizeOf } from './patterns.ts';
import type { Candidate, NodeSize, Objective, Pattern, PatternWeights } from './patterns.ts';
import { RowPairs } from './row-pairs.ts';

/** How sums are shared. */
export interface ShareOptions {
  readonly objective: Objective;
  readonly weights: PatternWeights;
  /** Bits of each input; by default 1. Read by the objective `bits`. */
  readonly inputBits?: (input: number) => number;
  /** Most levels of two-operand adders on any way to an output; absent: no bound. Rows that need more by themselves take what they need. */
  readonly maxDepth?: number;
  /** Decides among patterns that save the same. */
  readonly seed?: number;
  /** What a pattern has to save at least; default 0.4. */
  readonly least?: number;
}

/** What a pattern has to save at least: the estimate of a saving is no better than this. */
const leastSaving = 0.4;

/** Row pairs are looked for in matrices of at most this many rows: they compare every row with every other. */
const mostRowsForPairs = 96;

/**
 * Takes sums that several rows have in common out of them, up to sign and shift, the one that saves most first, until none is left that
 * saves anything. Deterministic.
 *
 * @param rows - the terms of each output, nodes being inputs; at most one term of the same input and shift in a row.
 */
export function share(rows: readonly (readonly Term[])[], inputs: number, options: ShareOptions): AdderGraph {
  return new Sharing(rows, inputs, options).run();
}

/** A sum that has been taken out: its terms, or the row that holds them and may be shared further. */
type Definition = { readonly terms: readonly Term[] } | { readonly row: number };

class Sharing {
  private readonly inputs: number;
  private readonly outputs: number;
  private readonly options: ShareOptions;
  private readonly where: Occurrences;
  private readonly sizes: NodeSize[] = [];
  private readonly definitions: Definition[] = [];
  private readonly refused = new Set<string>();
  private readonly finder: PatternFinder;
  private readonly best: (Candidate | undefined)[] = [];
  private readonly rowPairs: RowPairs | undefined;
  /** By row, the sum of 2^level over its terms: a tree of depth D has room for 2^D. */
  private readonly room: number[];
  private readonly roomLimit: number[];
  private readonly mostRows: number;

  constructor(rows: readonly (readonly Term[])[], inputs: number, options: ShareOptions) {
    this.inputs = inputs;
    this.outputs = rows.length;
    this.options = options;
    const shifts = 1 + rows.reduce((most, row) => row.reduce((m, { shift }) => Math.max(m, shift), most), 0);
    if (shifts > 31) throw new RangeError(`weights of ${shifts} bits, expected at most 31`);
    const pairs = options.weights.rowPair > 0 && shifts === 1 && rows.length <= mostRowsForPairs;
    this.mostRows = pairs ? 3 * rows.length : rows.length;
    this.where = new Occurrences(this.mostRows, shifts);
    for (let k = 0; k < inputs; k++) {
      const bits = options.inputBits?.(k) ?? 1;
      this.where.add();
      this.sizes.push({ most: 2 ** bits - 1, bits, level: 0 });
    }
    rows.forEach((row, r) => row.forEach((term) => this.where.put(r, term)));
    this.room = rows.map((row) => row.length);
    const bound = options.maxDepth ?? Infinity;
    this.roomLimit = rows.map((row) =>
      Math.max(2 ** bound, 2 ** Math.ceil(Math.log2(Math.max(1, row.length)))),
    );
    const { objective, weights, seed = 0, least = leastSaving } = options;
    this.finder = new PatternFinder(this.where, this.sizes, this.refused, {
      objective,
      weights,
      seed,
      least,
    });
    this.rowPairs = pairs ? new RowPairs(rows, this.where, this.sizes, options) : undefined;
  }

  run(): AdderGraph {
    const least = this.options.least ?? leastSaving;
    for (let node = 0; node < this.sizes.length; node++) this.best[node] = this.finder.best(node, undefined);
    for (;;) {
      let choice: Candidate | undefined;
      for (const candidate of this.best) {
        if (candidate !== undefined && candidate.gain > (choice?.gain ?? least)) choice = candidate;
      }
      const pair = this.room.length < this.mostRows ? this.rowPairs?.best() : undefined;
      if (pair !== undefined && pair.gain > (choice?.gain ?? least))
        this.takeRows(pair.a, pair.b, pair.opposite);
      else if (choice !== undefined) this.takePattern(choice.pattern, least);
      else return this.finish();
    }
  }

  /** Replaces every occurrence of a pattern by a new node. */
  private takePattern(pattern: Pattern, least: number): void {
    const { where } = this;
    const { nodes, distances } = pattern;
    const size = sizeOf(pattern, this.sizes);
    const grows = 2 ** size.level - nodes.reduce((sum, node) => sum + 2 ** this.sizes[node]!.level, 0);
    const used = new Set<number>();
    const places = this.finder.positions(pattern).filter((at) => {
      const row = Math.floor(at / where.stride);
      if ((this.room[row] ?? 0) + grows > (this.roomLimit[row] ?? Infinity)) return false;
      // the same node at two distances: occurrences may overlap
      const taken = nodes.map((_, i) => at + distances[i]!);
      if (nodes[0] === nodes[1] && taken.some((position) => used.has(position))) return false;
      if (nodes[0] === nodes[1]) taken.forEach((position) => used.add(position));
      this.room[row]! += grows;
      return true;
    });
    const { objective, weights } = this.options;
    if (places.length < 2 || gainOf(pattern, places.length, this.sizes, objective, weights) < least) {
      for (const at of places) this.room[Math.floor(at / where.stride)]! -= grows;
      this.refused.add(keyOf(pattern));
      this.best[nodes[0]!] = this.finder.best(nodes[0]!, undefined);
      return;
    }
    const made = this.addNode(size, {
      terms: nodes.map((node, i) => ({
        node,
        shift: distances[i]!,
        negative: pattern.opposite[i]!,
      })),
    });
    for (const at of places) {
      const row = Math.floor(at / where.stride);
      const shift = at % where.stride;
      const negative = where.signAt(nodes[0]!, at) < 0;
      nodes.forEach((node, i) => {
        where.take(row, {
          node,
          shift: shift + distances[i]!,
          negative: negative !== pattern.opposite[i]!,
        });
      });
      where.put(row, { node: made, shift, negative });
      this.rowPairs?.changed(row, [...nodes, made]);
    }
    this.refresh(new Set(nodes), [made]);
  }

  /** Gives what two rows have in common a row of its own. */
  private takeRows(a: number, b: number, opposite: boolean): void {
    const { where, rowPairs } = this;
    const shared = where
      .termsOf(a)
      .filter(({ node, negative }) => where.signAt(node, b) === (negative !== opposite ? -1 : 1));
    const most = shared.reduce((sum, { node }) => sum + this.sizes[node]!.most, 0);
    const level = Math.ceil(
      Math.log2(shared.reduce((sum, { node }) => sum + 2 ** this.sizes[node]!.level, 0)),
    );
    const grows = 2 ** level - shared.reduce((sum, { node }) => sum + 2 ** this.sizes[node]!.level, 0);
    if ([a, b].some((row) => this.room[row]! + grows > this.roomLimit[row]!)) {
      rowPairs?.refuse(a, b, opposite);
      return;
    }
    const row = this.room.length;
    this.room.push(2 ** level - grows);
    this.roomLimit.push(2 ** level);
    const made = this.addNode({ most, bits: bitsOf(most), level }, { row });
    for (const term of shared) {
      where.take(a, term);
      where.take(b, { ...term, negative: term.negative !== opposite });
      where.put(row, term);
    }
    where.put(a, { node: made, shift: 0, negative: false });
    where.put(b, { node: made, shift: 0, negative: opposite });
    this.room[a]! += grows;
    this.room[b]! += grows;
    const nodes = shared.map(({ node }) => node);
    rowPairs?.added(row, nodes);
    for (const changed of [a, b]) rowPairs?.changed(changed, [...nodes, made]);
    // occurrences fell, and new ones stand in the new row
    this.refresh(new Set(nodes), [made]);
  }

  private addNode(size: NodeSize, definition: Definition): number {
    this.sizes.push(size);
    this.definitions.push(definition);
    return this.where.add();
  }

  /** Best patterns again where one of these nodes takes part, and those with the new node. */
  private refresh(changed: ReadonlySet<number>, added: readonly number[]): void {
    this.best.forEach((candidate, node) => {
      const stale = changed.has(node) || candidate?.pattern.nodes.some((other) => changed.has(other));
      if (stale === true) this.best[node] = this.finder.best(node, undefined);
      else for (const made of added) this.best[node] = this.finder.best(node, candidate, made);
    });
    for (const made of added) this.best[made] = this.finder.best(made, undefined);
  }

  /** The graph, its sums in an order in which each follows what it adds. */
  private finish(): AdderGraph {
    const definitions = this.definitions.map((definition) =>
      'terms' in definition ? definition.terms : this.where.termsOf(definition.row),
    );
    const numbers = new Map<number, number>();
    const sums: Term[][] = [];
    const renamed = (terms: readonly Term[]): Term[] =>
      terms.map((term) => ({ ...term, node: numberOf(term.node) }));
    const numberOf = (node: number): number => {
      if (node < this.inputs) return node;
      let number = numbers.get(node);
      if (number === undefined) {
        const terms = renamed(definitions[node - this.inputs]!);
        number = this.inputs + sums.push(terms) - 1;
        numbers.set(node, number);
      }
      return number;
    };
    const outputs = Array.from({ length: this.outputs }, (_, row) => renamed(this.where.termsOf(row)));
    return { inputs: this.inputs, sums, outputs };
  }
}
