import { fail } from '../compiler/diagnostics/index.ts';
import { deadlock } from '../compiler/diagnostics/catalog/sim.ts';
import type { TimingModel } from '../compiler/hw/timing.ts';
import type { Netlist } from './netlist.ts';
import type { ChannelStatus, ScheduleRequest, Steady } from './schedule.ts';
import { RESET_CYCLES, StallSource } from './stalls.ts';
import type { ChannelTimes } from './timeline.ts';

interface Snapshot {
  readonly cycle: number;
  readonly counts: Float64Array;
  readonly status: Float64Array;
}

/** Cycles without any transfer after which the search for a standstill begins, and how often it looks. */
const PATIENCE = 4096;
const LOOK_EVERY = 64;
/** Timing states kept for the search of a recurrence. */
const MAX_SNAPSHOTS = 20_000;

/** Advances the cycle models of a netlist; see sim/README.md for the conventions. */
export class Machine {
  readonly #net: Netlist;
  readonly #request: ScheduleRequest;
  readonly #models: readonly TimingModel[];
  /** By node: whether the model can tell for how long its handshakes hold. */
  readonly #telling: readonly boolean[];
  readonly #stalls: readonly StallSource[] | null;
  readonly #beats: Float64Array;
  /** By channel: what it shows, valid * 2 + ready, and the cycle from which on. */
  readonly #code: Uint8Array;
  readonly #since: Float64Array;
  /** The channels that show a transfer, in no order, and where each stands among them (-1: nowhere). */
  readonly #active: Int32Array;
  readonly #place: Int32Array;
  #activeCount = 0;
  readonly #counts: Float64Array;
  /** By node: the cycle whose state the model is in, and the cycle whose edge it has to see even without a transfer. */
  readonly #at: Float64Array;
  readonly #wake: Float64Array;
  /** Nodes whose edge is to be seen in the next cycle, and those that sleep until some later one; the least of these cycles. */
  #restless: number[] = [];
  #sleepers: number[] = [];
  readonly #asleep: Uint8Array;
  #nextWake = Infinity;
  /** By node: the cycle whose edge it has on its list, or had last. */
  readonly #listed: Float64Array;
  readonly #took: Int32Array;
  readonly #gave: Int32Array;
  readonly #held: Float64Array;
  readonly #shown: Int8Array;
  #times: (ChannelTimes | null)[] = [];
  readonly status: Float64Array;
  readonly occupancy: Float64Array;
  steady: Steady | null = null;

  constructor(net: Netlist, request: ScheduleRequest) {
    this.#net = net;
    this.#request = request;
    this.#models = net.nodes.map(({ unit, node }) => unit.model(node));
    this.#telling = this.#models.map((model) => model.idle !== undefined && model.skip !== undefined);
    const { stalls } = request;
    const ends = net.inputs.length + net.outputs.length;
    this.#stalls =
      stalls === undefined ? null : Array.from({ length: ends }, (_, i) => new StallSource(stalls, i));
    const [channels, nodes] = [net.channels.length, net.nodes.length];
    this.#beats = Float64Array.from(net.channels, (channel) => channel.beats);
    this.#code = new Uint8Array(channels);
    this.#since = new Float64Array(channels);
    this.#active = new Int32Array(channels);
    this.#place = new Int32Array(channels).fill(-1);
    this.#asleep = new Uint8Array(nodes);
    this.#listed = new Float64Array(nodes).fill(-1);
    this.#counts = new Float64Array(channels);
    this.#at = new Float64Array(nodes);
    this.#wake = new Float64Array(nodes);
    this.#took = new Int32Array(nodes);
    this.#gave = new Int32Array(nodes);
    this.#held = new Float64Array(nodes);
    this.#shown = new Int8Array(channels).fill(-1);
    this.status = new Float64Array(channels * 4);
    this.occupancy = new Float64Array(nodes);
  }

  get counts(): Float64Array {
    return this.#counts;
  }

