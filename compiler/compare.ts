import { badOption } from './diagnostics/catalog/command.ts';
import { methodDoesNotFit } from './diagnostics/catalog/quantize.ts';
import { DiagnosticError, Diagnostics, fail } from './diagnostics/index.ts';
import { frameTensor, type Frames, type NdArray } from './data/index.ts';
import { compileGraph, type Compilation, type CompileOptions } from './driver.ts';
import { planFor, quantizeGraph, type QuantizeRequest } from './quantize/index.ts';
import { storageOf } from './report/report.ts';
import { createEvaluator } from './qir/evaluate.ts';
import type { Graph } from './qir/graph.ts';
import type { Tensor } from './qir/types.ts';
import { simulate } from './simulate.ts';

/** What `compareMethods` works with. */
export interface CompareOptions {
  readonly samples: readonly Readonly<Record<string, Tensor>>[];
  /** Frames for each input, and a class for each. */
  readonly frames: readonly Frames[];
  readonly labels: NdArray;
  /** What every design may use. */
  readonly budget: NonNullable<CompileOptions['budget']>;
  readonly clockMhz?: number;
  readonly diagnostics: Diagnostics;
  readonly progress?: (phase: string) => void;
}

/** A method beside the others. */
export interface Comparison {
  readonly method: string;
  readonly right: number;
  readonly frames: number;
  /** Bits that the method stores for each weight, without scales and factors. */
  readonly bitsPerWeight: number;
  /** Operations for a frame, zeros left out. */
  readonly additions: number;
  readonly multiplications: number;
  readonly shifts: number;
  /** The fastest design within the budget; absent where none fits. */
  readonly design?: {
    readonly cycles: number;
    readonly lut: number;
    readonly ff: number;
    readonly bram36: number;
    readonly dsp: number;
    /** Bits that its memories hold for each weight, as the report of a build says; 0 where weights are logic. */
    readonly storedBitsPerWeight: number;
  };
}

/** The class that the float network finds for each frame: the position of its greatest number. */
export function floatClasses(graph: Graph, frames: readonly Frames[]): Int32Array {
  const evaluator = createEvaluator(graph);
  const [output] = graph.outputs;
  const count = Math.min(...frames.map((each) => each.count));
  return Int32Array.from({ length: count }, (_, index) => {
    const values = new Map<string, Tensor>();
    graph.inputs.forEach((input, i) => {
      const from = frames[i];
      if (from !== undefined) values.set(input.name, frameTensor(from, index, input));
    });
    const result = evaluator.run(values).get(output?.value ?? '')?.data ?? [];
    let best = 0;
    for (let i = 1; i < result.length; i++) if ((result[i] ?? 0) > (result[best] ?? 0)) best = i;
    return best;
  });
}

/** The fastest design within the budget; undefined, with a warning, where none fits. */
function designOf(graph: Graph, method: string, options: CompareOptions): Compilation | undefined {
  const { budget, clockMhz, diagnostics } = options;
  try {
    return compileGraph(graph, {
      budget,
      diagnostics: new Diagnostics(),
      ...(clockMhz !== undefined && { clockMhz }),
    });
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    const [first] = error.diagnostics;
    diagnostics.add(
      methodDoesNotFit(method, first === undefined ? 'an error' : `${first.code}: ${first.message}`),
    );
    return undefined;
  }
}

/**
 * Quantizes a float network by each of some methods and says what it costs: accuracy by the cycle engine, storage, operations, and the
 * fastest design within a budget.
 *
 * @param graph in real form, its inputs carry integers
 */
export async function compareMethods(
  graph: Graph,
  methods: readonly { readonly name: string; readonly request: QuantizeRequest }[],
  options: CompareOptions,
): Promise<readonly Comparison[]> {
  const { samples, frames, labels, diagnostics, progress } = options;
  const results: Comparison[] = [];
  for (const { name, request } of methods) {
    progress?.(`quantize by ${name}`);
    const quantized = quantizeGraph(graph, planFor(graph, request), { samples, diagnostics });
    diagnostics.throwIfErrors();
    if (quantized.graph.form !== 'integer') fail(badOption('--methods', name, 'activations of integers'));
    progress?.(`fold ${name}`);
    const design = designOf(quantized.graph, name, options);
    const compilation = design ?? compileGraph(quantized.graph, { diagnostics: new Diagnostics() });
    progress?.(`run ${name}`);
    const found = new Diagnostics();
    const { accuracy } = await simulate(compilation, {
      inputs: frames,
      engine: 'cycle',
      labels,
      diagnostics: found,
    });
    found.throwIfErrors();
    const { layers } = quantized;
    const sum = (of: (layer: (typeof layers)[number]) => number): number =>
      layers.reduce((total, layer) => total + of(layer), 0);
    const weights = sum((layer) => layer.weights);
    results.push({
      method: name,
      right: accuracy?.right ?? 0,
      frames: accuracy?.frames ?? 0,
      bitsPerWeight: sum((layer) => layer.bitsPerWeight * layer.weights) / weights,
      additions: sum(({ operations }) => operations.additions),
      multiplications: sum(({ operations }) => operations.multiplications),
      shifts: sum(({ operations }) => operations.shifts),
      ...(design !== undefined && { design: resourcesOf(design) }),
    });
  }
  return results;
}

function resourcesOf({ plan, integer, initiationInterval }: Compilation): NonNullable<Comparison['design']> {
  const total = (of: (cost: Compilation['plan'][number]['cost']) => number): number =>
    plan.reduce((sum, { cost }) => sum + of(cost), 0);
  return {
    cycles: initiationInterval,
    lut: total(({ lut }) => lut),
    ff: total(({ ff }) => ff),
    bram36: total(({ bram36 }) => bram36),
    dsp: total(({ dsp }) => dsp),
    storedBitsPerWeight: storageOf(integer, plan)?.bitsPerWeight ?? 0,
  };
}
