// The beats of channels by their stamps: when each is offered and when it is taken, a frame at a time. A beat is counted within its frame;
// negative numbers are beats of the frames before, whose stamps stay in the ring as long as anything asks for them.

// A node's record, as sim/steady.ts lays it out.
export const KIND: usize = 0;
export const NEED: usize = 4;
export const EMIT: usize = 8;
/** Steps: the silent runs; reader: the words that are free. */
export const ALSO: usize = 12;
export const STEPS: usize = 16;
export const DEPTH: usize = 20;
export const WORDS: usize = 24;
export const INPUTS: usize = 28;
export const OUTPUTS: usize = 32;
/** Addresses of the channels at its ports. */
export const INTO: usize = 36;
export const FROM: usize = 40;
/** The channel without whose next stamp it cannot go on; ANY, or 0 when its frame is over. */
export const WAIT: usize = 44;
export const BUSY: usize = 48;
export const QUEUED: usize = 52;
/** Steps made in this round; join: in this frame; pace: the place in its group. */
export const STEP: usize = 56;
/** Results of this frame: that are on their way, whose stamp is known, and that the steps made so far have been held up by. */
export const EMITTED: usize = 60;
export const PUBLISHED: usize = 64;
export const ABSORBED: usize = 68;
/** Ring of results: by each its tick and the cycle from which it is offered; and the place of the frame's first one. */
export const RESULTS: usize = 72;
export const RESULT_BASE: usize = 76;
/** The last step: its tick; or its cycle. */
export const LAST: usize = 80;
/** Cycles that the pipeline stood still, up to the last step; and up to the last result that is offered. */
export const LOST: usize = 88;
export const LOST_AHEAD: usize = 96;
/** The last two steps of a join, in cycles. */
export const FIRED: usize = 104;
export const FIRED_BEFORE: usize = 112;
/** Reader: ring of the cycles of its steps, its mask, and the place of the frame's first one. */
export const STAMPS: usize = 120;
export const STAMP_MASK: usize = 124;
export const STAMP_BASE: usize = 128;
/** Reader: the step before which the last word came, counted in the frame; in its round; and the words of the rounds before it. */
export const SEEN: usize = 132;
/** Fifo: beats of this frame that have left when its last one came; and the most that it held. */
export const LEFT: usize = 136;
export const MOST: usize = 140;
/** Rounds of the steps in a frame, and those made in this one. */
export const ROUNDS: usize = 144;
export const ROUND: usize = 148;
export const SEEN_STEP: usize = 152;
export const SEEN_WORDS: usize = 156;
/** Reader: by step, the least number of words that are free before it or any later one. */
export const LEAST: usize = 160;
/** Reader: whether the next word comes in cycle CANDIDATE unless a step comes before it; whether none can. */
export const WAVERS: usize = 164;
export const FORCED: usize = 168;
export const CANDIDATE: usize = 176;
export const NODE: usize = 184;

// A channel's record.
export const BEATS: usize = 0;
export const PRODUCER: usize = 4;
export const CONSUMER: usize = 8;
/** Beats of this frame whose offer is known, and whose transfer is. */
export const OFFERED: usize = 12;
export const TAKEN: usize = 16;
/** By beat of the frame, the cycle from which it is offered: that of the one before it or later. */
export const OFFERS: usize = 20;
/** Ring of the cycles of transfers, its mask, and the place of the frame's first beat. */
export const TAKES: usize = 24;
export const MASK: usize = 28;
export const BASE: usize = 32;
/** Beats of earlier frames that may be asked for. */
export const LOOKBACK: usize = 36;
/** Beats before this frame. */
export const TOTAL: usize = 40;
export const CHANNEL: usize = 48;

/** Waits for any of its channels. */
export const ANY: u32 = 1;
/** Before everything. */
export const NEVER: i64 = -(1 << 60);
/** Entries of the ring of results: a pipeline has fewer stages. */
export const RESULT_MASK: i32 = 63;

