import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fromSourceOrder, toSourceOrder } from '../../compiler/data/index.ts';
import { importOnnx } from '../../compiler/frontend/onnx/import.ts';
import type { ImportOptions } from '../../compiler/frontend/onnx/import.ts';
import { DiagnosticError } from '../../compiler/diagnostics/index.ts';
import type { Diagnostic } from '../../compiler/diagnostics/index.ts';
import { evaluateGraph } from '../../compiler/qir/evaluate.ts';
import type { Graph, Node } from '../../compiler/qir/graph.ts';
import { allocate, elementCount } from '../../compiler/qir/types.ts';
import type { Tensor } from '../../compiler/qir/types.ts';
import { verifyGraph } from '../../compiler/qir/verify.ts';
import { model } from './onnx-writer.ts';
import type { ModelSpec } from './onnx-writer.ts';

/** Where the published models lie, beside the repository. */
export const models = new URL('../../../shared/data/models/', import.meta.url);

/** A test that needs the published models: skipped where they are absent, except in CI. */
export function testWithModels(name: string, body: () => void | Promise<void>): void {
  const present = existsSync(models);
  test.skipIf(!present && process.env['CI'] === undefined)(
    present ? name : `${name} (shared/data/models is absent)`,
    body,
  );
}

/** Imports and checks that the result is a well-formed graph without superfluous parts. */
export function importGood(bytes: Uint8Array, options: Partial<ImportOptions> = {}): Graph {
  const graph = importOnnx(bytes, { file: 'test.onnx', ...options });
  expect(verifyGraph(graph)).toEqual([]);
  return graph;
}

export function importSpec(spec: ModelSpec, options: Partial<ImportOptions> = {}): Graph {
  return importGood(model(spec), options);
}

/** The diagnostics of an import that must fail. */
export function refusal(bytes: Uint8Array, options: Partial<ImportOptions> = {}): readonly Diagnostic[] {
  try {
    importOnnx(bytes, { file: 'test.onnx', ...options });
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics;
    throw error;
  }
  return [];
}

export function codes(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.map((d) => d.code);
}

export function nodeNamed(graph: Graph, origin: string): Node {
  const found = graph.nodes.find((n) => n.origin.nodes.includes(origin));
  if (!found) throw new Error(`no node from ${origin}`);
  return found;
}

/** The only input's tensor, from numbers in the order of the source model. */
export function inputTensor(graph: Graph, values: ArrayLike<number>): Tensor {
  const type = graph.inputs[0]?.type;
  if (!type) throw new Error('no input');
  const data = allocate(type.elem, elementCount(type.shape));
  data.set(Array.from(values));
  return { type, data: fromSourceOrder(data, type.shape, graph.inputs[0]?.boundary ?? {}) };
}

/** Evaluates a graph of one input and returns its first output in the order of the source model. */
export function run(graph: Graph, values: ArrayLike<number>): Tensor {
  const name = graph.inputs[0]?.name ?? '';
  const result = evaluateGraph(graph, { [name]: inputTensor(graph, values) }).get(
    graph.outputs[0]?.value ?? '',
  );
  if (!result) throw new Error('no output');
  const { shape } = result.type;
  return { ...result, data: toSourceOrder(result.data, shape, graph.outputs[0]?.boundary ?? {}) };
}
