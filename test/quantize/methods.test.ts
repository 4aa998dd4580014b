import { describe, expect, test } from 'vitest';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { compileGraph } from '../../compiler/driver.ts';
import { createEvaluator } from '../../compiler/qir/evaluate.ts';
import type { Graph } from '../../compiler/qir/graph.ts';
import { parseQir } from '../../compiler/qir/parse.ts';
import { printQir } from '../../compiler/qir/print.ts';
import type { Tensor } from '../../compiler/qir/types.ts';
import { verifyGraph } from '../../compiler/qir/verify.ts';
import { methods } from '../../compiler/quantize/methods/index.ts';
import { parseMethodSpec } from '../../compiler/quantize/index.ts';
import { makeReport, reportSchema } from '../../compiler/report/index.ts';
import { createEngine } from '../../sim/index.ts';
import { units } from '../../templates/registry.ts';
import { quantizeBy, samplesFor, single, small } from './small.ts';

/** Every method, some with more than their standard options. */
const specs = [
  ...methods.keys(),
  'sketch:3:refined',
  'ffn:12:epochs=2',
  'prune:0.3',
  'prune:0.3:survivors=inq',
  'twn:scope=filter',
  'bwn:scope=layer',
  'inq:3:ends=int8',
  'int:5:activations=uint4',
  'int:6:activations=int8:scales=pow2',
];

function outputsOf(graph: Graph, samples: readonly Record<string, Tensor>[]): number[][] {
  const evaluator = createEvaluator(graph);
  return samples.map((sample) => Array.from([...evaluator.run(sample).values()][0]?.data ?? []));
}

