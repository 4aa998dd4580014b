/** Turns the plan of a heap into cells. */
import { ONE, ZERO } from '../netlist.ts';
import type { Net, NetlistBuilder } from '../netlist.ts';
import type { EndSlot } from './ends.ts';
import { planHeap } from './plan.ts';
import { afterMove, digitOf, tidied } from './state.ts';
import type { HeapMove, HeapShape } from './state.ts';

/** A signal, or its inverse: the inversion vanishes in the table of the LUT that takes it. */
export interface Literal {
  readonly net: Net;
  readonly inverted: boolean;
}

/** Bits by column, `bits[c]` of weight 2^c, and a constant to add. */
export interface BitHeap {
  readonly bits: readonly (readonly Literal[])[];
  readonly constant: number;
}

const parity = (values: readonly number[]): number => values.reduce((sum, v) => sum ^ v, 0);
const count = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0);

/**
 * The sum of a heap modulo 2^columns, a net per column. All outputs are positive signals; a column that is a constant gives ZERO or ONE.
 */
export function heapSum(builder: NetlistBuilder, heap: BitHeap, beam: number): Net[] {
  const build = new HeapBuild(builder, heap);
  const shape = build.shape();
  const plan = planHeap(
    { ...shape, constant: modulo(shape.constant, 2 ** shape.heights.length) },
    'sum',
    beam,
  );
  build.constant = modulo(shape.constant, 2 ** shape.heights.length);
  for (const move of plan.moves) build.move(move);
  const { slots, carryIn, linkIn } = plan.end;
  const first = slots[0]?.column ?? shape.heights.length;
  const sums = Array.from({ length: first }, (_, column) => build.lone(column));
  return slots.length === 0 ? sums : [...sums, ...build.rows(slots, carryIn, linkIn)];
}

/**
 * One net: whether the sum of bits, by column, reaches a number. Tries the bits as they are and all of them inverted, and takes what needs
 * fewer LUTs.
 */
export function heapReaches(
  builder: NetlistBuilder,
  columns: BitHeap['bits'],
  least: number,
  beam: number,
): Net {
  const total = columns.reduce((sum, column, c) => sum + column.length * 2 ** c, 0);
  if (least <= 0) return ONE;
  if (least > total) return ZERO;
  // of the inverted bits at least total - least + 1 are set exactly where the sum does not reach the bound
  const ways = [least, total - least + 1].map((target, way) => {
    const top = Math.max(
      columns.length - 1,
      Math.ceil(Math.log2(target)),
      Math.ceil(Math.log2(total - target + 1)),
      1,
    );
    const bits = Array.from({ length: top + 1 }, (_, c) =>
      (columns[c] ?? []).map(({ net, inverted }) => ({ net, inverted: inverted !== (way === 1) })),
    );
    return { bits, constant: 2 ** top - target };
  });
  const plans = ways.map((way) =>
    planHeap({ heights: way.bits.map((column) => column.length), constant: way.constant }, 'carry', beam),
  );
  const way = plans[1]!.luts < plans[0]!.luts ? 1 : 0;
  const build = new HeapBuild(builder, ways[way]!);
  build.tidy();
  for (const move of plans[way]!.moves) {
    build.move(move);
    build.tidy();
  }
  const { slots, carryIn } = plans[way]!.end;
  return build.carry(slots, carryIn, way === 1);
}

function modulo(value: number, range: number): number {
  return ((value % range) + range) % range;
}

class HeapBuild {
  private readonly builder: NetlistBuilder;
  private readonly bits: Literal[][];
  constant: number;

  constructor(builder: NetlistBuilder, { bits, constant }: BitHeap) {
    this.builder = builder;
    this.bits = bits.map((column) => [...column]);
    this.constant = constant;
  }

  shape(): HeapShape {
    return { heights: this.bits.map((column) => column.length), constant: this.constant };
  }

  move(move: HeapMove): void {
    const { constant } = afterMove(this.shape(), move);
    const { column } = move;
    if (move.kind === 'adder') this.adder(column, move.one);
    else this.atom(move);
    this.constant = constant;
  }

  /** The bit of a column that is the sum there already. */
  lone(column: number): Net {
    const [bit] = this.bits[column]!;
    if (bit === undefined) return digitOf(this.constant, column) === 1 ? ONE : ZERO;
    return this.positive(bit);
  }

