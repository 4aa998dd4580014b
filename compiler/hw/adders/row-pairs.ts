import type { Term } from './graph.ts';
import type { Occurrences } from './occurrences.ts';
import { bitsOf } from './patterns.ts';
import type { NodeSize } from './patterns.ts';
import type { ShareOptions } from './share.ts';

/** Two rows, whether the second one's signs are opposite, and what is saved if their common terms become a row of their own. */
export interface RowPair {
  readonly a: number;
  readonly b: number;
  readonly opposite: boolean;
  readonly gain: number;
}

/** Keeps, for every row, the row after it with which it has most in common. For matrices whose terms have no shifts. */
export class RowPairs {
  private readonly where: Occurrences;
  private readonly sizes: readonly NodeSize[];
  private readonly options: ShareOptions;
  private readonly rows: Set<number>[];
  private readonly partners: (RowPair | undefined)[] = [];
  private readonly stale = new Set<number>();
  private readonly refused = new Set<string>();

  constructor(
    rows: readonly (readonly Term[])[],
    where: Occurrences,
    sizes: readonly NodeSize[],
    options: ShareOptions,
  ) {
    this.where = where;
    this.sizes = sizes;
    this.options = options;
    this.rows = rows.map((row) => new Set(row.map(({ node }) => node)));
    this.rows.forEach((_, row) => this.stale.add(row));
  }

  /** A row has lost or got some of these nodes. */
  changed(row: number, nodes: readonly number[]): void {
    for (const node of nodes) {
      if (this.where.signAt(node, row) === 0) this.rows[row]!.delete(node);
      else this.rows[row]!.add(node);
    }
    this.stale.add(row);
  }

  added(row: number, nodes: readonly number[]): void {
    this.rows[row] = new Set(nodes);
    this.stale.add(row);
  }

  refuse(a: number, b: number, opposite: boolean): void {
    this.refused.add(`${a},${b},${String(opposite)}`);
    this.stale.add(a);
  }

  /** The pair of rows that saves most. */
  best(): RowPair | undefined {
    for (let a = 0; a < this.rows.length; a++) {
      const partner = this.partners[a];
      if (this.stale.has(a) || (partner !== undefined && this.stale.has(partner.b))) {
        this.partners[a] = this.partnerOf(a, a + 1);
        continue;
      }
      let found = partner;
      for (const b of this.stale) if (b > a) found = better(found, this.compare(a, b));
      this.partners[a] = found;
    }
    this.stale.clear();
    return this.partners.reduce<RowPair | undefined>((most, pair) => better(most, pair), undefined);
  }

  private partnerOf(a: number, from: number): RowPair | undefined {
    let found: RowPair | undefined;
    for (let b = from; b < this.rows.length; b++) found = better(found, this.compare(a, b));
    return found;
  }

  private compare(a: number, b: number): RowPair | undefined {
    const { where, sizes } = this;
    const bits = [0, 0];
    const most = [0, 0];
    const count = [0, 0];
    for (const node of this.rows[a]!) {
      const product = where.signAt(node, a) * where.signAt(node, b);
      if (product === 0) continue;
      const way = product < 0 ? 1 : 0;
      bits[way]! += sizes[node]!.bits;
      most[way]! += sizes[node]!.most;
      count[way]! += 1;
    }
    let found: RowPair | undefined;
    for (const way of [0, 1]) {
      if (count[way]! < 2 || this.refused.has(`${a},${b},${String(way === 1)}`)) continue;
      const saved =
        this.options.objective === 'additions' ? count[way]! - 1 : bits[way]! / 2 - bitsOf(most[way]!);
      found = better(found, { a, b, opposite: way === 1, gain: this.options.weights.rowPair * saved });
    }
    return found;
  }
}

function better(one: RowPair | undefined, other: RowPair | undefined): RowPair | undefined {
  if (one === undefined) return other;
  return other !== undefined && other.gain > one.gain ? other : one;
}
