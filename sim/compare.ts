import type { Diagnostic } from '../compiler/diagnostics/index.ts';
import { cycleMismatch, extentMismatch, valueMismatch } from '../compiler/diagnostics/catalog/sim.ts';
import { beatOfElement, beats, rowLength } from '../compiler/hw/graph.ts';
import type { Channel, HwGraph, StreamType } from '../compiler/hw/graph.ts';
import { beatBytes, unpackBeats } from '../compiler/hw/pack.ts';
import type { ChannelLog, RunResult } from './run.ts';

/** A run and what to call it in a message: `engine`, `verilator`, `reference`. */
export interface NamedRun {
  readonly name: string;
  readonly result: Partial<RunResult> & Pick<RunResult, 'outputs'>;
}

const outputsOf = (hw: HwGraph): readonly Channel[] =>
  hw.channels.filter((channel) => channel.to.node === '');

/** The cycle of the beat that carries an element, where a run knows it. */
function elementCycle(
  { result }: NamedRun,
  output: number,
  stream: StreamType,
  frame: number,
  element: number,
): number | undefined {
  const beat = frame * beats(stream) + beatOfElement(stream, element);
  return result.outputCycles?.[output]?.[(result.abortedBeats?.[output] ?? 0) + beat];
}

/**
 * Compares the output values of two runs; returns the first difference (in the order of outputs, frames, elements) or null. `firstFrame` is the
 * number of the first frame held, for the message.
 */
export function compareValues(
  hw: HwGraph,
  left: NamedRun,
  right: NamedRun,
  firstFrame = 0,
): Diagnostic | null {
  const channels = outputsOf(hw);
  for (const [i, { name, stream }] of channels.entries()) {
    const [a, b] = [left.result.outputs[i] ?? [], right.result.outputs[i] ?? []];
    const count = Math.min(a.length, b.length);
    for (let k = 0; k < count; k++) {
      if (a[k] === b[k]) continue;
      const [frame, element] = [Math.floor(k / stream.elements), k % stream.elements];
      const cycle =
        elementCycle(right, i, stream, frame, element) ?? elementCycle(left, i, stream, frame, element);
      return valueMismatch(
        `output ${name}`,
        firstFrame + frame,
        element,
        cycle === undefined ? '' : `, cycle ${cycle}`,
        { name: left.name, value: String(a[k]) },
        { name: right.name, value: String(b[k]) },
      );
    }
    if (a.length !== b.length) {
      return extentMismatch(
        `output ${name}`,
        { name: left.name, value: `${a.length} values` },
        { name: right.name, value: `${b.length} values` },
      );
    }
  }
  return null;
}

/** First index at which two lists differ, the length of the shorter one included; -1 if they are equal. */
function firstDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const count = Math.min(a.length, b.length);
  for (let k = 0; k < count; k++) if (a[k] !== b[k]) return k;
  return a.length === b.length ? -1 : count;
}

/** Frame and beat of a channel's k-th transfer; those before a reset count from frame 0, those after it from `resume`. */
function position(
  k: number,
  stream: StreamType,
  aborted: number,
  resume: number,
): { frame: number; beat: number } {
  const perFrame = beats(stream);
  const [base, into] = k < aborted ? [0, k] : [resume, k - aborted];
  return { frame: base + Math.floor(into / perFrame), beat: into % perFrame };
}

function compareTimes(
  place: string,
  stream: StreamType,
  left: { readonly name: string; readonly cycles: Float64Array },
  right: { readonly name: string; readonly cycles: Float64Array },
  aborted: number,
  resume: number,
): Diagnostic | null {
  const k = firstDifference(left.cycles, right.cycles);
  if (k < 0) return null;
  const { frame, beat } = position(k, stream, aborted, resume);
  const say = (side: {
    readonly name: string;
    readonly cycles: Float64Array;
  }): { name: string; value: string } => ({
    name: side.name,
    value: k < side.cycles.length ? `cycle ${side.cycles[k]}` : `no transfer after ${side.cycles.length}`,
  });
  return cycleMismatch(place, frame, beat, say(left), say(right));
}

