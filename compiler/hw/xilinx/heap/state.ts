/** Heaps of bits with a constant, as numbers only: what the search for a compressor looks at. */

/** What is wanted of a heap. */
export type Goal =
  /** The sum modulo 2^columns, in full. */
  | 'sum'
  /** One bit: whether the sum reaches 2^columns. */
  | 'carry';

/** `heights[c]` bits of weight 2^c, and a constant. */
export interface HeapShape {
  readonly heights: readonly number[];
  readonly constant: number;
}

/**
 * A step that makes a heap smaller, beginning at `column`.
 *
 * - `adder`: three bits, or two and a constant 1, to a sum and a carry; one LUT6_2.
 * - `atom`: seven bits to three, two LUT6_2 and two carry positions. `low` bits of the column and `high` bits of the next one, of which one
 *   low bit, x, stands apart and the others make a number V of at most 5; the first position adds x to V's lowest bit, the second gives
 *   the rest of V. One more bit of the column, or a constant 1, comes in as carry.
 */
export type HeapMove =
  | { readonly kind: 'adder'; readonly column: number; readonly one: boolean }
  | {
      readonly kind: 'atom';
      readonly column: number;
      readonly low: number;
      readonly high: number;
      readonly carry: 'none' | 'bit' | 'one';
    };

/** LUT6_2 cells of a move. */
export function moveLuts(move: HeapMove): number {
  return move.kind === 'adder' ? 1 : 2;
}

/** Bits of an atom's first column, and of the next: all that keep V within 5. */
const atomSizes: readonly (readonly [number, number])[] = [
  [6, 0],
  [5, 0],
  [4, 1],
  [4, 0],
  [3, 1],
  [2, 2],
];

/** The moves that a heap allows. */
export function movesOf({ heights, constant }: HeapShape): HeapMove[] {
  const moves: HeapMove[] = [];
  for (let column = 0; column < heights.length; column++) {
    const height = heights[column]!;
    if (height < 2) continue;
    const one = digitOf(constant, column) === 1;
    if (height >= 3) moves.push({ kind: 'adder', column, one: false });
    if (one) moves.push({ kind: 'adder', column, one: true });
    for (const [low, high] of atomSizes) {
      if (low > height || high > (heights[column + 1] ?? 0)) continue;
      // smaller atoms only where there is no bit left for larger ones
      if (low < 6 && high === 0 && height > low) continue;
      if (low === 3 && height > 3) continue;
      const base = { kind: 'atom', column, low, high } as const;
      if (height > low) moves.push({ ...base, carry: 'bit' });
      else moves.push({ ...base, carry: 'none' });
      if (one) moves.push({ ...base, carry: 'one' });
    }
  }
  return moves;
}

/** Digit of a constant at a column. */
export function digitOf(constant: number, column: number): number {
  return Math.floor(constant / 2 ** column) % 2;
}

/** The heap after a move; bits beyond the last column are dropped (`sum`) or kept in the last column but one place more (`carry`). */
export function afterMove({ heights, constant }: HeapShape, move: HeapMove): HeapShape {
  const after = [...heights];
  const { column } = move;
  const add = (at: number): void => {
    if (at < after.length) after[at]! += 1;
  };
  if (move.kind === 'adder') {
    after[column]! -= move.one ? 2 : 3;
    add(column);
    add(column + 1);
    return { heights: after, constant: move.one ? constant - 2 ** column : constant };
  }
  after[column]! -= move.low + (move.carry === 'bit' ? 1 : 0);
  if (move.high > 0) after[column + 1]! -= move.high;
  for (let at = column; at < column + 3; at++) add(at);
  return { heights: after, constant: move.carry === 'one' ? constant - 2 ** column : constant };
}

/** How the lowest bit of a heap that only a comparison looks at vanishes: it is dropped, or it doubles with the constant's digit. */
export interface Tidying {
  readonly column: number;
  readonly kept: boolean;
}

/**
 * The same heap for the goal `carry`, without what cannot matter: digits of the constant below every bit, and a lone lowest bit, which either
 * never makes a difference or, with a constant 1 beside it, is a bit of the next column.
 */
export function tidied(shape: HeapShape): { readonly shape: HeapShape; readonly steps: readonly Tidying[] } {
  const heights = [...shape.heights];
  let { constant } = shape;
  const steps: Tidying[] = [];
  for (let column = 0; column + 1 < heights.length; column++) {
    if (heights[column] === 0) {
      constant -= digitOf(constant, column) * 2 ** column;
      continue;
    }
    if (heights[column]! > 1) break;
    const kept = digitOf(constant, column) === 1;
    steps.push({ column, kept });
    heights[column] = 0;
    if (kept) {
      heights[column + 1]! += 1;
      constant -= 2 ** column;
    }
  }
  return { shape: { heights, constant }, steps };
}
