import { expect } from 'vitest';
import { importTflite } from '../../compiler/frontend/tflite/import.ts';
import { DiagnosticError } from '../../compiler/diagnostics/index.ts';
import type { Diagnostic } from '../../compiler/diagnostics/index.ts';
import { createEvaluator } from '../../compiler/qir/evaluate.ts';
import type { Graph } from '../../compiler/qir/graph.ts';
import { allocate, elementCount } from '../../compiler/qir/types.ts';
import { verifyGraph } from '../../compiler/qir/verify.ts';
import { tflite } from './tflite-writer.ts';
import type { ModelSpec } from './tflite-writer.ts';

/** Imports and checks that the result is a well-formed graph without superfluous parts. */
export function importGood(bytes: Uint8Array): Graph {
  const graph = importTflite(bytes, { file: 'test.tflite' });
  expect(verifyGraph(graph)).toEqual([]);
  return graph;
}

export const importSpec = (spec: ModelSpec): Graph => importGood(tflite(spec));

/** Evaluates a graph: numbers of each input in order, numbers of the first output. */
export function run(graph: Graph, ...inputs: readonly ArrayLike<number>[]): number[] {
  const tensors = graph.inputs.map(({ name, type }, i) => {
    const data = allocate(type.elem, elementCount(type.shape));
    data.set(Array.from(inputs[i] ?? []));
    return [name, { type, data }] as const;
  });
  const output = graph.outputs[0]?.value ?? '';
  return Array.from(createEvaluator(graph).run(Object.fromEntries(tensors)).get(output)?.data ?? []);
}

/** The diagnostics of an import that must fail. */
export function refusal(spec: ModelSpec | Uint8Array): readonly Diagnostic[] {
  try {
    importTflite(spec instanceof Uint8Array ? spec : tflite(spec), { file: 'test.tflite' });
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics;
    throw error;
  }
  return [];
}