/** Compares the cycle stamps of all output beats of two runs; returns the first difference or null. */
export function compareCycles(hw: HwGraph, left: NamedRun, right: NamedRun, resume = 0): Diagnostic | null {
  for (const [i, { name, stream }] of outputsOf(hw).entries()) {
    const found = compareTimes(
      `output ${name}`,
      stream,
      { name: left.name, cycles: left.result.outputCycles?.[i] ?? new Float64Array() },
      { name: right.name, cycles: right.result.outputCycles?.[i] ?? new Float64Array() },
      left.result.abortedBeats?.[i] ?? 0,
      resume,
    );
    if (found !== null) return found;
  }
  return null;
}

/** The first element that a beat of a frame carries. */
function firstElement(stream: StreamType, beat: number): number {
  const length = rowLength(stream);
  const perRow = Math.ceil(length / stream.lanes);
  const row = Math.floor(beat / perRow);
  return row * length + (beat - row * perRow) * stream.lanes;
}

/** The beat of a log that differs first, as a diagnostic. */
function compareData(
  channel: Channel,
  left: { readonly name: string; readonly log: ChannelLog },
  right: { readonly name: string; readonly log: ChannelLog },
  aborted: number,
  resume: number,
): { readonly cycle: number; readonly diagnostic: Diagnostic } | null {
  const { stream, name } = channel;
  const at = firstDifference(left.log.data, right.log.data);
  if (at < 0) return null;
  const bytes = beatBytes(stream);
  const k = Math.floor(at / bytes);
  const { frame, beat } = position(k, stream, aborted, resume);
  // a stream of one beat a frame, so that the beat's elements can be named
  const alone = { elem: stream.elem, elements: stream.lanes, lanes: stream.lanes };
  const [a, b] = [left, right].map(({ log }) =>
    unpackBeats(alone, log.data.slice(k * bytes, (k + 1) * bytes)),
  );
  const lane = Math.max(0, firstDifference(a ?? [], b ?? []));
  const cycle = right.log.cycles[k] ?? left.log.cycles[k] ?? Infinity;
  return {
    cycle,
    diagnostic: valueMismatch(
      `channel ${name}`,
      frame,
      firstElement(stream, beat) + lane,
      `, cycle ${cycle}`,
      { name: left.name, value: String(a?.[lane]) },
      { name: right.name, value: String(b?.[lane]) },
    ),
  };
}

/**
 * Compares every handshake of every channel of two logged runs; returns the difference of the earliest cycle (of equals the first channel in the
 * graph's order, which is the most upstream), or null.
 *
 * @param aborted - by channel: transfers before a reset (zeros without one), for naming frames
 * @param resume - the frame fed first after the reset
 */
export function compareLogs(
  hw: HwGraph,
  left: { readonly name: string; readonly log: readonly ChannelLog[] },
  right: { readonly name: string; readonly log: readonly ChannelLog[] },
  aborted: readonly number[] = [],
  resume = 0,
): Diagnostic | null {
  let first: { readonly cycle: number; readonly diagnostic: Diagnostic } | null = null;
  for (const [c, channel] of hw.channels.entries()) {
    const [a, b] = [left.log[c], right.log[c]];
    if (a === undefined || b === undefined) {
      return extentMismatch(
        `channel ${channel.name}`,
        { name: left.name, value: a === undefined ? 'absent' : 'present' },
        { name: right.name, value: b === undefined ? 'absent' : 'present' },
      );
    }
    const before = aborted[c] ?? 0;
    const k = firstDifference(a.cycles, b.cycles);
    const data = compareData(
      channel,
      { name: left.name, log: a },
      { name: right.name, log: b },
      before,
      resume,
    );
    const time = compareTimes(
      `channel ${channel.name}`,
      channel.stream,
      { name: left.name, cycles: a.cycles },
      { name: right.name, cycles: b.cycles },
      before,
      resume,
    );
    const cycle = Math.min(a.cycles[k] ?? Infinity, b.cycles[k] ?? Infinity);
    const found = time !== null && cycle <= (data?.cycle ?? Infinity) ? { cycle, diagnostic: time } : data;
    if (found !== null && (first === null || found.cycle < first.cycle)) first = found;
  }
  return first?.diagnostic ?? null;
}
