// The beats of channels by their stamps: when each is offered and when it is taken, a frame at a time. A beat is counted within its frame;
// negative numbers are beats of the frames before, whose stamps stay in the ring as long as anything asks for them.

import {
  BASE,
  BEATS,
  BUSY,
  FROM,
  INTO,
  MASK,
  OFFERS,
  PRODUCER,
  QUEUED,
  TAKEN,
  TAKES,
  TOTAL,
  WAIT,
} from './layout';

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
