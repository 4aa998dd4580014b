/** What stands at the end of a compressor: a carry chain that gives the sum, or only its carry. */
import { digitOf } from './state.ts';
import type { Goal, HeapShape } from './state.ts';

/**
 * One position of the final chain: `columns` columns from `column` on, all their bits and digits of the constant.
 *
 * - `compare`: the digits make a number V; the carry passes where V is one less than R = 2^columns and starts where it is more. Below the last
 *   position V is at most 2R - 2, so that no more than one carry leaves.
 * - `row`: up to three bits and the link of the position below; hands a majority on as link to the next.
 */
export interface EndSlot {
  readonly kind: 'compare' | 'row';
  readonly column: number;
  readonly columns: number;
  readonly link: boolean;
}

/** A final chain and its LUTs. */
export interface End {
  readonly slots: readonly EndSlot[];
  readonly luts: number;
  /** A bit of the first column enters by the carry input; and, goal `sum`, another one in place of the first link. */
  readonly carryIn: boolean;
  readonly linkIn: boolean;
}

/** The cheapest end for a heap, or undefined where it does not fit one. */
export function endOf(shape: HeapShape, goal: Goal): End | undefined {
  return goal === 'sum' ? sumEnd(shape) : carryEnd(shape);
}

/** A ternary chain over all columns from the first with two rows on. */
function sumEnd({ heights, constant }: HeapShape): End | undefined {
  let first = 0;
  while (first < heights.length && heights[first]! + digitOf(constant, first) <= 1) first++;
  // below it nothing is added: a bit is the sum, a digit is a constant
  for (let column = first + 1; column < heights.length; column++) {
    if (heights[column]! + digitOf(constant, column) > 3) return undefined;
  }
  if (first === heights.length) return { slots: [], luts: 0, carryIn: false, linkIn: false };
  const extra = heights[first]! + digitOf(constant, first) - 3;
  if (extra > 2) return undefined;
  const carryIn = heights[first]! >= 3 && extra >= 1;
  if (extra >= 1 && !carryIn) return undefined;
  const linkIn = extra === 2;
  if (linkIn && heights[first]! < 4) return undefined;
  const slots: EndSlot[] = [];
  let link = linkIn;
  let luts = 0;
  for (let column = first; column < heights.length; column++) {
    const taken = column === first ? (carryIn ? 1 : 0) + (linkIn ? 1 : 0) : 0;
    const pins = heights[column]! - taken;
    const rows = pins + digitOf(constant, column);
    slots.push({ kind: 'row', column, columns: 1, link });
    // a single signal drives the position directly
    if (pins + (link ? 1 : 0) > 1 || (pins + (link ? 1 : 0) === 1 && rows > pins)) luts += 1;
    link = link ? rows >= 2 : rows === 3;
  }
  return { slots, luts, carryIn, linkIn };
}

/** Fewest positions for a chain of which only the carry is wanted. */
function carryEnd({ heights, constant }: HeapShape): End | undefined {
  const top = heights.length - 1;
  let first = 0;
  while (first < top && heights[first] === 0) first++;
  if (first === top) {
    const bits = heights[top]!;
    if (bits > 6) return undefined;
    const slot: EndSlot = { kind: 'compare', column: top, columns: 0, link: false };
    return { slots: [slot], luts: bits > 1 ? 1 : 0, carryIn: false, linkIn: false };
  }
  interface Part {
    readonly slots: readonly EndSlot[];
    readonly luts: number;
  }
  const best = (column: number, link: boolean, entering: boolean): Part | undefined => {
    let found: Part | undefined;
    const offer = (slot: EndSlot, rest: Part | undefined): void => {
      if (rest === undefined || (found !== undefined && rest.luts + 1 >= found.luts)) return;
      found = { slots: [slot, ...rest.slots], luts: rest.luts + 1 };
    };
    const taken = entering ? 1 : 0;
    let pins = (link ? 1 : 0) - taken;
    let value = pins;
    for (let columns = 1; column + columns <= top; columns++) {
      const at = column + columns - 1;
      pins += heights[at]!;
      value += (heights[at]! + digitOf(constant, at)) * 2 ** (columns - 1);
      if (pins > 6) break;
      const slot: EndSlot = { kind: 'compare', column, columns, link };
      if (at === top - 1) {
        const all = pins + heights[top]!;
        const alone = column === first && !entering;
        if (all <= (alone ? 6 : 5)) offer(slot, { slots: [], luts: 0 });
      } else if (pins <= 5 && value <= 2 ** (columns + 1) - 2) {
        offer(slot, best(column + columns, false, false));
      }
    }
    const rows = heights[column]! - taken + digitOf(constant, column);
    if (column + 1 < top && rows <= 3 && (rows === 3 || (link && rows >= 2))) {
      offer({ kind: 'row', column, columns: 1, link }, best(column + 1, true, false));
    }
    return found;
  };
  const plain = best(first, false, false);
  const entered = heights[first]! > 1 && first < top ? best(first, false, true) : undefined;
  const carryIn = entered !== undefined && (plain === undefined || entered.luts < plain.luts);
  const end = carryIn ? entered : plain;
  return end === undefined ? undefined : { ...end, carryIn, linkIn: false };
}
