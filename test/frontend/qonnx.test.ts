import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codes, importSpec, nodeNamed, run } from './helpers.ts';
import { int64s, node, scalar, tensor } from './onnx-writer.ts';
import type { AttributeSpec, ModelSpec, NodeSpec, TensorSpec } from './onnx-writer.ts';

// The operators of QONNX and FINN, against their published definitions written out here a second time, in float32 steps.

const domains = ['qonnx.custom_op.general', 'finn.custom_op.general', 'onnx.brevitas'];
const [domain = ''] = domains;
const f = Math.fround;

/** x -> Mul by 1 -> the node -> y: the quantizer is not first, so the graph input stays float. */
function tail(
  nodes: readonly NodeSpec[],
  dims: readonly number[],
  initializers: Readonly<Record<string, TensorSpec>>,
  rest: Partial<ModelSpec> = {},
): ModelSpec {
  return {
    nodes: [node('Mul', ['x', 'unit'], ['x0']), ...nodes],
    inputs: [{ name: 'x', dims }],
    outputs: [{ name: 'y', dims }],
    initializers: { unit: scalar(1), ...initializers },
    ...rest,
  };
}

/** Half to even, independent of the compiler's rounding. */
function halfEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

const roundings: Readonly<Record<string, (x: number) => number>> = {
  ROUND: halfEven,
  round: halfEven,
  HALF_EVEN: halfEven,
  CEIL: Math.ceil,
  FLOOR: Math.floor,
  UP: (x) => Math.sign(x) * Math.ceil(Math.abs(x)),
  DOWN: Math.trunc,
  ROUND_TO_ZERO: Math.trunc,
  HALF_UP: (x) => Math.sign(x) * Math.floor(Math.abs(x) + 0.5),
  HALF_DOWN: (x) => Math.sign(x) * Math.ceil(Math.abs(x) - 0.5),
};

function limits(bits: number, signed: boolean, narrow: boolean): [number, number] {
  return signed
    ? [-(2 ** (bits - 1)) + Number(narrow), 2 ** (bits - 1) - 1]
    : [0, 2 ** bits - 1 - Number(narrow)];
}

const clamp = (x: number, [min, max]: readonly [number, number]): number => Math.min(Math.max(x, min), max);
const values = fc.array(
  fc.oneof(
    fc.float({ noNaN: true, min: -40, max: 40 }),
    fc.integer({ min: -80, max: 80 }).map((n) => n / 4),
  ),
  {
    minLength: 6,
    maxLength: 6,
  },
);
const plus0 = (list: ArrayLike<number>): number[] => Array.from(list, (v) => v + 0);

