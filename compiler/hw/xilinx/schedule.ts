/** Order of the moves of a plan: the same cells, on fewer levels. */
import type { PlanMove } from './moves.ts';

/** Bits that a move takes from a column and gives to it, by column. */
interface Effect {
  readonly move: PlanMove;
  readonly first: number;
  readonly takes: readonly number[];
  readonly gives: readonly number[];
  readonly delay: number;
}

/**
 * Reorders moves so that each takes bits that are there early. `arrivals` holds the level of every bit by
 * column; the given order must be one that the heights allow. Before a move is drawn forward, the rest is
 * checked to remain possible. Deterministic.
 */
export function scheduleMoves(
  moves: readonly PlanMove[],
  arrivals: readonly (readonly number[])[],
): PlanMove[] {
  const columns = arrivals.map((column) => [...column].sort((a, b) => a - b));
  const rest = moves.map((move) => effectOf(move, columns.length));
  const ordered: PlanMove[] = [];
  while (rest.length > 0) {
    const kinds = new Map<string, { index: number; done: number }>();
    rest.forEach((effect, index) => {
      const key = `${effect.first}:${effect.takes.join()}`;
      if (!kinds.has(key)) kinds.set(key, { index, done: completion(effect, columns) });
    });
    const candidates = [...kinds.values()].sort((a, b) => a.done - b.done || a.index - b.index);
    const chosen = candidates.find((candidate) => possible(rest, candidate.index, columns));
    if (!chosen) throw new Error('the moves of the plan do not fit the heap');
    const effect = rest.splice(chosen.index, 1)[0]!;
    apply(effect, chosen.done, columns);
    ordered.push(effect.move);
  }
  return ordered;
}

function effectOf(move: PlanMove, width: number): Effect {
  if (move.kind === 'adder')
    return { move, first: move.column, takes: [3], gives: move.column + 1 < width ? [1, 1] : [1], delay: 1 };
  const takes: number[] = [];
  for (const atom of move.atoms) takes.push(...(atom.slots === 1 ? [atom.low] : [atom.low, atom.high]));
  const gives = [...takes.map(() => 1), ...(move.column + takes.length < width ? [1] : [])];
  if (move.carryIn) takes[0]! += 1;
  return { move, first: move.column, takes, gives, delay: 2 };
}

/** Level at which the move's outputs are there, or infinity while bits are missing. */
function completion(effect: Effect, columns: readonly (readonly number[])[]): number {
  let latest = 0;
  effect.takes.forEach((amount, index) => {
    if (amount > 0) latest = Math.max(latest, columns[effect.first + index]![amount - 1] ?? Infinity);
  });
  return latest + effect.delay;
}

/** Whether the move at `index` can be made now and all others after it, in their order. */
function possible(rest: readonly Effect[], index: number, columns: readonly (readonly number[])[]): boolean {
  const heights = columns.map((column) => column.length);
  const make = ({ first, takes, gives }: Effect): boolean => {
    for (let at = 0; at < takes.length; at += 1) if ((heights[first + at]! -= takes[at]!) < 0) return false;
    for (let at = 0; at < gives.length; at += 1) heights[first + at]! += 1;
    return true;
  };
  return make(rest[index]!) && rest.every((effect, at) => at === index || make(effect));
}

function apply(effect: Effect, level: number, columns: number[][]): void {
  effect.takes.forEach((amount, index) => columns[effect.first + index]!.splice(0, amount));
  effect.gives.forEach((_, index) => {
    const column = columns[effect.first + index]!;
    const place = column.findIndex((other) => other > level);
    column.splice(place < 0 ? column.length : place, 0, level);
  });
}
