// When beats move, for designs whose every cycle model is one of the tables of compiler/hw/tables.ts: the same events as sim/machine.ts, in
// records of linear memory that sim/compiled.ts lays out. Cycles and counts are 64-bit integers.

// A node's record.
const KIND: usize = 0;
const NEED: usize = 4;
const EMIT: usize = 8;
/** Steps: the silent runs; reader: the words that are free. */
const ALSO: usize = 12;
const STEPS: usize = 16;
const DEPTH: usize = 20;
const WORDS: usize = 24;
const INPUTS: usize = 28;
const OUTPUTS: usize = 32;
/** Addresses of the channels at its ports. */
const INTO: usize = 36;
const FROM: usize = 40;
/** Ports at which a beat moved in this cycle, and what its ports show, a bit a port. */
const TOOK: usize = 44;
const GAVE: usize = 48;
const READY: usize = 52;
const VALID: usize = 56;
/** The list of the wheel that it is on (-1: none) and its neighbours there. */
const SLOT: usize = 60;
const NEXT: usize = 64;
const PREVIOUS: usize = 68;
/** The cycle whose state it is in, the cycle whose edge it has to see without a transfer, the cycle that it is listed for. */
const AT: usize = 72;
const WAKE: usize = 80;
const LISTED: usize = 88;
/** The state: 16 bytes, two numbers or one of 64 bits first. */
const STATE: usize = 96;
const A: usize = 96;
const B: usize = 100;
const C: usize = 104;
const D: usize = 108;
/** Beats taken and not yet given, port 0 to port 0; and the most of them. */
const HELD: usize = 112;
const MOST: usize = 116;
const NODE: usize = 120;

// A channel's record.
const CODE: usize = 0;
const PRODUCER: usize = 4;
const PRODUCER_BIT: usize = 8;
const CONSUMER: usize = 12;
const CONSUMER_BIT: usize = 16;
const PLACE: usize = 20;
const BEATS: usize = 24;
/** Its place in the frame. */
const PHASE: usize = 28;
const COUNT: usize = 32;
const SINCE: usize = 40;
/** Cycles of the first beat and of the first frame's last one; -1 before. */
const FIRST: usize = 48;
const LAST: usize = 56;
/** Cycles spent in each status. */
const STATUS: usize = 64;
const CHANNEL: usize = 96;

const SLOTS: i64 = 256;
const FAR: i32 = 256;
const NEVER: i64 = i64.MAX_VALUE;
const MOST_SNAPSHOTS: i32 = 20000;
const TABLE: u32 = 32768;

let active: usize = 0;
let activeCount: i32 = 0;
let later: usize = 0;
let laterCount: i32 = 0;
let wheel: usize = 0;
let farthest: i64 = NEVER;

function show(c: usize, code: i32, cycle: i64): void {
  const old = load<i32>(c, CODE);
  if (old == code) return;
  const spent = c + ((<usize>old) << 3);
  store<i64>(spent, load<i64>(spent, STATUS) + cycle - load<i64>(c, SINCE), STATUS);
  store<i64>(c, cycle, SINCE);
  store<i32>(c, code, CODE);
  if (code == 3) {
    store<i32>(c, activeCount, PLACE);
    store<u32>(active + ((<usize>activeCount) << 2), <u32>c);
    activeCount++;
  } else if (old == 3) {
    const place = load<i32>(c, PLACE);
    activeCount--;
    const last = load<u32>(active + ((<usize>activeCount) << 2));
    store<u32>(active + ((<usize>place) << 2), last);
    store<i32>(<usize>last, place, PLACE);
  }
}

function unlink(n: usize, slot: i32): void {
  const next = load<u32>(n, NEXT);
  const previous = load<u32>(n, PREVIOUS);
  if (next != 0) store<u32>(<usize>next, previous, PREVIOUS);
  if (previous != 0) store<u32>(<usize>previous, next, NEXT);
  else store<u32>(wheel + ((<usize>slot) << 2), next);
  store<i32>(n, -1, SLOT);
}

function link(n: usize, slot: i32): void {
  const head = wheel + ((<usize>slot) << 2);
  const next = load<u32>(head);
  store<u32>(n, next, NEXT);
  store<u32>(n, 0, PREVIOUS);
  if (next != 0) store<u32>(<usize>next, <u32>n, PREVIOUS);
  store<u32>(head, <u32>n);
  store<i32>(n, slot, SLOT);
}

