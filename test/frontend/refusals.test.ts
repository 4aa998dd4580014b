import { describe, expect, test } from 'vitest';
import { codes, refusal } from './helpers.ts';
import { int64s, model, node, scalar, tensor } from './onnx-writer.ts';
import type { ModelSpec, NodeSpec, TensorSpec } from './onnx-writer.ts';

const domain = 'qonnx.custom_op.general';

function network(
  nodes: readonly NodeSpec[],
  initializers: Readonly<Record<string, TensorSpec>> = {},
  rest: Partial<ModelSpec> = {},
): ModelSpec {
  return { nodes, inputs: [{ name: 'x', dims: [1, 4] }], outputs: [{ name: 'y' }], initializers, ...rest };
}

/** The codes of errors that an import of the model gives; notes left out. */
function errors(spec: ModelSpec | Uint8Array): string[] {
  const found = refusal(spec instanceof Uint8Array ? spec : model(spec));
  return codes(found.filter((d) => d.severity === 'error'));
}

describe('quantizers', () => {
  function quant(parameters: Readonly<Record<string, TensorSpec>>, attributes = {}): ModelSpec {
    const nodes = [
      node('Relu', ['x'], ['r']),
      node('Quant', ['r', 's', 'z', 'b'], ['y'], attributes, domain),
    ];
    return network(nodes, { s: scalar(1), z: scalar(0), b: scalar(4), ...parameters });
  }

  test.each<[string, Readonly<Record<string, TensorSpec>>, string]>([
    ['scale 0', { s: scalar(0) }, 'QCC2205'],
    ['negative scale', { s: scalar(-1) }, 'QCC2205'],
    ['scale NaN', { s: scalar(NaN) }, 'QCC2205'],
    ['scale Inf', { s: scalar(Infinity) }, 'QCC2205'],
    ['denormal scale', { s: scalar(2 ** -130) }, 'QCC2205'],
    ['one channel of scale 0', { s: tensor([4], [1, 0, 1, 1]) }, 'QCC2205'],
    ['no scale', { s: tensor([0], []) }, 'QCC2205'],
    ['scale of the wrong shape', { s: tensor([3], [1, 1, 2]) }, 'QCC2204'],
    ['scale that widens', { s: tensor([2, 1], [1, 2]) }, 'QCC2204'],
    ['half a zero point', { z: scalar(0.5) }, 'QCC2207'],
    ['zero point NaN', { z: scalar(NaN) }, 'QCC2207'],
    ['width 0', { b: scalar(0) }, 'QCC2208'],
    ['width 40', { b: scalar(40) }, 'QCC2208'],
    ['width -3', { b: scalar(-3) }, 'QCC2208'],
    ['width 3.5', { b: scalar(3.5) }, 'QCC2208'],
    ['width NaN', { b: scalar(NaN) }, 'QCC2208'],
    ['width per channel', { b: tensor([4], [2, 3, 4, 5]) }, 'QCC2208'],
  ])('%s', (_, parameters, code) => {
    const found = refusal(model(quant(parameters)));
    expect(codes(found)).toEqual([code]);
    expect(found[0]?.where).toEqual({ kind: 'node', file: 'test.onnx', name: 'Quant_y', op: 'Quant' });
  });

  test('attributes', () => {
    expect(errors(quant({}, { rounding_mode: 'SOMEHOW' }))).toEqual(['QCC2200']);
    expect(errors(quant({}, { signed: 2 }))).toEqual(['QCC2200']);
    expect(errors(quant({}, { signed: 'yes' }))).toEqual(['QCC2200']);
    expect(errors(quant({ b: scalar(1) }, { signed: 0, narrow: 1 }))).toEqual(['QCC2208']);
    expect(errors(quant({ b: scalar(1), z: scalar(1) }))).toEqual(['QCC2207']);
    expect(errors(quant({ b: scalar(32) }, { signed: 0 }))).toEqual(['QCC2208']);
  });

  test('parameters must be constants, and all there', () => {
    const nodes = [node('Relu', ['x'], ['r']), node('Quant', ['r', 'r', 'z', 'b'], ['y'], {}, domain)];
    expect(errors(network(nodes, { z: scalar(0), b: scalar(4) }))).toEqual(['QCC2203']);
    expect(errors(network([node('Quant', ['x', 'z'], ['y'], {}, domain)], { z: scalar(1) }))).toEqual([
      'QCC2202',
    ]);
    expect(
      errors(network([node('Quant', ['x', '', 'z', 'z'], ['y'], {}, domain)], { z: scalar(1) })),
    ).toEqual(['QCC2202']);
  });

  test('QuantizeLinear: levels used otherwise, other parameters, float8, too wide', () => {
    const q = node('QuantizeLinear', ['x', 's', 'z'], ['q']);
    const parameters = {
      s: scalar(1),
      s2: scalar(2),
      z: scalar(0, 'int8'),
      wide: scalar(0, 'int32'),
      lo: scalar(1, 'int8'),
    };
    expect(errors(network([q, node('Relu', ['q'], ['y'])], parameters))).toEqual(['QCC2211']);
    expect(errors(network([q, node('DequantizeLinear', ['q', 's2', 'z'], ['y'])], parameters))).toEqual([
      'QCC2211',
    ]);
    expect(errors(network([node('QuantizeLinear', ['x', 's', 'wide'], ['y'])], parameters))).toEqual([
      'QCC2207',
    ]);
    expect(
      errors(network([node('QuantizeLinear', ['x', 's'], ['y'], { output_dtype: 17 })], parameters)),
    ).toEqual(['QCC2200']);
    expect(
      errors(
        network(
          [q, node('Clip', ['q', 'lo', 'lo'], ['c']), node('DequantizeLinear', ['c', 's', 'z'], ['y'])],
          parameters,
        ),
      ),
    ).toEqual(['QCC2210']);
  });
});

