import { DiagnosticError, Diagnostics, fail } from '../compiler/diagnostics/index.ts';
import { inputCount, inputMissing, inputValue, runOption } from '../compiler/diagnostics/catalog/sim.ts';
import type { HwGraph } from '../compiler/hw/graph.ts';
import type { UnitDefinition } from '../compiler/hw/unit.ts';
import { allocate, holds, printElement, valueRange } from '../compiler/qir/types.ts';
import type { ElementType, TensorData } from '../compiler/qir/types.ts';
import { activity, fifoOccupancy } from './activity.ts';
import type { Activity } from './activity.ts';
import { DataPath } from './data.ts';
import { resolve } from './netlist.ts';
import type { Netlist } from './netlist.ts';
import { frameArray } from './pack.ts';
import type { ResetOptions, RunRequest, RunResult } from './run.ts';
import { schedule } from './schedule.ts';
import type { Schedule, ScheduleRequest, StatusChange } from './schedule.ts';
import { runSteady } from './steady.ts';
import type { ChannelTimes } from './timeline.ts';
import { logHandshakes } from './trace.ts';
import type { Waveform } from './vcd.ts';

/** What the engine is asked beyond what every runner is. */
export interface EngineRequest extends RunRequest {
  /** `handshakes`: every transfer of every channel goes into `log`; `full`: their wires too, for `waveform`. Default `none`. */
  readonly trace?: 'none' | 'handshakes' | 'full' | undefined;
}

/** Cycles from the transfer of the first input beat of the first frame (after a reset) to its first and its last output beat. */
export interface Latency {
  readonly first: number;
  readonly last: number;
}

/** When a design's beats move, without data. */
export interface Timing {
  readonly cycles: number;
  /** Cycles a frame in the steady state; null if the run ended, stalled or was traced before the timing state recurred. */
  readonly initiationInterval: number | null;
  /** Null if there was no frame. */
  readonly latency: Latency | null;
  readonly activity: Activity;
  /** The most beats that each FIFO held, by instance. */
  readonly fifos: ReadonlyMap<string, number>;
}

export interface EngineResult extends RunResult, Timing {
  /** What writeVcd takes; null unless the trace was full. */
  readonly waveform: Waveform | null;
}

export interface TimingRequest {
  readonly frames: number;
  readonly stalls?: number | undefined;
  readonly reset?: ResetOptions | undefined;
}

/** What a design comes to if its sources always offer and its sinks always take. */
export interface SteadyState {
  /** Cycles a frame in the steady state; null if the timing did not recur within the frames that were asked for. */
  readonly initiationInterval: number | null;
  /** Cycles from the transfer of the first input beat to that of the last output beat of the first frame; null without a frame. */
  readonly latency: number | null;
  /** Frames that were looked at. */
  readonly frames: number;
  /** The most beats that each FIFO held, by instance. */
  readonly fifos: ReadonlyMap<string, number>;
}

/** The cycle simulator of one design. Runs are independent of one another: each starts from reset. */
export interface Engine {
  readonly hw: HwGraph;
  /**
   * Runs frames through the design.
   *
   * @throws DiagnosticError QCC5010 to QCC5013 for inputs or options that do not fit, QCC5030 if the design stands still
   */
  readonly run: (request: EngineRequest) => EngineResult;
  /**
   * Only the values of a run, by output: nothing is timed, so a design that stands still is not found out.
   *
   * @throws DiagnosticError QCC5010 to QCC5012 for inputs that do not fit
   */
  readonly values: (inputs: RunRequest['inputs']) => readonly TensorData[];
  /** Only the timing of a run: no data is computed. */
  readonly time: (request: TimingRequest) => Timing;
  /**
   * The steady state, looked for within so many frames; undefined if the design stands still in one of them.
   *
   * @param punctual - gives up, without a steady state, once a source that is to give a frame each interval is held up.
   */
  readonly steady: (frames: number, punctual?: boolean) => SteadyState | undefined;
}