/** Notes that a node, whose state is that of `cycle`, has to see the edge of `wake`. What the wheel held for it before may stay: it is looked at and dropped. */
function plan(n: usize, wake: i64, cycle: i64): void {
  store<i64>(n, wake, WAKE);
  if (wake <= cycle) {
    if (load<i64>(n, LISTED) == cycle) return;
    store<i64>(n, cycle, LISTED);
    store<u32>(later + ((<usize>laterCount) << 2), <u32>n);
    laterCount++;
    return;
  }
  if (wake == NEVER) return;
  const near = wake - cycle < SLOTS;
  const slot = near ? <i32>(wake & (SLOTS - 1)) : FAR;
  const old = load<i32>(n, SLOT);
  if (!near && wake < farthest) farthest = wake;
  if (old == slot) return;
  if (old >= 0) unlink(n, old);
  link(n, slot);
}

/** Whether each of the first `count` ports, two bits each, holds a beat. */
function allHold(held: u64, count: i32): bool {
  for (let i = 0; i < count; i++, held >>= 2) if ((held & 3) == 0) return false;
  return true;
}

/** The ports of two bits each that hold fewer than two beats (`want` 0), or any (`want` 1), a bit a port. */
function ports(held: u64, count: i32, want: i32): i32 {
  let mask = 0;
  for (let i = 0; i < count; i++, held >>= 2) {
    const beats = <i32>(held & 3);
    if (want == 0 ? beats < 2 : beats > 0) mask |= 1 << i;
  }
  return mask;
}

/** `count` bits spread to two bits each. */
function spread(mask: i32, count: i32): u64 {
  let wide: u64 = 0;
  for (let i = 0; i < count; i++) wide |= (<u64>((mask >> i) & 1)) << (2 * i);
  return wide;
}

/** Brings a node over `gap` edges without a transfer, as far as `plan` was told that nothing it shows changes. */
function skip(n: usize, gap: i32): void {
  switch (load<i32>(n, KIND)) {
    case 0: {
      if (load<i32>(n, C) == 2) return;
      const pipe = load<i32>(n, B);
      if (pipe != 0) store<i32>(n, pipe << gap, B);
      const step = load<i32>(n, A);
      if (load<i8>(<usize>load<u32>(n, NEED) + step) < 0)
        store<i32>(n, (step + gap) % load<i32>(n, STEPS), A);
      return;
    }
    case 5: {
      const wait = load<i32>(n, A) - gap;
      store<i32>(n, wait < 0 ? 0 : wait, A);
      return;
    }
  }
}

/** Reads what a node shows in `cycle`, and until when it will. */
function observe(n: usize, cycle: i64): void {
  let ready = 0;
  let valid = 0;
  let wake = NEVER;
  switch (load<i32>(n, KIND)) {
    case 0: {
      const spill = load<i32>(n, C);
      valid = spill > 0 ? 1 : 0;
      if (spill == 2) break;
      const step = load<i32>(n, A);
      const need = load<i8>(<usize>load<u32>(n, NEED) + step);
      const pipe = load<i32>(n, B);
      // the furthest result in the pipeline enters the register after so many edges
      if (pipe != 0) wake = cycle + <i64>(load<i32>(n, DEPTH) - (31 - clz(pipe)) - 1);
      if (need >= 0) ready = 1 << need;
      else {
        const silent = cycle + <i64>max(0, load<i32>(<usize>load<u32>(n, ALSO) + ((<usize>step) << 2)) - 1);
        if (silent < wake) wake = silent;
      }
      break;
    }
    case 1: {
      const step = load<i32>(n, A);
      const written = load<i32>(n, B);
      const full = load<i32>(n, C);
      ready =
        written - load<i32>(<usize>load<u32>(n, ALSO) + ((<usize>step) << 2)) < load<i32>(n, DEPTH) ? 1 : 0;
      valid = full;
      if (full == 0 && load<i32>(<usize>load<u32>(n, NEED) + ((<usize>step) << 2)) < written) wake = cycle;
      break;
    }
    case 2: {
      const held = load<u64>(n, A);
      const inputs = load<i32>(n, INPUTS);
      const spill = load<i32>(n, C);
      ready = ports(held, inputs, 0);
      valid = spill > 0 ? 1 : 0;
      if (spill < 2 && (load<i32>(n, D) != 0 || allHold(held, inputs))) wake = cycle;
      break;
    }
    case 3: {
      const waiting = load<u64>(n, A);
      ready = (waiting & 0xaaaaaaaaaaaaaaaa) == 0 ? 1 : 0;
      valid = ports(waiting, load<i32>(n, OUTPUTS), 1);
      break;
    }
    case 4: {
      const count = load<i32>(n, C);
      ready = count < load<i32>(n, DEPTH) ? 1 : 0;
      valid = count > 0 ? 1 : 0;
      break;
    }
    case 5: {
      const wait = load<i32>(n, A);
      const beat = load<i32>(n, B);
      const held = load<i32>(n, C);
      ready = held < 2 ? 1 : 0;
      valid = held > 0 && (beat > 0 || wait == 0) ? 1 : 0;
      if (held > 0 && beat == 0 && wait > 0) wake = cycle + <i64>(wait - 1);
      break;
    }
  }
  let changed = ready ^ load<i32>(n, READY);
  if (changed != 0) {
    store<i32>(n, ready, READY);
    const into = <usize>load<u32>(n, INTO);
    do {
      const port = ctz(changed);
      changed &= changed - 1;
      const c = <usize>load<u32>(into + ((<usize>port) << 2));
      show(c, (load<i32>(c, CODE) & 2) | ((ready >> port) & 1), cycle);
    } while (changed != 0);
  }
  changed = valid ^ load<i32>(n, VALID);
  if (changed != 0) {
    store<i32>(n, valid, VALID);
    const from = <usize>load<u32>(n, FROM);
    do {
      const port = ctz(changed);
      changed &= changed - 1;
      const c = <usize>load<u32>(from + ((<usize>port) << 2));
      show(c, (load<i32>(c, CODE) & 1) | (((valid >> port) & 1) << 1), cycle);
    } while (changed != 0);
  }
  plan(n, wake, cycle);
}

