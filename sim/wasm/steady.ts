// The steady state of designs whose every cycle model is one of the tables of compiler/hw/tables.ts, by stamps: what a unit does in a frame
// depends on that frame and those before it alone, so the design is followed a frame at a time, each unit as far as its channels' stamps are
// known (advance.ts). sim/steady.ts lays the records out.
import { advance, pending, setPending } from './advance';
import {
  ABSORBED,
  BASE,
  BEATS,
  CANDIDATE,
  CHANNEL,
  DEPTH,
  EMITTED,
  FIRED,
  FIRED_BEFORE,
  FORCED,
  INPUTS,
  KIND,
  LAST,
  LEFT,
  LOOKBACK,
  LOST,
  LOST_AHEAD,
  MASK,
  MOST,
  NODE,
  OFFERED,
  OFFERS,
  PRODUCER,
  PUBLISHED,
  RESULT_BASE,
  RESULTS,
  ROUND,
  ROUNDS,
  SEEN,
  SEEN_WORDS,
  STAMP_BASE,
  STAMP_MASK,
  STAMPS,
  STEP,
  STEPS,
  TAKEN,
  TAKES,
  TOTAL,
  WAIT,
  WAVERS,
  WORDS,
} from './layout';
import {
  ANY,
  NEVER,
  RESULT_MASK,
  deepen,
  dequeue,
  enqueue,
  inlet,
  outlet,
  powerOfTwo,
  reserve,
  resetQueue,
  ring,
  setRoom,
  takenAt,
} from './stamps';

const MOST_SNAPSHOTS: i32 = 20000;
const TABLE: u32 = 32768;

function prepare(nodes: usize, nodesEnd: usize, channels: usize, channelsEnd: usize): void {
  for (let c = channels; c < channelsEnd; c += CHANNEL) {
    const beats = load<i32>(c, BEATS);
    const entries = powerOfTwo(beats + load<i32>(c, LOOKBACK));
    store<u32>(c, <u32>ring(entries), TAKES);
    store<i32>(c, entries - 1, MASK);
    const offers = reserve((<usize>beats) << 3);
    store<u32>(c, <u32>offers, OFFERS);
    // sources offer from the first cycle on
    memory.fill(offers, 0, (<usize>beats) << 3);
  }
  for (let n = nodes; n < nodesEnd; n += NODE) {
    const kind = load<i32>(n, KIND);
    if (kind == 0 || kind == 2) {
      store<u32>(n, <u32>ring(2 * (RESULT_MASK + 1)), RESULTS);
      store<i64>(n, -1, LAST);
      store<i64>(n, NEVER, FIRED);
      store<i64>(n, NEVER, FIRED_BEFORE);
      // no result stood in the way before the first one
      for (let r: usize = 0; r <= <usize>RESULT_MASK; r++)
        store<i64>(<usize>load<u32>(n, RESULTS) + (r << 4), 0, 8);
    }
    if (kind == 1) {
      const steps = load<i32>(n, STEPS) * load<i32>(n, ROUNDS);
      // the words of a full buffer go back so many frames
      const frames = 2 + load<i32>(n, DEPTH) / load<i32>(inlet(n, 0), BEATS);
      const entries = powerOfTwo(steps * frames);
      store<u32>(n, <u32>ring(entries), STAMPS);
      store<i32>(n, entries - 1, STAMP_MASK);
      store<i64>(n, -1, LAST);
    }
  }
}

/** Counts beats, steps and words from the next frame on. */
function nextFrame(nodes: usize, nodesEnd: usize, channels: usize, channelsEnd: usize): void {
  for (let n = nodes; n < nodesEnd; n += NODE) {
    const kind = load<i32>(n, KIND);
    if (kind < 3) {
      const beats = load<i32>(outlet(n, 0), BEATS);
      store<i32>(n, 0, STEP);
      store<i32>(n, 0, ROUND);
      store<i32>(n, load<i32>(n, EMITTED) - beats, EMITTED);
      store<i32>(n, load<i32>(n, PUBLISHED) - beats, PUBLISHED);
      store<i32>(n, load<i32>(n, ABSORBED) - beats, ABSORBED);
      store<i32>(n, (load<i32>(n, RESULT_BASE) + beats) & RESULT_MASK, RESULT_BASE);
    }
    if (kind == 1) {
      const steps = load<i32>(n, STEPS) * load<i32>(n, ROUNDS);
      store<i32>(n, load<i32>(n, SEEN) - steps, SEEN);
      store<i32>(n, load<i32>(n, SEEN_WORDS) - load<i32>(inlet(n, 0), BEATS), SEEN_WORDS);
      store<i32>(n, (load<i32>(n, STAMP_BASE) + steps) & load<i32>(n, STAMP_MASK), STAMP_BASE);
    }
    if (kind == 4) store<i32>(n, load<i32>(n, LEFT) - load<i32>(outlet(n, 0), BEATS), LEFT);
  }
  for (let c = channels; c < channelsEnd; c += CHANNEL) {
    const beats = load<i32>(c, BEATS);
    store<i32>(c, (load<i32>(c, BASE) + beats) & load<i32>(c, MASK), BASE);
    store<i64>(c, load<i64>(c, TOTAL) + <i64>beats, TOTAL);
  }
}

