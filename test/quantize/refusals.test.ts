import { describe, expect, test } from 'vitest';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { parseConfig } from '../../compiler/quantize/config.ts';
import { createEvaluator } from '../../compiler/qir/evaluate.ts';
import { methods } from '../../compiler/quantize/methods/index.ts';
import {
  parseMethodSpec,
  planFor,
  quantizeGraph,
  type QuantizeRequest,
} from '../../compiler/quantize/index.ts';
import { diagnosticsOf, quantizeBy, samplesFor, single, small } from './small.ts';

describe('numbers out of range', () => {
  test.each([
    ['inq:7', 'an integer from 2 to 6'],
    ['inq:1', 'an integer from 2 to 6'],
    ['inq:4.5', 'an integer from 2 to 6'],
    ['int:1', 'an integer from 2 to 8'],
    ['sketch:0', 'an integer from 1 to 16'],
    ['sketch:17', 'an integer from 1 to 16'],
    ['ffn:0', 'an integer from 1 to 65536'],
    ['ffn:epochs=0', 'an integer from 1 to 1000'],
    ['prune:0', 'a number from 0.000001 to 1'],
    ['prune:keep=1.5', 'a number from 0.000001 to 1'],
    ['prune:survivors=twn', 'int or inq'],
    ['twn:scope=row', 'layer or filter'],
    ['ttq:threshold=1', 'a number from 0 to 0.95'],
  ])('%s', (spec, expected) => {
    const { codes, text } = diagnosticsOf(() => parseMethodSpec(spec));
    expect(codes).toEqual(['QCC3607']);
    expect(text).toContain(expected);
  });

  test.each(['ffn:5000', 'prune:keep=0.5:rate=1', 'prune:rate=50', 'prune:survivors=inq:bits=8'])(
    '%s, for a layer',
    (spec) => {
      const { codes } = diagnosticsOf(() => quantizeBy(single(1, 4, 6).graph, parseMethodSpec(spec)));
      expect(codes).toEqual([spec === 'ffn:5000' ? 'QCC3622' : 'QCC3607']);
    },
  );
});

test('signs of what is never negative: a warning for each such value, none where levels are 0 and 1', () => {
  const behindRelu = quantizeBy(small(1), parseMethodSpec('xnor:activations=int1'));
  expect(behindRelu.warnings).toContain('QCC3618');
  // zero counts as +1: nothing of the input is left
  const evaluator = createEvaluator(behindRelu.graph);
  const outputs = samplesFor(behindRelu.graph, 5, 4).map(
    (sample) => [...evaluator.run(sample).values()][0]?.data,
  );
  expect(new Set(outputs.map(String)).size).toBe(1);
  expect(quantizeBy(small(1), parseMethodSpec('xnor')).warnings).not.toContain('QCC3618');
});

describe('what is not there', () => {
  test('a method, with the ones that are', () => {
    const { codes, text } = diagnosticsOf(() => parseMethodSpec('inqq:5'));
    expect(codes).toEqual(['QCC3600']);
    expect(text).toContain("did you mean 'inq'?");
  });

  test('an option of another method', () => {
    const { codes, text } = diagnosticsOf(() => planFor(small(1), { method: 'inq', options: { bases: 2 } }));
    expect(codes).toEqual(['QCC3606']);
    expect(text).toContain('bits');
  });

  test.each(['twn:3', 'sketch:2:3', 'sketch:refine'])('a part of a method that says nothing: %s', (spec) => {
    expect(diagnosticsOf(() => parseMethodSpec(spec)).codes[0]).toMatch(/QCC3616|QCC3607/);
  });

  test('a layer: those that are there are listed', () => {
    const layers = new Map([['conv9', { method: 'int8' }]]);
    const { codes, text } = diagnosticsOf(() => planFor(small(1), { method: 'inq', layers }));
    expect(codes).toEqual(['QCC3609']);
    expect(text).toContain('conv, dense');
  });

  test.each(['uint9', 'int0', 'float32', 'uint', '8'])('activations of %s', (activations) => {
    expect(diagnosticsOf(() => planFor(small(1), { method: 'int8', activations })).codes).toEqual([
      'QCC3608',
    ]);
  });
});

