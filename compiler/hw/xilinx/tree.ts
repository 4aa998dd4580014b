/** Turns a plan of column heights into cells. */
import { ZERO } from './netlist.ts';
import type { Net, NetlistBuilder } from './netlist.ts';
import type { FinalForm, FinalSlot } from './final.ts';
import type { ChainAtom, PlanMove } from './moves.ts';
import { planReduction } from './plan.ts';

/** Bits by column; column `c` holds bits of weight `2^c`. */
export type Heap = Net[][];

/** The accumulator to add at the end: `(clear ? 0 : value)`, one bit per column. */
export interface Accumulator {
  readonly value: readonly Net[];
  readonly clear: Net;
}

const parity = (pins: readonly number[]): number => pins.reduce((sum, pin) => sum ^ pin, 0);
const count = (pins: readonly number[]): number => pins.reduce((sum, pin) => sum + pin, 0);

/** Earliest bit of a column, so that late arrivals pass through few levels. */
function take(builder: NetlistBuilder, column: Net[], amount: number): Net[] {
  column.sort((a, b) => builder.levelOf(a) - builder.levelOf(b) || a - b);
  if (column.length < amount) throw new Error('the plan takes more bits than the column holds');
  return column.splice(0, amount);
}

/**
 * Sums the heap modulo `2^heap.length` and gives the sum's bits, or for `msb` its most significant bit alone.
 * The heap is consumed. The sums of the last chain must go into flip-flops: in their slices the second
 * output of each LUT is already taken.
 */
export function sumHeap(
  builder: NetlistBuilder,
  heap: Heap,
  form: FinalForm,
  accumulator?: Accumulator,
): Net[] {
  const plan = planReduction({
    arrivals: heap.map((column) => column.map((net) => builder.levelOf(net))),
    final: form,
  });
  for (const move of plan.moves) reduce(builder, heap, move);
  if (form === 'msb') return [mostSignificant(builder, heap, plan.final)];
  return ternaryChain(builder, heap, plan.final[0]?.column ?? heap.length, accumulator);
}

function reduce(builder: NetlistBuilder, heap: Heap, move: PlanMove): void {
  const column = heap[move.column]!;
  if (move.kind === 'adder') {
    const bits = take(builder, column, 3);
    const [sum, carry] = builder.lut(bits, parity, (pins) => count(pins) >= 2);
    column.push(sum);
    heap[move.column + 1]?.push(carry);
    return;
  }
  const slots: { s: Net; di: Net; out: boolean }[] = [];
  let at = move.column;
  for (const atom of move.atoms) {
    slots.push(...atomSlots(builder, heap, at, atom));
    at += atom.slots;
  }
  const carryIn = move.carryIn ? take(builder, column, 1)[0]! : ZERO;
  if (at < heap.length) slots.push({ s: ZERO, di: ZERO, out: true });
  const sums = builder.chain(carryIn, slots);
  sums.forEach((sum, index) => heap[move.column + index]!.push(sum));
}

/**
 * One position: a + b. Two positions: the bits but one make a number v of at most 5; the first position
 * adds its lowest bit and the odd one out, the second what remains of v (0, 1 or 2).
 */
function atomSlots(builder: NetlistBuilder, heap: Heap, at: number, atom: ChainAtom) {
  const low = take(builder, heap[at]!, atom.low);
  if (atom.slots === 1) {
    const [s, di] = builder.lut(low, parity, (pins) => pins[1] ?? 0);
    return [{ s, di, out: true }];
  }
  const high = atom.high > 0 ? take(builder, heap[at + 1]!, atom.high) : [];
  const last = low.at(-1)!;
  const rest = low.slice(0, -1);
  const [s0, d0] = builder.lut([...rest, last], parity, (pins) => parity(pins.slice(0, rest.length)));
  const v = (pins: readonly number[]): number =>
    count(pins.slice(0, rest.length)) + 2 * count(pins.slice(rest.length));
  const [s1, d1] = builder.lut(
    [...rest, ...high],
    (pins) => (v(pins) >> 1) & 1,
    (pins) => v(pins) >> 2,
  );
  return [
    { s: s0, di: d0, out: true },
    { s: s1, di: d1, out: true },
  ];
}

/**
 * Final chain, three rows a, b, c and the link k per column: S = a^b^c^k, the majority of a, b, c is the next
 * column's k, and k itself goes to DI. Columns below `first` hold one bit at most and are the sum already.
 */