describe('operators in forms that have no hardware', () => {
  const two = tensor([4, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
  test.each<[string, readonly NodeSpec[], Readonly<Record<string, TensorSpec>>, string]>([
    [
      'product of two computed tensors',
      [node('MatMul', ['x', 't'], ['y']), node('Transpose', ['x'], ['t'])],
      {},
      'QCC2210',
    ],
    ['division by zero', [node('Div', ['x', 'k'], ['y'])], { k: tensor([4], [1, 1, 0, 1]) }, 'QCC2209'],
    ['exponent computed', [node('Pow', ['k', 'x'], ['y'])], { k: scalar(2) }, 'QCC2203'],
    [
      'shapes that do not broadcast',
      [node('Add', ['x', 'k'], ['y'])],
      { k: tensor([3], [1, 2, 3]) },
      'QCC2204',
    ],
    ['inner dimensions', [node('MatMul', ['x', 'k'], ['y'])], { k: tensor([2, 4], two.data) }, 'QCC2204'],
    ['reshape to another count', [node('Reshape', ['x', 'k'], ['y'])], { k: int64s(5) }, 'QCC2204'],
    ['reshape to a computed shape', [node('Reshape', ['x', 'x'], ['y'])], {}, 'QCC2203'],
    ['axis out of range', [node('Softmax', ['x'], ['y'], { axis: 2 })], {}, 'QCC2200'],
    ['softmax over the batch', [node('Softmax', ['x'], ['y'], { axis: 0 })], {}, 'QCC2210'],
    [
      'last index of argmax',
      [node('ArgMax', ['x'], ['y'], { axis: 1, select_last_index: 1 })],
      {},
      'QCC2210',
    ],
    ['k beyond the axis', [node('TopK', ['x', 'k'], ['v', 'y'])], { k: int64s(5) }, 'QCC2204'],
    ['values of topk', [node('TopK', ['x', 'k'], ['y', 'i'])], { k: int64s(1) }, 'QCC2210'],
    ['training', [node('Dropout', ['x', '', 'k'], ['y'])], { k: scalar(1, 'bool') }, 'QCC2210'],
    ['permutation', [node('Transpose', ['x'], ['y'], { perm: [0, 0] })], {}, 'QCC2200'],
    ['squeeze of a long axis', [node('Squeeze', ['x', 'k'], ['y'])], { k: int64s(1) }, 'QCC2204'],
    ['cast that truncates', [node('Cast', ['x'], ['y'], { to: 7 })], {}, 'QCC2210'],
    [
      'thresholds NaN',
      [node('MultiThreshold', ['x', 'k'], ['y'], {}, domain)],
      { k: tensor([1, 1], [NaN]) },
      'QCC2209',
    ],
    [
      'thresholds of another channel count',
      [node('MultiThreshold', ['x', 'k'], ['y'], {}, domain)],
      { k: tensor([3, 1], [1, 2, 3]) },
      'QCC2204',
    ],
    [
      'negative variance',
      [node('BatchNormalization', ['x', 'k', 'k', 'k', 'v'], ['y'])],
      { k: tensor([4], [1, 1, 1, 1]), v: tensor([4], [1, 1, -1, 1]) },
      'QCC2209',
    ],
    [
      'constants without end',
      [node('ConstantOfShape', ['k'], ['c']), node('Add', ['x', 'c'], ['y'])],
      { k: int64s(2 ** 20, 2 ** 20) },
      'QCC2113',
    ],
    [
      'broadcast without end',
      [node('Reshape', ['x', 'k'], ['r']), node('Add', ['r', 'c'], ['y'])],
      { k: int64s(4, 1), c: tensor([1, 2 ** 27], []) },
      'QCC2010',
    ],
    [
      'a string constant',
      [node('Constant', [], ['c'], { value_string: 'x' }), node('Add', ['x', 'c'], ['y'])],
      {},
      'QCC2011',
    ],
    [
      'Trunc that adds bits',
      [node('Trunc', ['x', 'k', 'k', 'k', 'b'], ['y'], {}, domain)],
      { k: scalar(1), b: scalar(3) },
      'QCC2208',
    ],
  ])('%s', (_, nodes, initializers, code) => {
    expect(errors(network(nodes, initializers))).toEqual([code]);
  });
});
