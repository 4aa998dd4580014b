import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as ort from 'onnxruntime-node';
import { describe, expect } from 'vitest';
import { readArray, toSourceOrder } from '../../compiler/data/index.ts';
import { createEvaluator } from '../../compiler/qir/evaluate.ts';
import type { Graph } from '../../compiler/qir/graph.ts';
import { importGood, inputTensor, models, testWithModels } from './helpers.ts';

// The real-form evaluator on published convolutional networks: against the golden arrays, and against onnxruntime. Float networks sum in
// an order that is the runtime's own; there, and only there, a tolerance is allowed.

const bytesOf = (file: string): Uint8Array => readFileSync(new URL(file, models));

async function golden(file: string, array: string): Promise<{ data: number[]; shape: readonly number[] }> {
  const { data, shape } = await readArray(`${fileURLToPath(new URL(file, models))}:${array}`);
  return { data: Array.from(data, Number), shape };
}

/** Outputs in the order of the source model, sample by sample. */
function evaluator(graph: Graph): (x: readonly number[]) => number[] {
  const prepared = createEvaluator(graph);
  const [input] = graph.inputs;
  const [output] = graph.outputs;
  return (x) => {
    const result = prepared.run({ [input?.name ?? '']: inputTensor(graph, x) }).get(output?.value ?? '');
    if (!result) throw new Error('no output');
    return Array.from(toSourceOrder(result.data, result.type.shape, output?.boundary ?? {}));
  };
}

function argmax(values: readonly number[]): number {
  return values.reduce((best, v, i) => (v > (values[best] ?? -Infinity) ? i : best), 0);
}

/** The greatest difference, relative to the greatest number. */
function difference(ours: readonly number[], theirs: readonly number[]): number {
  expect(ours.length).toBe(theirs.length);
  const greatest = Math.max(...theirs.map(Math.abs));
  return Math.max(...ours.map((v, i) => Math.abs(v - (theirs[i] ?? NaN)))) / greatest;
}

async function runtime(file: string): Promise<(x: readonly number[]) => Promise<number[]>> {
  const session = await ort.InferenceSession.create(bytesOf(file), {
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 1,
  });
  const [name = ''] = session.inputNames;
  const [output = ''] = session.outputNames;
  const meta = session.inputMetadata[0];
  const dims = meta?.isTensor ? meta.shape.map((d) => (typeof d === 'number' ? d : 1)) : [];
  return async (x) => {
    const result = await session.run({ [name]: new ort.Tensor('float32', Float32Array.from(x), dims) });
    return Array.from(result[output]?.data as ArrayLike<number>, Number);
  };
}

/** Samples of pixels that look like nothing in particular, 0..255. */
function noise(count: number, seed: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return Math.floor(state / 2 ** 23);
  });
}

function nchw(x: readonly number[], height: number, width: number, channels: number): number[] {
  return toSourceOrder(Float64Array.from(x), [height, width, channels], {
    layout: 'nchw',
  }) as unknown as number[];
}