/** Applies the edge of `cycle` to a node. */
function edge(n: usize, cycle: i64): void {
  const gap = cycle - load<i64>(n, AT);
  if (gap > 0) skip(n, <i32>gap);
  const took = load<i32>(n, TOOK);
  const gave = load<i32>(n, GAVE);
  switch (load<i32>(n, KIND)) {
    case 0: {
      let spill = load<i32>(n, C);
      const enabled = spill < 2;
      if (gave != 0) spill--;
      if (enabled) {
        const step = load<i32>(n, A);
        const need = <i32>load<i8>(<usize>load<u32>(n, NEED) + step);
        const fire = need < 0 || ((took >> need) & 1) != 0;
        const top = 1 << load<i32>(n, DEPTH);
        let pipe = load<i32>(n, B) << 1;
        if (fire) {
          pipe |= load<u8>(<usize>load<u32>(n, EMIT) + step);
          store<i32>(n, step + 1 == load<i32>(n, STEPS) ? 0 : step + 1, A);
        }
        if ((pipe & top) != 0) {
          spill++;
          pipe &= top - 1;
        }
        store<i32>(n, pipe, B);
      }
      store<i32>(n, spill, C);
      break;
    }
    case 1: {
      let written = load<i32>(n, B);
      if (load<i32>(n, C) == 0 || gave != 0) {
        const step = load<i32>(n, A);
        if (load<i32>(<usize>load<u32>(n, NEED) + ((<usize>step) << 2)) < written) {
          store<i32>(n, load<u8>(<usize>load<u32>(n, EMIT) + step), C);
          if (step + 1 == load<i32>(n, STEPS)) {
            store<i32>(n, 0, A);
            written -= load<i32>(n, WORDS);
          } else store<i32>(n, step + 1, A);
        } else store<i32>(n, 0, C);
      }
      store<i32>(n, took != 0 ? written + 1 : written, B);
      break;
    }
    case 2: {
      const inputs = load<i32>(n, INPUTS);
      const held = load<u64>(n, A);
      let spill = load<i32>(n, C);
      const enabled = spill < 2;
      const fires = enabled && allHold(held, inputs);
      if (gave != 0) spill--;
      store<u64>(n, held + spread(took, inputs) - (fires ? spread(-1, inputs) : 0), A);
      if (enabled) {
        const stages = load<i32>(n, DEPTH);
        const moved = (load<i32>(n, D) << 1) | (fires ? 1 : 0);
        spill += (moved >> stages) & 1;
        store<i32>(n, moved & ((1 << stages) - 1), D);
      }
      store<i32>(n, spill, C);
      break;
    }
    case 3: {
      const outputs = load<i32>(n, OUTPUTS);
      store<u64>(n, load<u64>(n, A) + (took != 0 ? spread(-1, outputs) : 0) - spread(gave, outputs), A);
      break;
    }
    case 4: {
      store<i32>(n, load<i32>(n, C) + took - gave, C);
      break;
    }
    case 5: {
      let wait = load<i32>(n, A);
      if (wait > 0) wait--;
      if (gave != 0) {
        const beat = load<i32>(n, B);
        if (beat == 0) wait = load<i32>(n, WORDS) - 1;
        store<i32>(n, beat + 1 == load<i32>(n, STEPS) ? 0 : beat + 1, B);
      }
      store<i32>(n, wait, A);
      store<i32>(n, load<i32>(n, C) + took - gave, C);
      break;
    }
  }
  store<i64>(n, cycle + 1, AT);
  if ((took | gave) != 0) {
    const held = load<i32>(n, HELD) + (took & 1) - (gave & 1);
    store<i32>(n, held, HELD);
    if (held > load<i32>(n, MOST)) store<i32>(n, held, MOST);
    store<i32>(n, 0, TOOK);
    store<i32>(n, 0, GAVE);
  }
  observe(n, cycle + 1);
}

