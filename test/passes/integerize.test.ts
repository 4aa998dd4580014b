import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DiagnosticError, Diagnostics } from '../../compiler/diagnostics/index.ts';
import { runPipeline } from '../../compiler/pipeline.ts';
import type { Graph, Operand } from '../../compiler/qir/graph.ts';
import { value } from '../../compiler/qir/graph.ts';
import { createEvaluator, toReal } from '../../compiler/qir/evaluate.ts';
import { carriedLattice } from '../../compiler/qir/ops/lattice.ts';
import { roundingModes } from '../../compiler/qir/ops/rounding.ts';
import {
  float32,
  int,
  isInteger,
  printElement,
  uint,
  valueRange,
  type ElementType,
} from '../../compiler/qir/types.ts';
import { GraphWriter, integers, randomMlp, sample } from './random-mlp.ts';

function convert(graph: Graph): Graph {
  return runPipeline(graph, { diagnostics: new Diagnostics() });
}

function codes(graph: Graph): string[] {
  const diagnostics = new Diagnostics();
  try {
    runPipeline(graph, { diagnostics });
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    return error.diagnostics.filter((d) => d.severity === 'error').map((d) => d.code);
  }
  return [];
}

/** The numbers of every output of a graph of either form. */
function outputs(graph: Graph, x: ReturnType<typeof integers>): number[][] {
  const values = createEvaluator(graph).run({ x });
  return graph.outputs.map((output) => {
    const tensor = values.get(output.value);
    if (tensor === undefined) throw new Error('no output');
    const isIndex = graph.nodes.some((n) => n.name === output.value && /argmax|topk/.test(n.op));
    const real = isInteger(tensor.type.elem) && !isIndex ? toReal(tensor, output.boundary) : tensor;
    return Array.from(real.data, (n) => n + 0);
  });
}

describe('integerize', () => {
  it('keeps every output of random networks', () => {
    let [kept, refused] = [0, 0];
    fc.assert(
      fc.property(
        randomMlp.chain((graph) =>
          fc.tuple(
            fc.constant(graph),
            fc.array(sample(graph.inputs[0]!.type), { minLength: 8, maxLength: 8 }),
          ),
        ),
        ([graph, samples]) => {
          const why = codes(graph);
          if (why.length > 0) {
            // a range of levels that some tails do not bring onto one grid, or numbers too far apart
            expect(['QCC3012', 'QCC3014', 'QCC3015']).toEqual(expect.arrayContaining(why));
            refused++;
            return;
          }
          const integer = convert(graph);
          // a scale that no boundary holds exactly: the host's sentence is for people
          if (integer.outputs.some((output) => output.host.length > 0)) {
            refused++;
            return;
          }
          kept++;
          expect(integer.nodes.every((n) => isInteger(n.type.elem))).toBe(true);
          for (const x of samples) expect(outputs(integer, x)).toEqual(outputs(graph, x));
        },
      ),
      { numRuns: 300 },
    );
    console.log(`random networks: ${kept} compared, ${refused} refused or left to the host`);
    expect(kept).toBeGreaterThan(refused * 4);
  });
});

/** A layer without weights to speak of: the sum is the input. */
function oneLayer(
  elem: ElementType,
  channels: number,
  tail: (g: GraphWriter, sums: Operand) => Operand,
): Graph {
  const g = new GraphWriter(elem, [channels]);
  const identity = Array.from({ length: channels * channels }, (_, i) => (i % (channels + 1) === 0 ? 1 : 0));
  return g.graph(tail(g, g.node('matmul', [value('x'), g.constant(identity, [channels, channels])])));
}

/** Compares both forms at every integer of the accumulator's range. */
function compareEverywhere(graph: Graph, elem: ElementType, channels: number): Graph {
  const integer = convert(graph);
  const { min, max } = valueRange(elem);
  const [real, whole] = [createEvaluator(graph), createEvaluator(integer)];
  const [name = ''] = graph.outputs.map((o) => o.value);
  for (let k = min; k <= max; k++) {
    const x = integers(elem, [channels], new Array<number>(channels).fill(k));
    const expected = carriedLattice(real.run({ x }).get(name)!)!.levels;
    const zero = integer.outputs[0]?.boundary.zeroPoint ?? 0;
    expect(Array.from(whole.run({ x }).get(name)!.data, (level) => level - zero)).toEqual(
      Array.from(expected),
    );
  }
  return integer;
}

