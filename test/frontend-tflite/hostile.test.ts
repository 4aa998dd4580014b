import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { importTflite } from '../../compiler/frontend/tflite/import.ts';
import { maxFileBytes } from '../../compiler/frontend/onnx/proto.ts';
import { DiagnosticError, Diagnostics } from '../../compiler/diagnostics/index.ts';
import { verifyGraph } from '../../compiler/qir/verify.ts';
import { importSpec, refusal } from './helpers.ts';
import { tflite } from './tflite-writer.ts';
import type { ModelSpec, OperatorSpec, TensorSpec } from './tflite-writer.ts';

const scale = { scales: [0.5] };
const pool = {
  0: ['byte', 1],
  1: ['int', 1],
  2: ['int', 1],
  3: ['int', 2],
  4: ['int', 2],
  5: ['byte', 0],
} as const;
const conv = {
  0: ['byte', 0],
  1: ['int', 1],
  2: ['int', 1],
  3: ['byte', 1],
  4: ['int', 1],
  5: ['int', 1],
} as const;

/** A small model with several operators in it, so that damage reaches every converter. */
const spec: ModelSpec = {
  tensors: [
    { name: 'x', dims: [1, 4, 4, 1], type: 'float32', signature: [-1, 4, 4, 1] },
    { name: 'q', dims: [1, 4, 4, 1], scales: [0.5], zeroPoints: [3] },
    {
      name: 'w',
      dims: [2, 3, 3, 1],
      data: Array.from({ length: 18 }, (_, i) => i - 9),
      scales: [0.25, 0.125],
    },
    { name: 'b', dims: [2], type: 'int32', data: [100, -100] },
    { name: 'c', dims: [1, 4, 4, 2], ...scale },
    { name: 'c2', dims: [1, 4, 4, 2], ...scale },
    { name: 'p', dims: [1, 3, 3, 2], ...scale },
    { name: 'f', dims: [1, 18], ...scale },
    { name: 'to', dims: [2], type: 'int32', data: [1, 18] },
    { name: 'v', dims: [3, 18], data: Array.from({ length: 54 }, (_, i) => (i * 7) % 11), scales: [0.1] },
    { name: 'd', dims: [1, 3], ...scale },
    { name: 's', dims: [1, 3], scales: [1 / 256], zeroPoints: [-128] },
    { name: 'y', dims: [1, 3], type: 'float32' },
  ],
  operators: [
    { op: 'QUANTIZE', inputs: ['x'], outputs: ['q'] },
    { op: 'CONV_2D', inputs: ['q', 'w', 'b'], outputs: ['c'], options: [1, conv] },
    { op: 'ADD', inputs: ['c', 'c'], outputs: ['c2'], options: [11, {}] },
    { op: 'AVERAGE_POOL_2D', inputs: ['c2'], outputs: ['p'], options: [5, pool] },
    { op: 'RESHAPE', inputs: ['p', 'to'], outputs: ['f'] },
    { op: 'FULLY_CONNECTED', inputs: ['f', 'v', -1], outputs: ['d'], options: [8, {}] },
    { op: 'SOFTMAX', inputs: ['d'], outputs: ['s'], options: [9, {}] },
    { op: 'DEQUANTIZE', inputs: ['s'], outputs: ['y'] },
  ],
  inputs: ['x'],
  outputs: ['y'],
};
const good = tflite(spec);

/** The model with one tensor or operator replaced. */
function changed(
  tensors: Readonly<Record<string, Partial<TensorSpec>>>,
  operators: Readonly<Record<number, Partial<OperatorSpec>>> = {},
): ModelSpec {
  return {
    ...spec,
    tensors: spec.tensors.map((t) => ({ ...t, ...tensors[t.name] })),
    operators: spec.operators.map((o, i) => ({ ...o, ...operators[i] })),
  };
}

/** Codes of errors; notes left out. */
const errors = (of: ModelSpec | Uint8Array): string[] =>
  refusal(of)
    .filter(({ severity }) => severity === 'error')
    .map(({ code }) => code);

describe('the model that the damaged ones are made of', () => {
  test('is good, and says what is left to the host', () => {
    const graph = importSpec(spec);
    expect(graph.notes.map(({ code }) => code)).toEqual(['QCC2631', 'QCC3401', 'QCC2632']);
    expect(graph.inputs[0]?.boundary).toEqual({ scale: { numerator: 0.5, denominator: 1 }, zeroPoint: 3 });
    expect(graph.outputs[0]?.boundary).toEqual({ scale: { numerator: 0.5, denominator: 1 } });
  });
});

