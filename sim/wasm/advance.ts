// How far each kind of cycle model (compiler/hw/tables.ts) can be followed with the stamps that are known at its channels. A step, a transfer
// and an offer are stamped as soon as everything that they wait for is; each comes at the first cycle that is late enough for all of it.
import {
  ABSORBED,
  ALSO,
  BEATS,
  BUSY,
  CANDIDATE,
  CONSUMER,
  DEPTH,
  EMIT,
  EMITTED,
  FORCED,
  KIND,
  LAST,
  LEAST,
  NEED,
  OFFERED,
  OFFERS,
  OUTPUTS,
  ROUND,
  SEEN,
  SEEN_STEP,
  SEEN_WORDS,
  STAMP_BASE,
  STAMP_MASK,
  STAMPS,
  STEP,
  STEPS,
  TAKEN,
  TOTAL,
  WAIT,
  WAVERS,
  WORDS,
} from './layout';
import { ANY, inlet, offeredAt, outlet, take, takenAt } from './stamps';
import { advancePipeline } from './pipeline';

/** Nodes whose frame is not over. */
export let pending: i32 = 0;

export function setPending(count: i32): void {
  pending = count;
}

export function finish(n: usize): void {
  if (load<u32>(n, WAIT) != 0) pending--;
  store<u32>(n, 0, WAIT);
}

/** Offers a channel's next beat from a cycle on, and goes on behind it; outside the design every beat is taken at once. */
export function offer(c: usize, cycle: i64): void {
  const beat = load<i32>(c, OFFERED);
  store<i64>(<usize>load<u32>(c, OFFERS) + ((<usize>beat) << 3), cycle);
  store<i32>(c, beat + 1, OFFERED);
  const consumer = <usize>load<u32>(c, CONSUMER);
  if (consumer == 0) {
    take(c, max(cycle, takenAt(c, beat - 1) + 1));
    return;
  }
  const wait = load<u32>(consumer, WAIT);
  if (wait == ANY || wait == <u32>c) advance(consumer);
}

/**
 * Stamps the words that come before the next step of a reader. The state of each cycle says what is free: that before the first step which is
 * not made before it. Whether the next step is made before the word comes may not be known yet; it does not matter if the step needs the
 * word, or if what is free never becomes less. Else the word's cycle is a candidate, which is right if nothing in the design that is not known
 * yet comes before it.
 */
function takeWords(n: usize, input: usize, made: i32, need: i32, least: i32): void {
  const steps = load<i32>(n, STEPS);
  const words = load<i32>(n, WORDS);
  const depth = load<i32>(n, DEPTH);
  const frees = <usize>load<u32>(n, ALSO);
  const stamps = <usize>load<u32>(n, STAMPS);
  const mask = load<i32>(n, STAMP_MASK);
  const base = load<i32>(n, STAMP_BASE);
  let seen = load<i32>(n, SEEN);
  let at = load<i32>(n, SEEN_STEP);
  let before = load<i32>(n, SEEN_WORDS);
  store<i32>(n, 0, WAVERS);
  for (let word = load<i32>(input, TAKEN); word < load<i32>(input, OFFERED); word++) {
    let cycle = max(offeredAt(input, word), takenAt(input, word - 1) + 1);
    while (seen < made) {
      const made = load<i64>(stamps + ((<usize>((base + seen) & mask)) << 3));
      if (made >= cycle) {
        if (before + load<i32>(frees + ((<usize>at) << 2)) > word - depth) break;
        cycle = made + 1;
      }
      seen++;
      if (++at == steps) {
        at = 0;
        before += words;
      }
    }
    if (seen == made) {
      if (before + load<i32>(frees + ((<usize>at) << 2)) <= word - depth) break;
      if (need < word && least <= word - depth && load<i32>(n, FORCED) == 0) {
        store<i32>(n, 1, WAVERS);
        store<i64>(n, cycle, CANDIDATE);
        break;
      }
      store<i32>(n, 0, FORCED);
    }
    take(input, cycle);
  }
  store<i32>(n, seen, SEEN);
  store<i32>(n, at, SEEN_STEP);
  store<i32>(n, before, SEEN_WORDS);
}

