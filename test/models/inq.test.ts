import { describe, expect, test } from 'vitest';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { compileGraph } from '../../compiler/driver.ts';
import { emitRtl } from '../../compiler/emit/index.ts';
import { designPorts } from '../../compiler/hw/index.ts';
import { createEvaluator } from '../../compiler/qir/evaluate.ts';
import type { Graph } from '../../compiler/qir/graph.ts';
import type { LayerRequest } from '../../compiler/quantize/index.ts';
import { createEngine, createVerilatorRunner } from '../../sim/index.ts';
import { templateRoot, units } from '../../templates/registry.ts';
import { haveData, mnistTest } from './data.ts';
import { part, quantizedBy } from './quantized.ts';

/** Images that the evaluator sees in the usual run; all 10,000 with QCC_LARGE. */
const evaluated = process.env['QCC_LARGE'] === undefined ? 200 : 10_000;
/** Images that the Verilog sees. */
const verilated = 200;
const network = 'models/lenet300100_dense.onnx';

/** LeNet-300-100 with powers of two for weights, and for the scales behind its hidden layers those with the exponents given. */
async function quantized(bits: number, exponents: readonly [number, number]): Promise<Graph> {
  const layers = new Map<string, LayerRequest>([
    ['ip1', { exponent: exponents[0] }],
    ['ip2', { exponent: exponents[1] }],
  ]);
  const images = part('datasets/mnist/train-images-idx3-ubyte.gz', undefined, 0, 16);
  return (
    await quantizedBy(network, images, { method: 'inq', options: { bits }, activations: 'uint8', layers })
  ).graph;
}

/** The logits of the first images at the evaluator, one after the other. */
function evaluate(graph: Graph, images: readonly number[], count: number): number[] {
  const evaluator = createEvaluator(graph);
  const [input] = graph.inputs;
  if (input === undefined) throw new Error('an input expected');
  return Array.from({ length: count }, (_, i) => {
    const data = Uint8Array.from(images.slice(i * 784, (i + 1) * 784));
    const [logits] = [...evaluator.run({ [input.name]: { type: input.type, data } }).values()];
    return Array.from(logits?.data ?? []);
  }).flat();
}

/** Errors, the sum of all logits, and the sum of those of the right classes. */
function summary(logits: readonly number[], labels: readonly number[]): readonly [number, number, number] {
  let [errors, sum, right] = [0, 0, 0];
  for (let i = 0; i * 10 < logits.length; i++) {
    const frame = logits.slice(i * 10, (i + 1) * 10);
    sum += frame.reduce((a, b) => a + b, 0);
    right += frame[labels[i] ?? -1] ?? NaN;
    if (frame.indexOf(Math.max(...frame)) !== labels[i]) errors++;
  }
  return [errors, sum, right];
}

// The integers of LeNet-300-100 after one step of INQ, as two programs have found them independently.
/** How long the Verilog takes to build on a busy machine. */
const patience = 120_000;

describe.skipIf(!haveData).each([
  {
    bits: 5,
    exponents: [-5, -4],
    verilog: true,
    all: [225, 73029364, 217080117],
    first: [-571, -1930, 3317, 8328, -12062, -684, -17539, 19350, 1251, 7953],
  },
  {
    bits: 5,
    exponents: [-5, -5],
    verilog: false,
    all: [226, 146038005, 434107021],
    first: [-967, -3897, 6686, 16778, -24176, -1679, -35071, 38915, 2245, 15967],
  },
  {
    bits: 4,
    exponents: [-5, -4],
    verilog: false,
    all: [246, 4306940, 13807792],
    first: [-61, -135, 194, 526, -754, -44, -1163, 1228, 103, 561],
  },
] as const)(
  'LeNet-300-100 by INQ, $bits bits, hidden scales 2^$exponents',
  ({ bits, exponents, verilog, all, first }) => {
    test(
      'computes with shifts alone, and gives the known integers at every engine',
      async () => {
        const graph = await quantized(bits, exponents);
        expect(graph.form).toBe('integer');
        const constOf = (name: string | undefined) => graph.consts.get(name ?? '')?.tensor;
        for (const { op, operands } of graph.nodes) {
          if (op === 'matmul')
            expect(constOf(operands[1]?.name)?.type.elem).toEqual({
              kind: 'pow2',
              lo: 0,
              hi: 2 ** (bits - 2) - 1,
            });
          if (op === 'requantize') expect(Array.from(constOf(operands[1]?.name)?.data ?? [])).toEqual([1]);
        }
        expect(graph.nodes.map(({ op }) => op)).toEqual([
          'reshape',
          'matmul',
          'requantize',
          'matmul',
          'requantize',
          'matmul',
        ]);
        const { images, labels } = mnistTest();
        const logits = evaluate(graph, images, evaluated);
        expect(logits.slice(0, 10)).toEqual(first);

        const { hw } = compileGraph(graph, { diagnostics: new Diagnostics() });
        const { outputs } = createEngine(hw, units).run({ inputs: [Uint8Array.from(images)] });
        const engine = Array.from(outputs[0] ?? []);
        expect(summary(engine, labels)).toEqual(all);
        expect(engine.slice(0, logits.length)).toEqual(logits);

        if (!verilog) return;
        const runner = await createVerilatorRunner({
          top: hw.name,
          ports: designPorts(hw, units),
          channels: hw.channels,
          files: emitRtl(hw, units, { templateRoot, version: 'test' }),
        });
        try {
          const run = await runner.run({ inputs: [Uint8Array.from(images.slice(0, verilated * 784))] });
          expect(Array.from(run.outputs[0] ?? [])).toEqual(engine.slice(0, verilated * 10));
        } finally {
          runner.close();
        }
      },
      patience,
    );
  },
);
