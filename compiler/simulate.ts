import { templateRoot, units } from '../templates/registry.ts';
import {
  compareCycles,
  compareLogs,
  compareValues,
  createEngine,
  writeVcd,
  type NamedRun,
} from '../sim/index.ts';
import { createVerilatorRunner, probeTools, type VerilatorResult } from '../sim/verilator/index.ts';
import { frameTensor, type Frames, type NdArray } from './data/index.ts';
import { checkRealForm } from './check-real.ts';
import { checkAccuracy, checkExpected } from './expect.ts';
import { badOption, outputUnwritable, verilogNotChecked } from './diagnostics/catalog/command.ts';
import { fail, invariant, type Diagnostic, type Diagnostics } from './diagnostics/index.ts';
import type { Compilation } from './driver.ts';
import { firstWrongChannel } from './locate.ts';
import { emitRtl } from './emit/index.ts';
import { beats, designPorts } from './hw/index.ts';
import { createEvaluator } from './qir/evaluate.ts';
import { operandType, value, type Boundary, type Graph } from './qir/graph.ts';
import { allocate, elementCount, type Tensor, type TensorData, type TensorType } from './qir/types.ts';
import type { Check } from './report/index.ts';
import { version } from './version.ts';

/** What computes the outputs: the evaluator of the integer graph, the cycle model of the hardware graph, or the Verilog. */
export type EngineName = 'reference' | 'cycle' | 'verilator';

/** What `simulate` is asked. */
export interface SimulateRequest {
  /** Frames for each input of the model, in order, all of the same count; see `toFrames`. */
  readonly inputs: readonly Frames[];
  /** Which engine; `all` runs those that there are and compares them. */
  readonly engine: EngineName | 'all';
  /** Random stalls at both ends, from this seed. */
  readonly stalls?: number;
  /** Write waveforms to this VCD file: every signal with engine `verilator`, else every handshake. */
  readonly trace?: string;
  /** Integers to compare the output with: [frames, ...output], or one class a frame. */
  readonly expect?: NdArray;
  /** One class a frame, for the accuracy. */
  readonly labels?: NdArray;
  /** The Verilog to run, by path, where it is not what the compilation emits: to try an edit of it. */
  readonly verilog?: ReadonlyMap<string, string>;
  /** Receives mismatches (errors) and what was not checked (warnings). */
  readonly diagnostics: Diagnostics;
  readonly progress?: (phase: string) => void;
}

/** The values that leave the model. */
export interface SimulatedOutput {
  readonly name: string;
  readonly type: TensorType;
  /** How they relate to the source model's output. */
  readonly boundary: Boundary;
  /** [frames][elements] integers. */
  readonly data: TensorData;
}

/** What `simulate` yields. Mismatches are errors among the request's diagnostics. */
export interface Simulation {
  readonly frames: number;
  /** The engines that ran, in order; the outputs are the first one's. */
  readonly engines: readonly EngineName[];
  readonly output: SimulatedOutput;
  /** The values at every output, `output` first. */
  readonly outputs: readonly SimulatedOutput[];
  /** What was compared with what. */
  readonly checks: readonly Check[];
  /** Cycles of the whole run, where an engine that knows time ran. */
  readonly cycles?: number;
  readonly accuracy?: { readonly right: number; readonly frames: number };
}

/** By output, [frames][elements] integers. */
function runReference(graph: Graph, inputs: readonly Frames[], count: number): readonly TensorData[] {
  const evaluator = createEvaluator(graph);
  const outs = outputTypes(graph).map(({ elem, shape }) => allocate(elem, count * elementCount(shape)));
  for (let frame = 0; frame < count; frame++) {
    const values = new Map<string, Tensor>();
    graph.inputs.forEach((input, i) => {
      const frames = inputs[i];
      invariant(frames !== undefined, `there are frames for input ${input.name}`);
      values.set(input.name, frameTensor(frames, frame, input));
    });
    const results = evaluator.run(values);
    graph.outputs.forEach((output, i) => {
      const result = results.get(output.value);
      invariant(result !== undefined, 'the evaluator yields every output');
      outs[i]?.set(result.data, frame * result.data.length);
    });
  }
  return outs;
}

function outputTypes(graph: Graph): readonly TensorType[] {
  return graph.outputs.map(({ value: name }) => {
    const type = operandType(graph, value(name));
    invariant(type !== undefined, `output ${name} is a value of the graph`);
    return type;
  });
}

/** Arrays to compare with speak of one output. */
function refuseSeveralOutputs(graph: Graph, { expect, labels }: SimulateRequest): void {
  if (graph.outputs.length === 1) return;
  const option = expect === undefined ? '--labels' : '--expect';
  if (expect !== undefined || labels !== undefined) fail(severalOutputs(option, graph));
}

