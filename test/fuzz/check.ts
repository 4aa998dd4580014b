import { isDeepStrictEqual } from 'node:util';
import { DiagnosticError, Diagnostics } from '../../compiler/diagnostics/index.ts';
import { compileGraph, type Compilation, type CompileOptions } from '../../compiler/driver.ts';
import { emitRtl } from '../../compiler/emit/index.ts';
import { designPorts, freeze, type HwGraph } from '../../compiler/hw/index.ts';
import { runPipeline } from '../../compiler/pipeline.ts';
import { createEvaluator, toReal } from '../../compiler/qir/evaluate.ts';
import { elementCount, isInteger, type Tensor, type TensorData } from '../../compiler/qir/types.ts';
import { candidatesOf, tryFolding } from '../../compiler/lower/candidates.ts';
import { networkOf, type Layer } from '../../compiler/lower/layers.ts';
import type { Graph } from '../../compiler/qir/graph.ts';
import { createEngine, createVerilatorRunner } from '../../sim/index.ts';
import { templateRoot, units } from '../../templates/registry.ts';
import { randomFrames, randomSource, sameRun } from '../conformance/bench.ts';
import { integerImages } from './image-integer.ts';
import { realImages } from './image-real.ts';
import type { ImageRecipe } from './image-recipe.ts';
import { integerNetwork } from './integer.ts';
import { realNetwork } from './real.ts';
import type { FoldingRecipe, Recipe } from './recipe.ts';

export type Form = 'real' | 'integer';
export type GivenFoldings = NonNullable<CompileOptions['folding']>;
type GivenFolding = GivenFoldings extends ReadonlyMap<string, infer F> ? F : never;

/** A network with its foldings: what goes through all engines. */
export interface Subject {
  readonly graph: Graph;
  readonly foldings: GivenFoldings;
  /** Cycles a frame to reach; absent: whatever the search takes. */
  readonly pace?: number;
  /** For the frames and the stalls. */
  readonly seed: number;
}

/** Frames that each network is given, and cycles a frame beyond which a random folding is made wider. */
const frames = 6;
const mostCycles = 400;

/** Passes may refuse what cannot be exact in integers; anything else is a failure. */
const refusals: ReadonlySet<string> = new Set([
  'QCC3011',
  'QCC3012',
  'QCC3013',
  'QCC3014',
  'QCC3015',
  'QCC3017',
]);

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
  return { graph, foldings: oneALayer(integer, foldings), seed: recipe.seed };
}

/** Of the foldings given for the nodes of one layer, the first one. */
function oneALayer(integer: Graph, foldings: GivenFoldings): GivenFoldings {
  const layers = unless([], () => networkOf(integer, units, new Diagnostics()).layers);
  return new Map(
    layers.flatMap((layer) => {
      const name = layer.nodes.map((node) => node.name).find((each) => foldings.has(each));
      const folding = name === undefined ? undefined : foldings.get(name);
      return name === undefined || folding === undefined ? [] : [[name, folding]];
    }),
  );
}

