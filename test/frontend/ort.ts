import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { expect } from 'vitest';
import type { Graph } from '../../compiler/qir/graph.ts';
import { importSpec, run } from './helpers.ts';
import { model, node, scalar } from './onnx-writer.ts';
import type { ModelSpec, NodeSpec, TensorSpec } from './onnx-writer.ts';

// Standard nodes mean what onnxruntime computes. What one float32 operation computes, and what is integer, must be equal; where
// onnxruntime reorders sums or folds constants (batch normalization, float dot products, Softmax) the bound on the difference is
// stated at the test.

export const float = fc.float({ noNaN: true, noDefaultInfinity: true, min: -100, max: 100 });
/** Away from denormals, whose absolute error is not relative to anything. */
export const normal = float.map((x) => (Math.abs(x) < 2 ** -60 ? 0 : x));
export const small = fc.integer({ min: -8, max: 8 });
export const positive = fc.float({ noNaN: true, min: 2 ** -6, max: 16 });

export function list(item: fc.Arbitrary<number>, count: number): fc.Arbitrary<number[]> {
  return fc.array(item, { minLength: count, maxLength: count });
}

export interface Outcome {
  readonly graph: Graph;
  readonly ours: number[];
  readonly theirs: number[];
}

/** Runs a model with one float input `x` and one output `y` on both sides. */
export async function both(spec: ModelSpec, x: readonly number[]): Promise<Outcome> {
  const session = await ort.InferenceSession.create(model(spec), {
    // Otherwise nodes are fused before they run.
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 1,
  });
  const dims = (spec.inputs[0]?.dims ?? []).map((d) => (typeof d === 'number' ? d : 1));
  const result = await session.run({ x: new ort.Tensor('float32', Float32Array.from(x), dims) });
  const theirs = Array.from(result['y']?.data as ArrayLike<number | bigint>, Number);
  await session.release();
  const graph = importSpec(spec);
  return { graph, ours: Array.from(run(graph, x).data), theirs };
}

export function spec(
  nodes: readonly NodeSpec[],
  dims: readonly number[],
  out: readonly number[],
  initializers: Readonly<Record<string, TensorSpec>> = {},
  rest: Partial<ModelSpec> = {},
): ModelSpec {
  return {
    nodes,
    inputs: [{ name: 'x', dims }],
    outputs: [{ name: 'y', dims: out }],
    initializers,
    ...rest,
  };
}

/** Before a quantizer: one that is first would be left to the host, and the input would be its levels. */
export const first = node('Mul', ['x', 'unit'], ['x0']);
export const unit = scalar(1);

export const runs = { numRuns: 12 };
export const same = ({ ours, theirs }: Outcome): void =>
  expect(ours.map((v) => v + 0)).toEqual(theirs.map((v) => v + 0));