/** Says that an option speaks of one output, and which there are. */
export function severalOutputs(option: string, { outputs }: Graph): Diagnostic {
  const names = outputs.map((output) => output.value).join(', ');
  return badOption(option, `with a model of ${outputs.length} outputs: ${names}`, 'a model of one output');
}

/** Handshakes up to which every channel is compared, not only the outputs: logging them all costs time and memory. */
const mostHandshakes = 4e6;

/** Whether every handshake of this many frames is to be logged and compared. */
function comparesAll({ hw }: Compilation, frames: number): boolean {
  return frames * hw.channels.reduce((sum, { stream }) => sum + beats(stream), 0) <= mostHandshakes;
}

/** Cycles without a transfer at any port after which a design counts as standing still, at least. */
const leastIdle = 1e6;

async function runVerilator(
  { hw, latency, initiationInterval }: Compilation,
  inputs: readonly TensorData[],
  options: {
    readonly stalls?: number | undefined;
    readonly vcd?: string | undefined;
    readonly monitor: boolean;
    readonly verilog?: ReadonlyMap<string, string> | undefined;
  },
  progress: (phase: string) => void,
): Promise<VerilatorResult> {
  progress('build the Verilog in Verilator');
  const runner = await createVerilatorRunner({
    top: hw.name,
    ports: designPorts(hw, units),
    channels: hw.channels,
    files: options.verilog ?? emitRtl(hw, units, { templateRoot, version }),
    trace: options.vcd !== undefined,
    monitor: options.monitor,
  });
  try {
    progress('run the Verilog');
    return await runner.run({
      inputs,
      log: options.monitor,
      // between the last pixel that goes in and the first number that comes out, a deep design may be silent for a frame or two
      idleLimit: Math.max(leastIdle, 2 * (latency + initiationInterval)),
      ...(options.stalls !== undefined && { stalls: options.stalls }),
      ...(options.vcd !== undefined && { vcd: options.vcd }),
    });
  } finally {
    runner.close();
  }
}

/** What is missing for Verilator, as text, or undefined. */
async function missingTools(): Promise<string | undefined> {
  const needed = (await probeTools()).filter(({ tool }) => tool === 'verilator' || tool === 'c++');
  const missing = needed.filter(({ found }) => !found).map(({ program }) => program);
  return missing.length === 0 ? undefined : `not found: ${missing.join(', ')}`;
}

const plural = (n: number, what: string): string =>
  `${n.toLocaleString('en-US')} ${what}${n === 1 ? '' : 's'}`;

/** The check of the output values of all engines that ran, each against the first. */
function checkValues(
  hw: Compilation['hw'],
  runs: readonly NamedRun[],
  frames: number,
  found: Diagnostic[],
): Check {
  const [first, ...others] = runs;
  invariant(first !== undefined, 'an engine ran');
  const count = first.result.outputs.reduce((sum, { length }) => sum + length, 0);
  const before = found.length;
  for (const other of others) {
    const difference = compareValues(hw, first, other);
    if (difference !== null) found.push(difference);
  }
  const equal = found.length === before;
  const levels = runs.map(({ name }) => name);
  const text = `${levels.join(equal ? ' = ' : ' is not ')} on ${plural(frames, 'frame')}, ${plural(count, 'value')}`;
  return { levels, compared: 'values', frames, count, equal, text };
}

/** The first frame in which two runs give different values at any output. */
function firstWrongFrame(left: NamedRun | undefined, right: NamedRun, frames: number): number | undefined {
  const wrong = right.result.outputs.flatMap((data, i) => {
    const at = data.findIndex((x, k) => x !== left?.result.outputs[i]?.[k]);
    return at < 0 ? [] : [Math.floor(at / (data.length / frames))];
  });
  return wrong.length === 0 ? undefined : Math.min(...wrong);
}

interface Timed {
  readonly run: NamedRun;
  readonly log: VerilatorResult['log'];
}

/** The check of the cycles of the cycle model and the Verilog: of every handshake where both logged them, else of the outputs. */
function checkCycles(
  compilation: Compilation,
  left: Timed,
  right: Timed,
  frames: number,
  found: Diagnostic[],
): Check {
  const { hw } = compilation;
  const whole = left.log !== null && right.log !== null;
  const count = whole
    ? left.log.reduce((sum, { cycles }) => sum + cycles.length, 0)
    : (left.run.result.outputCycles ?? []).reduce((sum, cycles) => sum + cycles.length, 0);
  const difference = whole
    ? compareLogs(hw, { name: left.run.name, log: left.log }, { name: right.run.name, log: right.log })
    : compareCycles(hw, left.run, right.run);
  if (difference !== null) found.push(difference);
  const equal = difference === null;
  const levels = [left.run.name, right.run.name];
  const what = whole
    ? `${plural(count, 'handshake')} of all ${plural(hw.channels.length, 'channel')}, each with its data`
    : plural(count, 'output beat');
  const text = equal ? `cycles equal: ${what}` : `cycles differ between ${levels.join(' and ')}`;
  return { levels, compared: 'cycles', frames, count, equal, text };
}

