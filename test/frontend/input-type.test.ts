import { describe, expect, test } from 'vitest';
import { parseInputType } from '../../compiler/frontend/onnx/import.ts';
import { DiagnosticError } from '../../compiler/diagnostics/index.ts';
import { bipolar, fixed, float32, int, ternary, uint } from '../../compiler/qir/types.ts';
import { codes, importSpec, refusal, run } from './helpers.ts';
import { model, node, scalar, tensor } from './onnx-writer.ts';
import type { ModelSpec, NodeSpec, TensorSpec, ValueSpec } from './onnx-writer.ts';

const domain = 'qonnx.custom_op.general';

function network(
  nodes: readonly NodeSpec[],
  input: ValueSpec,
  initializers: Readonly<Record<string, TensorSpec>>,
  rest: Partial<ModelSpec> = {},
): ModelSpec {
  return { nodes, inputs: [input], outputs: [{ name: 'y' }], initializers, ...rest };
}

const parameters = {
  s: scalar(0.5),
  z: scalar(0),
  b: scalar(4),
  w: tensor([4, 2], [1, -1, 1, 1, -1, -1, 1, -1]),
};
const quant = node('Quant', ['x', 's', 'z', 'b'], ['q'], {}, domain);
const dense = node('MatMul', ['q', 'w'], ['y']);

describe('the text of an input type', () => {
  test.each([
    ['uint8', uint(8), {}],
    ['int4', int(4), {}],
    ['bipolar', bipolar, {}],
    ['ternary*0.5', ternary, { scale: { numerator: 0.5, denominator: 1 } }],
    ['uint8*1/255', uint(8), { scale: { numerator: 1, denominator: 255 } }],
    [' int8 * 7.8125e-3 ', int(8), { scale: { numerator: 0.0078125, denominator: 1 } }],
    ['uint8*0.02,zp=128', uint(8), { scale: { numerator: 0.02, denominator: 1 }, zeroPoint: 128 }],
    ['int8,zp=-3', int(8), { zeroPoint: -3 }],
    ['fixed<16,10>', fixed(16, 10), {}],
    ['fixed< 8 , 0 >', fixed(8, 0), {}],
  ])('%s', (text, elem, boundary) => {
    expect(parseInputType(text)).toEqual({ elem, boundary });
  });

  test.each([
    '',
    'uint',
    'uint0',
    'uint33',
    'float32',
    'uint8*',
    'uint8*0',
    'uint8*-1',
    'uint8*1/0',
    'uint8*1e99',
    'uint8,zp=300',
    'uint8,zp=1.5',
    'fixed<16>',
    'fixed<40,2>',
    'fixed<8,-1>',
    'uint8 garbage',
    'UINT8',
    '1'.repeat(500),
  ])('%j is refused', (text) => {
    expect(() => parseInputType(text)).toThrow(DiagnosticError);
    expect(
      codes(
        refusal(model(network([quant, dense], { name: 'x', dims: [1, 4] }, parameters)), { inputType: text }),
      ),
    ).toEqual(['QCC2300']);
  });
});

