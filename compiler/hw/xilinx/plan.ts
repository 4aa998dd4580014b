/**
 * Search for a cheap compressor tree on LUT6_2 and carry chains.
 *
 * Only column heights are searched here, never nets: a plan is found once per shape and then applied
 * to every processing element of a module.
 */

import { finalSlots, rowLimit } from './final.ts';
import type { FinalForm, FinalSlot } from './final.ts';
import { moveLuts, steps } from './moves.ts';
import type { PlanMove, Step } from './moves.ts';
import { scheduleMoves } from './schedule.ts';

/**
 * The shape of a problem: the level at which each bit arrives, by column (least significant first);
 * arithmetic modulo `2^columns`.
 */
export interface PlanProblem {
  readonly arrivals: readonly (readonly number[])[];
  readonly final: FinalForm;
}

/** What the search looks at: how many bits there are in each column. */
interface Profile {
  readonly heights: readonly number[];
  readonly final: FinalForm;
}

/** A found plan. `luts` counts LUT6_2 cells, `slots` the carry positions whose LUT holds nothing but a constant. */
export interface Plan {
  readonly moves: readonly PlanMove[];
  readonly final: readonly FinalSlot[];
  readonly luts: number;
  readonly slots: number;
}

/** Columns with more bits than this are reduced greedily before the beam search starts. */
const GREEDY_HEIGHT = 128;

/** States kept per cost; twice or ten times as many were never better by more than one position. */
const BEAM_WIDTH = 60;

interface State {
  readonly heights: readonly number[];
  readonly cursor: number;
  readonly cost: number;
  readonly rank: number;
  readonly parent: State | null;
  readonly move: PlanMove | null;
}

const searched = new Map<string, Plan>();
const scheduled = new Map<string, Plan>();

/**
 * Finds a plan for one problem; deterministic, and remembered, since all elements of a unit pose the same.
 *
 * A chain costs one position more than its LUTs: its carry-out leaves through the sum output of a slot
 * of its own, because one carry position has a single way out of the slice.
 */
export function planReduction(problem: PlanProblem): Plan {
  const profile = { heights: problem.arrivals.map((column) => column.length), final: problem.final };
  const plan = remembered(searched, `${profile.final}:${profile.heights.join()}`, () => search(profile));
  const arrivals = problem.arrivals.map((column) => [...column].sort((a, b) => a - b));
  return remembered(
    scheduled,
    `${profile.final}:${arrivals.map((column) => column.join()).join(';')}`,
    () => ({
      ...plan,
      moves: scheduleMoves(plan.moves, arrivals),
    }),
  );
}

function remembered(memory: Map<string, Plan>, key: string, make: () => Plan): Plan {
  const known = memory.get(key);
  if (known) return known;
  const made = make();
  memory.set(key, made);
  return made;
}

function search(problem: Profile): Plan {
  const total = problem.heights.reduce((sum, height) => sum + height, 0);
  const start = greedyPrefix(problem.heights);
  const buckets: Map<string, State>[] = [];
  const put = (state: State): void => {
    const bucket = (buckets[state.cost] ??= new Map<string, State>());
    const key = `${state.cursor}:${state.heights.join(',')}`;
    if (!bucket.has(key)) bucket.set(key, state);
  };
  let best: { cost: number; state: State; final: FinalSlot[] } | null = null;
  for (const state of advance(start, problem)) put(state);
  for (let cost = 0; cost < buckets.length; cost += 1) {
    if (best && cost >= best.cost) break;
    const bucket = buckets[cost];
    if (!bucket) continue;
    const states = [...bucket.values()].sort((a, b) => a.rank - b.rank).slice(0, BEAM_WIDTH);
    buckets[cost] = new Map();
    for (const state of states) {
      const final = finalSlots(state.heights, problem.final);
      if (state.cursor >= state.heights.length && final) {
        const whole = state.cost + final.length;
        if (!best || whole < best.cost) best = { cost: whole, state, final };
        continue;
      }
      for (const step of steps(state.heights, state.cursor)) {
        const next = follow(state, step);
        for (const after of advance(next, problem)) put(after);
      }
    }
  }
  if (!best) throw new Error(`no compressor plan for ${total} bits in ${problem.heights.length} columns`);
  const moves: PlanMove[] = [];
  for (let state: State | null = best.state; state; state = state.parent)
    if (state.move) moves.push(state.move);
  moves.reverse();
  const luts = moves.reduce((sum, move) => sum + moveLuts(move), 0) + best.final.length;
  return { moves, final: best.final, luts, slots: best.cost - luts };
}

/** Beam order: bits left, those of higher weight slightly dearer since fewer moves remain for them. */
function rankOf(heights: readonly number[]): number {
  return heights.reduce((sum, height, column) => sum + height * (1 + 0.02 * column), 0);
}

function follow(state: State, step: Step): State {
  return {
    heights: step.heights,
    cursor: state.cursor,
    cost: state.cost + step.cost,
    rank: rankOf(step.heights),
    parent: state,
    move: step.move,
  };
}

/** The state itself and every later cursor that it may move to: a column left behind fits the final chain. */
function advance(state: State, problem: Profile): State[] {
  const found: State[] = [];
  let cursor = state.cursor;
  for (;;) {
    const height = state.heights[cursor];
    if (height === undefined) {
      found.push({ ...state, cursor });
      return found;
    }
    if (height > 1) found.push({ ...state, cursor });
    if (height > rowLimit(state.heights, cursor, problem.final)) return found;
    cursor += 1;
  }
}

/** Wide columns first lose bits by the chain that removes most per position; what is left goes to the beam. */
function greedyPrefix(heights: readonly number[]): State {
  let state: State = { heights, cursor: 0, cost: 0, rank: rankOf(heights), parent: null, move: null };
  for (;;) {
    const column = state.heights.findIndex((height) => height > GREEDY_HEIGHT);
    if (column < 0) return state;
    const before = state.heights.reduce((sum, height) => sum + height, 0);
    let choice: Step | null = null;
    let gain = 0;
    for (const step of steps(state.heights, column)) {
      const rate = (before - step.heights.reduce((sum, height) => sum + height, 0)) / step.cost;
      if (rate >= gain) {
        choice = step;
        gain = rate;
      }
    }
    if (!choice) return state;
    state = follow(state, choice);
  }
}