describe('thresholds equal the float tail at every accumulator', () => {
  it.each(roundingModes)('ties in rounding mode %s, both orders of the zero point', (rounding) => {
    for (const zero_point_first of [false, true]) {
      for (const zero of [0, 3]) {
        const graph = oneLayer(int(7), 2, (g, sums) =>
          g.node('quant', [g.node('mul', [sums, g.number(0.5, -0.25)]), g.number(1), g.number(zero)], {
            min: -5,
            max: 9,
            rounding,
            zero_point_first,
          }),
        );
        compareEverywhere(graph, int(7), 2);
      }
    }
  });

  it('negative, zero and tiny batch-norm scales', () => {
    const graph = oneLayer(int(9), 6, (g, sums) => {
      const scales = g.number(0.7, -0.7, 0, 1e-8, -1e-8, -1e-38);
      const bias = g.number(0.1, 0.1, 0, -1e-8, 1e-8, 0);
      const normal = g.node('batchnorm', [sums, scales, bias, g.number(0, 1, 2, 3.3, -3.3, 1), g.number(4)], {
        epsilon: 1e-5,
      });
      return g.node('bipolar_quant', [normal, g.number(1)]);
    });
    const integer = compareEverywhere(graph, int(9), 6);
    expect(integer.nodes.map((n) => n.op)).toEqual(['matmul', 'threshold']);
    expect(integer.nodes[1]?.operands).toHaveLength(2);
  });

  it('a function that is not monotone becomes a table', () => {
    const graph = oneLayer(int(6), 2, (g, sums) => {
      const square = g.node('pow', [g.node('sub', [sums, g.number(3, -4)]), g.number(2)]);
      return g.node('quant', [square, g.number(10), g.number(0)], { min: 0, max: 15, rounding: 'HALF_EVEN' });
    });
    const integer = compareEverywhere(graph, int(6), 2);
    expect(integer.nodes.map((n) => n.op)).toEqual(['matmul', 'lookup']);
  });

  it('many levels of a wide accumulator, found by bisection', () => {
    const graph = oneLayer(int(13), 1, (g, sums) =>
      g.node('quant', [g.node('div', [sums, g.number(3)]), g.number(Math.fround(0.7)), g.number(0)], {
        min: -7,
        max: 7,
        rounding: 'HALF_UP',
      }),
    );
    const integer = compareEverywhere(graph, int(13), 1);
    const t = integer.nodes[1]?.operands[1];
    expect(integer.consts.get(t?.name ?? '')?.tensor.type.shape).toEqual([1, 14]);
  });

  it('one row serves channels with equal thresholds, two levels of a constant channel included', () => {
    const shared = convert(
      oneLayer(int(6), 3, (g, s) => g.node('bipolar_quant', [g.node('add', [s, g.number(2)]), g.number(1)])),
    );
    expect([...shared.consts.values()].at(-1)?.tensor.type.shape).toEqual([1, 1]);
    const fixedLevel = oneLayer(int(6), 2, (g, s) =>
      g.node(
        'quant',
        [g.node('add', [g.node('mul', [s, g.number(0)]), g.number(100)]), g.number(1), g.number(0)],
        {
          min: 0,
          max: 3,
          rounding: 'FLOOR',
        },
      ),
    );
    compareEverywhere(fixedLevel, int(6), 2);
  });

  it('a uint8 input through its own normalization and quantizer', () => {
    const g = new GraphWriter(uint(8), [3], { scale: { numerator: 1, denominator: 255 } });
    const scaled = g.node('sub', [g.node('mul', [value('x'), g.number(2)]), g.number(1)]);
    const graph = g.graph(g.node('bipolar_quant', [scaled, g.number(1)]));
    const integer = compareEverywhere(graph, uint(8), 3);
    expect(integer.nodes.map((n) => n.op)).toEqual(['threshold']);
    expect(Array.from([...integer.consts.values()][0]?.tensor.data ?? [])).toEqual([128]);
  });
});