describe('files', () => {
  test.each<[string, Uint8Array | ModelSpec, string]>([
    ['another identifier', tflite({ ...spec, identifier: 'TFL2' }), 'QCC2601'],
    ['empty', new Uint8Array(), 'QCC2601'],
    ['nothing but the identifier', Uint8Array.from([4, 0, 0, 0, 84, 70, 76, 51]), 'QCC2600'],
    ['a root beyond the end', Uint8Array.from([255, 255, 255, 255, 84, 70, 76, 51]), 'QCC2600'],
    ['too large', new Uint8Array(maxFileBytes + 1), 'QCC2003'],
    ['schema version', { ...spec, version: 2 }, 'QCC2601'],
    ['several subgraphs', { ...spec, subgraphs: 2 }, 'QCC2602'],
    ['no subgraph', { ...spec, subgraphs: 0 }, 'QCC2602'],
    ['no operators', { ...spec, operators: [] }, 'QCC2600'],
  ])('%s', (_, bytes, code) => {
    expect(errors(bytes)).toEqual([code]);
  });

  test('cut short anywhere but in the last buffer, which is empty and never read', () => {
    for (let length = 0; length < good.length - 32; length++) {
      expect(errors(good.subarray(0, length)).length).toBeGreaterThan(0);
    }
  });

  test('--input-type has no place', () => {
    const call = (): unknown => importTflite(good, { file: 'x.tflite', inputType: 'uint8' });
    expect(call).toThrow(/QCC2630/);
  });

  test('any damage gives diagnostics or a well-formed graph, soon', () => {
    const damage = fc.array(
      fc.record({ at: fc.nat(good.length - 1), value: fc.constantFrom(0, 1, 2, 4, 8, 127, 128, 255) }),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(damage, (changes) => {
        const bytes = good.slice();
        for (const { at, value } of changes) bytes[at] = value;
        try {
          expect(
            verifyGraph(importTflite(bytes, { file: 'x' })).filter((d) => d.severity === 'error'),
          ).toEqual([]);
        } catch (error) {
          expect(error).toBeInstanceOf(DiagnosticError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('every byte of the file set to 255', () => {
    for (let at = 0; at < good.length; at++) {
      const bytes = good.slice();
      bytes[at] = 255;
      // other errors than diagnostics come through
      new Diagnostics().capture(() => importTflite(bytes, { file: 'x' }));
    }
  });
});

describe('graphs', () => {
  test.each<[string, ModelSpec, string]>([
    ['a cycle', changed({}, { 2: { inputs: ['c', 'p'] } }), 'QCC2604'],
    ['computed twice', changed({}, { 3: { outputs: ['c'] } }), 'QCC2604'],
    ['an operand beyond the tensors', changed({}, { 3: { inputs: [99] } }), 'QCC2600'],
    ['a negative operand', changed({}, { 3: { inputs: [-7] } }), 'QCC2600'],
    ['an operand left out', changed({}, { 3: { inputs: [] } }), 'QCC2622'],
    ['an output that is an input', { ...spec, outputs: ['x'] }, 'QCC2604'],
    ['an output beyond the tensors', { ...spec, outputs: [1000] }, 'QCC2600'],
    ['an output that nothing computes', { ...spec, outputs: ['w'] }, 'QCC2604'],
    ['an unknown operator', changed({}, { 3: { op: 'LOGISTIC' } }), 'QCC2620'],
    ['MEAN', changed({}, { 3: { op: 'MEAN' } }), 'QCC2623'],
    ['a custom operator', changed({}, { 3: { op: 'my_op', custom: true } }), 'QCC2620'],
    ['softmax inside', changed({}, { 5: { op: 'SOFTMAX', options: [9, {}] }, 6: { op: 'RELU' } }), 'QCC2624'],
  ])('%s', (_, model, code) => {
    expect(errors(model)).toEqual([code]);
  });

  test('an input that nothing reads is left out, with a warning', () => {
    const spare = { name: 'spare', dims: [1, 2], scales: [0.5] };
    const graph = importSpec({ ...spec, tensors: [...spec.tensors, spare], inputs: ['spare', 'x'] });
    expect(graph.inputs.map(({ name }) => name)).toEqual(['x']);
    expect(graph.notes[0]).toMatchObject({ severity: 'warning', where: { name: '"spare"' } });
  });

  test('operators that no output needs are left out', () => {
    const more: OperatorSpec = { op: 'LOGISTIC', inputs: ['f'], outputs: ['rest'] };
    const tensors = [...spec.tensors, { name: 'rest', dims: [1, 18], scales: [0.5] }];
    const graph = importSpec({ ...spec, tensors, operators: [...spec.operators, more] });
    expect(graph.nodes).toEqual(importSpec(spec).nodes);
  });

  test('every kind of operator that is not read is named once, with its places', () => {
    const found = refusal(changed({}, { 2: { op: 'MUL' }, 3: { op: 'MUL' }, 4: { op: 'TANH' } }));
    expect(found.map(({ code, found: what }) => `${code} ${what ?? ''}`)).toEqual([
      'QCC2620 operator 2, 3',
      'QCC2620 operator 4',
    ]);
  });

  test('several problems in one run, each with its operator and tensor', () => {
    const found = refusal(changed({ w: { scales: [0.25, -1] }, v: { dims: [3, 17] } })).filter(
      ({ severity }) => severity === 'error',
    );
    expect(found).toHaveLength(1);
    expect(found[0]?.where).toMatchObject({ kind: 'node', name: 'operator 1 ("c")', op: 'CONV_2D' });
    expect(found[0]?.message).toContain('"w"');
  });
});

describe('tensors', () => {
  test.each<[string, ModelSpec, string]>([
    ['float weights', changed({ w: { type: 'float32', data: new Array<number>(18).fill(1) } }), 'QCC2610'],
    ['a float activation', changed({ c: { type: 'float32' } }), 'QCC2610'],
    ['int16 activations', changed({ c2: { type: 'int16' } }), 'QCC2610'],
    ['a float input without QUANTIZE', changed({}, { 0: { op: 'RELU' } }), 'QCC2610'],
    ['weights without data', changed({ w: { buffer: 0 } }), 'QCC2614'],
    ['weights of another length', changed({ w: { dims: [2, 3, 4, 1] } }), 'QCC2614'],
    ['sparse weights', changed({ w: { sparse: true } }), 'QCC2614'],
    ['a buffer beyond the buffers', changed({ w: { buffer: 999 } }), 'QCC2600'],
    ['a negative scale', changed({ c: { scales: [-1] } }), 'QCC2612'],
    ['a scale of zero', changed({ c: { scales: [0] } }), 'QCC2612'],
    ['an infinite scale', changed({ c: { scales: [Infinity] } }), 'QCC2612'],
    ['a scale that is no number', changed({ c: { scales: [NaN] } }), 'QCC2612'],
    ['a denormal scale', changed({ c: { scales: [1e-44] } }), 'QCC2612'],
    ['a zero point outside int8', changed({ c: { zeroPoints: [128] } }), 'QCC2612'],
    ['weights with a zero point', changed({ w: { zeroPoints: [0, 1] } }), 'QCC2612'],
    ['scales along another axis', changed({ w: { axis: 3 } }), 'QCC2612'],
    ['more scales than channels', changed({ w: { scales: [1, 1, 1] } }), 'QCC2612'],
    ['scales without zero points', changed({ w: { zeroPoints: [] } }), 'QCC2600'],
    ['no parameters', changed({ c: { scales: [] } }), 'QCC2611'],
    ['other parameters behind a pool', changed({ p: { scales: [0.25] } }), 'QCC2612'],
    ['a factor that shifts out', changed({ c: { scales: [1e-30] } }), 'QCC2623'],
    ['an unknown dimension', changed({ c: { signature: [1, -1, 4, 2] } }), 'QCC2613'],
    ['a batch of two', changed({ x: { dims: [2, 4, 4, 1], signature: [2, 4, 4, 1] } }), 'QCC2613'],
    ['a size of zero', changed({ c: { dims: [1, 0, 4, 2] } }), 'QCC2613'],
    ['a negative size', changed({ c: { dims: [1, -4, 4, 2] } }), 'QCC2613'],
    ['a huge tensor', changed({ c: { dims: [1, 2 ** 30, 2 ** 30, 2] } }), 'QCC2613'],
    ['too many axes', changed({ c: { dims: [1, 1, 1, 1, 1, 1, 1, 1, 1] } }), 'QCC2603'],
    ['a result of another shape', changed({ c: { dims: [1, 4, 5, 2] } }), 'QCC2622'],
    ['a bias of another length', changed({ b: { dims: [3], data: [1, 2, 3] } }), 'QCC2622'],
    ['a bias that leaves int32', changed({ b: { data: [2 ** 31 - 1, 0] } }), 'QCC2623'],
    ['sums that leave int32', changed({ b: { data: [2 ** 31 - 1000, 0] } }), 'QCC1113'],
  ])('%s', (_, model, code) => {
    expect(errors(model)).toEqual([code]);
  });
});

describe('options', () => {
  const convWith = (fields: OperatorSpec['options']): ModelSpec =>
    changed({}, { 1: fields === undefined ? {} : { options: fields } });
  test.each<[string, ModelSpec, string]>([
    ['none', convWith([1, {}]), 'QCC2621'],
    ['of another operator', convWith([5, conv]), 'QCC2621'],
    ['zero strides', convWith([1, { ...conv, 1: ['int', 0] }]), 'QCC2621'],
    ['negative dilations', convWith([1, { ...conv, 5: ['int', -1] }]), 'QCC2621'],
    ['an activation TANH', convWith([1, { ...conv, 3: ['byte', 4] }]), 'QCC2621'],
    ['a padding of neither kind', convWith([1, { ...conv, 0: ['byte', 2] }]), 'QCC2621'],
    ['a window larger than the image', convWith([1, { ...conv, 0: ['byte', 1], 4: ['int', 9] }]), 'QCC2622'],
    ['shuffled weights', changed({}, { 5: { options: [8, { 1: ['byte', 1] }] } }), 'QCC2621'],
    [
      'an average over windows of different sizes',
      changed({ p: { dims: [1, 4, 4, 2] } }, { 3: { options: [5, { ...pool, 0: ['byte', 0] }] } }),
      'QCC2623',
    ],
    ['operands of ADD that differ in shape', changed({}, { 2: { inputs: ['c', 'q'] } }), 'QCC2623'],
  ])('%s', (_, model, code) => {
    expect(errors(model)).toEqual([code]);
  });
});
