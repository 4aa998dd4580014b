import type { Term } from './graph.ts';

/** Set bits of a 32-bit word. */
function popcount(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Set bits of a set of positions. */
export function countOf(set: Uint32Array): number {
  let sum = 0;
  for (let i = 0; i < set.length; i++) sum += popcount(set[i]!);
  return sum;
}

/**
 * Where each node stands in the rows, as sets of positions: a position is a row and a shift. A row has twice as many positions as there
 * are shifts, the upper half empty, so that sets can be compared at any distance of shifts without one row running into the next.
 */
export class Occurrences {
  readonly stride: number;
  readonly words: number;
  /** By node: positions at which it is added, and at which it is subtracted. */
  readonly plus: Uint32Array[] = [];
  readonly minus: Uint32Array[] = [];
  /** Occurrences of each node. */
  readonly uses: number[] = [];

  /** Room for `rows` rows and shifts below `shifts`. */
  constructor(rows: number, shifts: number) {
    this.stride = shifts === 1 ? 1 : 2 * shifts;
    this.words = Math.ceil((rows * this.stride) / 32);
  }

  /** A new node that stands nowhere; its number. */
  add(): number {
    this.plus.push(new Uint32Array(this.words));
    this.minus.push(new Uint32Array(this.words));
    return this.uses.push(0) - 1;
  }

  put(row: number, { node, shift, negative }: Term): void {
    const at = row * this.stride + shift;
    (negative ? this.minus : this.plus)[node]![at >>> 5]! |= 1 << (at & 31);
    this.uses[node]! += 1;
  }

  take(row: number, { node, shift, negative }: Term): void {
    const at = row * this.stride + shift;
    (negative ? this.minus : this.plus)[node]![at >>> 5]! &= ~(1 << (at & 31));
    this.uses[node]! -= 1;
  }

  /** 1 where the node is added at a position, -1 where it is subtracted, 0 where it does not stand. */
  signAt(node: number, at: number): number {
    const [word, bit] = [at >>> 5, 1 << (at & 31)];
    return (this.plus[node]![word]! & bit) !== 0 ? 1 : (this.minus[node]![word]! & bit) !== 0 ? -1 : 0;
  }

  /** The terms of a row. */
  termsOf(row: number): Term[] {
    const terms: Term[] = [];
    const shifts = this.stride === 1 ? 1 : this.stride / 2;
    for (let node = 0; node < this.uses.length; node++) {
      if (this.uses[node] === 0) continue;
      for (let shift = 0; shift < shifts; shift++) {
        const sign = this.signAt(node, row * this.stride + shift);
        if (sign !== 0) terms.push({ node, shift, negative: sign < 0 });
      }
    }
    return terms;
  }

  /**
   * Positions at which `a` stands and `b` stands `distance` shifts higher, both with the same sign or with opposite signs, written to
   * `out`; how many they are.
   */
  meet(a: number, b: number, distance: number, opposite: boolean, out: Uint32Array): number {
    const [ap, am] = [this.plus[a]!, this.minus[a]!];
    const [bp, bm] = opposite ? [this.minus[b]!, this.plus[b]!] : [this.plus[b]!, this.minus[b]!];
    let sum = 0;
    if (distance === 0) {
      for (let i = 0; i < this.words; i++) {
        const both = (ap[i]! & bp[i]!) | (am[i]! & bm[i]!);
        out[i] = both;
        if (both !== 0) sum += popcount(both);
      }
      return sum;
    }
    for (let i = 0; i < this.words; i++) {
      const both = (ap[i]! & moved(bp, i, distance)) | (am[i]! & moved(bm, i, distance));
      out[i] = both;
      if (both !== 0) sum += popcount(both);
    }
    return sum;
  }

  /** At how many of these positions `a` and `b` stand with the same sign, or with opposite signs. */
  meetWithin(set: Uint32Array, a: number, b: number, opposite: boolean): number {
    const [ap, am] = [this.plus[a]!, this.minus[a]!];
    const [bp, bm] = opposite ? [this.minus[b]!, this.plus[b]!] : [this.plus[b]!, this.minus[b]!];
    let sum = 0;
    for (let i = 0; i < this.words; i++) {
      const both = set[i]! & ((ap[i]! & bp[i]!) | (am[i]! & bm[i]!));
      if (both !== 0) sum += popcount(both);
    }
    return sum;
  }
}

/** Word `i` of a set moved down by `distance` positions, 1 to 31. */
function moved(set: Uint32Array, i: number, distance: number): number {
  return (set[i]! >>> distance) | ((set[i + 1] ?? 0) << (32 - distance));
}

/** How many positions two sets have in common. */
export function common(a: Uint32Array, b: Uint32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const both = a[i]! & b[i]!;
    if (both !== 0) sum += popcount(both);
  }
  return sum;
}

/** The positions of a set, ascending. */
export function positionsOf(set: Uint32Array): number[] {
  const found: number[] = [];
  for (let i = 0; i < set.length; i++) {
    for (let rest = set[i]!; rest !== 0; rest &= rest - 1) found.push(32 * i + 31 - Math.clz32(rest & -rest));
  }
  return found;
}
