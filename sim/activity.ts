import type { Netlist } from './netlist.ts';
import type { Schedule } from './schedule.ts';

/** How the cycles of a channel were spent. */
export interface ChannelActivity {
  readonly channel: string;
  readonly transfers: number;
  /** Cycles in which a beat was offered and not taken: the consumer binds. */
  readonly waiting: number;
  /** Cycles in which the consumer was ready and nothing was offered: the producer binds. */
  readonly starving: number;
  readonly idle: number;
}

/** Where a design's time goes. */
export interface Activity {
  /** Cycles that the counts cover: one steady period if there was one, else the whole run. */
  readonly cycles: number;
  readonly frames: number | null;
  readonly channels: readonly ChannelActivity[];
  /**
   * The instance that holds up the ones before it: the one whose input waits most in excess of its output. Null when no channel waits; then the
   * design's input binds.
   */
  readonly binding: string | null;
}

/**
 * The most beats that each FIFO (by instance) held in the whole run.
 *
 * @param occupancy - by node
 */
export function fifoOccupancy(net: Netlist, occupancy: ArrayLike<number>): ReadonlyMap<string, number> {
  const held = new Map<string, number>();
  net.nodes.forEach(({ node, unit }, n) => {
    if (unit.plumbing?.role === 'fifo') held.set(node.name, occupancy[n] ?? 0);
  });
  return held;
}

/** Sums up a schedule. */
export function activity(net: Netlist, plan: Schedule): Activity {
  const status = plan.steady?.status ?? plan.status;
  const channels = net.channels.map(({ channel }, c) => ({
    channel: channel.name,
    transfers: status[4 * c + 3] ?? 0,
    waiting: status[4 * c + 2] ?? 0,
    starving: status[4 * c + 1] ?? 0,
    idle: status[4 * c] ?? 0,
  }));
  const waits = (list: readonly number[]): number =>
    Math.max(0, ...list.map((c) => channels[c]?.waiting ?? 0));
  let binding: string | null = null;
  let most = 0;
  for (const { node, inputs, outputs } of net.nodes) {
    const excess = waits(inputs) - waits(outputs);
    // of equals the last: what comes before it only hands the back-pressure on
    if (excess > 0 && excess >= most) [binding, most] = [node.name, excess];
  }
  return {
    cycles: plan.steady?.cycles ?? plan.cycles,
    frames: plan.steady?.frames ?? null,
    channels,
    binding,
  };
}