/** Moves what sleeps long to the wheel once it is near. */
function approach(cycle: i64): void {
  farthest = NEVER;
  let n = <usize>load<u32>(wheel + ((<usize>FAR) << 2));
  while (n != 0) {
    const next = <usize>load<u32>(n, NEXT);
    const wake = load<i64>(n, WAKE);
    if (wake == NEVER || wake < cycle) unlink(n, FAR);
    else if (wake - cycle < SLOTS) {
      unlink(n, FAR);
      link(n, <i32>(wake & (SLOTS - 1)));
    } else if (wake < farthest) farthest = wake;
    n = next;
  }
}

/** The next cycle in which something may wake; NEVER if nothing can. */
function nextWake(cycle: i64): i64 {
  for (let at = cycle; at < cycle + SLOTS; at++)
    if (load<u32>(wheel + ((<usize>(at & (SLOTS - 1))) << 2)) != 0) return at;
  if (load<u32>(wheel + ((<usize>FAR) << 2)) == 0) return NEVER;
  return farthest;
}

/** Brings the time that each channel has shown what it shows into its counts. */
function flush(channels: usize, count: i32, cycle: i64): void {
  for (let c = channels, end = channels + <usize>count * CHANNEL; c < end; c += CHANNEL) {
    const spent = c + ((<usize>load<i32>(c, CODE)) << 3);
    store<i64>(spent, load<i64>(spent, STATUS) + cycle - load<i64>(c, SINCE), STATUS);
    store<i64>(c, cycle, SINCE);
  }
}

/**
 * Runs a design out of reset, behind sources that always offer and before sinks that always take.
 *
 * @param nodes, channels - records, all zero but for what does not change; SLOT and LISTED are -1, FIRST and LAST too
 * @param ends - addresses of the input channels, then of the output channels
 * @param settle - whether to end with the recurrence, or where it can no longer be found, rather than with the last frame
 * @param work - room for the active list, two due lists, the wheel and the table of snapshots, in this order, zeroed
 * @param result - takes five i64: cycles, period and frames of the recurrence (0: none), whether it stands still; and then the
 *   cycles of a period that each channel spends in each status
 * @param room - from here on memory is free; more is added as needed
 */