describe('float networks agree with onnxruntime and with the golden classes', () => {
  testWithModels('mnist-conv: 100 images', async () => {
    const graph = importGood(bytesOf('mnist-conv.onnx'));
    const [ours, theirs] = [evaluator(graph), await runtime('mnist-conv.onnx')];
    const x = await golden('mnist-conv.golden.npz', 'inputs');
    const y = await golden('mnist-conv.golden.npz', 'outputs');
    for (let i = 0; i < 100; i++) {
      const sample = x.data.slice(i * 784, (i + 1) * 784);
      const wanted = y.data.slice(i * 10, (i + 1) * 10);
      const found = ours(sample);
      expect(difference(found, await theirs(sample))).toBeLessThan(1e-5);
      expect(difference(found, wanted)).toBeLessThan(1e-5);
      expect(argmax(found)).toBe(argmax(wanted));
    }
  });

  testWithModels('resnet8: 10 images', async () => {
    const graph = importGood(bytesOf('resnet8_float.onnx'));
    expect(graph.inputs[0]).toMatchObject({ type: { shape: [32, 32, 3] }, boundary: { layout: 'nchw' } });
    const [ours, theirs] = [evaluator(graph), await runtime('resnet8_float.onnx')];
    const x = await golden('resnet8_float.golden.npz', 'inputs');
    const y = await golden('resnet8_float.golden.npz', 'outputs');
    for (let i = 0; i < 10; i++) {
      const sample = Array.from(nchw(x.data.slice(i * 3072, (i + 1) * 3072), 32, 32, 3));
      const wanted = y.data.slice(i * 10, (i + 1) * 10);
      const found = ours(sample);
      expect(difference(found, await theirs(sample))).toBeLessThan(1e-4);
      expect(difference(found, wanted)).toBeLessThan(1e-4);
      expect(argmax(found)).toBe(argmax(wanted));
    }
  });

  for (const file of ['lenet5_dense.onnx', 'lenet5_sparse.onnx']) {
    testWithModels(`${file}: noise, and golden digits`, async () => {
      const [ours, theirs] = [evaluator(importGood(bytesOf(file))), await runtime(file)];
      const digits = await golden('mnist-conv.golden.npz', 'inputs');
      const samples = [
        noise(784, 1),
        noise(784, 2),
        ...Array.from({ length: 8 }, (_, i) => digits.data.slice(i * 784, (i + 1) * 784)),
      ];
      for (const sample of samples) {
        const [found, wanted] = [ours(sample), await theirs(sample)];
        expect(difference(found, wanted)).toBeLessThan(1e-4);
        expect(argmax(found)).toBe(argmax(wanted));
      }
    });
  }
});

describe('espcn: quantized convolutions, image in and image out', () => {
  testWithModels('four golden images of 32 by 32', async () => {
    const graph = importGood(bytesOf('espcn_subpixel_quant.onnx'), { inputShape: '1,3,32,32' });
    expect(graph.inputs[0]).toMatchObject({ type: { shape: [32, 32, 3] }, boundary: { layout: 'nchw' } });
    expect(graph.nodes.at(-1)).toMatchObject({ op: 'quant', type: { shape: [64, 64, 3] } });
    expect(graph.outputs[0]?.boundary).toEqual({ layout: 'nchw' });
    const x = await golden('espcn_subpixel_quant.golden.npz', 'small_inputs');
    const y = await golden('espcn_subpixel_quant.golden.npz', 'small_outputs_q');
    const last = graph.nodes.at(-1);
    const before = last?.operands[0]?.name ?? '';
    const scale = graph.consts.get(last?.operands[1]?.name ?? '')?.tensor.data[0] ?? NaN;
    const [xs, ys] = [3 * 32 * 32, 3 * 64 * 64];
    const prepared = createEvaluator(graph);
    let differing = 0;
    for (let i = 0; i < 4; i++) {
      const sample = inputTensor(graph, x.data.slice(i * xs, (i + 1) * xs));
      const values = prepared.run({ [graph.inputs[0]?.name ?? '']: sample }, { taps: [before] });
      const [real, level] = [before, last?.name ?? ''].map((name) =>
        toSourceOrder(values.get(name)?.data ?? new Float32Array(), [64, 64, 3], { layout: 'nchw' }),
      );
      for (let at = 0; at < ys; at++) {
        const wanted = y.data[i * ys + at] ?? NaN;
        // the output is the float32 number nearest to level * scale
        if (level?.[at] === Math.fround(wanted * scale)) continue;
        differing++;
        // The golden array divides in float64: there the quotient is just above the middle of two levels. Rounded to float32 it is
        // the middle itself, which goes to the even level.
        const quotient = (real?.[at] ?? NaN) / scale;
        expect(Math.round(quotient)).toBe(wanted);
        expect(Math.fround(quotient) % 2).toBe(0.5);
        expect(level?.[at]).toBe(Math.fround((wanted - 1) * scale));
      }
    }
    expect(differing).toBe(3);
  });
});
