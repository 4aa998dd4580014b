import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect } from 'vitest';
import { readArray } from '../../compiler/data/index.ts';
import { createEvaluator } from '../../compiler/qir/evaluate.ts';
import type { Graph } from '../../compiler/qir/graph.ts';
import { bipolar, fixed, float32, uint } from '../../compiler/qir/types.ts';
import { codes, importGood, inputTensor, models, nodeNamed, testWithModels } from './helpers.ts';

function load(file: string, inputType?: string): Graph {
  const bytes = readFileSync(new URL(file, models));
  return importGood(bytes, inputType === undefined ? { file } : { file, inputType });
}

async function golden(file: string, array: string): Promise<{ data: number[]; shape: readonly number[] }> {
  const { data, shape } = await readArray(`${fileURLToPath(new URL(file, models))}:${array}`);
  return { data: Array.from(data, Number), shape };
}

const opsOf = (graph: Graph): string[] => graph.nodes.map((n) => n.op);

/** Runs every golden sample and compares one value of the graph with the array, number by number. */
async function compare(
  graph: Graph,
  file: string,
  inputs: string,
  origin: string,
  expected: string,
  scale = 1,
): Promise<void> {
  const x = await golden(file, inputs);
  const y = await golden(file, expected);
  const count = x.shape[0] ?? 0;
  const [xs, ys] = [x.data.length / count, y.data.length / count];
  const tap = nodeNamed(graph, origin).name;
  const evaluator = createEvaluator(graph);
  for (let i = 0; i < count; i++) {
    const sample = inputTensor(
      graph,
      x.data.slice(i * xs, (i + 1) * xs).map((v) => v * scale),
    );
    const values = evaluator.run({ [graph.inputs[0]?.name ?? '']: sample }, { taps: [tap] });
    expect(Array.from(values.get(tap)?.data ?? [])).toEqual(y.data.slice(i * ys, (i + 1) * ys));
  }
  expect(count).toBeGreaterThan(0);
}

describe('published models', () => {
  testWithModels('TFC_1W1A: shape chain folded, weights quantized, 200 accumulators', async () => {
    const graph = load('TFC_1W1A.onnx');
    expect(graph.inputs.map((i) => [i.type.elem, i.type.shape, i.boundary])).toEqual([
      [uint(8), [1, 28, 28], { scale: { numerator: 1, denominator: 255 } }],
    ]);
    expect(codes(graph.notes)).toEqual(['QCC2301']);
    const layer = 'bipolar_quant matmul batchnorm bipolar_quant';
    const input = 'reshape mul sub bipolar_quant';
    const last = 'bipolar_quant matmul sub div mul add';
    expect(opsOf(graph).join(' ')).toBe([input, layer, layer, layer, last].join(' '));
    expect(nodeNamed(graph, 'BipolarQuant_14').type.shape).toEqual([64, 784]);
    await compare(graph, 'TFC_1W1A.golden.npz', 'pixels', 'MatMul_40', 'accumulators');
  });

  testWithModels('TFC_2W2A: narrow two bits, 200 accumulators', async () => {
    const graph = load('TFC_2W2A.onnx');
    const attributes = { min: -1, max: 1, rounding: 'HALF_EVEN', zero_point_first: true };
    expect(nodeNamed(graph, 'Quant_18').attributes).toEqual(attributes);
    await compare(graph, 'TFC_2W2A.golden.npz', 'pixels', 'MatMul_56', 'accumulators');
  });

  testWithModels(
    'build_dataflow: input type annotated, weights turned, 200 accumulators and classes',
    async () => {
      const graph = load('finn_build_dataflow/model.onnx');
      expect(graph.inputs.map((i) => [i.name, i.type.elem, i.boundary])).toEqual([
        ['global_in', uint(8), {}],
      ]);
      expect(graph.notes).toEqual([]);
      // Unsqueeze and Squeeze around batch normalization leave no trace.
      expect(opsOf(graph).filter((op) => op === 'reshape')).toHaveLength(1);
      const topk = nodeNamed(graph, 'TopK_0');
      expect([topk.attributes, topk.type]).toEqual([
        { k: 1, largest: true },
        { elem: uint(4), shape: [1] },
      ]);
      const file = 'finn_build_dataflow/model.golden.npz';
      await compare(graph, file, 'inputs', 'MatMul_3', 'accumulators');
      await compare(graph, file, 'inputs', 'TopK_0', 'outputs');
    },
  );

  testWithModels('jet tagging: input type from the option, 200 logits', async () => {
    expect(load('qkeras_jettagging.onnx').inputs[0]?.type.elem).toEqual(float32);
    const graph = load('qkeras_jettagging.onnx', 'fixed<16,10>');
    expect(graph.inputs[0]?.type).toEqual({ elem: fixed(16, 10), shape: [16] });
    expect(graph.nodes.at(-1)?.op).toBe('softmax');
    await compare(graph, 'qkeras_jettagging.golden.npz', 'inputs', 'Add_3', 'logits', 1024);
  });

  testWithModels('the option overrides what a model suggests', () => {
    expect(load('TFC_1W1A.onnx', 'bipolar').inputs[0]?.type.elem).toEqual(bipolar);
  });

  testWithModels('a float network stays float, its Gemm layers become matmul and add', () => {
    const graph = load('lenet300100_dense.onnx');
    expect(graph.inputs[0]?.type.elem).toEqual(float32);
    expect(opsOf(graph)).toEqual([
      'mul',
      'reshape',
      'matmul',
      'add',
      'relu',
      'matmul',
      'add',
      'relu',
      'matmul',
      'add',
    ]);
  });
});
