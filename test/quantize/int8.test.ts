import { describe, expect, test } from 'vitest';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { runPipeline } from '../../compiler/pipeline.ts';
import { createEvaluator } from '../../compiler/qir/evaluate.ts';
import { parseQir } from '../../compiler/qir/parse.ts';
import { printQir } from '../../compiler/qir/print.ts';
import { verifyGraph } from '../../compiler/qir/verify.ts';
import { planFor, quantizeGraph, type Arithmetic, type ScaleChoice } from '../../compiler/quantize/index.ts';
import { images, residual } from './network.ts';

function quantized(seed: number, scales: ScaleChoice, arithmetic: Arithmetic = 'float32') {
  const graph = residual(seed);
  const diagnostics = new Diagnostics();
  const plan = planFor(graph, { method: 'int8', scales, arithmetic });
  const result = quantizeGraph(graph, plan, { samples: images(seed, 16), diagnostics });
  expect(diagnostics.all).toEqual([]);
  return result;
}

describe.each(['float32', 'pow2'] as const)('int8 with scales %s', (scales) => {
  test('puts a quantizer behind what layers read and both sides of a sum, and nowhere else', () => {
    const { graph, values } = quantized(1, scales);
    expect(verifyGraph(graph)).toEqual([]);
    expect(values.map(({ value }) => value)).toEqual(['relu1', 'conv2', 'relu2', 'relu3', 'mean']);
    const byName = new Map(values.map((v) => [v.value, v]));
    expect(byName.get('relu1')?.levels).toEqual({ min: 0, max: 255 });
    expect(byName.get('conv2')?.levels).toEqual({ min: -128, max: 127 });
    const ratio = Math.log2((byName.get('conv2')?.scale ?? NaN) / (byName.get('relu1')?.scale ?? NaN));
    expect(Number.isInteger(ratio)).toBe(true);
    if (scales === 'pow2')
      for (const { scale } of values) expect(Number.isInteger(Math.log2(scale))).toBe(true);
  });

  test('stays close to the float network', () => {
    for (const seed of [1, 2, 3]) {
      const after = createEvaluator(quantized(seed, scales).graph);
      const before = createEvaluator(residual(seed));
      let [error, size] = [0, 0];
      for (const sample of images(seed + 100, 20)) {
        const [a] = [...before.run(sample).values()];
        const [b] = [...after.run(sample).values()];
        a?.data.forEach((x, i) => {
          error += (x - (b?.data[i] ?? NaN)) ** 2;
          size += x * x;
        });
      }
      // 8 bits: about 40 dB of signal to noise
      expect(error / size).toBeLessThan(scales === 'pow2' ? 0.01 : 0.003);
    }
  });

  test('becomes integers that compute the same', () => {
    const { graph } = quantized(4, scales);
    const integer = runPipeline(graph, { diagnostics: new Diagnostics() });
    const [real, whole] = [createEvaluator(graph), createEvaluator(integer)];
    const [output] = integer.outputs;
    const scale = output?.boundary.scale;
    for (const sample of images(77, 10)) {
      const [expected] = [...real.run(sample).values()];
      const [sums] = [...whole.run(sample).values()];
      const numbers = Array.from(sums?.data ?? [], (level) =>
        Math.fround((level * (scale?.numerator ?? 1)) / (scale?.denominator ?? 1)),
      );
      expect(numbers).toEqual(Array.from(expected?.data ?? []));
    }
  });
});

describe.each(['float32', 'pow2'] as const)('int8 in integers, with scales %s', (scales) => {
  test('has a product and a shift where float32 arithmetic has many thresholds, and differs by a level now and then', () => {
    const { graph } = quantized(4, scales, 'integer');
    expect(graph.form).toBe('integer');
    expect(verifyGraph(graph)).toEqual([]);
    expect(graph.nodes.filter(({ op }) => op === 'threshold')).toEqual([]);
    const exact = runPipeline(quantized(4, scales).graph, {
      diagnostics: new Diagnostics(),
      stopAfter: 'integerize',
    });
    const quantizers = graph.nodes.filter(({ op }) => op === 'requantize').map(({ name }) => name);
    expect(quantizers.length).toBe(5);
    const [ours, theirs] = [createEvaluator(graph), createEvaluator(exact)];
    let [different, all] = [0, 0];
    for (const sample of images(55, 10)) {
      const [a, b] = [ours.run(sample, { taps: quantizers }), theirs.run(sample, { taps: quantizers })];
      const [first = ''] = quantizers;
      // the first quantizer sees the same sums on both sides
      a.get(first)?.data.forEach((level, i) => {
        const off = Math.abs(level - (b.get(first)?.data[i] ?? NaN));
        expect(off).toBeLessThanOrEqual(1);
        different += off;
        all++;
      });
    }
    expect(different / all).toBeLessThan(0.02);
  });
});

test('the scale of the sums that leave is a power of two where float32 numbers carry them, the finest otherwise', () => {
  const before = (arithmetic: Arithmetic) => quantized(4, 'float32', arithmetic).values.at(-1)?.scale ?? NaN;
  expect(Number.isInteger(Math.log2(before('float32')))).toBe(true);
  const fine = quantized(4, 'float32', 'integer');
  const { scale, levels, seen } = fine.values.at(-1) ?? {
    scale: NaN,
    levels: { max: NaN },
    seen: { max: NaN },
  };
  expect(scale).toBe(Math.fround(seen.max / levels.max));
  const { numerator = NaN, denominator = NaN } = fine.graph.outputs[0]?.boundary.scale ?? {};
  expect(Number.isInteger(Math.log2(numerator / denominator))).toBe(false);
  // the sums times that scale are the float network's, as near as 8 bits come
  const [whole, real] = [createEvaluator(fine.graph), createEvaluator(residual(4))];
  let [error, size] = [0, 0];
  for (const sample of images(66, 20)) {
    const [sums] = [...whole.run(sample).values()];
    const [numbers] = [...real.run(sample).values()];
    sums?.data.forEach((sum, i) => {
      const x = numbers?.data[i] ?? NaN;
      error += ((sum * numerator) / denominator - x) ** 2;
      size += x * x;
    });
  }
  expect(error / size).toBeLessThan(0.001);
});

test('the result prints and reads back', () => {
  const { graph } = quantized(5, 'float32');
  const text = printQir(graph);
  expect(text).toMatch(/quant/);
  expect(printQir(parseQir(text, { file: 'again.qir' }))).toBe(text);
});

test('a network that is quantized already is refused', () => {
  const { graph } = quantized(6, 'float32');
  const plan = planFor(graph, { method: 'int8' });
  const context = { samples: images(6, 2), diagnostics: new Diagnostics() };
  expect(() => quantizeGraph(graph, plan, context)).toThrow(/QCC3601/);
});