function ternaryChain(
  builder: NetlistBuilder,
  heap: Heap,
  first: number,
  accumulator: Accumulator | undefined,
): Net[] {
  const sums: Net[] = heap.slice(0, first).map((column) => column[0] ?? ZERO);
  const slots: { s: Net; di: Net; out: boolean }[] = [];
  let link: Net | null = null;
  for (let at = first; at < heap.length; at += 1) {
    const bits = take(builder, heap[at]!, heap[at]!.length);
    const stored = accumulator?.value[at];
    const rows = stored === undefined ? 3 : 2;
    if (link === null && bits.length > rows) link = bits.pop()!;
    const linked: Net | null = link;
    const last = at === heap.length - 1;
    const made = ternarySlot(
      builder,
      bits,
      stored === undefined ? null : [stored, accumulator!.clear],
      linked,
      last,
    );
    slots.push({ s: made.s, di: made.di, out: true });
    link = made.link;
  }
  return slots.length > 0 ? [...sums, ...builder.chain(ZERO, slots)] : sums;
}

interface MadeSlot {
  readonly s: Net;
  readonly di: Net;
  readonly link: Net | null;
}

/** One position of a ternary chain; `stored` is an accumulator bit and its clear. */
function ternarySlot(
  builder: NetlistBuilder,
  bits: readonly Net[],
  stored: readonly [Net, Net] | null,
  link: Net | null,
  last: boolean,
): MadeSlot {
  const pins = [...bits, ...(stored ?? []), ...(link === null ? [] : [link])];
  const rows = (values: readonly number[]): number[] => {
    const kept = values.slice(0, bits.length);
    return stored ? [...kept, values[bits.length]! & (values[bits.length + 1]! ^ 1)] : kept;
  };
  const height = bits.length + (stored ? 1 : 0);
  const sum = (values: readonly number[]): number =>
    parity(rows(values)) ^ (link === null ? 0 : values.at(-1)!);
  if (height === 0) return { s: link ?? ZERO, di: ZERO, link: null };
  if (last) return { s: pins.length === 1 ? pins[0]! : builder.lut(pins, sum), di: ZERO, link: null };
  if (link === null && height <= 2) {
    if (pins.length === 1) return { s: pins[0]!, di: ZERO, link: null };
    const [s, di] = builder.lut(pins, sum, (values) => (height === 2 ? rows(values)[0]! : 0));
    return { s, di, link: null };
  }
  if (height === 1) return { s: builder.lut(pins, sum), di: link!, link: null };
  const [s, majority] = builder.lut(pins, sum, (values) => count(rows(values)) >= 2);
  return { s, di: link ?? ZERO, link: majority };
}

/** The top bit of the sum: a chain of which only the carry matters, so several columns may share a position. */
function mostSignificant(builder: NetlistBuilder, heap: Heap, plan: readonly FinalSlot[]): Net {
  const slots: { s: Net; di: Net; out: boolean }[] = [];
  let link: Net | null = null;
  let carryIn: Net = ZERO;
  for (const slot of plan) {
    const last = slot === plan.at(-1);
    const columns = heap.slice(slot.column, slot.column + slot.columns);
    const bits = columns.map((column) => take(builder, column, column.length));
    if (slot.carryIn) carryIn = bits[0]!.pop()!;
    if (slot.columns > 1 || last) {
      if (link !== null) bits[0]!.push(link);
      slots.push({ ...compareSlot(builder, bits, last), out: last });
      link = null;
    } else {
      if (link === null && bits[0]!.length > 3) link = bits[0]!.pop()!;
      const made: MadeSlot = ternarySlot(builder, bits[0]!, null, link, false);
      slots.push({ s: made.s, di: made.di, out: false });
      link = made.link;
    }
  }
  return builder.chain(carryIn, slots)[0]!;
}

/** Digits of several columns as one number v: carry passes where v is all ones and starts where it is more. */
function compareSlot(builder: NetlistBuilder, bits: readonly Net[][], last: boolean): { s: Net; di: Net } {
  const pins = bits.flat();
  if (last)
    return {
      s: pins.length === 0 ? ZERO : pins.length === 1 ? pins[0]! : builder.lut(pins, parity),
      di: ZERO,
    };
  const weights = bits.flatMap((column, index) => column.map(() => 2 ** index));
  const value = (values: readonly number[]): number =>
    values.reduce((sum, bit, index) => sum + bit * (weights[index] ?? 0), 0);
  const top = 2 ** bits.length - 1;
  const [s, di] = builder.lut(
    pins,
    (values) => value(values) === top,
    (values) => value(values) > top,
  );
  return { s, di };
}