/** Decides for the first of the candidates: nothing that is not known yet comes before it, for all of that follows from candidates. Whether there is one. */
function decide(nodes: usize, nodesEnd: usize): bool {
  let first: usize = 0;
  for (let n = nodes; n < nodesEnd; n += NODE) {
    if (load<i32>(n, WAVERS) == 0) continue;
    if (first == 0 || load<i64>(n, CANDIDATE) < load<i64>(first, CANDIDATE)) first = n;
  }
  if (first == 0) return false;
  store<i32>(first, 1, FORCED);
  advance(first);
  return true;
}

/** Follows the design through a frame; whether it got through. */
function runFrame(nodes: usize, nodesEnd: usize, channels: usize, channelsEnd: usize): bool {
  let count = 0;
  for (let c = channels; c < channelsEnd; c += CHANNEL) {
    store<i32>(c, load<u32>(c, PRODUCER) == 0 ? load<i32>(c, BEATS) : 0, OFFERED);
    store<i32>(c, 0, TAKEN);
  }
  for (let n = nodes; n < nodesEnd; n += NODE, count++) {
    if (load<i32>(n, KIND) == 4) deepen(outlet(n, 0), load<i32>(n, DEPTH));
    store<u32>(n, ANY, WAIT);
    enqueue(n);
  }
  setPending(count);
  do {
    for (let n = dequeue(); n != 0; n = dequeue()) if (load<u32>(n, WAIT) != 0) advance(n);
  } while (pending > 0 && decide(nodes, nodesEnd));
  return pending == 0;
}

/** Brings the most that each FIFO held up to date: it holds most when a beat comes. */
function watchFifos(nodes: usize, nodesEnd: usize): void {
  for (let n = nodes; n < nodesEnd; n += NODE) {
    if (load<i32>(n, KIND) != 4) continue;
    const input = inlet(n, 0);
    const out = outlet(n, 0);
    let left = load<i32>(n, LEFT);
    let most = load<i32>(n, MOST);
    for (let beat = 0, beats = load<i32>(input, BEATS); beat < beats; beat++) {
      const cycle = takenAt(input, beat);
      while (left < beat && takenAt(out, left) <= cycle) left++;
      most = max(most, beat + 1 - left);
    }
    store<i32>(n, left, LEFT);
    store<i32>(n, most, MOST);
  }
}

/** Whether a source that offers a frame each so many cycles was held up. (FIRED, which it has no other use for, keeps the cycle of its last frame.) */
function heldUp(nodes: usize, nodesEnd: usize, frame: i32): bool {
  let late = false;
  for (let n = nodes; n < nodesEnd; n += NODE) {
    if (load<i32>(n, KIND) != 5) continue;
    const begin = takenAt(outlet(n, 0), 0);
    if (frame > 0 && begin - load<i64>(n, FIRED) > <i64>load<i32>(n, WORDS)) late = true;
    store<i64>(n, begin, FIRED);
  }
  return late;
}

let key: usize = 0;

function note(number: i64): void {
  const at = reserve(16);
  setRoom(at + 8);
  store<i64>(at, number);
  key = at + 8;
}

/**
 * Notes what the next frames depend on, cycles from `base` on. Two frames of which this is equal are followed by equal ones, for every stamp
 * is found from these numbers and those found since.
 */
function noteState(nodes: usize, nodesEnd: usize, channels: usize, channelsEnd: usize, base: i64): void {
  for (let c = channels; c < channelsEnd; c += CHANNEL) {
    const beats = load<i32>(c, BEATS);
    note(takenAt(c, beats - 1) - base);
    note(takenAt(c, beats - 2) - base);
  }
  for (let n = nodes; n < nodesEnd; n += NODE) {
    const kind = load<i32>(n, KIND);
    const input = inlet(n, 0);
    const out = outlet(n, 0);
    switch (kind) {
      case 0:
      case 2: {
        const last = load<i64>(n, LAST);
        note(last + load<i64>(n, LOST) - base);
        const emitted = load<i32>(n, EMITTED);
        let result = load<i32>(n, ABSORBED);
        note(<i64>(emitted - result));
        for (; result < emitted; result++) {
          const place = (load<i32>(n, RESULT_BASE) + result) & RESULT_MASK;
          const at = <usize>load<u32>(n, RESULTS) + ((<usize>place) << 4);
          note(load<i64>(at) - last);
          note(load<i64>(at, 8) - base);
          note(takenAt(out, result - 1) - base);
        }
        if (kind == 2) {
          note(load<i64>(n, FIRED) - base);
          note(load<i64>(n, FIRED_BEFORE) - base);
        }
        break;
      }
      case 1: {
        note(load<i64>(n, LAST) - base);
        note(<i64>(load<i32>(n, EMITTED) - load<i32>(n, ABSORBED)));
        // what was free in which cycle matters from the last word on
        const last = takenAt(input, load<i32>(input, BEATS) - 1);
        const steps = load<i32>(n, STEPS) * load<i32>(n, ROUNDS);
        const stamps = <usize>load<u32>(n, STAMPS);
        for (let at = steps - 1; at >= load<i32>(n, SEEN); at--) {
          const place = (load<i32>(n, STAMP_BASE) + at) & load<i32>(n, STAMP_MASK);
          const cycle = load<i64>(stamps + ((<usize>place) << 3));
          if (cycle <= last) break;
          note(cycle - base);
        }
        break;
      }
      case 4: {
        const last = takenAt(input, load<i32>(input, BEATS) - 1);
        const beats = load<i32>(out, BEATS);
        const depth = load<i32>(n, DEPTH);
        for (let back = 0; back < depth; back++) {
          const cycle = takenAt(out, beats - 1 - back);
          // room that is there before it can be asked for; and so is all before it
          if (cycle <= last + <i64>(depth - 1 - back)) break;
          note(cycle - base);
        }
        break;
      }
      case 5: {
        const place = load<i32>(n, STEP);
        const begun = place == 0 ? load<i32>(n, STEPS) : place;
        note(<i64>place);
        note(takenAt(out, load<i32>(out, BEATS) - begun) - base);
        break;
      }
    }
  }
}

