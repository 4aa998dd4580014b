import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DiagnosticError, Diagnostics } from '../../compiler/diagnostics/index.ts';
import { runPipeline } from '../../compiler/pipeline.ts';
import { createEvaluator, toReal } from '../../compiler/qir/evaluate.ts';
import { value, type Graph, type Operand } from '../../compiler/qir/graph.ts';
import { bipolar, int, isInteger, type Tensor } from '../../compiler/qir/types.ts';
import { GraphWriter, sample } from './random-mlp.ts';
import { randomCnn } from './random-cnn.ts';

/** The graph after a pass, or the codes of what was refused. */
function convert(graph: Graph, stopAfter?: string): Graph | string[] {
  try {
    const options = { diagnostics: new Diagnostics() };
    return runPipeline(graph, stopAfter === undefined ? options : { ...options, stopAfter });
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    return error.diagnostics.filter((d) => d.severity === 'error').map((d) => d.code);
  }
}

/** The numbers of every output of a graph of either form. */
function outputs(graph: Graph, x: Tensor): number[][] {
  const values = createEvaluator(graph).run({ x });
  return graph.outputs.map((output) => {
    const tensor = values.get(output.value);
    if (tensor === undefined) throw new Error('no output');
    const isIndex = graph.nodes.some((n) => n.name === output.value && /argmax|topk/.test(n.op));
    const real = isInteger(tensor.type.elem) && !isIndex ? toReal(tensor, output.boundary) : tensor;
    return Array.from(real.data, (n) => n + 0);
  });
}

/** Why a random graph may be refused: no common grid, too wide, not monotone and too large. */
const mayRefuse = ['QCC3011', 'QCC3012', 'QCC3014', 'QCC3015', 'QCC3017'];

describe('integer form of images and branches', () => {
  it('keeps every output of random networks, after every pass', () => {
    const refused = new Map<string, number>();
    let [kept, host] = [0, 0];
    const property = fc.property(
      randomCnn.chain((graph) =>
        fc.tuple(fc.constant(graph), fc.array(sample(graph.inputs[0]!.type), { minLength: 4, maxLength: 4 })),
      ),
      ([graph, samples]) => {
        const first = convert(graph, 'integerize');
        if (Array.isArray(first)) {
          expect(mayRefuse).toEqual(expect.arrayContaining(first));
          for (const code of first) refused.set(code, (refused.get(code) ?? 0) + 1);
          return;
        }
        const whole = convert(graph);
        if (Array.isArray(whole)) throw new Error(`refused late: ${whole.join()}`);
        expect(whole.nodes.some((n) => n.op === 'conv2d' || n.op === 'maxpool')).toBe(false);
        // every integer of the integer form is kept, whatever the host does with it
        for (const x of samples) {
          const [before, after] = [createEvaluator(first).run({ x }), createEvaluator(whole).run({ x })];
          whole.outputs.forEach((output, i) => {
            const source = first.outputs[i]!.value;
            expect(Array.from(after.get(output.value)!.data)).toEqual(Array.from(before.get(source)!.data));
          });
        }
        if (first.outputs.some((output) => output.host.length > 0)) {
          host++;
          return;
        }
        kept++;
        for (const x of samples) expect(outputs(first, x)).toEqual(outputs(graph, x));
      },
    );
    fc.assert(property, {
      numRuns: Number(process.env['RUNS'] ?? 150),
      seed: Number(process.env['SEED'] ?? 7),
    });
    console.log(`random images: ${kept} compared, ${host} left to the host, refused`, refused);
    expect(kept).toBeGreaterThan(0);
  });
});

const levels = { min: -8, max: 7, rounding: 'HALF_EVEN' };

