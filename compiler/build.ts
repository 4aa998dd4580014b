import { basename } from 'node:path';
import { compareValues, createEngine } from '../sim/index.ts';
import { templateRoot, units } from '../templates/registry.ts';
import { fail, invariant, type Diagnostic, type Where } from './diagnostics/index.ts';
import type { Compilation } from './driver.ts';
import { emitDesign, harnessBeside, type Golden, type OutputFiles } from './emit/index.ts';
import { designPorts } from './hw/index.ts';
import { createEvaluator } from './qir/evaluate.ts';
import { operandType, value, type Graph } from './qir/graph.ts';
import { printQir } from './qir/print.ts';
import { allocate, elementCount, type TensorData } from './qir/types.ts';
import { encodeWeights, isInline, sha256 } from './qir/weights.ts';
import { createRandom, randomValues } from './random.ts';
import { makeReport, reportHtml, type Check, type Report } from './report/index.ts';
import { version } from './version.ts';

/** What `buildOutput` can be told. */
export interface BuildOptions {
  /** Frames of the self-checking testbench in tb/, random from a fixed seed; default 4, or 2 above 20 million multiply-accumulates a frame. */
  readonly testbenchFrames?: number;
  /** What was proven besides, for the report. */
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
 * Runs the golden frames through the cycle model: what is emitted computes what the network computes, before it is written.
 *
 * @throws DiagnosticError QCC5100 if a value differs, which is a bug in qcc
 */
function checkGolden({ integer, hw }: Compilation, golden: Golden, frames: number): Check {
  // compiling has timed the design; what is asked here is whether its values are right
  const result = { outputs: createEngine(hw, units).values(golden.inputs) };
  const outputs = golden.outputs.map((values, i) => {
    const type = operandType(integer, value(integer.outputs[i]?.value ?? ''));
    invariant(type !== undefined, 'every output has a type');
    const data = allocate(type.elem, values.length);
    data.set(values);
    return data;
  });
  const difference = compareValues(hw, { name: 'reference', result: { outputs } }, { name: 'cycle', result });
  if (difference !== null) fail(difference);
  const count = outputs.reduce((sum, values) => sum + values.length, 0);
  const text = `reference = cycle on ${frames} random frames, ${count} values`;
  return { levels: ['reference', 'cycle'], compared: 'values', frames, count, equal: true, text };
}

function withoutFolder(where: Where): Where {
  return 'file' in where && where.file !== undefined ? { ...where, file: basename(where.file) } : where;
}

/**
 * A note as it stands in the output: files by their names alone, so that the same model gives the same bytes wherever it lies and
 * however its path was written.
 */
function portable(note: Diagnostic): Diagnostic {
  const { where, related } = note;
  return {
    ...note,
    ...(where === undefined ? {} : { where: withoutFolder(where) }),
    ...(related === undefined
      ? {}
      : { related: related.map((entry) => ({ ...entry, where: withoutFolder(entry.where) })) }),
  };
}

/** A folding file, an entry a line. */
function foldingText(folding: Compilation['folding']): string {
  const lines = [...folding].map(([name, entry]) => `  ${JSON.stringify(name)}: ${JSON.stringify(entry)}`);
  return `{\n${lines.join(',\n')}\n}\n`;
}

/**
 * Makes the output folder's content of a compilation: RTL, memories, testbench with golden vectors, vendor files, harness, the
 * graph as `model.qir` (integer form), the folding as `folding.json`, and the report. The golden frames are run through the cycle model first. The same compilation gives the same bytes.
 */
export async function buildOutput(
  compilation: Compilation,
  options: BuildOptions = {},
): Promise<BuildOutput> {
  const { hw } = compilation;
  const integer = { ...compilation.integer, notes: compilation.integer.notes.map(portable) };
  const request = { top: hw.name, ports: designPorts(hw, units), channels: hw.channels, version };
  const harness = harnessBeside(request);
  // what goes wrong before it is waited for is what is told
  harness.catch(() => undefined);
  const work = compilation.plan.reduce((sum, { operations }) => sum + operations, 0);
  const frames = options.testbenchFrames ?? (work > 2e7 ? 2 : 4);
  const golden = goldenFrames(integer, frames);
  const checks = [checkGolden(compilation, golden, frames), ...(options.checks ?? [])];
  const report = makeReport({ ...compilation, integer }, checks, options.notes?.map(portable));
  const large = [...integer.consts.values()].filter((c) => !isInline(c));
  const weights = encodeWeights(large);
  const named = large.length === 0 ? {} : { weightsFile: 'model.safetensors', sha256: sha256(weights) };
  const extras = new Map<string, string | Uint8Array>([
    ['model.qir', printQir(integer, named)],
    ['folding.json', foldingText(compilation.folding)],
    ['report.json', `${JSON.stringify(report, null, 2)}\n`],
    ['report.html', reportHtml(report)],
  ]);
  if (large.length > 0) extras.set('model.safetensors', weights);
  const files = await emitDesign(hw, units, {
    templateRoot,
    version,
    form: compilation.form,
    golden,
    harness,
    extras,
    options: options.options ?? {},
  });
  return { files, report };
}
