/** The chain at the end of a tree: what it accepts, and how many carry positions it takes. */

/** What stands at the end of the tree. */
export type FinalForm =
  /** Sum and accumulator, in one ternary chain over all columns: two rows of bits are left to the tree. */
  | 'accumulate'
  /** The sum itself, in one ternary chain: three rows are left to the tree. */
  | 'sum'
  /** Only the most significant column of the sum is wanted. */
  | 'msb';

/** One slot of the final chain, over `columns` columns from `column` on, taking all the bits there. */
export interface FinalSlot {
  readonly column: number;
  readonly columns: number;
  /** One bit of the column enters through the chain's carry-in instead. */
  readonly carryIn: boolean;
}

/** Rows that the final chain takes in a column. */
export function rowLimit(heights: readonly number[], column: number, final: FinalForm): number {
  const lowest = heights.slice(0, column).every((height) => height <= 1);
  if (final === 'accumulate') return column === 0 ? 3 : 2;
  return lowest ? 4 : 3;
}

/** The final chain for these heights, or null when they do not fit it. */
export function finalSlots(heights: readonly number[], final: FinalForm): FinalSlot[] | null {
  for (let column = 0; column < heights.length; column += 1)
    if (heights[column]! > rowLimit(heights, column, final)) return null;
  let first = 0;
  if (final !== 'accumulate') while (first < heights.length && heights[first]! <= 1) first += 1;
  if (final === 'msb') return carrySlots(heights, Math.min(first, heights.length - 1));
  const slots: FinalSlot[] = [];
  for (let column = first; column < heights.length; column += 1)
    slots.push({ column, columns: 1, carryIn: false });
  return slots;
}

/**
 * Fewest positions for a chain of which only the last sum is wanted. A position takes one column of up to
 * four bits, handing a majority on to the next, or several columns with at most five bits and a value v of
 * at most 2R - 2 (R = 2^columns), which needs no such link.
 */
function carrySlots(heights: readonly number[], first: number): FinalSlot[] | null {
  const top = heights.length - 1;
  const best = (column: number, link: number): FinalSlot[] | null => {
    const bits = (heights[column] ?? 0) + link;
    if (column === top) return bits <= 6 ? [{ column, columns: 1, carryIn: false }] : null;
    let found: FinalSlot[] | null = null;
    const offer = (slot: FinalSlot, rest: FinalSlot[] | null): void => {
      if (rest && (!found || rest.length + 1 < found.length)) found = [slot, ...rest];
    };
    for (const carryIn of column === first && bits > 1 ? [false, true] : [false]) {
      const low = bits - (carryIn ? 1 : 0);
      if (low <= (carryIn ? 2 : 4))
        offer({ column, columns: 1, carryIn }, best(column + 1, low >= 3 ? 1 : 0));
      let pins = low;
      let value = low;
      for (let columns = 2; column + columns <= top; columns += 1) {
        pins += heights[column + columns - 1]!;
        value += heights[column + columns - 1]! * 2 ** (columns - 1);
        if (pins > 5) break;
        if (value <= 2 ** (columns + 1) - 2) offer({ column, columns, carryIn }, best(column + columns, 0));
      }
    }
    return found;
  };
  return best(first, 0);
}