describe('outputs', () => {
  it('take a bias of exact multiples into the layer, and leave another to the host', () => {
    const graph = (bias: number) =>
      oneLayer(int(6), 2, (g, s) => g.node('add', [g.node('mul', [s, g.number(0.25)]), g.number(bias, 1.5)]));
    const exact = convert(graph(-0.75));
    expect(exact.nodes.map((n) => n.op)).toEqual(['matmul']);
    expect(Array.from(exact.consts.get(exact.nodes[0]?.operands[2]?.name ?? '')?.tensor.data ?? [])).toEqual([
      -3, 6,
    ]);
    expect(exact.outputs[0]).toMatchObject({
      boundary: { scale: { numerator: 0.25, denominator: 1 } },
      host: [],
    });
    expect(exact.nodes[0]?.origin.nodes).toEqual(['model/matmul_0', 'model/add_2']);
    const rest = convert(graph(0.1));
    expect(rest.outputs[0]?.host).toEqual([`add [${Math.fround(0.1)}, 1.5] (model/add_2)`]);
    expect(rest.notes.map((n) => n.code)).toEqual(['QCC3402']);
  });

  it('carry a scale that no double holds, if the nearest one reads the same', () => {
    const g = new GraphWriter(int(4), [2]);
    const q = g.node('bipolar_quant', [value('x'), g.number(Math.fround(0.1))]);
    const scaled = g.node('mul', [q, g.number(Math.fround(0.3))]);
    const w = g.node('bipolar_quant', [g.constant([1, -1], [1, 2]), g.number(Math.fround(0.01))]);
    const graph = g.graph(g.node('matmul', [scaled, w]));
    const integer = convert(graph);
    expect(integer.outputs[0]?.host).toEqual([]);
    for (const x of [integers(int(4), [2], [1, -1]), integers(int(4), [2], [-1, 1])]) {
      expect(outputs(integer, x)).toEqual(outputs(graph, x));
    }
  });

  it('need no arithmetic before an argmax where the order is kept, ranks where it is not', () => {
    const uniform = oneLayer(int(6), 4, (g, s) =>
      g.node('argmax', [g.node('add', [g.node('mul', [s, g.number(0.3)]), g.number(7)])]),
    );
    expect(convert(uniform).nodes.map((n) => n.op)).toEqual(['matmul', 'argmax']);
    const biased = oneLayer(int(6), 4, (g, s) =>
      g.node('argmax', [g.node('add', [s, g.number(0.5, 0, -0.5, 0.25)])]),
    );
    const integer = convert(biased);
    expect(integer.nodes.at(-1)?.op).toBe('argmax');
    fc.assert(
      fc.property(sample({ elem: int(6), shape: [4] }), (x) => {
        expect(outputs(integer, x)).toEqual(outputs(biased, x));
      }),
    );
  });

  it('a softmax is left out before an argmax and left to the host at an output', () => {
    const before = oneLayer(int(6), 4, (g, s) => g.node('argmax', [g.node('softmax', [s], { axis: -1 })]));
    const integer = convert(before);
    expect(integer.nodes.map((n) => n.op)).toEqual(['matmul', 'argmax']);
    expect(integer.notes.map((n) => n.code)).toEqual(['QCC3400']);
    const last = convert(oneLayer(int(6), 4, (g, s) => g.node('softmax', [s], { axis: 0 })));
    expect(last.outputs[0]?.host).toEqual(['Softmax along axis 0 (model/softmax_1)']);
  });
});

describe('a value with several readers', () => {
  it('is computed once: two quantizers of one sum, two layers on one quantizer', () => {
    const g = new GraphWriter(int(6), [2]);
    const sums = g.node('matmul', [value('x'), g.constant([1, 2, -3, 1], [2, 2])]);
    const sign = g.node('bipolar_quant', [sums, g.number(1)]);
    const levels = g.node('quant', [sums, g.number(3), g.number(0)], {
      min: -4,
      max: 3,
      rounding: 'HALF_EVEN',
    });
    const positive = g.node('relu', [levels]);
    const w = g.constant([1, 1], [1, 2]);
    const graph = g.graph(
      sign,
      g.node('matmul', [positive, w]),
      g.node('matmul', [positive, g.constant([3, -1], [1, 2])]),
    );
    const integer = convert(graph);
    expect(integer.nodes.map((n) => n.op)).toEqual([
      'matmul',
      'threshold',
      'threshold',
      'threshold',
      'matmul',
      'matmul',
    ]);
    fc.assert(
      fc.property(sample({ elem: int(6), shape: [2] }), (x) => {
        expect(outputs(integer, x)).toEqual(outputs(graph, x));
      }),
    );
  });

  it('leaves as logits and as the class, on the same sums', () => {
    const g = new GraphWriter(int(6), [2]);
    const sums = g.node('matmul', [value('x'), g.constant([1, 2, -3, 1, 1, 1], [3, 2])]);
    const logits = g.node('add', [sums, g.number(3, -1, 0)]);
    const graph = g.graph(logits, g.node('argmax', [logits]), sums);
    const integer = convert(graph);
    // the sums without bias leave as well, so that they are a layer of their own
    expect(integer.nodes.map((n) => n.op)).toEqual(['matmul', 'matmul', 'argmax']);
    fc.assert(
      fc.property(sample({ elem: int(6), shape: [2] }), (x) => {
        expect(outputs(integer, x)).toEqual(outputs(graph, x));
      }),
    );
  });
});