function advanceReader(n: usize): void {
  const input = inlet(n, 0);
  const out = outlet(n, 0);
  const steps = load<i32>(n, STEPS);
  const beats = load<i32>(input, BEATS);
  const words = load<i32>(n, WORDS);
  const needs = <usize>load<u32>(n, NEED);
  const emits = <usize>load<u32>(n, EMIT);
  const leasts = <usize>load<u32>(n, LEAST);
  const stamps = <usize>load<u32>(n, STAMPS);
  const mask = load<i32>(n, STAMP_MASK);
  let at = load<i32>(n, STEP);
  for (;;) {
    let before = load<i32>(n, ROUND) * words;
    if (at == steps && before + words < beats) {
      store<i32>(n, load<i32>(n, ROUND) + 1, ROUND);
      before += words;
      at = 0;
    }
    const made = load<i32>(n, ROUND) * steps + at;
    if (at == steps) {
      // the next frame does not begin before this one's words are there
      takeWords(n, input, made, beats, beats);
      if (load<i32>(input, TAKEN) == beats) finish(n);
      else store<u32>(n, <u32>input, WAIT);
      break;
    }
    const word = load<i32>(needs + ((<usize>at) << 2));
    const need = before + word;
    if (load<i32>(input, TAKEN) < load<i32>(input, OFFERED))
      takeWords(n, input, made, need, before + load<i32>(leasts + ((<usize>at) << 2)));
    const emitted = load<i32>(n, EMITTED);
    const full = load<i32>(n, ABSORBED) < emitted;
    if (full && emitted > load<i32>(out, TAKEN)) {
      store<u32>(n, load<i32>(input, TAKEN) < load<i32>(input, OFFERED) ? <u32>out : ANY, WAIT);
      break;
    }
    if (need >= load<i32>(input, TAKEN)) {
      store<u32>(n, <u32>input, WAIT);
      break;
    }
    let cycle = load<i64>(n, LAST) + 1;
    if (word >= -words) cycle = max(cycle, takenAt(input, need) + 1);
    // the register takes the next beat in the cycle in which the last one goes
    if (full) cycle = max(cycle, takenAt(out, emitted - 1));
    store<i64>(n, cycle, LAST);
    store<i64>(stamps + ((<usize>((load<i32>(n, STAMP_BASE) + made) & mask)) << 3), cycle);
    store<i32>(n, emitted, ABSORBED);
    if (load<u8>(emits + at) != 0) {
      store<i32>(n, emitted + 1, EMITTED);
      offer(out, cycle + 1);
    }
    at++;
  }
  store<i32>(n, at, STEP);
}

function advanceFork(n: usize): void {
  const input = inlet(n, 0);
  const outputs = load<i32>(n, OUTPUTS);
  for (let beat = load<i32>(input, TAKEN); beat < load<i32>(input, OFFERED); beat++) {
    let cycle = max(offeredAt(input, beat), takenAt(input, beat - 1) + 1);
    for (let o = 0; o < outputs; o++) {
      const out = outlet(n, o);
      if (beat - 2 >= load<i32>(out, TAKEN)) {
        store<u32>(n, <u32>out, WAIT);
        return;
      }
      cycle = max(cycle, takenAt(out, beat - 2) + 1);
    }
    take(input, cycle);
    for (let o = 0; o < outputs; o++) offer(outlet(n, o), cycle + 1);
  }
  if (load<i32>(input, TAKEN) == load<i32>(input, BEATS)) finish(n);
  else store<u32>(n, <u32>input, WAIT);
}

function advanceFifo(n: usize): void {
  const input = inlet(n, 0);
  const out = outlet(n, 0);
  const depth = load<i32>(n, DEPTH);
  const before = load<i64>(out, TOTAL);
  for (let beat = load<i32>(input, TAKEN); beat < load<i32>(input, OFFERED); beat++) {
    const gone = beat - depth;
    if (gone >= load<i32>(out, TAKEN)) {
      store<u32>(n, <u32>out, WAIT);
      return;
    }
    let cycle = max(offeredAt(input, beat), takenAt(input, beat - 1) + 1);
    if (before + <i64>gone >= 0) cycle = max(cycle, takenAt(out, gone) + 1);
    take(input, cycle);
    offer(out, cycle + 1);
  }
  if (load<i32>(input, TAKEN) == load<i32>(input, BEATS)) finish(n);
  else store<u32>(n, <u32>input, WAIT);
}

function advancePace(n: usize): void {
  const input = inlet(n, 0);
  const out = outlet(n, 0);
  const beats = load<i32>(n, STEPS);
  for (;;) {
    let waits = false;
    for (let beat = load<i32>(out, OFFERED); beat < load<i32>(input, TAKEN); beat++) {
      const place = load<i32>(n, STEP);
      let cycle = takenAt(input, beat) + 1;
      if (place == 0) {
        if (beat - beats >= load<i32>(out, TAKEN)) {
          waits = true;
          break;
        }
        cycle = max(cycle, takenAt(out, beat - beats) + <i64>load<i32>(n, WORDS));
      }
      store<i32>(n, place + 1 == beats ? 0 : place + 1, STEP);
      offer(out, cycle);
    }
    const beat = load<i32>(input, TAKEN);
    if (beat == load<i32>(input, BEATS) && !waits) {
      finish(n);
      return;
    }
    if (beat >= load<i32>(input, OFFERED) || beat - 2 >= load<i32>(out, TAKEN)) break;
    take(input, max(max(offeredAt(input, beat), takenAt(input, beat - 1) + 1), takenAt(out, beat - 2) + 1));
  }
  store<u32>(n, ANY, WAIT);
}

/** Follows a node as far as its channels' stamps go. */
export function advance(n: usize): void {
  store<i32>(n, 1, BUSY);
  switch (load<i32>(n, KIND)) {
    case 0:
      advancePipeline(n, false);
      break;
    case 1:
      advanceReader(n);
      break;
    case 2:
      advancePipeline(n, true);
      break;
    case 3:
      advanceFork(n);
      break;
    case 4:
      advanceFifo(n);
      break;
    case 5:
      advancePace(n);
      break;
  }
  store<i32>(n, 0, BUSY);
}