describe('Quant', () => {
  test.each(Object.keys(roundings))('rounding mode %s, every kind of range', (mode) => {
    const options = fc.record({
      bits: fc.integer({ min: 2, max: 8 }),
      signed: fc.boolean(),
      narrow: fc.boolean(),
      zero: fc.integer({ min: -3, max: 3 }),
      scale: fc.constantFrom(1, 0.5, 0.25, 3, f(0.1)),
      domain: fc.constantFrom(...domains),
    });
    fc.assert(
      fc.property(values, options, (x, o) => {
        const attributes: Record<string, AttributeSpec> = {
          signed: Number(o.signed),
          narrow: Number(o.narrow),
          rounding_mode: mode,
        };
        const quant = node('Quant', ['x0', 's', 'z', 'b'], ['y'], attributes, o.domain);
        const spec = tail([quant], [1, 6], {
          s: scalar(o.scale),
          z: scalar(o.zero),
          b: scalar(o.bits, 'int64'),
        });
        const range = limits(o.bits, o.signed, o.narrow);
        const expected = x.map((v) => {
          const level = roundings[mode]?.(clamp(f(f(v / o.scale) + o.zero), range)) ?? NaN;
          return f((level - o.zero) * o.scale);
        });
        expect(plus0(run(importSpec(spec), x).data)).toEqual(plus0(expected));
      }),
      { numRuns: 40 },
    );
  });

  test('per channel scale [C, 1] and zero point, defaults signed and not narrow', () => {
    const quant = node('Quant', ['x0', 's', 'z', 'b'], ['y'], {}, domain);
    const initializers = { s: tensor([1, 3, 1], [0.5, 1, 2]), z: tensor([3, 1], [0, 1, -1]), b: scalar(4) };
    const graph = importSpec(tail([quant], [1, 3, 2], initializers));
    expect(graph.nodes.at(-1)?.attributes).toEqual({
      min: -8,
      max: 7,
      rounding: 'HALF_EVEN',
      zero_point_first: true,
    });
    const x = [0.26, -9, 3.5, 100, 3, -100];
    expect(Array.from(run(graph, x).data)).toEqual([0.5, -4, 3, 6, 2, -14]);
  });

  test('one signed bit is a sign', () => {
    const quant = node('Quant', ['x0', 's', 'z', 'b'], ['y'], { signed: 1, narrow: 0 }, domain);
    const graph = importSpec(tail([quant], [1, 4], { s: scalar(0.5), z: scalar(0), b: scalar(1) }));
    expect(graph.nodes.at(-1)?.op).toBe('bipolar_quant');
    expect(Array.from(run(graph, [-2, -0.1, 0, 7]).data)).toEqual([-0.5, -0.5, 0.5, 0.5]);
  });

  test('weights: the constant and its scale are turned together', () => {
    const nodes = [
      node('Quant', ['w', 's', 'z', 'b'], ['q'], { signed: 1, narrow: 1 }, domain),
      node('Transpose', ['q'], ['t'], { perm: [1, 0] }),
      node('MatMul', ['x', 't'], ['y']),
      node('MatMul', ['x', 't'], ['y2']),
    ];
    const w = tensor([2, 3], [1, 2, 3, -4, -5, -6]);
    const graph = importSpec({
      nodes,
      inputs: [{ name: 'x', dims: [1, 3] }],
      outputs: [{ name: 'y', dims: [1, 2] }, { name: 'y2' }],
      initializers: { w, s: tensor([2, 1], [1, 2]), z: scalar(0), b: scalar(3) },
    });
    // Used twice, emitted once.
    expect(graph.nodes.map((n) => n.op)).toEqual(['quant', 'matmul', 'matmul']);
    expect(graph.nodes[0]?.type.shape).toEqual([2, 3]);
    expect(Array.from(run(graph, [1, 10, 100]).data)).toEqual([1 + 20 + 300, -(4 + 40 + 600)]);
  });

  test('weights used both ways are emitted in each layout', () => {
    const nodes = [
      node('Quant', ['w', 's', 'z', 'b'], ['q'], {}, domain),
      node('MatMul', ['x', 'q'], ['a']),
      node('Transpose', ['q'], ['t']),
      node('MatMul', ['a', 't'], ['y']),
    ];
    const graph = importSpec({
      nodes,
      inputs: [{ name: 'x', dims: [1, 2] }],
      outputs: [{ name: 'y', dims: [1, 2] }],
      initializers: {
        w: tensor([2, 3], [1, 2, 3, -4, -3, -2]),
        s: tensor([1, 3], [1, 2, 1]),
        z: scalar(0),
        b: scalar(4),
      },
    });
    // 2 / 2 and -3 / 2 (to even) on the middle column: 1 * 2 and -2 * 2
    const w = [
      [1, 2, 3],
      [-4, -4, -2],
    ];
    const a = [0, 1, 2].map((j) => 5 * (w[0]?.[j] ?? 0) + 7 * (w[1]?.[j] ?? 0));
    const y = w.map((row) => row.reduce((sum, v, j) => sum + v * (a[j] ?? 0), 0));
    expect(Array.from(run(graph, [5, 7]).data)).toEqual(y);
  });
});