/**
 * Follows a design out of reset, behind sources that always offer and before sinks that always take, until a frame leaves it as an earlier one
 * did, or for `frames` frames.
 *
 * @param punctual - whether to end when a source that offers a frame each so many cycles is held up
 * @param nodes, channels - records, all zero but for what does not change
 * @param ends - addresses of the input channels, then of the output channels
 * @param work - room for the queue of nodes and the table of snapshots, in this order, zeroed; the queue has the least power of two of
 *   entries that all nodes fit into
 * @param result - takes five i64: cycles and frames of the recurrence (0: none), whether it stands still, the cycles from the first
 *   beat that comes to the last one of the first frame that leaves, and the frames that it was followed through
 * @param room - from here on memory is free; more is added as needed
 */
export function steady(
  nodes: usize,
  nodeCount: i32,
  channels: usize,
  channelCount: i32,
  ends: usize,
  inputCount: i32,
  outputCount: i32,
  frames: i32,
  punctual: i32,
  work: usize,
  result: usize,
  room: usize,
): void {
  const nodesEnd = nodes + <usize>nodeCount * NODE;
  const channelsEnd = channels + <usize>channelCount * CHANNEL;
  const entries = powerOfTwo(nodeCount);
  resetQueue(work, entries);
  const table = work + ((<usize>entries) << 2);
  setRoom(room);
  prepare(nodes, nodesEnd, channels, channelsEnd);
  const outputs = ends + ((<usize>inputCount) << 2);
  const lead = <usize>load<u32>(outputs);
  let snapshots = 0;
  for (let frame = 0; frame < frames; frame++) {
    if (frame > 0) nextFrame(nodes, nodesEnd, channels, channelsEnd);
    if (!runFrame(nodes, nodesEnd, channels, channelsEnd)) {
      store<i64>(result, 1, 16);
      return;
    }
    watchFifos(nodes, nodesEnd);
    store<i64>(result, <i64>(frame + 1), 32);
    if (punctual != 0 && heldUp(nodes, nodesEnd, frame)) return;
    if (frame == 0) {
      let first = i64.MAX_VALUE;
      let last = NEVER;
      for (let e = ends; e < outputs; e += 4) first = min(first, takenAt(<usize>load<u32>(e), 0));
      for (let e = outputs; e < outputs + ((<usize>outputCount) << 2); e += 4) {
        const c = <usize>load<u32>(e);
        last = max(last, takenAt(c, load<i32>(c, BEATS) - 1));
      }
      store<i64>(result, last - first, 24);
    }
    if (snapshots == MOST_SNAPSHOTS) continue;
    // a snapshot: hash, frame, cycle, length in bytes, numbers; found by the table of the addresses of all of them
    const base = takenAt(lead, load<i32>(lead, BEATS) - 1);
    const at = reserve(32);
    const begin = at + 32;
    setRoom(begin);
    key = begin;
    noteState(nodes, nodesEnd, channels, channelsEnd, base);
    let hash: u64 = 0xcbf29ce484222325;
    for (let p = begin; p < key; p += 8) hash = (hash ^ load<u64>(p)) * 0x100000001b3;
    hash ^= hash >> 29;
    store<u64>(at, hash);
    store<i64>(at, <i64>frame, 8);
    store<i64>(at, base, 16);
    store<i64>(at, <i64>(key - begin), 24);
    let entry = (<u32>hash) & (TABLE - 1);
    for (;;) {
      const other = <usize>load<u32>(table + ((<usize>entry) << 2));
      if (other == 0) break;
      const same = load<u64>(other) == hash && load<i64>(other, 24) == <i64>(key - begin);
      if (same && memory.compare(other + 32, begin, key - begin) == 0) {
        store<i64>(result, base - load<i64>(other, 16));
        store<i64>(result, <i64>frame - load<i64>(other, 8), 8);
        return;
      }
      entry = (entry + 1) & (TABLE - 1);
    }
    store<u32>(table + ((<usize>entry) << 2), <u32>at);
    snapshots++;
  }
}
