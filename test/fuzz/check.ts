import { isDeepStrictEqual } from 'node:util';
import { DiagnosticError, Diagnostics } from '../../compiler/diagnostics/index.ts';
import { compileGraph, type Compilation, type CompileOptions } from '../../compiler/driver.ts';
import { emitRtl } from '../../compiler/emit/index.ts';
import { designPorts, freeze, type HwGraph } from '../../compiler/hw/index.ts';
import { runPipeline } from '../../compiler/pipeline.ts';
import { createEvaluator, toReal } from '../../compiler/qir/evaluate.ts';
import { elementCount, isInteger, type Tensor, type TensorData } from '../../compiler/qir/types.ts';
import type { Graph } from '../../compiler/qir/graph.ts';
import { createEngine, createVerilatorRunner } from '../../sim/index.ts';
import { templateRoot, units } from '../../templates/registry.ts';
import { randomFrames, randomSource, sameRun } from '../conformance/bench.ts';
import { integerNetwork } from './integer.ts';
import { realNetwork } from './real.ts';
import type { FoldingRecipe, Recipe } from './recipe.ts';

export type Form = 'real' | 'integer';
export type GivenFoldings = NonNullable<CompileOptions['folding']>;

/** A network with its foldings: what goes through all engines. */
export interface Subject {
  readonly graph: Graph;
  readonly foldings: GivenFoldings;
  /** For the frames and the stalls. */
  readonly seed: number;
}

/** Frames that each network is given, and cycles a frame beyond which a random folding is made wider. */
const frames = 6;
const mostCycles = 400;

/** Passes may refuse what cannot be exact in integers; anything else is a failure. */
const refusals: ReadonlySet<string> = new Set(['QCC3012', 'QCC3013', 'QCC3014', 'QCC3015']);

function foldingOf(
  { kind, pe, simd, order }: FoldingRecipe,
  inputs: number,
  outputs: number,
  matrix: boolean,
): { pe: number; simd: number; order: 'output' | 'input'; style: 'folded' | 'unrolled' } {
  const part = (thousandths: number, of: number): number => 1 + Math.floor((thousandths * (of - 1)) / 1000);
  let [p, s] = [part(pe, outputs), part(simd, inputs)];
  const cycles = (): number => Math.ceil(outputs / p) * Math.ceil(inputs / s);
  while (cycles() > mostCycles) [p, s] = [Math.min(outputs, p * 2), Math.min(inputs, s * 2)];
  const style = kind === 'unrolled' && matrix && inputs * outputs <= 600 ? 'unrolled' : 'folded';
  return { pe: p, simd: s, order, style };
}

/** The integer form, or null where the passes say that there is none. */
export function integerForm(graph: Graph): Graph | null {
  try {
    return runPipeline(graph, { diagnostics: new Diagnostics() });
  } catch (error) {
    if (error instanceof DiagnosticError && error.diagnostics.every(({ code }) => refusals.has(code)))
      return null;
    throw error;
  }
}

/** The network of a recipe with its foldings, or null if it has no integer form. */
export function subjectOf(form: Form, recipe: Recipe): Subject | null {
  const graph = form === 'real' ? realNetwork(recipe) : integerNetwork(recipe);
  const integer = integerForm(graph);
  if (integer === null) return null;
  const foldings = new Map<string, ReturnType<typeof foldingOf>>();
  const before = new Map(integer.inputs.map(({ name, type }) => [name, elementCount(type.shape)]));
  integer.nodes.forEach((node, i) => {
    const outputs = elementCount(node.type.shape);
    const inputs = before.get(node.operands[0]?.name ?? '') ?? 1;
    before.set(node.name, outputs);
    const chosen = recipe.foldings[i % recipe.foldings.length];
    if (chosen === undefined || chosen.kind === 'search' || node.op === 'reshape') return;
    const matrix = node.op === 'matmul';
    foldings.set(node.name, foldingOf(chosen, inputs, matrix ? outputs : inputs, matrix));
  });
  return { graph, foldings, seed: recipe.seed };
}

export function compileSubject({ graph, foldings }: Subject): Compilation {
  return compileGraph(graph, { diagnostics: new Diagnostics(), folding: foldings });
}

/** Whether a compilation failed only because a table got larger than the lookup unit takes. */
export function isTableTooLarge(error: unknown): boolean {
  return (
    error instanceof DiagnosticError &&
    error.diagnostics.every(({ code, found }) => code === 'QCC4102' && /lookup.*entries/.test(found ?? ''))
  );
}

const input = ({ hw }: Compilation, seed: number): TensorData => {
  const [channel] = hw.channels;
  if (channel === undefined) throw new Error('no input');
  return randomFrames(channel.stream, frames, randomSource(seed));
};

