/**
 * Beam search for a cheap compressor of a heap of bits with a constant. Plans know heights only, so one is found for each shape and
 * applied to every row that has it.
 */
import { endOf } from './ends.ts';
import type { End } from './ends.ts';
import { afterMove, digitOf, moveLuts, movesOf, tidied } from './state.ts';
import type { Goal, HeapMove, HeapShape } from './state.ts';

export interface HeapPlan {
  readonly moves: readonly HeapMove[];
  readonly end: End;
  readonly luts: number;
}

interface State {
  readonly shape: HeapShape;
  readonly rank: number;
  readonly parent: State | undefined;
  readonly move: HeapMove | undefined;
}

const remembered = new Map<string, HeapPlan>();

/**
 * The plan for a heap; deterministic and remembered. For `carry` the last entry of `heights` is the column whose weight is the bound itself.
 *
 * @param beam - states kept per cost: more are slower and rarely better.
 */
export function planHeap(shape: HeapShape, goal: Goal, beam: number): HeapPlan {
  const key = `${goal} ${beam} ${shape.constant} ${shape.heights.join()}`;
  let plan = remembered.get(key);
  if (plan === undefined) remembered.set(key, (plan = search(shape, goal, beam)));
  return plan;
}

/** Order within a cost: bits left, those of higher weight slightly dearer since fewer moves remain for them, and digits of the constant. */
function rankOf({ heights, constant }: HeapShape): number {
  let rank = 0;
  for (let c = 0; c < heights.length; c++) rank += heights[c]! * (1 + 0.02 * c) + 0.5 * digitOf(constant, c);
  return rank;
}

function keyOf({ heights, constant }: HeapShape): string {
  return `${constant} ${heights.join()}`;
}

/** Columns with more bits than this lose them by the move that removes most for a LUT; what is left goes to the beam. */
const greedyHeight = 28;

function tallest({ heights }: HeapShape): HeapMove | undefined {
  const column = heights.findIndex((height) => height > greedyHeight);
  if (column < 0) return undefined;
  return { kind: 'atom', column, low: 6, high: 0, carry: 'bit' };
}

function search(shape: HeapShape, goal: Goal, beam: number): HeapPlan {
  const layers: Map<string, State>[] = [];
  const put = (cost: number, raw: HeapShape, parent: State | undefined, move: HeapMove | undefined): void => {
    const kept = goal === 'carry' ? tidied(raw).shape : raw;
    const layer = (layers[cost] ??= new Map<string, State>());
    const key = keyOf(kept);
    if (!layer.has(key)) layer.set(key, { shape: kept, rank: rankOf(kept), parent, move });
  };
  let start: State = { shape, rank: 0, parent: undefined, move: undefined };
  let spent = 0;
  for (let next = tallest(start.shape); next !== undefined; next = tallest(start.shape)) {
    const after = afterMove(start.shape, next);
    start = { shape: goal === 'carry' ? tidied(after).shape : after, rank: 0, parent: start, move: next };
    spent += moveLuts(next);
  }
  put(spent, start.shape, start.parent, start.move);
  let best: { readonly cost: number; readonly state: State; readonly end: End } | undefined;
  for (let cost = spent; cost < layers.length; cost++) {
    // an end of no LUT is what a better plan needs at least
    if (best !== undefined && cost >= best.cost) break;
    const states = [...(layers[cost]?.values() ?? [])].sort((a, b) => a.rank - b.rank).slice(0, beam);
    layers[cost] = new Map();
    for (const state of states) {
      const end = endOf(state.shape, goal);
      if (end !== undefined && (best === undefined || cost + end.luts < best.cost))
        best = { cost: cost + end.luts, state, end };
      for (const move of movesOf(state.shape)) {
        const next = cost + moveLuts(move);
        if (best === undefined || next < best.cost) put(next, afterMove(state.shape, move), state, move);
      }
    }
  }
  if (best === undefined) throw new Error(`no compressor for the heap ${keyOf(shape)}`);
  const moves: HeapMove[] = [];
  for (let state: State | undefined = best.state; state !== undefined; state = state.parent)
    if (state.move !== undefined) moves.push(state.move);
  return { moves: moves.reverse(), end: best.end, luts: best.cost };
}