/** Nodes that may go on. */
let queue: usize = 0;
let queueMask: i32 = 0;
let head: i32 = 0;
let tail: i32 = 0;

export function resetQueue(at: usize, entries: i32): void {
  queue = at;
  queueMask = entries - 1;
  head = 0;
  tail = 0;
}

export function enqueue(n: usize): void {
  if (load<i32>(n, QUEUED) != 0) return;
  store<i32>(n, 1, QUEUED);
  store<u32>(queue + ((<usize>(tail & queueMask)) << 2), <u32>n);
  tail++;
}

/** The next node that may go on; 0 if there is none. */
export function dequeue(): usize {
  if (head == tail) return 0;
  const n = <usize>load<u32>(queue + ((<usize>(head & queueMask)) << 2));
  head++;
  store<i32>(n, 0, QUEUED);
  return n;
}

export function inlet(n: usize, port: i32): usize {
  return <usize>load<u32>(<usize>load<u32>(n, INTO) + ((<usize>port) << 2));
}

export function outlet(n: usize, port: i32): usize {
  return <usize>load<u32>(<usize>load<u32>(n, FROM) + ((<usize>port) << 2));
}

export function offeredAt(c: usize, beat: i32): i64 {
  return load<i64>(<usize>load<u32>(c, OFFERS) + ((<usize>beat) << 3));
}

export function takenAt(c: usize, beat: i32): i64 {
  const place = (load<i32>(c, BASE) + beat) & load<i32>(c, MASK);
  return load<i64>(<usize>load<u32>(c, TAKES) + ((<usize>place) << 3));
}

/** Notes the transfer of a channel's next beat; whoever gave it may go on. */
export function take(c: usize, cycle: i64): void {
  const beat = load<i32>(c, TAKEN);
  const place = (load<i32>(c, BASE) + beat) & load<i32>(c, MASK);
  store<i64>(<usize>load<u32>(c, TAKES) + ((<usize>place) << 3), cycle);
  store<i32>(c, beat + 1, TAKEN);
  const producer = <usize>load<u32>(c, PRODUCER);
  if (producer == 0 || load<i32>(producer, BUSY) != 0) return;
  const wait = load<u32>(producer, WAIT);
  if (wait == ANY || wait == <u32>c) enqueue(producer);
}

/** Room for records: grows upwards, with the memory. */
let room: usize = 0;

export function setRoom(at: usize): void {
  room = at;
}

export function reserve(bytes: usize): usize {
  const at = room;
  room += (bytes + 15) & ~(<usize>15);
  const missing = <i64>room - ((<i64>memory.size()) << 16);
  if (missing > 0 && memory.grow(<i32>((missing >> 16) + 64)) < 0) unreachable();
  return at;
}

/** A ring of stamps from before everything. */
export function ring(entries: i32): usize {
  const at = reserve((<usize>entries) << 3);
  for (let p = at, end = at + ((<usize>entries) << 3); p < end; p += 8) store<i64>(p, NEVER);
  return at;
}

/** The least power of two from `count` on. */
export function powerOfTwo(count: i32): i32 {
  return count <= 1 ? 1 : 1 << (32 - clz(count - 1));
}

/** Makes the ring of a channel's transfers longer if a FIFO of `depth` beats in front of it may ask for more of them than it keeps. */
export function deepen(c: usize, depth: i32): void {
  const beats = load<i32>(c, BEATS);
  const entries = load<i32>(c, MASK) + 1;
  const total = load<i64>(c, TOTAL);
  const wanted = min(<i64>beats + <i64>depth, <i64>beats + total);
  if (wanted <= <i64>entries) return;
  const more = powerOfTwo(<i32>wanted);
  const at = ring(more);
  const kept = <i32>min(total, <i64>entries);
  for (let beat = -kept; beat < 0; beat++)
    store<i64>(at + ((<usize>(beat & (more - 1))) << 3), takenAt(c, beat));
  store<u32>(c, <u32>at, TAKES);
  store<i32>(c, more - 1, MASK);
  store<i32>(c, 0, BASE);
}
