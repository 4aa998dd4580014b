/** The steps by which a heap of bits shrinks, as changes of column heights. */

/** A part of a carry chain: `low` bits of its first column, `high` bits of the next, over one or two slots. */
export interface ChainAtom {
  readonly slots: 1 | 2;
  readonly low: number;
  readonly high: number;
}

/** One reduction step on the heap of bits. `column` is the power of two that the step starts at. */
export type PlanMove =
  | { readonly kind: 'adder'; readonly column: number }
  | {
      readonly kind: 'chain';
      readonly column: number;
      readonly carryIn: boolean;
      readonly atoms: readonly ChainAtom[];
    };

/** Carry positions of one chain, its closing slot included: a chain never leaves its CARRY8. */
const CHAIN_SLOTS = 8;

/** A move that the heights allow, what it costs in carry positions, and the heights after it. */
export interface Step {
  readonly move: PlanMove;
  readonly cost: number;
  readonly heights: number[];
}

/** LUT6_2 cells of a move. */
export function moveLuts(move: PlanMove): number {
  return move.kind === 'adder' ? 1 : move.atoms.reduce((sum, atom) => sum + atom.slots, 0);
}

/** All moves that start at `column`. */
export function steps(heights: readonly number[], column: number): Step[] {
  const found: Step[] = [];
  const height = heights[column] ?? 0;
  if (height >= 3) {
    const after = [...heights];
    after[column] = height - 2;
    if (column + 1 < after.length) after[column + 1]! += 1;
    found.push({ move: { kind: 'adder', column }, cost: 1, heights: after });
  }
  chains([...heights], column, column, [], found);
  return found;
}

/** Every chain from `column` on whose slots are filled as far as the bits at hand allow. */
function chains(left: number[], column: number, at: number, atoms: ChainAtom[], found: Step[]): void {
  if (atoms.length > 0) found.push(chainStep(left, column, at, atoms));
  const room = Math.min(CHAIN_SLOTS - 1 - (at - column), left.length - at);
  for (const atom of atomsAt(left, at, room)) {
    left[at]! -= atom.low;
    if (atom.high > 0) left[at + 1]! -= atom.high;
    chains(left, column, at + atom.slots, [...atoms, atom], found);
    left[at]! += atom.low;
    if (atom.high > 0) left[at + 1]! += atom.high;
  }
}

function atomsAt(left: readonly number[], at: number, room: number): ChainAtom[] {
  const low = left[at] ?? 0;
  const high = left[at + 1] ?? 0;
  const atoms: ChainAtom[] = [];
  if (room >= 2) {
    if (low >= 5) atoms.push({ slots: 2, low: Math.min(6, low), high: 0 });
    if (low >= 3) atoms.push({ slots: 2, low: Math.min(4, low), high: Math.min(1, high) });
  }
  if (room >= 1 && low >= 2) atoms.push({ slots: 1, low: 2, high: 0 });
  return atoms;
}

function chainStep(left: readonly number[], column: number, end: number, atoms: readonly ChainAtom[]): Step {
  const heights = [...left];
  const carryIn = heights[column]! > 0;
  if (carryIn) heights[column]! -= 1;
  for (let at = column; at < end; at += 1) heights[at]! += 1;
  const closed = end < heights.length;
  if (closed) heights[end]! += 1;
  const luts = end - column;
  return { move: { kind: 'chain', column, carryIn, atoms }, cost: luts + (closed ? 1 : 0), heights };
}