describe('layers and data', () => {
  const run = (request: QuantizeRequest, options: Parameters<typeof small>[1] = {}) => {
    const graph = small(1, options);
    const context = { samples: samplesFor(graph, 1, 2), diagnostics: new Diagnostics() };
    return quantizeGraph(graph, planFor(graph, request), context);
  };

  test.each([...methods.keys()])('%s: a weight that is no number, a layer of zeros', (method) => {
    for (const bad of [NaN, Infinity, -Infinity]) {
      const graph = small(1);
      const [name, held] = [...graph.consts].find(([, { tensor }]) => tensor.data.length === 144) ?? [];
      if (name === undefined || held === undefined) throw new Error('weights expected');
      // no file is read with such numbers, but an API call may make them
      const data = Float32Array.from(held.tensor.data, (w, i) => (i === 5 ? bad : w));
      const consts = new Map(graph.consts).set(name, { name, tensor: { ...held.tensor, data } });
      const context = { samples: samplesFor(graph, 1, 2), diagnostics: new Diagnostics() };
      const { codes, text } = diagnosticsOf(() =>
        quantizeGraph({ ...graph, consts }, planFor(graph, { method }), context),
      );
      expect(codes).toEqual(['QCC3620']);
      expect(text).toContain('conv');
    }
    const zeros = new Array<number>(144).fill(0);
    expect(diagnosticsOf(() => run({ method }, { weights: zeros })).codes).toEqual(['QCC3621']);
  });

  test('a row of zeros among others is no error', () => {
    const weights = Array.from({ length: 144 }, (_, i) => (i < 36 ? 0 : ((i % 7) - 3) / 8));
    for (const method of methods.keys()) expect(run({ method }, { weights }).graph.form).toBe('integer');
  });

  test('no calibration sample', () => {
    const graph = small(1);
    const context = { samples: [], diagnostics: new Diagnostics() };
    expect(
      diagnosticsOf(() => quantizeGraph(graph, planFor(graph, { method: 'inq' }), context)).codes,
    ).toEqual(['QCC3610']);
  });

  test('a convolution in groups has no bases and no factors', () => {
    for (const method of ['sketch', 'ffn']) {
      const { codes, text } = diagnosticsOf(() => run({ method }, { groups: 2 }));
      expect(codes).toEqual(['QCC3611']);
      expect(text).toContain('2 groups');
    }
    expect(run({ method: 'inq' }, { groups: 2 }).graph.form).toBe('integer');
  });

  test('poor choices are said: few outputs for factors, gaps full of fillers, nothing pruned', () => {
    expect(quantizeBy(single(1, 5, 60).graph, { method: 'ffn', options: { epochs: 1 } }).warnings).toEqual([
      'QCC3612',
    ]);
    expect(quantizeBy(single(1, 5, 60).graph, { method: 'prune', options: { keep: 0.9 } }).warnings).toEqual([
      'QCC3612',
    ]);
    expect(quantizeBy(single(1, 5, 60).graph, { method: 'prune', options: { keep: 0.2 } }).warnings).toEqual(
      [],
    );
  });
});

describe('a configuration', () => {
  test('says what the command line says, and more of single layers', () => {
    const config = parseConfig(
      '{ "method": "inq", "bits": 4, "ends": "int8", "layers": { "conv": { "activationExponent": -5 }, "dense": { "method": "sketch", "bases": 3 } } }',
      'm.json',
    );
    const plan = planFor(small(1), { ...config, method: config.method ?? 'int8' });
    expect([...plan.layers].map(([name, { method, values }]) => [name, method.name, values])).toEqual([
      ['conv', 'int8', {}],
      ['dense', 'sketch', { bases: 3 }],
    ]);
    expect([...plan.exponents]).toEqual([['conv', -5]]);
    expect(plan.scales).toBe('pow2');
    const graph = small(1);
    const { values } = quantizeGraph(graph, plan, {
      samples: samplesFor(graph, 1, 2),
      diagnostics: new Diagnostics(),
    });
    expect(values.map(({ scale }) => scale)).toEqual([2 ** -5]);
  });

  test('that is no JSON, or malformed', () => {
    expect(diagnosticsOf(() => parseConfig('{', 'm.json')).codes).toEqual(['QCC3614']);
    const { codes, text } = diagnosticsOf(() =>
      parseConfig('{ "scales": "log", "layers": { "conv": { "activationExponent": 0.5 } } }', 'm.json'),
    );
    expect(codes).toEqual(['QCC3615', 'QCC3615']);
    expect(text).toContain('layers.conv.activationExponent');
  });
});