describe('Trunc', () => {
  const x = Array.from({ length: 64 }, (_, i) => i - 32);
  const dims = [1, 64];
  const parameters = { s: scalar(0.5), z: scalar(2), i: scalar(7), o: scalar(4) };

  test.each(['FLOOR', 'ROUND', 'CEIL'])('version 1, %s', (mode) => {
    const spec = tail(
      [node('Trunc', ['x0', 's', 'z', 'i', 'o'], ['y'], { rounding_mode: mode }, domain)],
      dims,
      parameters,
    );
    const expected = x.map((v) => {
      const level = halfEven(f(f(v / 0.5) + 2)) / 8;
      return f(((roundings[mode]?.(level) ?? NaN) - 2) * 0.5);
    });
    expect(plus0(run(importSpec(spec), x).data)).toEqual(plus0(expected));
  });

  test.each(['FLOOR', 'ROUND'])('version 2, %s', (mode) => {
    const inputs = ['x0', 's', 'z', 'i', 'os', 'o'];
    const attributes = { rounding_mode: mode, signed: 1, narrow: 1 };
    const spec = tail([node('Trunc', inputs, ['y'], attributes, domain)], dims, {
      ...parameters,
      os: scalar(2),
    });
    const expected = x.map((v) => {
      const level = clamp(halfEven(f(f(v / 0.5) + 2)) / 4, limits(4, true, true));
      return f(((roundings[mode]?.(level) ?? NaN) - 0.5) * 2);
    });
    expect(plus0(run(importSpec(spec), x).data)).toEqual(plus0(expected));
  });
});

describe('MultiThreshold', () => {
  // Two channels: with one, three or four, NCHW would be taken for an image of pixels.
  const thresholds = tensor([2, 3], [0, 1, 3, -5, -5, 5]);

  test('channels on axis 1 of [N, C] and of NCHW, last in NHWC and in every other rank', () => {
    const shapes: readonly [readonly number[], string][] = [
      [[1, 2], 'NCHW'],
      [[1, 2, 3, 2], 'NCHW'],
      [[1, 2, 1, 1], 'NCHW'],
      [[1, 3, 2, 2], 'NHWC'],
      [[1, 4, 2], 'NCHW'],
      [[3, 2, 2], 'NHWC'],
    ];
    for (const [dims, layout] of shapes) {
      const count = dims.reduce((n, m) => n * m, 1);
      const last = layout === 'NHWC' || dims.length !== 4;
      const x = Array.from({ length: count }, (_, i) => ((i * 5) % 17) - 8);
      const attributes = {
        data_layout: layout,
        out_scale: { float: 0.5 },
        out_bias: { float: -1 },
        out_dtype: 'INT2',
      };
      // The graph input has a batch axis, and is no image.
      const flat = [1, count];
      const nodes = [
        node('Reshape', ['x0', 'to'], ['r']),
        node('MultiThreshold', ['r', 't'], ['y'], attributes, domain),
      ];
      const spec = tail(
        nodes,
        flat,
        { t: thresholds, to: int64s(...dims) },
        { outputs: [{ name: 'y', dims }] },
      );
      const expected = x.map((v, i) => {
        const c = last ? i % 2 : Math.floor(i / (count / 2));
        const reached = [0, 1, 2].filter((j) => v >= (thresholds.data[3 * c + j] ?? NaN)).length;
        return reached * 0.5 - 1;
      });
      expect(Array.from(run(importSpec(spec), x).data)).toEqual(expected);
    }
  });

  test('one row of thresholds serves every channel, without a transposition', () => {
    const nodes = [node('MultiThreshold', ['x0', 't'], ['y'], {}, 'finn.custom_op.general')];
    const graph = importSpec(tail(nodes, [1, 2, 2, 2], { t: tensor([1, 3], [-1, 0, 1]) }));
    expect(graph.nodes.map((n) => n.op)).toEqual(['mul', 'multithreshold']);
    expect(Array.from(run(graph, [-2, -1, -0.5, 0, 0.5, 1, 2, -0]).data)).toEqual([0, 1, 1, 2, 2, 3, 3, 2]);
  });
});

