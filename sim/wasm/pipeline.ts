import {
  ABSORBED,
  ALSO,
  BASE,
  BEATS,
  DEPTH,
  EMIT,
  EMITTED,
  FIRED,
  FIRED_BEFORE,
  INPUTS,
  LAST,
  LOST,
  LOST_AHEAD,
  MASK,
  NEED,
  OFFERED,
  PUBLISHED,
  RESULT_BASE,
  RESULTS,
  ROUND,
  ROUNDS,
  STEP,
  STEPS,
  TAKEN,
  TAKES,
  WAIT,
} from './layout';
import { ANY, NEVER, RESULT_MASK, inlet, offeredAt, outlet, take, takenAt } from './stamps';
import { finish, offer } from './advance';

// A pipeline stands still as a whole while its output register holds two beats. Its steps are counted in ticks, which are the cycles in which
// it moves: a step of tick t takes place in cycle t + LOST, and its result comes to the register at tick t + DEPTH. A result that comes while
// the one before it has not been taken stops the pipeline until it has.

/** Cycles that the pipeline stands still because of a result that is offered from `cycle` on, if the one before it is taken in cycle `taken`. */
function lostBy(taken: i64, cycle: i64): i64 {
  return max<i64>(0, taken - cycle + 1);
}

/** The cycle from which on step `at` of a join can be made: all of its beats have been taken; NEVER if that is not known yet. */
function joined(n: usize, at: i32): i64 {
  let from: i64 = 0;
  for (let i = 0, inputs = load<i32>(n, INPUTS); i < inputs; i++) {
    const input = inlet(n, i);
    for (let beat = load<i32>(input, TAKEN); beat < min(load<i32>(input, OFFERED), at + 2); beat++) {
      // a register of two beats: the last beat but one has to have gone into a step
      const gone = beat == at ? load<i64>(n, FIRED_BEFORE) : load<i64>(n, FIRED);
      take(input, max(max(offeredAt(input, beat), takenAt(input, beat - 1) + 1), gone + 1));
    }
    if (load<i32>(input, TAKEN) <= at) from = NEVER;
    else if (from != NEVER) from = max(from, takenAt(input, at) + 1);
  }
  return from;
}

/** Follows a pipeline whose steps need a beat of one input or none, or (`joins`) of all. */
export function advancePipeline(n: usize, joins: bool): void {
  const out = outlet(n, 0);
  const steps = joins ? load<i32>(out, BEATS) : load<i32>(n, STEPS);
  const depth = <i64>load<i32>(n, DEPTH);
  const needs = <usize>load<u32>(n, NEED);
  const emits = <usize>load<u32>(n, EMIT);
  const silent = <usize>load<u32>(n, ALSO);
  const takes = <usize>load<u32>(out, TAKES);
  const mask = load<i32>(out, MASK);
  const base = load<i32>(out, BASE);
  const results = <usize>load<u32>(n, RESULTS);
  const first = load<i32>(n, RESULT_BASE);
  let at = load<i32>(n, STEP);
  let emitted = load<i32>(n, EMITTED);
  let published = load<i32>(n, PUBLISHED);
  let absorbed = load<i32>(n, ABSORBED);
  let last = load<i64>(n, LAST);
  let lost = load<i64>(n, LOST);
  let ahead = load<i64>(n, LOST_AHEAD);
  for (;;) {
    // offers the results on their way, as far as is known when the pipeline stands still
    for (; published < emitted && published - 2 < load<i32>(out, TAKEN); published++) {
      const before = load<i64>(results + ((<usize>((first + published - 1) & RESULT_MASK)) << 4), 8);
      const taken = load<i64>(takes + ((<usize>((base + published - 2) & mask)) << 3));
      const result = results + ((<usize>((first + published) & RESULT_MASK)) << 4);
      ahead += lostBy(taken, before);
      const cycle = load<i64>(result) + ahead + 1;
      store<i64>(result, cycle, 8);
      offer(out, cycle);
    }
    if (at == steps && !joins && load<i32>(n, ROUND) + 1 < load<i32>(n, ROUNDS)) {
      store<i32>(n, load<i32>(n, ROUND) + 1, ROUND);
      at = 0;
    }
    if (at == steps) {
      if (published == emitted) finish(n);
      else store<u32>(n, <u32>out, WAIT);
      break;
    }
    let from = NEVER;
    let input: usize = 0;
    let emitting = true;
    if (joins) {
      from = joined(n, at);
      if (from == NEVER) {
        store<u32>(n, ANY, WAIT);
        break;
      }
    } else {
      const need = <i32>load<i8>(needs + at);
      emitting = load<u8>(emits + at) != 0;
      if (need >= 0) {
        input = inlet(n, need);
        const beat = load<i32>(input, TAKEN);
        if (beat >= load<i32>(input, OFFERED)) {
          store<u32>(n, published < emitted ? ANY : <u32>input, WAIT);
          break;
        }
        from = offeredAt(input, beat);
      } else if (!emitting) {
        // nothing is asked of these steps but that they take a tick each
        const run = min(steps - at, load<i32>(silent + ((<usize>at) << 2)));
        last += <i64>run;
        at += run;
        continue;
      }
    }
    // the results that come before the step may hold it up
    let tick = max(last + 1, from - lost);
    let known = true;
    while (absorbed < emitted) {
      const result = results + ((<usize>((first + absorbed) & RESULT_MASK)) << 4);
      const came = load<i64>(result);
      if (came >= tick) break;
      if (absorbed >= published || absorbed - 1 >= load<i32>(out, TAKEN)) {
        known = false;
        break;
      }
      lost += lostBy(load<i64>(takes + ((<usize>((base + absorbed - 1) & mask)) << 3)), load<i64>(result, 8));
      last = max(last, came);
      tick = max(last + 1, from - lost);
      absorbed++;
    }
    if (!known) {
      store<u32>(n, joins ? ANY : <u32>out, WAIT);
      break;
    }
    last = tick;
    at++;
    if (emitting) {
      store<i64>(results + ((<usize>((first + emitted) & RESULT_MASK)) << 4), tick + depth);
      emitted++;
    }
    if (input != 0) take(input, tick + lost);
    if (joins) {
      store<i64>(n, load<i64>(n, FIRED), FIRED_BEFORE);
      store<i64>(n, tick + lost, FIRED);
    }
  }
  store<i32>(n, at, STEP);
  store<i32>(n, emitted, EMITTED);
  store<i32>(n, published, PUBLISHED);
  store<i32>(n, absorbed, ABSORBED);
  store<i64>(n, last, LAST);
  store<i64>(n, lost, LOST);
  store<i64>(n, ahead, LOST_AHEAD);
}