export function simulate(
  nodes: usize,
  nodeCount: i32,
  channels: usize,
  channelCount: i32,
  ends: usize,
  inputCount: i32,
  outputCount: i32,
  frames: f64,
  settle: i32,
  work: usize,
  result: usize,
  room: usize,
): void {
  active = work;
  let due = active + ((<usize>channelCount) << 2);
  later = due + ((<usize>nodeCount) << 2);
  wheel = later + ((<usize>nodeCount) << 2);
  const table = wheel + ((<usize>FAR + 1) << 2);
  activeCount = 0;
  laterCount = 0;
  farthest = NEVER;
  const total = <i64>frames;
  const nodesEnd = nodes + <usize>nodeCount * NODE;
  const channelsEnd = channels + <usize>channelCount * CHANNEL;
  const outputs = ends + ((<usize>inputCount) << 2);
  const outputsEnd = outputs + ((<usize>outputCount) << 2);
  const lead = <usize>load<u32>(outputs);
  const snapshot = 16 + <usize>channelCount * (8 + 32 + 4) + <usize>nodeCount * 16;
  let snapshots = 0;
  let cycle: i64 = 0;
  let open = 0;
  for (let n = nodes; n < nodesEnd; n += NODE) observe(n, 0);
  for (let e = ends; e < outputs; e += 4) {
    const c = <usize>load<u32>(e);
    if (total > 0) show(c, 2 | load<i32>(c, CODE), 0);
  }
  for (let e = outputs; e < outputsEnd; e += 4) {
    const c = <usize>load<u32>(e);
    show(c, 1 | load<i32>(c, CODE), 0);
    if (total > 0) open++;
  }
  let searching = true;
  // of the recurrence, once it is found
  let period: i64 = 0;
  let passed: i64 = 0;
  let still = false;
  while (open > 0) {
    if (activeCount == 0 && laterCount == 0) {
      const wake = nextWake(cycle);
      if (wake == NEVER) {
        still = true;
        break;
      }
      cycle = wake;
    }
    // what was listed for this cycle; `later` takes the next one's
    const now = later;
    later = due;
    due = now;
    let dueCount = laterCount;
    laterCount = 0;
    const slot = <i32>(cycle & (SLOTS - 1));
    if (cycle + SLOTS > farthest) approach(cycle);
    let sleeper = <usize>load<u32>(wheel + ((<usize>slot) << 2));
    while (sleeper != 0) {
      const next = <usize>load<u32>(sleeper, NEXT);
      unlink(sleeper, slot);
      if (load<i64>(sleeper, WAKE) == cycle && load<i64>(sleeper, LISTED) != cycle) {
        store<i64>(sleeper, cycle, LISTED);
        store<u32>(due + ((<usize>dueCount) << 2), <u32>sleeper);
        dueCount++;
      }
      sleeper = next;
    }
    const moved = activeCount;
    let boundary = false;
    let dried = false;
    for (let i = 0; i < moved; i++) {
      const c = <usize>load<u32>(active + ((<usize>i) << 2));
      const count = load<i64>(c, COUNT) + 1;
      store<i64>(c, count, COUNT);
      const beats = load<i32>(c, BEATS);
      const phase = load<i32>(c, PHASE) + 1;
      store<i32>(c, phase == beats ? 0 : phase, PHASE);
      if (count == 1) store<i64>(c, cycle, FIRST);
      if (count == <i64>beats) store<i64>(c, cycle, LAST);
      const producer = <usize>load<u32>(c, PRODUCER);
      if (producer != 0) {
        store<i32>(producer, load<i32>(producer, GAVE) | load<i32>(c, PRODUCER_BIT), GAVE);
        if (load<i64>(producer, LISTED) != cycle) {
          store<i64>(producer, cycle, LISTED);
          store<u32>(due + ((<usize>dueCount) << 2), <u32>producer);
          dueCount++;
        }
      } else if (count == total * <i64>beats) dried = true;
      const consumer = <usize>load<u32>(c, CONSUMER);
      if (consumer != 0) {
        store<i32>(consumer, load<i32>(consumer, TOOK) | load<i32>(c, CONSUMER_BIT), TOOK);
        if (load<i64>(consumer, LISTED) != cycle) {
          store<i64>(consumer, cycle, LISTED);
          store<u32>(due + ((<usize>dueCount) << 2), <u32>consumer);
          dueCount++;
        }
      } else if (phase == beats) {
        if (c == lead) boundary = true;
        if (count == total * <i64>beats) open--;
      }
    }
    if (dried) {
      searching = false;
      for (let e = ends; e < outputs; e += 4) {
        const c = <usize>load<u32>(e);
        if (load<i64>(c, COUNT) >= total * <i64>load<i32>(c, BEATS))
          show(c, load<i32>(c, CODE) & 1, cycle + 1);
      }
    }
    for (let i = 0; i < dueCount; i++) edge(<usize>load<u32>(due + ((<usize>i) << 2)), cycle);
    cycle++;
    if (!boundary) continue;
    // the first frame has to have left everywhere before whole periods are left out: its stamps are not made up for
    let early = false;
    for (let e = outputs; e < outputsEnd; e += 4) {
      const c = <usize>load<u32>(e);
      if (load<i64>(c, COUNT) < <i64>load<i32>(c, BEATS)) early = true;
    }
    if (!searching) {
      if (settle != 0 && !early) break;
      continue;
    }
    if (period == 0) {
      // the state before `cycle`
      flush(channels, channelCount, cycle);
      const at = room + <usize>snapshots * snapshot;
      const missing = <i64>at + <i64>snapshot - ((<i64>memory.size()) << 16);
      if (missing > 0 && memory.grow(<i32>((missing >> 16) + 64)) < 0) {
        searching = false;
        continue;
      }
      let p = at + 16;
      for (let c = channels; c < channelsEnd; c += CHANNEL, p += 40) {
        store<i64>(p, load<i64>(c, COUNT));
        memory.copy(p + 8, c + STATUS, 32);
      }
      const key = p;
      for (let n = nodes; n < nodesEnd; n += NODE, p += 16) {
        const gap = cycle - load<i64>(n, AT);
        if (gap > 0) {
          skip(n, <i32>gap);
          store<i64>(n, cycle, AT);
        }
        store<u64>(p, load<u64>(n, A));
        store<u64>(p, load<u64>(n, C), 8);
      }
      for (let c = channels; c < channelsEnd; c += CHANNEL, p += 4) store<i32>(p, load<i32>(c, PHASE));
      let hash: u64 = 0xcbf29ce484222325;
      for (let q = key; q < p; q += 4) hash = (hash ^ (<u64>load<u32>(q))) * 0x100000001b3;
      hash ^= hash >> 29;
      store<u64>(at, hash);
      store<i64>(at, cycle, 8);
      let entry = (<u32>hash) & (TABLE - 1);
      let found: usize = 0;
      for (;;) {
        const index = load<i32>(table + ((<usize>entry) << 2));
        if (index == 0) break;
        const other = room + <usize>(index - 1) * snapshot;
        if (load<u64>(other) == hash && memory.compare(other + (key - at), key, p - key) == 0) {
          found = other;
          break;
        }
        entry = (entry + 1) & (TABLE - 1);
      }
      if (found == 0) {
        snapshots++;
        store<i32>(table + ((<usize>entry) << 2), snapshots);
        if (snapshots == MOST_SNAPSHOTS) searching = false;
        continue;
      }
      const leadAt = <usize>((lead - channels) / CHANNEL) * 40;
      const gave = load<i64>(lead, COUNT) - load<i64>(found + leadAt, 16);
      passed = gave / <i64>load<i32>(lead, BEATS);
      // equal states with unequal progress cannot be: some channel would run away from another without bound
      let even = true;
      let q = found + 16;
      let spent = result + 32;
      for (let c = channels; c < channelsEnd; c += CHANNEL, q += 40, spent += 32) {
        const beats = <i64>load<i32>(c, BEATS);
        if (load<i64>(c, COUNT) - load<i64>(q) != passed * beats) even = false;
        for (let s: usize = 0; s < 32; s += 8)
          store<i64>(spent + s, load<i64>(c + s, STATUS) - load<i64>(q + s, 8));
      }
      if (!even) continue;
      period = cycle - load<i64>(found, 8);
      store<i64>(result, period, 8);
      store<i64>(result, passed, 16);
    }
    if (early) continue;
    searching = false;
    if (settle != 0) break;
    let times: i64 = NEVER;
    for (let e = ends; e < outputs; e += 4) {
      const c = <usize>load<u32>(e);
      const beats = <i64>load<i32>(c, BEATS);
      times = min(times, (total * beats - load<i64>(c, COUNT)) / (passed * beats));
    }
    if (times < 1) continue;
    const jump = times * period;
    let spent = result + 32;
    for (let c = channels; c < channelsEnd; c += CHANNEL, spent += 32) {
      const beats = <i64>load<i32>(c, BEATS);
      store<i64>(c, load<i64>(c, COUNT) + times * passed * beats, COUNT);
      store<i64>(c, load<i64>(c, SINCE) + jump, SINCE);
      for (let s: usize = 0; s < 32; s += 8)
        store<i64>(c + s, load<i64>(c + s, STATUS) + times * load<i64>(spent + s), STATUS);
    }
    cycle += jump;
    open = 0;
    for (let e = ends; e < outputsEnd; e += 4) {
      const c = <usize>load<u32>(e);
      const all = load<i64>(c, COUNT) >= total * <i64>load<i32>(c, BEATS);
      if (e < outputs) {
        if (all) show(c, load<i32>(c, CODE) & 1, cycle);
      } else if (!all) open++;
    }
    laterCount = 0;
    for (let n = nodes; n < nodesEnd; n += NODE) {
      const old = load<i32>(n, SLOT);
      if (old >= 0) unlink(n, old);
      store<i64>(n, load<i64>(n, AT) + jump, AT);
      const wake = load<i64>(n, WAKE);
      plan(n, wake == NEVER ? NEVER : wake + jump, cycle);
    }
  }
  flush(channels, channelCount, cycle);
  store<i64>(result, cycle, 0);
  store<i64>(result, still ? 1 : 0, 24);
}