describe.each(specs)('%s', (spec) => {
  const request = parseMethodSpec(spec);

  test('a convolution and a layer become integers that print, build and run as the evaluator says', () => {
    const { graph, layers } = quantizeBy(small(3), request);
    expect(graph.form).toBe('integer');
    expect(verifyGraph(graph)).toEqual([]);
    const text = printQir(graph);
    expect(printQir(parseQir(text, { file: 'again.qir' }))).toBe(text);
    expect(layers.map(({ layer }) => layer)).toEqual(['conv', 'dense']);
    for (const { weightError, outputError, bitsPerWeight } of layers) {
      expect(weightError > 0 && weightError < 1).toBe(true);
      expect(outputError > 0 && bitsPerWeight > 0).toBe(true);
    }
    const samples = samplesFor(graph, 7, 3);
    const { hw } = compileGraph(graph, { diagnostics: new Diagnostics() });
    const frames = samples.flatMap((sample) => Array.from(Object.values(sample)[0]?.data ?? []));
    const { outputs } = createEngine(hw, units).run({ inputs: [Uint8Array.from(frames)] });
    expect(Array.from(outputs[0] ?? [])).toEqual(outputsOf(graph, samples).flat());
  });

  test('memories hold the bits for each weight of the model that the method promises', () => {
    const { graph, layers } = quantizeBy(small(3), request);
    // slow enough that all weights are in memories
    const compilation = compileGraph(graph, { diagnostics: new Diagnostics(), fps: 10_000, style: 'folded' });
    const report = makeReport(compilation);
    expect(reportSchema.parse(report)).toEqual(report);
    const stored = report.storage?.layers ?? [];
    expect(stored.map(({ layer, weights }) => [layer, weights])).toEqual([
      ['conv', 4 * 3 * 3 * 4],
      ['dense', 3 * 36],
    ]);
    // what hardware stores of a pruned layer is a schedule of its own making, or dense
    if (request.method === 'prune') return;
    const promised = layers.map(({ bitsPerWeight }) => bitsPerWeight);
    // factors that are mostly zero may be schedules too, where those take less logic
    const schedules = new Set(
      compilation.plan.flatMap(({ unit, instance }) => (unit === 'sparse' ? [instance] : [])),
    );
    stored.forEach(({ bitsPerWeight, instances }, i) => {
      if (!instances.some((each) => schedules.has(each))) expect(bitsPerWeight).toBe(promised[i]);
    });
    if (schedules.size > 0) {
      expect(request.method).toBe('ffn');
      return;
    }
    const total = layers.reduce((n, { bitsPerWeight, weights }) => n + bitsPerWeight * weights, 0);
    expect(report.storage?.bits).toBe(total);
    const isSum = ['sketch', 'abc', 'ttq'].includes(request.method);
    if (isSum)
      for (const { factorBits, instances } of stored)
        expect([factorBits > 0, instances.length]).toEqual([true, 2]);
  });

  test('the sums of a layer are linear, and near those of the weights', () => {
    const [rows, columns] = [5, 12];
    const { graph: float, weights } = single(11, rows, columns);
    const { graph, layers } = quantizeBy(float, request);
    const [input] = graph.inputs;
    const [output] = graph.outputs;
    const scale = output?.boundary.scale;
    if (input === undefined || scale === undefined) throw new Error('an input and a scale expected');
    const at = (data: readonly number[]): number[] =>
      outputsOf(graph, [{ x: { type: input.type, data: Uint8Array.from(data) } }])[0] ?? [];
    const zero = at(new Array<number>(columns).fill(0));
    // the matrix of integers, column by column
    const matrix = Array.from({ length: columns }, (_, i) =>
      at(Array.from({ length: columns }, (_value, j) => Number(i === j))).map(
        (y, row) => y - (zero[row] ?? 0),
      ),
    );
    // bits are dropped between the factors of large layers only
    for (const sample of samplesFor(graph, 13, 5)) {
      const x = Array.from(sample['x']?.data ?? []);
      const expected = zero.map(
        (y, row) => y + x.reduce((sum, v, i) => sum + v * (matrix[i]?.[row] ?? 0), 0),
      );
      expect(at(x)).toEqual(expected);
    }
    // sums count in units of 1/256 of the weights' scale
    const unit = (256 * scale.numerator) / scale.denominator;
    let [error, size] = [0, 0];
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < columns; i++) {
        const w = weights[row * columns + i] ?? NaN;
        error += ((matrix[i]?.[row] ?? NaN) * unit - w) ** 2;
        size += w * w;
      }
    // what is reported is the error of the method; that of its rounded factors differs by a thousandth of the weights
    expect(Math.abs(Math.sqrt(error / size) - Math.sqrt(layers[0]?.weightError ?? NaN))).toBeLessThan(0.001);
  });
});

test('the parts of an ffn layer are balanced: a multiplier for as many adders as the layer has inputs and outputs', () => {
  const [rows, columns] = [10, 30];
  const { graph } = quantizeBy(single(21, rows, columns).graph, parseMethodSpec('ffn'));
  for (const cycles of [rows, 5 * rows]) {
    const { plan } = compileGraph(graph, {
      diagnostics: new Diagnostics(),
      clockMhz: 200,
      fps: 2e8 / cycles,
      style: 'folded',
    });
    const parts = plan.filter(({ nodes }) => nodes.length > 0);
    expect(parts.map(({ unit }) => unit)).toEqual(['mvu', 'requantize', 'mvu']);
    const lanes = parts.map(({ unit, folding }) =>
      unit === 'mvu' ? (folding?.pe ?? 0) * (folding?.simd ?? 0) : (folding?.pe ?? 0),
    );
    // as many additions a cycle as the interval asks for, and no more
    expect(lanes).toEqual([(rows * columns) / cycles, 1, (rows * rows) / cycles]);
    expect([parts[0], parts[2]].map((part) => part?.timing.initiationInterval)).toEqual([cycles, cycles]);
    if (cycles === rows) expect(parts[1]?.timing.initiationInterval).toBe(cycles);
  }
});