/** A folding of a layer that some unit takes: any it proposes, or lanes that divide nothing; undefined leaves it to the search. */
function layerFolding(layer: Layer, recipe: FoldingRecipe): GivenFolding | undefined {
  if (recipe.kind === 'search') return undefined;
  const { request } = layer;
  const inputs = request.input.shape.at(-1) ?? 1;
  const outputs = request.ops.at(-1)?.result.shape.at(-1) ?? 1;
  const wish = foldingOf(recipe, inputs, outputs, request.ops[0]?.op === 'matmul');
  // now and then faster than a vector or a pixel a cycle
  const rows = elementCount(request.ops.at(-1)?.result.shape.slice(0, -1) ?? []);
  const fast = recipe.pe % 4 === 0 ? candidatesOf(layer, Math.ceil(rows / 2), 'auto') : [];
  const quick = fast[recipe.simd % Math.max(1, fast.length)];
  // a narrower unit would take such lanes as all that it has
  if (quick !== undefined) return { ...quick.folding, unit: quick.unit.name };
  const takes = layer.units.some((unit) => {
    const answer = tryFolding(layer, unit, wish);
    return 'candidate' in answer && answer.candidate.timing.initiationInterval <= mostCycles * 4;
  });
  // products without thresholds are rare, and some units take no others
  const bare = request.ops.length === 1 && request.ops[0]?.op === 'matmul';
  if (takes && !bare && recipe.pe % 3 !== 0) return wish;
  const proposed = candidatesOf(layer, mostCycles * 2, 'auto');
  // the unit first: one that proposes few foldings is drawn as often as one that proposes many
  const able = [...new Set(proposed.map(({ unit }) => unit))];
  const unit = able[(recipe.pe + recipe.simd) % Math.max(1, able.length)];
  const own = proposed.filter((candidate) => candidate.unit === unit);
  const drawn = own[recipe.simd % Math.max(1, own.length)];
  return drawn && { ...drawn.folding, unit: drawn.unit.name };
}

/** What `action` gives, or `otherwise` where it fails: the compilation will say so, with the network at hand to be kept. */
function unless<T>(otherwise: T, action: () => T): T {
  try {
    return action();
  } catch {
    return otherwise;
  }
}

/** The network of an image recipe with its foldings, or null if it has no integer form. */
export function imageSubjectOf(form: Form, recipe: ImageRecipe): Subject | null {
  const graph = form === 'real' ? realImages(recipe) : integerImages(recipe);
  const integer = unless(graph, () => integerForm(graph));
  if (integer === null || integer.nodes.every(({ op }) => op === 'reshape')) return null;
  const layers = unless([], () => networkOf(integer, units, new Diagnostics()).layers);
  const foldings = new Map<string, GivenFolding>();
  layers.forEach((layer, i) => {
    const chosen = recipe.foldings[i % recipe.foldings.length];
    const folding = chosen && layerFolding(layer, chosen);
    if (folding !== undefined) foldings.set(layer.request.value, folding);
  });
  const elements = Math.max(...integer.inputs.map(({ type }) => elementCount(type.shape)));
  const pace = Math.ceil((elements * recipe.pace) / 8);
  return { graph, foldings, seed: recipe.seed, ...(pace > 0 && { pace }) };
}

/** Clock of the designs, MHz. */
const clockMhz = 200;

/** No folding is fast enough for the pace that was drawn: said, and nothing that is wrong. */
const tooFast: ReadonlySet<string> = new Set(['QCC4103', 'QCC4106']);

export function compileSubject({ graph, foldings, pace }: Subject): Compilation {
  const options = { clockMhz, folding: foldings };
  const compile = (target: object): Compilation =>
    compileGraph(graph, { diagnostics: new Diagnostics(), ...options, ...target });
  if (pace === undefined) return compile({});
  try {
    return compile({ fps: Math.floor((clockMhz * 1e6) / pace) });
  } catch (error) {
    const known =
      error instanceof DiagnosticError && error.diagnostics.every(({ code }) => tooFast.has(code));
    if (!known) throw error;
    return compile({});
  }
}

/** What units refuse and say so: a table larger than the lookup unit takes, an image of which nothing but padding is read. */
const beyondUnits = [/lookup.*entries/, /nothing but padding/];

/** Whether a compilation failed only because of what no unit is meant for. */
export function isBeyondUnits(error: unknown): boolean {
  return (
    error instanceof DiagnosticError &&
    error.diagnostics.every(
      ({ code, found = '' }) => code === 'QCC4102' && beyondUnits.some((known) => known.test(found)),
    )
  );
}

/** Random frames for every input of a design. */
function inputsOf({ hw }: Compilation, seed: number): TensorData[] {
  const random = randomSource(seed);
  return hw.channels
    .filter(({ from }) => from.node === '')
    .map(({ stream }) => randomFrames(stream, frames, random));
}