describe('integer form of single operations', () => {
  const quantized = (g: GraphWriter, x: Operand, scale: number) =>
    g.node('quant', [x, g.number(scale), g.number(0)], levels);

  it('pads bipolar images with 0, and the windows are ternary', () => {
    const g = new GraphWriter(bipolar, [3, 3, 2]);
    const w = g.constant(
      Array.from({ length: 36 }, (_, i) => (i % 3 === 0 ? -1 : 1)),
      [2, 3, 3, 2],
    );
    const graph = g.graph(g.node('conv2d', [value('x'), w], { pads: [1, 1, 1, 1] }));
    const integer = convert(graph);
    if (Array.isArray(integer)) throw new Error(integer.join());
    expect(integer.nodes.map((n) => [n.op, n.type.elem.kind])).toEqual([
      ['windows', 'ternary'],
      ['reshape', 'ternary'],
      ['matmul', 'int'],
    ]);
    fc.assert(
      fc.property(sample({ elem: bipolar, shape: [3, 3, 2] }), (x) => {
        expect(outputs(integer, x)).toEqual(outputs(graph, x));
      }),
    );
  });

  it('takes a channels-first flatten into the columns of the weights', () => {
    const g = new GraphWriter(int(4), [2, 3, 2]);
    const turned = g.node('transpose', [value('x')], { perm: [2, 0, 1] });
    const flat = g.node('reshape', [turned], { shape: [12] });
    const w = g.constant(
      Array.from({ length: 24 }, (_, i) => i - 11),
      [2, 12],
    );
    const graph = g.graph(g.node('matmul', [flat, w]));
    const integer = convert(graph);
    if (Array.isArray(integer)) throw new Error(integer.join());
    expect(integer.nodes.map((n) => n.op)).toEqual(['reshape', 'matmul']);
    fc.assert(
      fc.property(sample({ elem: int(4), shape: [2, 3, 2] }), (x) => {
        expect(outputs(integer, x)).toEqual(outputs(graph, x));
      }),
    );
  });

  it('adds branches of different scales on their common one, in one node', () => {
    const g = new GraphWriter(int(6), [2, 2, 3]);
    const sum = g.node('add', [quantized(g, value('x'), 0.5), quantized(g, value('x'), 0.75)]);
    const graph = g.graph(quantized(g, g.node('relu', [sum]), 1));
    const integer = convert(graph);
    if (Array.isArray(integer)) throw new Error(integer.join());
    const combine = integer.nodes.find((n) => n.op === 'combine');
    expect(combine?.attributes).toEqual({ coefficients: [2, 3] });
    fc.assert(
      fc.property(sample({ elem: int(6), shape: [2, 2, 3] }), (x) => {
        expect(outputs(integer, x)).toEqual(outputs(graph, x));
      }),
    );
  });

  it('emits a layer that several read once', () => {
    const g = new GraphWriter(int(4), [3, 3, 1]);
    const conv = g.node('conv2d', [value('x'), g.constant([1, -2, 3, 1], [1, 2, 2, 1])]);
    const both = g.node('add', [quantized(g, conv, 1), quantized(g, g.node('relu', [conv]), 2)]);
    const integer = convert(g.graph(both));
    if (Array.isArray(integer)) throw new Error(integer.join());
    expect(integer.nodes.filter((n) => n.op === 'matmul')).toHaveLength(1);
  });
});

describe('refusals of branches', () => {
  const codes = (write: (g: GraphWriter, x: Operand) => Operand) => {
    const g = new GraphWriter(int(20), [2, 2, 2], { scale: { numerator: 0.5, denominator: 1 } });
    return convert(g.graph(write(g, value('x'))));
  };
  const quant = (g: GraphWriter, x: Operand, scale: number) =>
    g.node('quant', [x, g.number(scale), g.number(0)], levels);

  it.each<[string, string, (g: GraphWriter, x: Operand) => Operand]>([
    [
      'scales that have nothing in common',
      'QCC3017',
      (g, x) => g.node('add', [quant(g, x, 1e-6), quant(g, x, 0.7)]),
    ],
    ['a product of two values', 'QCC3011', (g, x) => g.node('mul', [x, x])],
    [
      'values of two shapes',
      'QCC3011',
      (g, x) => g.node('add', [x, g.node('slice', [x], { axis: 0, start: 0, end: 1 })]),
    ],
    [
      'a sum of rounded sums',
      'QCC3012',
      (g, x) => {
        const w = quant(g, g.constant([0.1, 0.3, -0.1, 0.7], [2, 1, 1, 2]), 0.1);
        return g.node('add', [g.node('conv2d', [x, w]), g.node('sigmoid', [x])]);
      },
    ],
    [
      'weights that are not quantized',
      'QCC3013',
      (g, x) => g.node('conv2d', [x, g.constant([1.1, 1e-9], [1, 1, 1, 2])]),
    ],
  ])('%s: %s', (_, code, write) => {
    const found = codes(write);
    expect(Array.isArray(found) ? [...new Set(found)] : 'a graph').toEqual([code]);
  });
});