/** The number of frames that the inputs hold; throws a DiagnosticError if they are not whole, equal in number and of their types. */
function checkInputs(net: Netlist, inputs: RunRequest['inputs']): number {
  const channels = net.inputs.map((c) => net.channels[c]?.channel).filter((channel) => channel !== undefined);
  if (inputs.length !== channels.length) {
    fail(
      inputMissing(
        net.hw.name,
        inputs.length,
        channels.map((channel) => channel.name),
      ),
    );
  }
  const problems = new Diagnostics();
  const frames = Math.floor((inputs[0]?.length ?? 0) / (channels[0]?.stream.elements ?? 1));
  channels.forEach(({ name, stream }, i) => {
    const data = inputs[i] ?? [];
    if (data.length !== frames * stream.elements)
      problems.add(inputCount(name, data.length, stream.elements, frames));
    const bad = firstBad(stream.elem, data);
    if (bad >= 0) {
      const { elements, elem } = stream;
      problems.add(
        inputValue(name, Math.floor(bad / elements), bad % elements, data[bad] ?? NaN, printElement(elem)),
      );
    }
  });
  problems.throwIfErrors();
  return frames;
}

/** Index of the first value that the type does not hold, or -1. Arrays whose every value fits by their own type are not read. */
function firstBad(elem: ElementType, data: ArrayLike<number>): number {
  if (elem.kind === 'uint' || elem.kind === 'int') {
    const widest = elem.bits === 8 || elem.bits === 16 || elem.bits === 32;
    if (widest && data.constructor === allocate(elem, 0).constructor) return -1;
    const { min, max } = valueRange(elem);
    for (let i = 0; i < data.length; i++) {
      const value = data[i] as number;
      if (!(value >= min && value <= max && Number.isInteger(value))) return i;
    }
    return -1;
  }
  for (let i = 0; i < data.length; i++) if (!holds(elem, data[i] as number)) return i;
  return -1;
}

function checkOptions(frames: number, stalls: number | undefined, reset: ResetOptions | undefined): void {
  const whole = (n: number, max: number): boolean => Number.isInteger(n) && n >= 0 && n <= max;
  if (!whole(frames, Number.MAX_SAFE_INTEGER)) fail(runOption('frames', frames, 'a non-negative integer'));
  if (stalls !== undefined && !whole(stalls, 2 ** 32 - 1))
    fail(runOption('stalls', stalls, 'a 32-bit unsigned integer'));
  if (reset === undefined) return;
  if (!whole(reset.at, Number.MAX_SAFE_INTEGER))
    fail(runOption('reset.at', reset.at, 'a non-negative integer'));
  if (!whole(reset.resume, frames))
    fail(runOption('reset.resume', reset.resume, `a frame from 0 to ${frames}`));
}

/** All cycles of a channel in one array. */
function cyclesOf(pieces: readonly ChannelTimes[]): Float64Array {
  const all = new Float64Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    piece.copyTo(all, at);
    at += piece.length;
  }
  return all;
}

function firstLatency(net: Netlist, plan: Schedule): Latency | null {
  const last = (c: number): ChannelTimes | undefined => plan.times[c]?.at(-1);
  const firstOf = (c: number): number => last(c)?.cycleOf(0) ?? NaN;
  const lastOf = (c: number): number => last(c)?.cycleOf((net.channels[c]?.beats ?? 1) - 1) ?? NaN;
  const starts = net.inputs.map(firstOf);
  const firsts = net.outputs.map(firstOf);
  const ends = net.outputs.map(lastOf);
  const start = Math.min(...starts);
  const latency = { first: Math.min(...firsts) - start, last: Math.max(...ends) - start };
  return Number.isFinite(latency.first) && Number.isFinite(latency.last) ? latency : null;
}

function timingOf(net: Netlist, plan: Schedule): Timing {
  return {
    cycles: plan.cycles,
    initiationInterval: plan.steady === null ? null : plan.steady.cycles / plan.steady.frames,
    latency: firstLatency(net, plan),
    activity: activity(net, plan),
    fifos: fifoOccupancy(net, plan.occupancy),
  };
}