/** What each output of a graph is for each frame: [outputs][frames]. */
function evaluateAll(graph: Graph, data: readonly TensorData[]): Tensor[][] {
  const evaluator = createEvaluator(graph);
  const results: Tensor[][] = graph.outputs.map(() => []);
  for (let frame = 0; frame < frames; frame++) {
    const given = graph.inputs.map(({ name, type }, i): [string, Tensor] => {
      const size = elementCount(type.shape);
      const part = data[i]?.subarray(frame * size, (frame + 1) * size);
      if (part === undefined) throw new Error(`no data for ${name}`);
      return [name, { type, data: part }];
    });
    const values = evaluator.run(new Map(given));
    graph.outputs.forEach(({ value }, i) => {
      const tensor = values.get(value);
      if (tensor === undefined) throw new Error(`no output ${value}`);
      results[i]?.push(tensor);
    });
  }
  return results;
}

const numbers = (data: ArrayLike<number>): number[] => Array.from(data, (n) => n + 0);

function expectSame(what: string, left: readonly number[], right: readonly number[]): void {
  if (isDeepStrictEqual(left, right)) return;
  const at = left.findIndex((n, i) => n !== right[i]);
  throw new Error(
    `${what}: element ${at} is ${left[at]} and ${right[at]} (${left.length} and ${right.length})`,
  );
}

/** Whether an output carries indices, which have no scale. */
function carriesIndices(graph: Graph, value: string): boolean {
  const maker = graph.nodes.find((node) => node.name === value);
  if (maker?.op === 'argmax' || maker?.op === 'topk') return true;
  const [from] = maker?.op === 'reshape' ? maker.operands : [];
  return from !== undefined && carriesIndices(graph, from.name);
}

/** Source = integer form, every output that is not left to the host. Returns what the integer form gives. */
function checkForms({ source, integer }: Compilation, data: readonly TensorData[]): Tensor[][] {
  const whole = evaluateAll(integer, data);
  const before = evaluateAll(source, data);
  integer.outputs.forEach(({ value, boundary, host }, output) => {
    if (host.length > 0) return;
    const exact = source.form === 'integer' || carriesIndices(integer, value);
    before[output]?.forEach((meant, frame) => {
      const found = whole[output]?.[frame] as Tensor;
      const right = exact || !isInteger(found.type.elem) ? found : toReal(found, boundary);
      const what = `${source.form} source and integer form, output ${output} (${value}), frame ${frame}`;
      expectSame(what, numbers(meant.data), numbers(right.data));
    });
  });
  return whole;
}

/** Source = integer form = cycle engine, by value; the engine keeps the pace that the compilation says. */
export function checkValues(subject: Subject): Compilation {
  const compilation = compileSubject(subject);
  const { hw } = compilation;
  const inputs = inputsOf(compilation, subject.seed);
  const engine = createEngine(hw, units);
  const plain = engine.run({ inputs });
  const stalled = engine.run({ inputs, stalls: subject.seed });
  checkForms(compilation, inputs).forEach((tensors, output) => {
    const all = tensors.flatMap(({ data }) => numbers(data));
    const place = `output ${output} (${compilation.integer.outputs[output]?.value})`;
    expectSame(`integer form and cycle engine, ${place}`, all, numbers(plain.outputs[output] ?? []));
    const late = numbers(stalled.outputs[output] ?? []);
    expectSame(`cycle engine without and with stalls, ${place}`, all, late);
  });
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
          node === '' ? { node, port: `p${k}_${port}` } : { node: `d${k}_${node}`, port };
        return { ...channel, name: `d${k}_${channel.name}`, from: end(channel.from), to: end(channel.to) };
      }),
    ),
  });
}

/** Cycle engine = Verilog, every beat of every channel in every cycle: plain, with stalls, after resets in mid-run. */
export async function checkRtl(compilations: readonly (readonly [Compilation, number])[]): Promise<void> {
  const hw = merge(compilations.map(([compilation]) => compilation.hw));
  const inputs = compilations.flatMap(([compilation, seed]) => inputsOf(compilation, seed));
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