  /** Draws the stalls of cycles in which nothing else happens. */
  #passStalls(cycles: number): void {
    if (this.#stalls === null) return;
    for (let k = 0; k < cycles; k++) for (const source of this.#stalls) source.draw();
  }

  /** Lets channel `c` show `code` from `cycle` on. */
  #show(c: number, code: number, cycle: number): void {
    const old = this.#code[c] as number;
    if (code === old) return;
    const at = c * 4 + old;
    this.status[at] = (this.status[at] as number) + cycle - (this.#since[c] as number);
    this.#since[c] = cycle;
    this.#code[c] = code;
    if (code === 3) {
      this.#place[c] = this.#activeCount;
      this.#active[this.#activeCount++] = c;
    } else if (old === 3) {
      const place = this.#place[c] as number;
      const last = this.#active[--this.#activeCount] as number;
      this.#active[place] = last;
      this.#place[last] = place;
      this.#place[c] = -1;
    }
  }

  #setValid(c: number, valid: boolean, cycle: number): void {
    const ready = (this.#code[c] as number) & 1;
    this.#show(c, valid ? 2 | ready : ready, cycle);
  }

  #setReady(c: number, ready: boolean, cycle: number): void {
    const valid = (this.#code[c] as number) & 2;
    this.#show(c, ready ? valid | 1 : valid, cycle);
  }

  /** Brings the cycles that each channel has shown what it shows into `status`, up to `cycle`. */
  #flush(cycle: number): void {
    for (let c = 0; c < this.#code.length; c++) {
      const at = c * 4 + (this.#code[c] as number);
      this.status[at] = (this.status[at] as number) + cycle - (this.#since[c] as number);
      this.#since[c] = cycle;
    }
  }

  /** Notes when node `n`, whose state is that of `cycle`, has to be looked at again. */
  #plan(n: number, cycle: number): void {
    const wake = this.#wake[n] as number;
    if (wake <= cycle) {
      if (this.#listed[n] === cycle) return;
      this.#listed[n] = cycle;
      this.#restless.push(n);
    } else if (wake < Infinity) {
      if (wake < this.#nextWake) this.#nextWake = wake;
      if (this.#asleep[n] === 1) return;
      this.#asleep[n] = 1;
      this.#sleepers.push(n);
    }
  }

  /** Moves the sleepers that have to wake in `cycle` to the list of `nodes`. */
  #rouse(cycle: number, nodes: number[]): void {
    const still: number[] = [];
    this.#nextWake = Infinity;
    for (const n of this.#sleepers) {
      const wake = this.#wake[n] as number;
      if (wake > cycle && wake < Infinity) {
        still.push(n);
        if (wake < this.#nextWake) this.#nextWake = wake;
        continue;
      }
      this.#asleep[n] = 0;
      if (wake === Infinity || this.#listed[n] === cycle) continue;
      this.#listed[n] = cycle;
      nodes.push(n);
    }
    this.#sleepers = still;
  }

  /** Reads the handshakes that node `n` shows in cycle `cycle`, and for how long they hold. */
  #observe(n: number, cycle: number, quiescent: boolean): void {
    const model = this.#models[n] as TimingModel;
    const { inputs, outputs } = this.#net.nodes[n] as Netlist['nodes'][number];
    for (let i = 0; i < inputs.length; i++) this.#setReady(inputs[i] as number, model.ready(i), cycle);
    for (let o = 0; o < outputs.length; o++) this.#setValid(outputs[o] as number, model.valid(o), cycle);
    if (this.#telling[n] === true) this.#wake[n] = cycle + (model.idle?.() ?? 0);
    else this.#wake[n] = quiescent ? Infinity : cycle;
    this.#plan(n, cycle);
  }

  /** Brings node `n` to the state before the edge of `cycle`, over edges at which it had no transfer. */
  #catchUp(n: number, cycle: number): void {
    const gap = cycle - (this.#at[n] as number);
    // a model that cannot skip is only left behind in a state that edges without a transfer do not change
    if (gap > 0) this.#models[n]?.skip?.(gap);
    this.#at[n] = cycle;
  }

  /** Applies the edge of `cycle` to node `n`. */
  #edge(n: number, cycle: number): void {
    this.#catchUp(n, cycle);
    const model = this.#models[n] as TimingModel;
    const [took, gave] = [this.#took[n] as number, this.#gave[n] as number];
    const watch = took === 0 && gave === 0 && this.#telling[n] === false;
    const before = watch ? model.state() : 0;
    model.tick(took, gave);
    this.#at[n] = cycle + 1;
    const held = (this.#held[n] as number) + (took & 1) - (gave & 1);
    this.#held[n] = held;
    if (held > (this.occupancy[n] as number)) this.occupancy[n] = held;
    this.#took[n] = 0;
    this.#gave[n] = 0;
    this.#observe(n, cycle + 1, watch && model.state() === before);
  }

  /** Sets the wires that the design's surroundings drive in this cycle. */
  #drive(cycle: number, total: Float64Array): void {
    const { inputs, outputs } = this.#net;
    const stalls = this.#stalls;
    for (let i = 0; i < inputs.length; i++) {
      const c = inputs[i] as number;
      const stalled = stalls !== null && (stalls[i] as StallSource).draw();
      const offered = (this.#code[c] as number) >= 2;
      if (!offered && !stalled && (this.#counts[c] as number) < (total[c] as number))
        this.#setValid(c, true, cycle);
    }
    for (let o = 0; o < outputs.length; o++) {
      const stalled = stalls !== null && (stalls[inputs.length + o] as StallSource).draw();
      this.#setReady(outputs[o] as number, !stalled, cycle);
    }
  }

  #report(cycle: number, channel: number, status: number): void {
    if (this.#shown[channel] === status) return;
    this.#shown[channel] = status;
    this.#request.onStatus?.({ cycle, channel, status: status as ChannelStatus });
  }

  /** Notes the transfers of `cycle`, and the nodes at their ends in `nodes`; returns how many there are. */
  #transfers(cycle: number, nodes: number[]): number {
    const { channels, inputs } = this.#net;
    if (this.#request.onStatus !== undefined)
      for (let c = 0; c < channels.length; c++) this.#report(cycle, c, this.#code[c] as number);
    const moved = this.#activeCount;
    for (let i = 0; i < moved; i++) {
      const c = this.#active[i] as number;
      this.#counts[c] = (this.#counts[c] as number) + 1;
      this.#times[c]?.record(cycle);
      const { producer, producerPort, consumer, consumerPort } = channels[c] as Netlist['channels'][number];
      if (producer >= 0) {
        this.#gave[producer] = (this.#gave[producer] as number) | (1 << producerPort);
        this.#list(producer, cycle, nodes);
      }
      if (consumer >= 0) {
        this.#took[consumer] = (this.#took[consumer] as number) | (1 << consumerPort);
        this.#list(consumer, cycle, nodes);
      }
    }
    // a source makes up its mind about the next beat in the next cycle
    for (const c of inputs) if (this.#code[c] === 3) this.#setValid(c, false, cycle + 1);
    return moved;
  }

  #list(n: number, cycle: number, nodes: number[]): void {
    if (this.#listed[n] === cycle) return;
    this.#listed[n] = cycle;
    nodes.push(n);
  }

  /** The timing state as text: of every model, and every channel's place in its frame. All models are brought to `cycle`. */
  #key(cycle: number): string {
    const parts: (string | number)[] = [];
    for (let n = 0; n < this.#models.length; n++) {
      this.#catchUp(n, cycle);
      const model = this.#models[n] as TimingModel;
      if (this.#telling[n] === true) {
        this.#wake[n] = cycle + (model.idle?.() ?? 0);
        this.#plan(n, cycle);
      }
      parts.push(model.state());
    }
    for (let c = 0; c < this.#counts.length; c++)
      parts.push((this.#counts[c] as number) % (this.#beats[c] as number));
    return JSON.stringify(parts);
  }

  /**
   * Looks the state before `cycle` up among the earlier ones. If it was there, notes the period and skips as many whole ones as the sources
   * and `until` allow; returns the cycle to go on from.
   */
  #recur(cycle: number, until: number, total: Float64Array, seen: Map<string, Snapshot>): number | null {
    const key = this.#key(cycle);
    this.#flush(cycle);
    const earlier = seen.get(key);
    if (earlier === undefined) {
      seen.set(key, { cycle, counts: this.#counts.slice(), status: this.status.slice() });
      return null;
    }
    const period = cycle - earlier.cycle;
    const [output = 0] = this.#net.outputs;
    const moved = this.#counts.map((count, c) => count - (earlier.counts[c] as number));
    const frames = (moved[output] as number) / (this.#beats[output] as number);
    // equal states with unequal progress cannot be: some channel would run away from another without bound
    if (moved.some((beats, c) => beats !== frames * (this.#beats[c] as number))) return null;
    const spent = this.status.map((cycles, i) => cycles - (earlier.status[i] as number));
    this.steady = { cycles: period, frames, status: spent };
    let times = Math.floor((until - cycle) / period);
    for (const c of this.#net.inputs) {
      times = Math.min(
        times,
        Math.floor(((total[c] as number) - (this.#counts[c] as number)) / (moved[c] as number)),
      );
    }
    if (times < 1) return cycle;
    for (let c = 0; c < moved.length; c++) {
      this.#times[c]?.repeat(moved[c] as number, period, times);
      this.#counts[c] = (this.#counts[c] as number) + times * (moved[c] as number);
    }
    // a source that was waiting with a beat may have given its last one in the skipped periods
    for (const c of this.#net.inputs)
      if ((this.#counts[c] as number) >= (total[c] as number)) this.#setValid(c, false, cycle);
    for (let i = 0; i < spent.length; i++)
      this.status[i] = (this.status[i] as number) + times * (spent[i] as number);
    const later = times * period;
    for (let n = 0; n < this.#at.length; n++) {
      this.#at[n] = (this.#at[n] as number) + later;
      this.#wake[n] = (this.#wake[n] as number) + later;
      this.#listed[n] = (this.#listed[n] as number) + later;
    }
    for (let c = 0; c < this.#since.length; c++) this.#since[c] = (this.#since[c] as number) + later;
    this.#nextWake += later;
    return cycle + later;
  }

  /**
   * The cycle to look at after one without a transfer: the next in which one is possible or a model has to be woken, `until` at the latest;
   * Infinity if there is none. Stalled ends have to be asked each cycle.
   */
  #afterSilence(cycle: number, until: number): number {
    if (this.#stalls !== null || this.#activeCount > 0 || this.#restless.length > 0) return cycle + 1;
    return Math.max(cycle + 1, Math.min(this.#nextWake, until));
  }

  /** Whether no model has anything to do before another transfer. */
  #atRest(): boolean {
    return this.#wake.every((at) => at === Infinity);
  }

  /**
   * Feeds `frames` frames from cycle `start` on, out of reset, until all have left or cycle `until` is reached. Returns the stamp of the last
   * output beat plus one, or `until`.
   */
  run(frames: number, start: number, until: number, times: (ChannelTimes | null)[]): number {
    const { outputs, nodes } = this.#net;
    const total = this.#beats.map((beats) => beats * frames);
    const extrapolate =
      this.#stalls === null && this.#request.plain !== true && this.#request.onStatus === undefined;
    const seen = new Map<string, Snapshot>();
    const [output = 0] = outputs;
    this.#times = times;
    this.#counts.fill(0);
    this.#held.fill(0);
    this.#code.fill(0);
    this.#since.fill(start);
    this.#place.fill(-1);
    this.#activeCount = 0;
    this.#restless = [];
    this.#sleepers = [];
    this.#asleep.fill(0);
    this.#listed.fill(-1);
    this.#nextWake = Infinity;
    for (let n = 0; n < nodes.length; n++) {
      this.#models[n]?.reset();
      this.#at[n] = start;
      this.#observe(n, start, false);
    }
    const finished = (): boolean => outputs.every((c) => (this.#counts[c] as number) >= (total[c] as number));
    let done = finished();
    let searching = extrapolate;
    let cycle = start;
    let lastMove = start;
    let silent = 0;
    let anchor = { key: '', window: 0 };
    // up to a reset the design goes on behind its last output: it may still pass on what no output needs
    const beyond = until < Infinity ? until : 0;
    while (cycle < (done ? beyond : until)) {
      const due = this.#restless;
      this.#restless = [];
      this.#drive(cycle, total);
      const leaves = this.#code[output] === 3;
      const gives = leaves || outputs.some((c) => this.#code[c] === 3);
      const moved = this.#transfers(cycle, due);
      if (this.#nextWake <= cycle) this.#rouse(cycle, due);
      for (let k = 0; k < due.length; k++) this.#edge(due[k] as number, cycle);
      let next = cycle + 1;
      if (moved > 0) {
        lastMove = cycle;
        silent = 0;
        anchor = { key: '', window: 0 };
      } else {
        next = this.#afterSilence(cycle, until);
        const quiet = cycle - lastMove > PATIENCE;
        const stuck = next === Infinity || (this.#stalls !== null && quiet && this.#atRest());
        if (stuck && !done) {
          this.#standstill(lastMove + 1, total);
        }
        if (quiet && !done && ++silent % LOOK_EVERY === 0) {
          const key = this.#key(next);
          if (key === anchor.key) this.#standstill(lastMove + 1, total);
          if (silent > anchor.window) anchor = { key, window: 2 * silent };
        }
      }
      cycle = next;
      if (gives) done = finished();
      const boundary = leaves && (this.#counts[output] as number) % (this.#beats[output] as number) === 0;
      if (!searching || !boundary) continue;
      if (this.#net.inputs.some((c) => (this.#counts[c] as number) >= (total[c] as number)))
        searching = false;
      else {
        const resumed = this.#recur(cycle, until, total, seen);
        if (resumed !== null) {
          [cycle, searching] = [resumed, false];
          done = finished();
        }
        if (seen.size >= MAX_SNAPSHOTS) searching = false;
      }
    }
    this.#flush(Math.min(cycle, until));
    if (until < Infinity) this.#passStalls(until - cycle);
    return until < Infinity ? until : cycle;
  }

  #standstill(cycle: number, total: Float64Array): never {
    const { channels, outputs, hw } = this.#net;
    const blocked = channels.flatMap(({ channel }, c) => (this.#code[c] === 2 ? [channel.name] : []));
    const left = outputs.map(
      (c) => `${channels[c]?.channel.name ?? ''} gave ${this.#counts[c]} of ${total[c]} beats`,
    );
    fail(deadlock(hw.name, cycle, blocked, left.join(', ')));
  }

  /** The cycles of a reset: every wire that surroundings drive is low, and what the design shows does not count. */
  holdReset(cycle: number): void {
    this.#passStalls(RESET_CYCLES);
    if (this.#request.onStatus !== undefined) {
      for (let c = 0; c < this.#net.channels.length; c++) this.#report(cycle, c, 0);
    }
  }
}