describe('refusals', () => {
  it('names a float32 input that no quantizer reads first', () => {
    const g = new GraphWriter(float32, [2]);
    expect(codes(g.graph(g.node('matmul', [value('x'), g.constant([1, -1], [1, 2])])))).toEqual(['QCC3010']);
  });

  it('takes the levels of a quantizer that reads a float32 input', () => {
    const g = new GraphWriter(float32, [2]);
    const q = g.node('quant', [value('x'), g.number(0.5), g.number(1)], {
      min: 0,
      max: 15,
      rounding: 'FLOOR',
    });
    const integer = convert(g.graph(g.node('matmul', [q, g.constant([1, -1], [1, 2])])));
    expect(printElement(integer.inputs[0]!.type.elem)).toBe('uint4');
    expect(integer.inputs[0]?.boundary).toEqual({ scale: { numerator: 0.5, denominator: 1 }, zeroPoint: 1 });
    expect(outputs(integer, integers(uint(4), [2], [9, 2]))).toEqual([[3.5]]);
  });

  it('lists every operation that cannot be converted, in one run', () => {
    const g = new GraphWriter(int(4), [2]);
    const soft = g.node('softmax', [value('x')], { axis: 0 });
    const q = g.node('quant', [soft, g.number(1), g.number(0)], { min: 0, max: 3, rounding: 'FLOOR' });
    const squared = g.node('mul', [value('x'), value('x')]);
    const noise = g.node('matmul', [value('x'), g.constant([1.1, 1e-9], [1, 2])]);
    expect(codes(g.graph(q, squared, noise))).toEqual(['QCC3011', 'QCC3011', 'QCC3013']);
  });

  it('refuses a layer on numbers without one grid', () => {
    const levels = { min: -8, max: 7, rounding: 'HALF_EVEN' };
    const layer = (after: (g: GraphWriter, q: Operand) => Operand, scale: number[]) => {
      const g = new GraphWriter(int(8), [2]);
      const q = g.node('quant', [value('x'), g.number(...scale), g.number(0)], levels);
      return g.graph(g.node('matmul', [after(g, q), g.constant([1, -1], [1, 2])]));
    };
    expect(codes(layer((_, q) => q, [0.5]))).toEqual([]);
    expect(codes(layer((_, q) => q, [0.5, 0.3]))).toEqual(['QCC3012']);
    expect(codes(layer((g, q) => g.node('add', [q, g.number(1e-9)]), [0.3]))).toEqual(['QCC3012']);
  });

  it('refuses sums beyond 32 bits, with the range', () => {
    const g = new GraphWriter(uint(24), [2]);
    expect(codes(g.graph(g.node('matmul', [value('x'), g.constant([127, 127], [1, 2])])))).toEqual([
      'QCC3014',
    ]);
  });

  it('refuses sums beyond 32 bits for scales of channels that have little in common, and says so', () => {
    const levels = { min: -8, max: 7, rounding: 'HALF_EVEN' };
    const layer = (other: number) => {
      const g = new GraphWriter(int(8), [2]);
      const q = g.node('quant', [value('x'), g.constant([0.5, other], [2]), g.number(0)], levels);
      return () =>
        runPipeline(g.graph(g.node('matmul', [q, g.constant([1000, 1], [1, 2])])), {
          diagnostics: new Diagnostics(),
        });
    };
    expect(layer(0.25)).not.toThrow();
    let thrown: unknown;
    try {
      layer(0.5 + 2 ** -21)();
    } catch (error) {
      thrown = error;
    }
    const [diagnostic] = thrown instanceof DiagnosticError ? thrown.diagnostics : [];
    expect(diagnostic).toMatchObject({ code: 'QCC3014' });
    expect(diagnostic?.found).toContain('1048577 times');
    expect(diagnostic?.help).toContain('one scale for all channels');
  });

  it('refuses a tail that yields NaN', () => {
    const g = new GraphWriter(int(4), [2]);
    const root = g.node('pow', [value('x'), g.number(0.5)]);
    expect(codes(g.graph(g.node('bipolar_quant', [root, g.number(1)])))).toEqual(['QCC3016']);
  });
});
