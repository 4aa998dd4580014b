import { bitWidth } from '../../compiler/qir/types.ts';
import type { StreamType } from '../../compiler/hw/index.ts';
import { laneCounts, laneTable, lanesFit, pixelStream, slotsOf } from '../lib/lanes.ts';
import type { LaneTable, Slots } from '../lib/lanes.ts';
import { analyse } from './analysis.ts';
import type { Analysis, TapSpec } from './analysis.ts';

/** How an instance is built: schedule, widths and constants. */
export interface Plan {
  readonly spec: TapSpec;
  readonly analysis: Analysis;
  readonly slots: Slots;
  /** Taps of one beat, and beats of one group of channels. */
  readonly tapsPerBeat: number;
  readonly beats: number;
  /** Stages from a step to the accumulator's input: operands, and products where there are multipliers. */
  readonly operandStages: 1 | 2;
  /** Where the running result lives: nowhere (one beat makes it), in a register, or in a memory with one word a group. */
  readonly store: 'none' | 'register' | 'memory';
  /** Weights as stored: for each beat of a pixel the taps, and within a tap the lanes; undefined if nothing is stored. */
  readonly weights: LaneTable | undefined;
  /** Whether the weights are the same in every beat, so that products become sums of shifted inputs. */
  readonly constantWeights: boolean;
  /** Start values of the lanes, a word a group; undefined if all are zero. */
  readonly start: LaneTable | undefined;
  /** Thresholds of the lanes, a word a group. */
  readonly late: LaneTable | undefined;
  /** Bits of the accumulator that the result is made from. */
  readonly resultBits: number;
}

/** The beats of the input: the tensor [rows, taps, channels]. */
export function inputStream({ rows, taps, channels, lanes, x }: TapSpec): StreamType {
  return pixelStream(x, rows * taps, channels, lanes);
}

/** The beats of the output: the tensor [rows, channels]. */
export function outputStream({ rows, channels, lanes, y }: TapSpec): StreamType {
  return pixelStream(y, rows, channels, Math.min(lanes, channels));
}

/** Whether a beat can have so many lanes: a part of a pixel's channels, or several taps of one result. */
export function lanesLegal({ taps, channels, lanes }: Pick<TapSpec, 'taps' | 'channels' | 'lanes'>): boolean {
  return lanesFit(channels, taps, lanes);
}

/** Lane counts that take at most `cycles` cycles a frame. */
export function lanesFor(
  { rows, taps, channels }: Pick<TapSpec, 'rows' | 'taps' | 'channels'>,
  cycles: number,
): readonly number[] {
  return laneCounts(channels, taps, Math.floor(cycles / rows));
}

function stored(spec: TapSpec, analysis: Analysis, slots: Slots, tapsPerBeat: number): LaneTable | undefined {
  const { form, negatives, zeros, weightBits, negated } = analysis;
  if (weightBits === 0 || spec.kind === 'max') return undefined;
  const { channels, weights } = spec;
  const code = (w: number): number => {
    if (form !== 'signs') return w;
    // bit 0: inverted; above it, or alone: not masked
    return (negatives && w < 0 ? 1 : 0) + (zeros && w !== 0 ? (negatives ? 2 : 1) : 0);
  };
  const rows: number[][] = [];
  for (let first = 0; first < spec.taps; first += tapsPerBeat) {
    for (let group = 0; group < slots.groups; group++) {
      const row: number[] = [];
      for (let tap = first; tap < first + tapsPerBeat; tap++) {
        for (let lane = 0; lane < slots.width; lane++) {
          // a lane without a channel repeats the first group's, so that equal words stay equal
          const c = group * slots.width + lane < channels ? group * slots.width + lane : lane;
          row.push(code((negated[c] === 1 ? -1 : 1) * (weights?.[tap * channels + c] ?? 1)));
        }
      }
      rows.push(row);
    }
  }
  return laneTable('weights', weightBits, rows);
}

function perGroup(
  name: string,
  bits: number,
  { groups, width }: Slots,
  channels: number,
  numbers: (channel: number) => readonly number[],
): LaneTable {
  const rows = Array.from({ length: groups }, (_, group) =>
    Array.from({ length: width }, (__, lane) => {
      const c = group * width + lane;
      return numbers(c < channels ? c : lane);
    }).flat(),
  );
  return laneTable(name, bits, rows);
}

/** The plan of a checked instance. */
export function makePlan(spec: TapSpec): Plan {
  const analysis = analyse(spec);
  const { accBits, start, thresholds, count } = analysis;
  const slots = slotsOf(spec.channels, spec.lanes);
  const tapsPerBeat = Math.max(1, spec.lanes / spec.channels);
  const beats = spec.taps / Math.floor(tapsPerBeat);
  const weights = stored(spec, analysis, slots, Math.floor(tapsPerBeat));
  const constantWeights = weights === undefined || weights.words.length === 1;
  const table = (name: string, numbers: (channel: number) => readonly number[]): LaneTable =>
    perGroup(name, accBits, slots, spec.channels, numbers);
  return {
    spec,
    analysis,
    slots,
    tapsPerBeat: Math.floor(tapsPerBeat),
    beats,
    operandStages: analysis.form === 'products' ? 2 : 1,
    store: beats === 1 ? 'none' : slots.groups === 1 ? 'register' : 'memory',
    weights,
    constantWeights,
    start: start.every((value) => value === 0) ? undefined : table('start', (c) => [start[c] ?? 0]),
    late:
      count === 0
        ? undefined
        : table('late', (c) => Array.from(thresholds.subarray(c * count, (c + 1) * count))),
    resultBits: count > 0 ? accBits : Math.min(accBits, bitWidth(spec.y)),
  };
}