  tidy(): void {
    const { shape, steps } = tidied(this.shape());
    for (const { column, kept } of steps) {
      const [bit] = this.bits[column]!.splice(0, 1);
      if (kept && bit !== undefined) this.bits[column + 1]!.push(bit);
    }
    this.constant = shape.constant;
  }

  private positive({ net, inverted }: Literal): Net {
    return inverted ? this.builder.lut([net], ([a]) => a! ^ 1) : net;
  }

  private lut(pins: readonly Literal[], o6: (v: readonly number[]) => number | boolean): Net {
    return this.builder.lut(
      pins.map(({ net }) => net),
      (v) => o6(this.read(pins, v)),
    );
  }

  private luts(
    pins: readonly Literal[],
    o6: (v: readonly number[]) => number | boolean,
    o5: (v: readonly number[]) => number | boolean,
  ): readonly [Net, Net] {
    return this.builder.lut(
      pins.map(({ net }) => net),
      (v) => o6(this.read(pins, v)),
      (v) => o5(this.read(pins, v)),
    );
  }

  private read(pins: readonly Literal[], values: readonly number[]): number[] {
    return pins.map(({ inverted }, i) => (inverted ? 1 ^ values[i]! : values[i]!));
  }

  private push(column: number, net: Net): void {
    this.bits[column]?.push({ net, inverted: false });
  }

  /** The earliest bits of a column, so that late ones pass through few levels; the first `positive` of them not inverted, if possible. */
  private take(column: number, amount: number, positive = 0): Literal[] {
    const bits = this.bits[column]!;
    bits.sort((a, b) => this.builder.levelOf(a.net) - this.builder.levelOf(b.net) || a.net - b.net);
    if (bits.length < amount) throw new Error('the plan takes more bits than the column holds');
    const straight: Literal[] = [];
    for (let i = 0; i < bits.length && straight.length < positive;) {
      if (bits[i]!.inverted) i++;
      else straight.push(...bits.splice(i, 1));
    }
    while (straight.length < positive) straight.push({ net: this.positive(bits.shift()!), inverted: false });
    return [...straight, ...bits.splice(0, amount - straight.length)];
  }

  private adder(column: number, one: boolean): void {
    const pins = this.take(column, one ? 2 : 3);
    const extra = one ? 1 : 0;
    const [sum, carry] = this.luts(
      pins,
      (v) => parity(v) ^ extra,
      (v) => count(v) + extra >= 2,
    );
    this.push(column, sum);
    this.push(column + 1, carry);
  }

  private atom({ column, low, high, carry }: Extract<HeapMove, { kind: 'atom' }>): void {
    // with six pins the lower table has to be the upper one at 0 of the last pin: that pin cannot be an inverse
    const bound = low + high === 6 ? 1 : 0;
    const taken = this.take(column, low + (carry === 'bit' ? 1 : 0), bound + (carry === 'bit' ? 1 : 0));
    const carryIn = carry === 'bit' ? taken.shift()!.net : carry === 'one' ? ONE : ZERO;
    const x = taken.shift()!;
    const rest = [...taken, ...(high > 0 ? this.take(column + 1, high) : [])];
    const lows = taken.length;
    const value = (v: readonly number[]): number => count(v.slice(0, lows)) + 2 * count(v.slice(lows));
    // V's parity depends on its low bits alone
    const [s0, d0] = this.luts([...taken, x], parity, (v) => parity(v.slice(0, lows)));
    const [s1, d1] = this.luts(
      rest,
      (v) => (value(v) >> 1) & 1,
      (v) => value(v) >> 2,
    );
    const slots = [
      { s: s0, di: d0, out: true },
      { s: s1, di: d1, out: true },
      ...(column + 2 < this.bits.length ? [{ s: ZERO, di: ZERO, out: true }] : []),
    ].slice(0, this.bits.length - column);
    this.builder.chain(carryIn, slots).forEach((net, i) => this.push(column + i, net));
  }

  /** The final chain of a sum. */
  rows(slots: readonly EndSlot[], carryIn: boolean, linkIn: boolean): Net[] {
    const first = slots[0]!.column;
    const early = this.take(
      first,
      (carryIn ? 1 : 0) + (linkIn ? 1 : 0),
      (carryIn ? 1 : 0) + (linkIn ? 1 : 0),
    );
    const into = carryIn ? early.shift()!.net : ZERO;
    let link = linkIn ? early[0] : undefined;
    const made: { s: Net; di: Net; out: boolean }[] = [];
    for (const { column } of slots) {
      const last = column === slots.at(-1)!.column;
      const slot = this.row(column, link, last);
      made.push({ s: slot.s, di: slot.di, out: true });
      link = slot.link;
    }
    return [...this.builder.chain(into, made)];
  }