/**
 * Runs frames through a compiled model at one or all engines, compares the engines bit by bit and cycle by cycle, and the output
 * with what was expected.
 *
 * @throws DiagnosticError if an engine that was asked for by name cannot run.
 */
export async function simulate(compilation: Compilation, request: SimulateRequest): Promise<Simulation> {
  const { diagnostics, engine, stalls, trace } = request;
  const progress = request.progress ?? (() => undefined);
  const { integer, hw } = compilation;
  const frames = request.inputs[0]?.count ?? 0;
  const types = outputTypes(integer);
  invariant(types.length > 0 && frames > 0, 'a compiled model has an output, and frames are given');
  refuseSeveralOutputs(integer, request);
  const inputs = request.inputs.map(({ data }) => data);
  const wants = (candidate: EngineName): boolean => engine === candidate || engine === 'all';

  const runs: NamedRun[] = [];
  const timed: Timed[] = [];
  const missing = engine === 'all' ? await missingTools() : undefined;
  const logs = engine === 'all' && missing === undefined && comparesAll(compilation, frames);
  if (wants('reference')) {
    progress('evaluate the integer graph');
    runs.push({
      name: 'reference',
      result: { outputs: runReference(integer, request.inputs, frames) },
    });
  }
  if (wants('cycle')) {
    progress('run the cycle model');
    const waves = trace !== undefined;
    const result = createEngine(hw, units).run({
      inputs,
      stalls,
      trace: waves ? 'full' : logs ? 'handshakes' : 'none',
    });
    if (waves && result.waveform !== null) {
      try {
        writeVcd(trace, hw, result.waveform);
      } catch (error) {
        fail(outputUnwritable(trace, error instanceof Error ? error.message : String(error)));
      }
    }
    runs.push({ name: 'cycle', result });
    timed.push({ run: { name: 'cycle', result }, log: result.log });
  }
  if (wants('verilator') && missing === undefined) {
    const vcd = engine === 'verilator' ? trace : undefined;
    const result = await runVerilator(
      compilation,
      inputs,
      { stalls, vcd, monitor: logs, verilog: request.verilog },
      progress,
    );
    runs.push({ name: 'verilator', result });
    timed.push({ run: { name: 'verilator', result }, log: result.log });
  } else if (missing !== undefined) diagnostics.add(verilogNotChecked(missing));

  const outputs = integer.outputs.map(({ value: name, boundary }, i): SimulatedOutput => {
    const [data, type] = [runs[0]?.result.outputs[i], types[i]];
    invariant(data !== undefined && type !== undefined, 'an engine ran');
    return { name, type, boundary, data };
  });
  const [output] = outputs;
  invariant(output !== undefined, 'a compiled model has an output');
  const found: Diagnostic[] = [];
  const checks: Check[] = [];
  if (wants('reference')) {
    progress('evaluate the model as imported');
    for (const [i, { data }] of outputs.entries()) {
      const real = checkRealForm(compilation.source, integer, request.inputs, data, i);
      if (real !== undefined) checks.push(real.check);
      if (real?.difference !== undefined) found.push(real.difference);
    }
  }
  if (runs.length > 1) {
    checks.push(checkValues(hw, runs, frames, found));
    const [reference, model] = runs;
    const wrong =
      wants('reference') && model?.name === 'cycle' ? firstWrongFrame(reference, model, frames) : undefined;
    const origin = wrong === undefined ? undefined : firstWrongChannel(compilation, request.inputs, wrong);
    if (origin !== undefined) found.push(origin);
  }
  const [cycle, verilator] = timed;
  if (cycle !== undefined && verilator !== undefined)
    checks.push(checkCycles(compilation, cycle, verilator, frames, found));
  for (const difference of found) diagnostics.add(difference);
  const { data, boundary } = output;
  const { shape } = output.type;
  const values = { frames, elements: elementCount(shape), data, shape, boundary };
  if (request.expect !== undefined)
    checks.push(checkExpected(values, request.expect, '--expect', diagnostics));
  const labels = request.labels === undefined ? undefined : checkAccuracy(values, request.labels, '--labels');
  if (labels !== undefined) checks.push(labels);
  const cycles = timed[0]?.run.result.cycles;
  return {
    frames,
    engines: runs.map((run) => run.name as EngineName),
    output,
    outputs,
    checks,
    ...(cycles !== undefined && { cycles }),
    ...(labels !== undefined && { accuracy: { right: labels.count, frames } }),
  };
}
