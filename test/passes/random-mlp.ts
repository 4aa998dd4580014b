import fc from 'fast-check';
import {
  constant,
  value,
  type Boundary,
  type Const,
  type Graph,
  type Node,
  type Operand,
} from '../../compiler/qir/graph.ts';
import { isProblem } from '../../compiler/qir/op.ts';
import { ops } from '../../compiler/qir/ops/index.ts';
import { roundingModes } from '../../compiler/qir/ops/rounding.ts';
import {
  allocate,
  bipolar,
  elementCount,
  fixed,
  float32,
  int,
  ternary,
  uint,
  valueRange,
  type ElementType,
  type Tensor,
  type TensorType,
} from '../../compiler/qir/types.ts';

/** Writes real-form graphs node by node, typed by the ops' own rules. */
export class GraphWriter {
  readonly consts = new Map<string, Const>();
  readonly nodes: Node[] = [];
  readonly #types = new Map<string, TensorType>();
  readonly #input: { readonly name: string; readonly type: TensorType; readonly boundary: Boundary };

  constructor(elem: ElementType, shape: readonly number[], boundary: Boundary = {}) {
    this.#input = { name: 'x', type: { elem, shape }, boundary };
    this.#types.set('x', this.#input.type);
  }

  number(...values: readonly number[]): Operand {
    return this.constant(values, values.length === 1 ? [] : [values.length]);
  }

  constant(values: readonly number[], shape: readonly number[]): Operand {
    const name = `c${this.consts.size}`;
    this.consts.set(name, {
      name,
      tensor: { type: { elem: float32, shape }, data: Float32Array.from(values) },
    });
    return constant(name);
  }

  /** The shape of a value. */
  shapeOf(operand: Operand): readonly number[] {
    const type = this.#types.get(operand.name);
    if (type === undefined) throw new Error(`no ${operand.name}`);
    return type.shape;
  }

  node(op: string, operands: readonly Operand[], attributes: Node['attributes'] = {}): Operand {
    const name = `${op}_${this.nodes.length}`;
    const infos = operands.map((o) => {
      const tensor = o.kind === 'const' ? this.consts.get(o.name)?.tensor : undefined;
      const type = tensor?.type ?? this.#types.get(o.name);
      if (type === undefined) throw new Error(`no ${o.name}`);
      return tensor === undefined ? { type } : { type, tensor };
    });
    const type = ops.get(op)?.type(infos, attributes, undefined);
    if (type === undefined || isProblem(type)) throw new Error(`${op}: ${JSON.stringify(type)}`);
    this.#types.set(name, type);
    this.nodes.push({ name, op, operands, attributes, type, origin: { nodes: [`model/${name}`] } });
    return value(name);
  }

  graph(...outputs: readonly Operand[]): Graph {
    const origin = { nodes: [] };
    return {
      name: 'random',
      form: 'real',
      inputs: [{ ...this.#input, origin }],
      nodes: this.nodes,
      outputs: outputs.map((o) => ({ value: o.name, boundary: {}, origin, host: [] })),
      consts: this.consts,
      notes: [],
    };
  }
}

/** Integers of a type as a tensor. */
export function integers(elem: ElementType, shape: readonly number[], values: ArrayLike<number>): Tensor {
  const data = allocate(elem, elementCount(shape));
  data.set(values);
  return { type: { elem, shape }, data };
}

/** A random sample of a type. */
export function sample(type: TensorType): fc.Arbitrary<Tensor> {
  const { min, max } = valueRange(type.elem);
  const one =
    type.elem.kind === 'bipolar'
      ? fc.constantFrom(-1, 1)
      : fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max));
  const count = elementCount(type.shape);
  return fc
    .array(one, { minLength: count, maxLength: count })
    .map((values) => integers(type.elem, type.shape, values));
}

