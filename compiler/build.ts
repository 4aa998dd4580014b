import { templateRoot, units } from '../templates/registry.ts';
import { invariant, type Diagnostic } from './diagnostics/index.ts';
import type { Compilation } from './driver.ts';
import { emitDesign, type Golden, type OutputFiles } from './emit/index.ts';
import { createEvaluator } from './qir/evaluate.ts';
import type { Graph } from './qir/graph.ts';
import { printQir } from './qir/print.ts';
import { elementCount, type TensorData } from './qir/types.ts';
import { encodeWeights, isInline, sha256 } from './qir/weights.ts';
import { createRandom, randomValues } from './random.ts';
import { makeReport, reportHtml, type Check, type Report } from './report/index.ts';
import { version } from './version.ts';

/** What `buildOutput` can be told. */
export interface BuildOptions {
  /** Frames of the self-checking testbench in tb/, random from a fixed seed; default 4. */
  readonly testbenchFrames?: number;
  /** What was proven, for the report. */
  readonly checks?: readonly Check[];
  /** Notes and warnings beside those of the graph, for the report. */
  readonly notes?: readonly Diagnostic[];
  /** The options of the build, for the manifest. */
  readonly options?: Readonly<Record<string, string | number | boolean>>;
}

/** Everything that `qcc build` writes. */
export interface BuildOutput {
  /** Path in the output folder to content; `writeOutput` puts them on disk. */
  readonly files: OutputFiles;
  readonly report: Report;
}

/** Golden frames for the testbench: random inputs, and outputs by the evaluator of the integer graph. */
export function goldenFrames(graph: Graph, frames: number): Golden {
  const random = createRandom(1);
  const evaluator = createEvaluator(graph);
  const inputs = graph.inputs.map(({ type }) =>
    randomValues(type.elem, frames * elementCount(type.shape), random),
  );
  const outputs = graph.outputs.map((): number[] => []);
  for (let frame = 0; frame < frames; frame++) {
    const values = new Map(
      graph.inputs.map(({ name, type }, i) => {
        const elements = elementCount(type.shape);
        const data = (inputs[i] as TensorData).subarray(frame * elements, (frame + 1) * elements);
        return [name, { type, data }] as const;
      }),
    );
    const results = evaluator.run(values);
    graph.outputs.forEach((output, i) => {
      const tensor = results.get(output.value);
      invariant(tensor !== undefined, `the evaluator yields ${output.value}`);
      for (const element of tensor.data) outputs[i]?.push(element);
    });
  }
  return { inputs, outputs };
}

/**
 * Makes the output folder's content of a compilation: RTL, memories, testbench with golden vectors, vendor files, harness, the
 * graph as `model.qir` (integer form), and the report. The same compilation gives the same bytes.
 */
export async function buildOutput(
  compilation: Compilation,
  options: BuildOptions = {},
): Promise<BuildOutput> {
  const { integer, hw } = compilation;
  const report = makeReport(compilation, options.checks, options.notes);
  const large = [...integer.consts.values()].filter((c) => !isInline(c));
  const weights = encodeWeights(large);
  const named = large.length === 0 ? {} : { weightsFile: 'model.safetensors', sha256: sha256(weights) };
  const extras = new Map<string, string | Uint8Array>([
    ['model.qir', printQir(integer, named)],
    ['report.json', `${JSON.stringify(report, null, 2)}\n`],
    ['report.html', reportHtml(report)],
  ]);
  if (large.length > 0) extras.set('model.safetensors', weights);
  const files = await emitDesign(hw, units, {
    templateRoot,
    version,
    golden: goldenFrames(integer, options.testbenchFrames ?? 4),
    extras,
    options: options.options ?? {},
  });
  return { files, report };
}
