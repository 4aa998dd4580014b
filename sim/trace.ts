import { beatBytes, packBeats } from '../compiler/hw/pack.ts';
import type { DataPath } from './data.ts';
import type { Netlist } from './netlist.ts';
import type { ChannelLog } from './run.ts';
import type { Schedule } from './schedule.ts';

/** Where the frames of a channel's transfers come from: `frames` fed from frame `first` on, `beats` of them moved. */
interface Stretch {
  readonly first: number;
  readonly beats: number;
  /** Index of its first beat among the channel's transfers. */
  readonly at: number;
}

/**
 * Puts a schedule and the data together: for every channel, the cycle and the bits of each transfer.
 *
 * @param resume - the frame fed first after the reset; without one, 0
 */
export function logHandshakes(
  net: Netlist,
  data: DataPath,
  plan: Schedule,
  inputs: readonly ArrayLike<number>[],
  frames: number,
  resume: number,
): ChannelLog[] {
  const logs = net.channels.map(({ channel }, c) => {
    const pieces = plan.times[c] ?? [];
    const cycles = new Float64Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    const stretches: Stretch[] = [];
    let at = 0;
    pieces.forEach((piece, i) => {
      piece.copyTo(cycles, at);
      stretches.push({ first: i === pieces.length - 1 ? resume : 0, beats: piece.length, at });
      at += piece.length;
    });
    return { channel, cycles, stretches, data: new Uint8Array(at * beatBytes(channel.stream)) };
  });
  for (let first = 0; first < frames; first += data.chunk) {
    const count = Math.min(data.chunk, frames - first);
    data.compute(inputs, first, count);
    logs.forEach((log, c) => {
      const { stream } = log.channel;
      const bytes = beatBytes(stream);
      const perFrame = net.channels[c]?.beats ?? 1;
      const packed = packBeats(stream, data.frames(c, count));
      for (const stretch of log.stretches) {
        // beats of this chunk, counted from the stretch's first frame
        const from = Math.max(0, (first - stretch.first) * perFrame);
        const to = Math.min(stretch.beats, (first + count - stretch.first) * perFrame);
        if (from >= to) continue;
        const skip = (stretch.first - first) * perFrame + from;
        log.data.set(packed.subarray(skip * bytes, (skip + to - from) * bytes), (stretch.at + from) * bytes);
      }
    });
  }
  return logs.map(({ channel, cycles, data: bits }) => ({ channel: channel.name, cycles, data: bits }));
}