const float = (min: number, max: number) => fc.double({ min, max, noNaN: true }).map(Math.fround);
/** Scales: powers of two, plain float32 numbers and tiny ones. */
const scale = fc.oneof(
  fc.integer({ min: -6, max: 2 }).map((e) => 2 ** e),
  float(0.01, 2),
  fc.constantFrom(1, 0.1, 0.3).map(Math.fround),
);
/** Factors of either sign, zero and tiny ones included. */
const factor = fc.oneof(float(-2, 2), fc.constantFrom(0, 1, -1, 1e-8, -1e-8, -0.5, 1e-30).map(Math.fround));
const many = <T>(one: fc.Arbitrary<T>, n: number) => fc.array(one, { minLength: n, maxLength: n });
/** One number for all channels, or one for each. */
const perChannel = (one: fc.Arbitrary<number>, n: number) => fc.oneof(many(one, 1), many(one, n));

type Write = (g: GraphWriter, x: Operand) => Operand;

const quantizer = (channels: number): fc.Arbitrary<Write> =>
  fc.oneof(
    fc.record({ s: scale }).map(
      ({ s }): Write =>
        (g, x) =>
          g.node('bipolar_quant', [x, g.number(s)]),
    ),
    fc
      .record({
        s: scale,
        zero: fc.constantFrom(0, 0, 0, 1, -2, 3),
        range: fc.constantFrom([-1, 1], [0, 3], [-4, 3], [0, 1], [-7, 7], [0, 15], [-128, 127]),
        rounding: fc.constantFrom(...roundingModes),
        first: fc.boolean(),
      })
      .map(({ s, zero, range, rounding, first }): Write => (g, x) => {
        const [min = 0, max = 0] = range;
        return g.node('quant', [x, g.number(s), g.number(zero)], {
          min,
          max,
          rounding,
          zero_point_first: first,
        });
      }),
    fc
      .record({
        rows: fc.constantFrom(1, channels),
        n: fc.constantFrom(1, 3),
        outScale: fc.constantFrom(1, 2, 0.5),
        outBias: fc.constantFrom(0, -1, -2),
        seed: many(float(-3, 3), 3 * channels),
      })
      .map(({ rows, n, outScale, outBias, seed }): Write => (g, x) => {
        const t = Array.from({ length: rows }, (_, r) =>
          seed.slice(r * n, (r + 1) * n).sort((a, b) => a - b),
        ).flat();
        return g.node('multithreshold', [x, g.constant(t, [rows, n])], {
          out_scale: outScale,
          out_bias: outBias,
        });
      }),
  );

const tailStep = (channels: number): fc.Arbitrary<Write> => {
  const several = perChannel(factor, channels);
  return fc.oneof(
    several.map(
      (c): Write =>
        (g, x) =>
          g.node('add', [x, g.number(...c)]),
    ),
    several.map(
      (c): Write =>
        (g, x) =>
          g.node('sub', [g.number(...c), x]),
    ),
    several.map(
      (c): Write =>
        (g, x) =>
          g.node('mul', [x, g.number(...c)]),
    ),
    perChannel(scale, channels).map(
      (c): Write =>
        (g, x) =>
          g.node('div', [x, g.number(...c)]),
    ),
    fc.constant<Write>((g, x) => g.node('relu', [x])),
    fc.constant<Write>((g, x) => g.node('pow', [x, g.number(2)])),
    fc.constant<Write>((g, x) => g.node('clip', [x], { min: -1.5, max: 2 })),
    fc.constant<Write>((g, x) =>
      g.node('reshape', [g.node('reshape', [x], { shape: [1, channels] })], { shape: [channels] }),
    ),
    fc.tuple(several, several, several, perChannel(float(0, 3), channels)).map(
      ([s, b, m, v]): Write =>
        (g, x) =>
          g.node('batchnorm', [x, g.number(...s), g.number(...b), g.number(...m), g.number(...v)], {
            epsilon: 1e-5,
          }),
    ),
  );
};