function steadyOf(net: Netlist, frames: number, punctual = false): SteadyState | undefined {
  const run = runSteady(net, frames, punctual);
  if (run === 'still') return undefined;
  if (run !== null) {
    const { period, latency, held } = run;
    const interval = period === null ? null : period.cycles / period.frames;
    return { initiationInterval: interval, latency, frames: run.frames, fifos: fifoOccupancy(net, held) };
  }
  try {
    const { initiationInterval, latency, fifos } = timingOf(net, schedule(net, { frames, record: 'ends' }));
    return { initiationInterval, latency: latency?.last ?? null, frames, fifos };
  } catch (error) {
    if (error instanceof DiagnosticError && error.diagnostics.every(({ code }) => code === 'QCC5030'))
      return undefined;
    throw error;
  }
}

/**
 * Builds the cycle simulator of a hardware graph.
 *
 * @param units - the unit definitions by name, as templates/registry.ts loads them
 * @throws DiagnosticError QCC5020 if the graph is not wired up
 */
export function createEngine(hw: HwGraph, units: ReadonlyMap<string, UnitDefinition>): Engine {
  const net = resolve(hw, units);
  // kernels hold packed weights: built when the first run needs them, not for timing alone
  let data: DataPath | undefined;
  // the schedule of the last run: runs of as many frames under the same conditions share it, since it does not depend on data
  let known: { readonly key: string; readonly plan: Schedule } | undefined;
  const planFor = (request: ScheduleRequest): Schedule => {
    if (request.onStatus !== undefined) return schedule(net, request);
    const key = JSON.stringify(request);
    if (known?.key !== key) known = { key, plan: schedule(net, request) };
    return known.plan;
  };
  /** Computes frames `first` to `end` - 1, by output; the path keeps what the channels carried in the last chunk of them. */
  const compute = (
    path: DataPath,
    inputs: RunRequest['inputs'],
    first: number,
    end: number,
  ): TensorData[] => {
    const outputs = net.outputs.map((c) => {
      const stream = net.channels[c]?.channel.stream;
      return {
        c,
        array: frameArray(stream ?? { elem: { kind: 'bipolar' }, elements: 0, lanes: 1 }, end - first),
      };
    });
    for (let at = first; at < end; at += path.chunk) {
      const count = Math.min(path.chunk, end - at);
      path.compute(inputs, at, count);
      for (const { c, array } of outputs) path.read(c, count, array, at - first);
    }
    return outputs.map(({ array }) => array);
  };
  return {
    hw,
    values: (inputs) => compute((data ??= new DataPath(net)), inputs, 0, checkInputs(net, inputs)),
    time: ({ frames, stalls, reset }) => {
      checkOptions(frames, stalls, reset);
      return timingOf(net, planFor({ frames, stalls, reset, record: 'ends' }));
    },
    steady: (frames, punctual) => {
      checkOptions(frames, undefined, undefined);
      return steadyOf(net, frames, punctual);
    },
    run: ({ inputs, stalls, reset, trace = 'none' }) => {
      const frames = checkInputs(net, inputs);
      checkOptions(frames, stalls, reset);
      const status: StatusChange[] = [];
      const plan = planFor({
        frames,
        stalls,
        reset,
        record: trace === 'none' ? 'ends' : 'all',
        ...(trace === 'full' ? { onStatus: (change) => status.push(change) } : {}),
      });
      data ??= new DataPath(net);
      const path = data;
      const resume = reset?.resume ?? 0;
      const outputs = compute(path, inputs, resume, frames);
      const log = trace === 'none' ? null : logHandshakes(net, path, plan, inputs, frames, resume);
      let inputCycles: readonly Float64Array[] | undefined;
      let outputCycles: readonly Float64Array[] | undefined;
      const aborted = net.outputs.map((c) => plan.aborted[c] ?? 0);
      return {
        ...timingOf(net, plan),
        outputs,
        // a double a beat of every frame: only for who asks
        get inputCycles() {
          return (inputCycles ??= net.inputs.map((c) => cyclesOf(plan.times[c] ?? [])));
        },
        get outputCycles() {
          return (outputCycles ??= net.outputs.map((c) => cyclesOf(plan.times[c] ?? [])));
        },
        abortedBeats: aborted,
        log,
        waveform:
          log === null || trace !== 'full'
            ? null
            : {
                log,
                status,
                cycles: plan.cycles,
                aborted: Array.from(plan.aborted),
                resetAt: reset?.at ?? null,
              },
      };
    },
  };
}