/** What the only output of a graph is for each frame of its only input. */
function evaluateAll(graph: Graph, data: TensorData): Tensor[] {
  const evaluator = createEvaluator(graph);
  const [from] = graph.inputs;
  const [to] = graph.outputs;
  if (from === undefined || to === undefined) throw new Error('one input and one output expected');
  const size = elementCount(from.type.shape);
  return Array.from({ length: frames }, (_, frame) => {
    const x = { type: from.type, data: data.subarray(frame * size, (frame + 1) * size) };
    const y = evaluator.run({ [from.name]: x }).get(to.value);
    if (y === undefined) throw new Error('no output');
    return y;
  });
}

const numbers = (data: ArrayLike<number>): number[] => Array.from(data, (n) => n + 0);

function expectSame(what: string, left: readonly number[], right: readonly number[]): void {
  if (isDeepStrictEqual(left, right)) return;
  const at = left.findIndex((n, i) => n !== right[i]);
  throw new Error(
    `${what}: element ${at} is ${left[at]} and ${right[at]} (${left.length} and ${right.length})`,
  );
}

/** Real form = integer form = cycle engine, by value. */
export function checkValues(subject: Subject): Compilation {
  const compilation = compileSubject(subject);
  const { source, integer, hw } = compilation;
  const data = input(compilation, subject.seed);
  const engine = createEngine(hw, units);
  const plain = engine.run({ inputs: [data] });
  const stalled = engine.run({ inputs: [data], stalls: subject.seed });
  const whole = evaluateAll(integer, data);
  if (source.form === 'real') {
    const indices = integer.nodes.some((node) => node.op === 'argmax' || node.op === 'topk');
    const { boundary = {}, host = [] } = integer.outputs[0] ?? {};
    if (host.length > 0) throw new Error(`left to the host: ${host.join(', ')}`);
    evaluateAll(source, data).forEach((real, frame) => {
      const meant = whole[frame] as Tensor;
      const right = indices || !isInteger(meant.type.elem) ? meant : toReal(meant, boundary);
      expectSame(`real and integer form, frame ${frame}`, numbers(real.data), numbers(right.data));
    });
  }
  const all = whole.flatMap(({ data: values }) => numbers(values));
  expectSame('integer form and cycle engine', all, numbers(plain.outputs[0] ?? []));
  expectSame('cycle engine without and with stalls', all, numbers(stalled.outputs[0] ?? []));
  return compilation;
}

/** Designs side by side as one: one Verilator build exercises them all. */
export function merge(designs: readonly HwGraph[]): HwGraph {
  return freeze({
    name: 'fuzz',
    clockMhz: 200,
    nodes: designs.flatMap(({ nodes }, k) => nodes.map((node) => ({ ...node, name: `d${k}_${node.name}` }))),
    channels: designs.flatMap(({ channels }, k) =>
      channels.map((channel) => {
        const end = ({ node, port }: { node: string; port: string }) =>
          node === '' ? { node, port: `${port}${k}` } : { node: `d${k}_${node}`, port };
        return { ...channel, name: `d${k}_${channel.name}`, from: end(channel.from), to: end(channel.to) };
      }),
    ),
  });
}

/** Cycle engine = Verilog, every beat of every channel in every cycle: plain, with stalls, after resets in mid-run. */
export async function checkRtl(compilations: readonly (readonly [Compilation, number])[]): Promise<void> {
  const hw = merge(compilations.map(([compilation]) => compilation.hw));
  const inputs = compilations.map(([compilation, seed]) => input(compilation, seed));
  const engine = createEngine(hw, units);
  const runner = await createVerilatorRunner({
    top: hw.name,
    ports: designPorts(hw, units),
    channels: hw.channels,
    files: emitRtl(hw, units, { templateRoot, version: '0.0.0' }),
    monitor: true,
  });
  const random = randomSource(compilations[0]?.[1] ?? 0);
  try {
    await sameRun(engine, runner, { inputs });
    for (let round = 0; round < 3; round++)
      await sameRun(engine, runner, { inputs, stalls: random.integer(0, 2 ** 32 - 1) });
    for (let round = 0; round < 4; round++) {
      const stalls = round % 2 === 0 ? undefined : random.integer(0, 2 ** 32 - 1);
      const { cycles } = engine.time({ frames, stalls });
      const at = random.integer(1, random.pick([Math.min(cycles, 60), cycles]) + 1);
      await sameRun(engine, runner, { inputs, stalls, reset: { at, resume: random.integer(0, frames - 1) } });
    }
  } finally {
    runner.close();
  }
}