/** What may stand between a quantizer and the next layer. */
const afterQuantizer: fc.Arbitrary<Write> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Write>((_, x) => x) },
  fc.constant<Write>((g, x) => g.node('relu', [x])),
  fc.constant<Write>((g, x) => g.node('add', [x, g.number(0.5)])),
  fc.constantFrom(2, 0.3, -1, 0.1).map(
    (c): Write =>
      (g, x) =>
        g.node('mul', [x, g.number(c)]),
  ),
  fc.constantFrom(4, 255, -3).map(
    (c): Write =>
      (g, x) =>
        g.node('div', [x, g.number(c)]),
  ),
);

const weights = (
  inputs: number,
  outputs: number,
): fc.Arbitrary<(g: GraphWriter, oneScale: boolean) => Operand> =>
  fc
    .record({
      values: many(float(-2, 2), inputs * outputs),
      kind: fc.constantFrom('bipolar', 'ternary', 'int4', 'raw'),
      scales: perChannel(scale, outputs),
      transposed: fc.boolean(),
    })
    .map(({ values, kind, scales: all, transposed }) => (g, oneScale) => {
      const scales = oneScale ? all.slice(0, 1) : all;
      const shape = transposed ? [inputs, outputs] : [outputs, inputs];
      const perRow = scales.length === 1 ? [] : transposed ? [1, outputs] : [outputs, 1];
      const s = g.constant(scales, perRow);
      const raw = g.constant(kind === 'raw' ? values.map(Math.round) : values, shape);
      const [min, max] = kind === 'ternary' ? [-1, 1] : [-8, 7];
      const quantized =
        kind === 'raw'
          ? raw
          : kind === 'bipolar'
            ? g.node('bipolar_quant', [raw, s])
            : g.node('quant', [raw, s, g.number(0)], { min, max, rounding: 'HALF_EVEN' });
      return transposed ? g.node('transpose', [quantized], { perm: [1, 0] }) : quantized;
    });

const inputType = fc.constantFrom<[ElementType, Boundary]>(
  [uint(8), { scale: { numerator: 1, denominator: 255 } }],
  [uint(4), {}],
  [int(6), { scale: { numerator: Math.fround(0.1), denominator: 1 }, zeroPoint: 3 }],
  [fixed(8, 5), {}],
  [bipolar, { scale: { numerator: 0.5, denominator: 1 } }],
  [ternary, {}],
);

/** A random multilayer perceptron in real form, with what leads up to and from its quantizers. */
export const randomMlp: fc.Arbitrary<Graph> = fc
  .record({
    input: inputType,
    sizes: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 2, maxLength: 4 }),
  })
  .chain(({ input: [elem, boundary], sizes }) => {
    const [first = 1] = sizes;
    const layers = sizes.slice(1).map((size, i) =>
      fc.record({
        w: weights(sizes[i] ?? 1, size),
        tail: fc.array(tailStep(size), { maxLength: 3 }),
        q: quantizer(size),
        after: fc.array(afterQuantizer, { maxLength: 2 }),
      }),
    );
    return fc
      .record({
        entry: fc.option(
          fc.record({ tail: fc.array(tailStep(first), { maxLength: 2 }), q: quantizer(first) }),
        ),
        layers: fc.tuple(...layers),
        last: fc.constantFrom('levels', 'sums', 'argmax', 'topk'),
      })
      .map(({ entry, layers: parts, last }) => {
        const g = new GraphWriter(elem, [first], boundary);
        const run = (x: Operand, steps: readonly Write[]) => steps.reduce((y, step) => step(g, y), x);
        let x: Operand = value('x');
        if (entry !== null) x = run(x, [...entry.tail, entry.q]);
        parts.forEach(({ w, tail, q, after }, i) => {
          const isLast = i === parts.length - 1;
          // sums that leave with a scale for each channel are the host's to finish
          const sums = g.node('matmul', [x, w(g, isLast && last === 'sums')]);
          if (!isLast) x = run(sums, [...tail, q, ...after]);
          else if (last === 'levels') x = run(sums, [...tail, q]);
          else if (last === 'sums') x = sums;
          else x = g.node(last, [run(sums, tail)], last === 'topk' ? { k: 1, largest: i % 2 === 0 } : {});
        });
        return g.graph(x);
      });
  });