  /** One position of up to three rows and a link. With `flip` its carry is inverted, in and out. */
  private row(
    column: number,
    link: Literal | undefined,
    last: boolean,
    flip = 0,
  ): { readonly s: Net; readonly di: Net; readonly link: Literal | undefined } {
    const bits = this.take(column, this.bits[column]!.length);
    const one = digitOf(this.constant, column);
    const rows = bits.length + one;
    const pins = link === undefined ? bits : [...bits, link];
    const sum = (v: readonly number[]): number => parity(v) ^ one;
    const own = (v: readonly number[]): number => count(v.slice(0, bits.length)) + one;
    const alone = pins.length === 1 && one === 0 && !pins[0]!.inverted;
    const s = (): Net =>
      pins.length === 0 ? (one === 1 ? ONE : ZERO) : alone ? pins[0]!.net : this.lut(pins, sum);
    const hands = link === undefined ? rows === 3 : rows >= 2;
    // a link is made inverted where carries are
    const none = flip === 1 ? ONE : ZERO;
    const di = link?.net ?? none;
    if (last || pins.length === 0) return { s: s(), di: pins.length === 0 ? none : di, link: undefined };
    if (!hands) {
      if (link !== undefined || rows < 2) return { s: s(), di, link: undefined };
      if (one === 1) return { s: s(), di: flip === 1 ? ZERO : ONE, link: undefined };
      // where two rows agree either one is the carry
      const [o6, o5] = this.luts(bits, sum, (v) => v[0]! ^ flip);
      return { s: o6, di: o5, link: undefined };
    }
    const [o6, o5] = this.luts(pins, sum, (v) => (own(v) >= 2 ? 1 : 0) ^ flip);
    return { s: o6, di, link: { net: o5, inverted: flip === 1 } };
  }

  /** The final chain of a comparison: its carry, or the inverse of it. */
  carry(slots: readonly EndSlot[], carryIn: boolean, inverse: boolean): Net {
    if (slots.length === 0) return this.constant >= 2 ** (this.bits.length - 1) !== inverse ? ONE : ZERO;
    const top = this.bits.length - 1;
    const first = slots[0]!.column;
    const flip = inverse ? 1 : 0;
    const [entering] = carryIn ? this.take(first, 1, inverse ? 0 : 1) : [];
    const into = entering === undefined ? (inverse ? ONE : ZERO) : this.entering(entering, inverse);
    const made: { s: Net; di: Net; out: boolean }[] = [];
    let link: Literal | undefined;
    for (const slot of slots) {
      if (slot.kind === 'row') {
        const step = this.row(slot.column, link, false, flip);
        made.push({ s: step.s, di: step.di, out: false });
        link = step.link;
        continue;
      }
      const end = slot.column + slot.columns === top ? top + 1 : slot.column + slot.columns;
      const pins: Literal[] = link === undefined ? [] : [link];
      const weights: number[] = link === undefined ? [] : [1];
      let constant = 0;
      for (let column = slot.column; column < end; column++) {
        for (const bit of this.take(column, this.bits[column]!.length)) {
          pins.push(bit);
          weights.push(2 ** (column - slot.column));
        }
        constant += digitOf(this.constant, column) * 2 ** (column - slot.column);
      }
      link = undefined;
      const range = 2 ** slot.columns;
      const value = (v: readonly number[]): number =>
        v.reduce((sum, bit, i) => sum + bit * weights[i]!, constant);
      if (slots.length === 1 && pins.length === 1 && range === 1)
        return pins[0]!.inverted === inverse ? pins[0]!.net : this.lut(pins, (v) => v[0]! ^ flip);
      if (slots.length === 1 && !carryIn) return this.lut(pins, (v) => value(v) >= range !== inverse);
      const [s, di] = this.luts(
        pins,
        (v) => value(v) === range - 1,
        (v) => (value(v) >= range ? 1 : 0) ^ flip,
      );
      made.push({ s, di, out: false });
    }
    return this.builder.chain(into, [...made, { s: ZERO, di: ZERO, out: true }])[0]!;
  }

  private entering(literal: Literal, inverse: boolean): Net {
    return literal.inverted === inverse ? literal.net : this.positive({ net: literal.net, inverted: true });
  }
}