describe('where the type of an input comes from', () => {
  const input: ValueSpec = { name: 'x', dims: [1, 4] };

  test('the option first', () => {
    const graph = importSpec(network([quant, dense], input, parameters), { inputType: 'uint8*1/255' });
    expect(graph.inputs[0]?.type.elem).toEqual(uint(8));
    expect(graph.nodes.map((n) => n.op)).toEqual(['quant', 'matmul']);
    expect(graph.notes).toEqual([]);
  });

  test('an integer type of the model, whose integers are what travels', () => {
    const nodes = [node('Cast', ['x'], ['f'], { to: 1 }), node('MatMul', ['f', 'w'], ['y'])];
    const spec = network(nodes, { ...input, type: 'uint8' }, parameters);
    const graph = importSpec(spec);
    expect([graph.inputs[0]?.type.elem, graph.inputs[0]?.boundary]).toEqual([uint(8), {}]);
    expect(Array.from(run(graph, [1, 2, 3, 4]).data)).toEqual([1 + 2 - 3 + 4, -1 + 2 - 3 - 4]);
    expect(codes(refusal(model(spec), { inputType: 'int9' }))).toEqual(['QCC2303']);
    expect(codes(refusal(model(spec), { inputType: 'uint8*0.5' }))).toEqual(['QCC2303']);
    expect(importSpec(spec, { inputType: 'uint4' }).inputs[0]?.type.elem).toEqual(uint(4));
  });

  test('DequantizeLinear of an integer input', () => {
    const nodes = [node('DequantizeLinear', ['x', 's', 'zp'], ['f']), node('MatMul', ['f', 'w'], ['y'])];
    const graph = importSpec(
      network(nodes, { ...input, type: 'int8' }, { ...parameters, zp: scalar(-2, 'int8') }),
    );
    expect(graph.nodes.map((n) => n.op)).toEqual(['sub', 'mul', 'matmul']);
    expect(Array.from(run(graph, [-2, 0, 2, -4]).data)).toEqual([0 + 1 - 2 - 1, 0 + 1 - 2 + 1]);
  });

  test.each([
    ['UINT8', uint(8)],
    ['INT3', int(3)],
    ['BIPOLAR', bipolar],
    ['TERNARY', ternary],
    ['BINARY', uint(1)],
    ['FIXED<8,3>', fixed(8, 5)],
    ['FLOAT32', float32],
    ['SCALEDINT<8>', float32],
  ])('the annotation %s', (annotation, elem) => {
    const nodes = [node('Relu', ['x'], ['r']), node('MatMul', ['r', 'w'], ['y'])];
    const graph = importSpec(network(nodes, input, parameters, { annotations: { x: annotation } }));
    expect(graph.inputs[0]?.type.elem).toEqual(elem);
  });

  test('a quantizer that is first is left to the host, and drops out where its levels fill the type', () => {
    const graph = importSpec(network([quant, dense], input, parameters));
    expect([graph.inputs[0]?.type, graph.inputs[0]?.boundary]).toEqual([
      { elem: int(4), shape: [4] },
      { scale: { numerator: 0.5, denominator: 1 } },
    ]);
    expect(codes(graph.notes)).toEqual(['QCC2302']);
    expect(graph.nodes.map((n) => n.op)).toEqual(['matmul']);
    expect(Array.from(run(graph, [-8, 7, 1, 2]).data)).toEqual([(-8 + 7 - 1 + 2) / 2, (8 + 7 - 1 - 2) / 2]);
  });

  test('it stays where the type holds more than its levels, and where it is the output', () => {
    const narrow = { ...quant, attributes: { narrow: 1 } };
    const graph = importSpec(network([narrow, dense], input, parameters));
    expect([graph.inputs[0]?.type.elem, graph.nodes.map((n) => n.op)]).toEqual([int(4), ['quant', 'matmul']]);
    const alone = importSpec(network([{ ...quant, outputs: ['y'] }], input, parameters));
    expect(alone.nodes.map((n) => n.op)).toEqual(['quant']);
  });

  test('through changes of shape; two narrow bits are ternary; zero points come along', () => {
    const flat = node('Flatten', ['x'], ['f']);
    const two = { ...quant, inputs: ['f', 's', 'z', 'b'], attributes: { narrow: 1 } };
    const image: ValueSpec = { name: 'x', dims: [1, 1, 2, 2] };
    const graph = importSpec(network([flat, two, dense], image, { ...parameters, b: scalar(2) }));
    expect(graph.inputs[0]?.type).toEqual({ elem: ternary, shape: [1, 2, 2] });
    expect(graph.nodes.map((n) => n.op)).toEqual(['reshape', 'matmul']);
    const nodes = [
      node('QuantizeLinear', ['x', 's', 'zp'], ['l']),
      node('DequantizeLinear', ['l', 's', 'zp'], ['q']),
      dense,
    ];
    const qdq = importSpec(network(nodes, input, { ...parameters, zp: scalar(6, 'uint8') }));
    expect(qdq.inputs[0]?.boundary).toEqual({ scale: { numerator: 0.5, denominator: 1 }, zeroPoint: 6 });
    expect(qdq.nodes.map((n) => n.op)).toEqual(['matmul']);
  });

  test('a quantizer that rounds in another way than the host stays', () => {
    const floor = { ...quant, attributes: { rounding_mode: 'FLOOR' } };
    expect(importSpec(network([floor, dense], input, parameters)).inputs[0]?.type.elem).toEqual(float32);
    const odd = [
      node('QuantizeLinear', ['x', 's', 'zp'], ['l']),
      node('DequantizeLinear', ['l', 's', 'zp'], ['q']),
      dense,
    ];
    const graph = importSpec(network(odd, input, { ...parameters, zp: scalar(7, 'uint8') }));
    expect(graph.inputs[0]?.type.elem).toEqual(float32);
  });

  test('quantizers that disagree decide nothing', () => {
    const other = node('Quant', ['x', 's2', 'z', 'b'], ['p'], {}, domain);
    const nodes = [quant, other, node('Add', ['q', 'p'], ['y'])];
    const graph = importSpec(network(nodes, input, { ...parameters, s2: scalar(0.25) }));
    expect(graph.inputs[0]?.type.elem).toEqual(float32);
  });

  test('pixels for an image that reaches a quantizer, and only then', () => {
    const image: ValueSpec = { name: 'x', dims: [1, 3, 2, 2] };
    const scaled = node('Mul', ['x', 's'], ['m']);
    const nodes = [scaled, { ...quant, inputs: ['m', 's', 'z', 'b'], outputs: ['y'] }];
    const graph = importSpec(network(nodes, image, parameters));
    expect([graph.inputs[0]?.type.elem, graph.inputs[0]?.boundary]).toEqual([
      uint(8),
      { scale: { numerator: 1, denominator: 255 } },
    ]);
    expect(codes(graph.notes)).toEqual(['QCC2301']);
    expect(graph.notes[0]?.help).toContain('--input-type');
    const five = importSpec(network(nodes, { name: 'x', dims: [1, 5, 2, 2] }, parameters));
    expect(five.inputs[0]?.type.elem).toEqual(float32);
    const unquantized = importSpec(network([{ ...scaled, outputs: ['y'] }], image, parameters));
    expect(unquantized.inputs[0]?.type.elem).toEqual(float32);
  });
});
