import { Machine } from './machine.ts';
import type { Netlist } from './netlist.ts';
import { RESET_CYCLES } from './stalls.ts';
import { ChannelTimes } from './timeline.ts';
import type { ResetOptions } from './run.ts';

/** What a channel shows in a cycle: valid * 2 + ready, so 3 is a transfer. */
export type ChannelStatus = 0 | 1 | 2 | 3;

/** The handshake wires of a channel change: from `cycle` on it shows `status`. */
export interface StatusChange {
  readonly cycle: number;
  readonly channel: number;
  readonly status: ChannelStatus;
}

export interface ScheduleRequest {
  readonly frames: number;
  readonly stalls?: number | undefined;
  readonly reset?: ResetOptions | undefined;
  /** Channels whose transfers are kept: those at the design's ends, or all. */
  readonly record: 'ends' | 'all';
  /** Called with each change of a channel's handshake wires, in order; turns extrapolation off. */
  readonly onStatus?: (change: StatusChange) => void;
  /** Simulate every cycle even where the timing state recurs. For tests and for onStatus. */
  readonly plain?: boolean;
}

/** The recurrence that was found: every `frames` frames take `cycles` cycles. */
export interface Steady {
  readonly cycles: number;
  readonly frames: number;
  /** Cycles of one such period that each channel spends in each status: [channel][status]. */
  readonly status: Float64Array;
}

export interface Schedule {
  /** Stamp of the last output beat plus one. */
  readonly cycles: number;
  /** Transfers by channel, one entry before a reset and one after it; null where not recorded. */
  readonly times: readonly (readonly ChannelTimes[] | null)[];
  /** Beats by channel that moved before the reset. */
  readonly aborted: Float64Array;
  /** Null if the run ended, stalled or was traced before its state recurred. */
  readonly steady: Steady | null;
  /** Cycles of the whole run that each channel spent in each status: [channel][status]. */
  readonly status: Float64Array;
  /** By node: the most beats that it had taken and not yet given, port 0 to port 0. */
  readonly occupancy: Float64Array;
}

/** Finds out when every beat moves. Throws a DiagnosticError if the design comes to a standstill. */
export function schedule(net: Netlist, request: ScheduleRequest): Schedule {
  const machine = new Machine(net, request);
  const ends = new Set([...net.inputs, ...net.outputs]);
  const fresh = (): (ChannelTimes | null)[] =>
    net.channels.map((_, c) => (request.record === 'all' || ends.has(c) ? new ChannelTimes() : null));
  const phases: (ChannelTimes | null)[][] = [];
  let aborted = new Float64Array(net.channels.length);
  let start = 0;
  let { frames } = request;
  if (request.reset !== undefined) {
    const { at, resume } = request.reset;
    const before = fresh();
    machine.run(frames, 0, at, before);
    machine.holdReset(at);
    phases.push(before);
    aborted = machine.counts.slice();
    start = at + RESET_CYCLES;
    frames -= resume;
  }
  const times = fresh();
  const cycles = machine.run(frames, start, Infinity, times);
  phases.push(times);
  return {
    cycles,
    times: net.channels.map((_, c) => {
      const recorded = phases.flatMap((phase) => phase[c] ?? []);
      return recorded.length === 0 ? null : recorded;
    }),
    aborted,
    steady: machine.steady,
    status: machine.status,
    occupancy: machine.occupancy,
  };
}