describe('what one layer becomes', () => {
  const opsOf = (spec: string): string[] => {
    const { graph } = single(17, 6, 20);
    return quantizeBy(graph, parseMethodSpec(spec)).graph.nodes.map(({ op }) => op);
  };

  test('one product with the rows of all bases and a weighted sum; ternary, factors, ternary; a product alone', () => {
    expect(opsOf('sketch:3')).toEqual(['matmul', 'reshape', 'depthwise']);
    expect(opsOf('ttq')).toEqual(['matmul', 'reshape', 'depthwise']);
    expect(opsOf('ffn')).toEqual(['matmul', 'requantize', 'matmul']);
    expect(opsOf('twn')).toEqual(['matmul']);
    expect(opsOf('inq')).toEqual(['matmul']);
  });

  test('scales of rows are met behind the layer where something follows it', () => {
    const { graph } = quantizeBy(small(4), parseMethodSpec('bwn'));
    const conv = graph.nodes.find(({ op }) => op === 'conv2d');
    expect(graph.consts.get(conv?.operands[1]?.name ?? '')?.tensor.type.elem).toEqual({ kind: 'bipolar' });
    expect(graph.nodes.map(({ op }) => op)).toContain('requantize');
  });

  test('one bit: activations that are never negative are 0 or 1', () => {
    const { graph } = quantizeBy(small(4), parseMethodSpec('xnor'));
    expect(graph.nodes.some(({ op, type }) => op === 'threshold' && type.elem.kind === 'uint')).toBe(true);
    const signed = quantizeBy(small(4), parseMethodSpec('bwn:activations=int1')).graph;
    expect(signed.nodes.some(({ op, type }) => op === 'threshold' && type.elem.kind === 'bipolar')).toBe(
      true,
    );
  });

  test('weights alone: a float network with the numbers of the method', () => {
    const { graph: float, weights } = single(23, 4, 9);
    const { graph, values } = quantizeBy(float, parseMethodSpec('inq:activations=float'));
    expect([graph.form, values]).toEqual(['real', []]);
    const data = Array.from(
      [...graph.consts.values()].find(({ name }) => name === 'dense_values')?.tensor.data ?? [],
    );
    expect(data.length).toBe(weights.length);
    for (const w of data) expect(w === 0 || Number.isInteger(Math.log2(Math.abs(w)))).toBe(true);
  });

  test('factors of a layer with many inputs drop bits between them, and err by no more than they round', () => {
    const [rows, columns] = [24, 400];
    const { graph: float } = single(29, rows, columns);
    const { graph } = quantizeBy(float, parseMethodSpec('ffn:epochs=1'));
    const scaled = graph.nodes.find(({ op }) => op === 'requantize');
    expect(scaled?.attributes['shift']).toBeGreaterThan(0);
    const [first, second] = graph.nodes
      .filter(({ op }) => op === 'matmul')
      .map((node) => graph.consts.get(node.operands[1]?.name ?? '')?.tensor);
    const factors = graph.consts.get(scaled?.operands[1]?.name ?? '')?.tensor.data ?? [];
    const dense = graph.nodes.at(-1);
    const bias = graph.consts.get(dense?.operands[2]?.name ?? '')?.tensor.data ?? [];
    const shift = Number(scaled?.attributes['shift']);
    for (const sample of samplesFor(graph, 31, 3)) {
      const x = Array.from(sample['x']?.data ?? []);
      const inner = Array.from(factors, (_, k) =>
        x.reduce((sum, v, i) => sum + v * (first?.data[k * columns + i] ?? 0), 0),
      );
      const exact = Array.from(bias, (b, row) => {
        const terms = inner.map(
          (t, k) => t * (factors[k] ?? 0) * (second?.data[row * factors.length + k] ?? 0),
        );
        return b + terms.reduce((a, c) => a + c, 0) / 2 ** shift;
      });
      const found = outputsOf(graph, [sample])[0] ?? [];
      found.forEach((y, row) => {
        expect(Math.abs(y - (exact[row] ?? NaN))).toBeLessThanOrEqual(factors.length / 2);
      });
    }
  });
});