describe('what a model carries besides nodes', () => {
  const quant = node('BipolarQuant', ['x0', 's'], ['y'], {}, 'onnx.brevitas');

  test('with and without opset entries', () => {
    const plain = tail([quant], [1, 2], { s: scalar(1) });
    expect(codes(importSpec(plain).notes)).toEqual([]);
    expect(codes(importSpec({ ...plain, customOpsets: { 'onnx.brevitas': 1 } }).notes)).toEqual([]);
    expect(codes(importSpec({ ...plain, opset: null }).notes)).toEqual(['QCC2106']);
  });

  test('initializers among the inputs are initializers', () => {
    const graph = importSpec({ ...tail([quant], [1, 2], { s: scalar(1) }), initializersAsInputs: true });
    expect(graph.inputs.map((i) => i.name)).toEqual(['x']);
  });

  test('a symbolic batch axis is taken as 1, with a note', () => {
    const graph = importSpec({
      ...tail([quant], [1, 2], { s: scalar(1) }),
      inputs: [{ name: 'x', dims: ['N', 2] }],
    });
    expect(codes(graph.notes)).toEqual(['QCC2108']);
    expect(graph.inputs[0]?.type.shape).toEqual([2]);
  });

  test('nodes out of order, dead nodes with unknown operators', () => {
    const nodes = [quant, node('Mul', ['x', 'unit'], ['x0']), node('Mystery', ['x'], ['unused'], {}, 'acme')];
    const graph = importSpec({ ...tail([], [1, 2], { s: scalar(1) }), nodes });
    expect(graph.nodes.map((n) => n.op)).toEqual(['mul', 'bipolar_quant']);
  });

  test('unknown attributes are reported', () => {
    const spec = tail([{ ...quant, attributes: { mystery: 1 } }], [1, 2], { s: scalar(1) });
    expect(codes(importSpec(spec).notes)).toEqual(['QCC2201']);
  });

  test('constants of every element type', () => {
    const half = [0x3c00, 0xc100, 0x0001, 0x7bff];
    const bfloat = [0x3f80, 0xc000, 0x3e80, 0x4049];
    const cases: readonly [TensorSpec, readonly number[]][] = [
      [tensor([4], half, 'float16'), [1, -2.5, 2 ** -24, 65504]],
      [tensor([4], bfloat, 'bfloat16'), [1, -2, 0.25, 3.140625]],
      [tensor([4], [1, -2, 0.5, 3], 'double'), [1, -2, 0.5, 3]],
      [tensor([4], [1, 0, 1, 1], 'bool'), [1, 0, 1, 1]],
      [tensor([4], [7, -8, -1, 3], 'int4'), [7, -8, -1, 3]],
      [tensor([4], [15, 0, 8, 3], 'uint4'), [15, 0, 8, 3]],
      [tensor([4], [-2, 1, 0, -1], 'int2'), [-2, 1, 0, -1]],
      [tensor([4], [-128, 127, 0, -1], 'int8'), [-128, 127, 0, -1]],
      [tensor([4], [65535, 1, 2, 3], 'uint16'), [65535, 1, 2, 3]],
      [tensor([4], [-(2 ** 31), 1, 2, 3], 'int32'), [-(2 ** 31), 1, 2, 3]],
      [tensor([4], [2 ** 31, 1, 2, 3], 'uint32'), [2 ** 31, 1, 2, 3]],
      [tensor([4], [-5, 1, 2, 3], 'int64'), [-5, 1, 2, 3]],
    ];
    for (const [constant, expected] of cases) {
      const graph = importSpec(tail([node('Add', ['x0', 'k'], ['y'])], [1, 4], { k: constant }));
      expect(Array.from(graph.consts.get('k')?.tensor.data ?? [])).toEqual(expected);
    }
    const inexact = importSpec(tail([node('Add', ['x0', 'k'], ['y'])], [1, 1], { k: scalar(0.1, 'double') }));
    expect(codes(inexact.notes)).toEqual(['QCC2013']);
  });

  test('a scale denormal in single channels is kept, with a warning', () => {
    const nodes = [node('Quant', ['x0', 's', 'z', 'b'], ['y'], {}, domain)];
    const graph = importSpec(
      tail(nodes, [1, 2], { s: tensor([2], [1, 2 ** -140]), z: scalar(0), b: scalar(4) }),
    );
    expect(codes(graph.notes)).toEqual(['QCC2206']);
    expect(nodeNamed(graph, 'Quant_y').op).toBe('quant');
  });
});
