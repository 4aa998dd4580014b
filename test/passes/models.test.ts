import { describe, expect, it } from 'vitest';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { importOnnx } from '../../compiler/frontend/onnx/import.ts';
import { runPipeline } from '../../compiler/pipeline.ts';
import { constant, value, type Const, type Graph, type Node } from '../../compiler/qir/graph.ts';
import { createEvaluator } from '../../compiler/qir/evaluate.ts';
import {
  allocate,
  bipolar,
  elementCount,
  int,
  type ElementType,
  type Tensor,
} from '../../compiler/qir/types.ts';
import { verifyGraph } from '../../compiler/qir/verify.ts';
import { haveData, readData, readNumbers } from './data.ts';

function tensor(elem: ElementType, shape: readonly number[], values: ArrayLike<number>): Tensor {
  const data = allocate(elem, values.length);
  data.set(values);
  expect(data.length).toBe(elementCount(shape));
  return { type: { elem, shape }, data };
}

function load(file: string, inputType: string): { real: Graph; integer: Graph } {
  const real = importOnnx(readData(file), { file, inputType });
  return { real, integer: runPipeline(real, { diagnostics: new Diagnostics() }) };
}

/** Runs each sample, given as the integers of the only input, and returns the only output of all. */
function runAll(graph: Graph, samples: readonly number[], tap?: string): number[] {
  const evaluator = createEvaluator(graph);
  const [input] = graph.inputs;
  const [output] = graph.outputs;
  if (input === undefined || output === undefined) throw new Error('one input and one output expected');
  const size = elementCount(input.type.shape);
  const results: number[] = [];
  for (let at = 0; at < samples.length; at += size) {
    const x = tensor(input.type.elem, input.type.shape, samples.slice(at, at + size));
    const name = tap ?? output.value;
    results.push(...(evaluator.run({ [input.name]: x }, { taps: [name] }).get(name)?.data ?? []));
  }
  return results;
}

/** Every value that both forms have, hidden layers included, read as levels of its quantizer. */
function hiddenLevels(graph: Graph, samples: readonly number[]): number[][] {
  const names = graph.nodes.filter((n) => /quant|threshold/.test(n.op)).map((n) => n.name);
  return names.map((name) => runAll(graph, samples, name));
}

describe.skipIf(!haveData)('trained models', () => {
  it.each([
    ['models/TFC_1W1A', 'uint8*1/255', 'pixels'],
    ['models/TFC_2W2A', 'uint8*1/255', 'pixels'],
  ])('%s: all golden accumulators, and both forms agree at every quantizer', (model, type, inputs) => {
    const { real, integer } = load(`${model}.onnx`, type);
    const pixels = readNumbers(`${model}.golden.npz`, inputs).data;
    const golden = readNumbers(`${model}.golden.npz`, 'accumulators').data;
    expect(golden).toHaveLength(2000);
    expect(runAll(integer, pixels)).toEqual(golden);
    expect(integer.nodes.some((n) => n.op === 'threshold' && n.operands.length > 2)).toBe(false);
    const few = pixels.slice(0, 784 * 20);
    // scale 1 throughout: a quantizer's numbers are its levels
    const levels = hiddenLevels(integer, few);
    const names = integer.nodes.filter((n) => n.op === 'threshold').map((n) => n.name);
    expect(names).toHaveLength(4);
    names.forEach((name, i) => expect(runAll(real, few, name)).toEqual(levels[i]));
  });

  it('finn_build_dataflow: all golden accumulators and classes', () => {
    const { real, integer } = load('models/finn_build_dataflow/model.onnx', 'uint8');
    const golden = 'models/finn_build_dataflow/model.golden.npz';
    const pixels = readNumbers(golden, 'inputs').data;
    const classes = readNumbers(golden, 'outputs').data;
    const layer = integer.nodes.findLast((n) => n.op === 'matmul')?.name ?? '';
    expect(runAll(integer, pixels)).toEqual(classes);
    expect(runAll(integer, pixels, layer)).toEqual(readNumbers(golden, 'accumulators').data);
    expect(runAll(real, pixels)).toEqual(classes);
  });

  it('qkeras_jettagging: all golden logits, half-even ties included', () => {
    const { real, integer } = load('models/qkeras_jettagging.onnx', 'fixed<16,10>');
    const golden = 'models/qkeras_jettagging.golden.npz';
    const inputs = readNumbers(golden, 'inputs').data.map((x) => x * 1024);
    expect(runAll(integer, inputs)).toEqual(readNumbers(golden, 'logits_int').data);
    const output = integer.outputs[0];
    expect(output?.boundary).toEqual({ scale: { numerator: 2 ** -11, denominator: 1 } });
    expect(output?.host).toEqual(['Softmax along axis 0 (Softmax_0)']);
    expect(integer.notes.map((n) => n.code)).toContain('QCC3401');
    expect(runAll(real, inputs, output?.value)).toEqual(readNumbers(golden, 'logits').data);
  });

  it('lfcW1A1: all golden sums and bits, well under 50 ms an image', () => {
    const file = 'weights/lfcW1A1_mnist.npz';
    const consts = new Map<string, Const>();
    const nodes: Node[] = [];
    const origin = { nodes: [] };
    const sizes = [784, 1024, 1024, 1024, 10];
    const add = (name: string, t: Tensor) => (consts.set(name, { name, tensor: t }), constant(name));
    for (let i = 0; i < 4; i++) {
      const w = readNumbers(file, `L${i}_weights`);
      const t = readNumbers(file, `L${i}_thresholds`);
      const x = value(i === 0 ? 'x' : `a${i - 1}`);
      const shape = [sizes[i + 1] ?? 0];
      nodes.push({
        name: `s${i}`,
        op: 'matmul',
        operands: [x, add(`w${i}`, tensor(bipolar, w.shape, w.data))],
        attributes: {},
        type: { elem: int(12), shape },
        origin,
      });
      nodes.push({
        name: `a${i}`,
        op: 'threshold',
        operands: [
          value(`s${i}`),
          add(
            `t${i}`,
            tensor(
              int(16),
              t.shape,
              t.data.map((v) => v + 1),
            ),
          ),
        ],
        attributes: { base: -1 },
        type: { elem: bipolar, shape },
        origin,
      });
    }
    const graph: Graph = {
      name: 'lfc',
      form: 'integer',
      inputs: [{ name: 'x', type: { elem: bipolar, shape: [784] }, boundary: {}, origin }],
      nodes,
      outputs: [{ value: 'a3', boundary: {}, origin, host: [] }],
      consts,
      notes: [],
    };
    expect(verifyGraph(graph).filter((d) => d.severity === 'error')).toEqual([]);
    const result = runPipeline(graph, { diagnostics: new Diagnostics() });
    const golden = 'weights/lfcW1A1_mnist.golden.npz';
    const inputs = readNumbers(golden, 'inputs').data;
    const evaluator = createEvaluator(result);
    const [sums, bits]: [number[], number[]] = [[], []];
    for (let at = 0; at < inputs.length; at += 784) {
      const x = tensor(bipolar, [784], inputs.slice(at, at + 784));
      const values = evaluator.run({ x }, { taps: ['s3'] });
      sums.push(...(values.get('s3')?.data ?? []));
      bits.push(...(values.get('a3')?.data ?? []));
    }
    expect(sums).toEqual(readNumbers(golden, 'sums').data);
    expect(bits.map((b) => (b + 1) / 2)).toEqual(readNumbers(golden, 'bits').data);
  });
});
