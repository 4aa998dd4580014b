import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DiagnosticError } from '../../compiler/diagnostics/index.ts';
import {
  bipolar,
  createEvaluator,
  evaluateGraph,
  GraphBuilder,
  int,
  parseQir,
  printQir,
  printType,
  strictlyGreater,
  ternary,
  uint,
  verifyGraph,
} from '../../compiler/qir/index.ts';
import type { Graph } from '../../compiler/qir/index.ts';
import { readArray, toIntegers } from '../../compiler/data/index.ts';

/** Output values of a graph for one input. */
function run(graph: Graph, ...data: number[]): number[] {
  const [input] = graph.inputs;
  const values = evaluateGraph(graph, { [input!.name]: { type: input!.type, data: Int32Array.from(data) } });
  return [...values.get(graph.outputs[0]!.value)!.data];
}

/** Place, code and finding of the first diagnostic that `body` throws. */
function refusal(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    const [first] = error.diagnostics;
    const where = first?.where?.kind === 'option' ? first.where.option : first?.where?.kind;
    return `${where}: ${first?.code} ${first?.found}`;
  }
  return 'accepted';
}

describe('GraphBuilder', () => {
  it('builds the graph of its example', () => {
    const g = new GraphBuilder('tiny');
    const x = g.input('x', bipolar, [3]);
    const weights = [
      [1, -1, 1],
      [-1, -1, 1],
    ];
    const sum = g.matmul(x, { elem: bipolar, data: weights });
    const bit = g.threshold(sum, strictlyGreater([0, -1]), { result: bipolar });
    g.output(bit);
    const graph = g.build();
    expect(printQir(graph)).toBe(`qir 1

graph integer @tiny {
  input %x : bipolar[3]
  %matmul0 = matmul %x, @matmul0_w : int3[2]
  %threshold0 = threshold %matmul0, @threshold0_t {base = -1} : bipolar[2]
  output %threshold0 : bipolar[2]
}
const @matmul0_w : bipolar[2, 3] = [1, -1, 1, -1, -1, 1]
const @threshold0_t : uint1[2, 1] = [1, 0]
`);
    // sums 1 and -1: greater than 0, not greater than -1
    expect(run(graph, 1, 1, 1)).toEqual([1, -1]);
    expect(run(graph, -1, -1, -1)).toEqual([-1, 1]);
  });

  it('builds branches of images, which a text gives back', () => {
    const g = new GraphBuilder('images');
    const x = g.input('x', uint(4), [3, 3, 1], { layout: 'nchw', scale: 0.5 });
    const square = { elem: int(2), shape: [2, 2, 2, 1], data: [1, 1, 1, 1, 1, 0, 0, -1] };
    const sum = g.conv2d(x, square, { pads: [0, 0, 1, 1], padValue: 2, bias: [0, 5], name: 'sum' });
    const best = g.maxpool(x, [2, 2], { strides: [1, 1], pads: [1, 1, 0, 0], dilations: [1, 1] });
    const wide = g.concat([best, x]);
    const row = g.op('slice', [sum], { axis: 0, start: 0, end: 1 });
    const tall = g.concat([row, g.op('slice', [wide], { axis: 0, start: 1, end: 3 })], { axis: 0 });
    const y = g.combine([sum, tall], [1, -2], { bias: [10, 20] });
    g.output(y, { layout: 'nchw' });
    const graph = g.build();
    expect(graph.inputs[0]!.boundary).toEqual({ layout: 'nchw', scale: { numerator: 0.5, denominator: 1 } });
    // first kernel: 12 16 13, 24 28 19, 19 21 15; second, 5 added: 1 1 6, 1 1 9, 10 11 12
    const result = run(graph, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    const sums = [12, 1, 16, 1, 13, 6, 24, 1, 28, 1, 19, 9, 19, 10, 21, 11, 15, 12];
    const others = [12, 1, 16, 1, 13, 6, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9];
    expect(result).toEqual(sums.map((n, i) => n - 2 * others[i]! + (i % 2 === 0 ? 10 : 20)));
    const text = printQir(graph);
    expect(text).toContain('{scale = 0.5, layout = "nchw"}');
    expect(printQir(parseQir(text, { file: 'images.qir' }))).toBe(text);
    expect(run(parseQir(text, { file: 'images.qir' }), 1, 2, 3, 4, 5, 6, 7, 8, 9)).toEqual(result);
  });

  it('has a call for every op of vectors', () => {
    const g = new GraphBuilder('all');
    const x = g.input('x', int(4), [4], {
      scale: { numerator: 1, denominator: 255 },
      zeroPoint: 3,
      origin: ['in'],
    });
    const w = g.const('w', {
      elem: ternary,
      shape: [3, 4],
      data: Int8Array.of(1, 0, -1, 1, 0, 1, 1, -1, 0, 0, 0, 1),
    });
    const a = g.matmul(x, w, { name: 'a', bias: [1, -2, 30], result: int(20), origin: ['Gemm_0'] });
    const b = g.threshold(a, [[-3, 0, 3]], { base: -1, flip: [1], result: int(3) });
    const c = g.lookup(b, [[5, 4, 3, 2, 1, 0, 7, 6]], { offset: -4 });
    const d = g.reshape(c, [3, 1]);
    g.output(g.reshape(d, [3], { name: 'e' }));
    g.output(g.argmax(c), { host: ['Softmax'] });
    g.output(g.topk(c, 2));
    g.output(g.topk(c, 2, { largest: false }));
    g.output(g.op('matmul', [x, w], {}, { name: 'f' }), { scale: 0.5, offset: -1 });
    const graph = g.build();
    expect(verifyGraph(graph)).toEqual([]);
    expect(printType(graph.nodes.find((n) => n.name === 'a')!.type)).toBe('int20[3]');
    expect(graph.consts.size).toBe(5);
    const values = evaluateGraph(graph, { x: { type: x.type, data: Int8Array.of(1, 2, 3, 4) } });
    // w x = [1 - 3 + 4, 2 + 3 - 4, 4]; with the bias 3, -1, 34; fewer thresholds above: -1 + #{x < t}
    expect([...values.get('f')!.data]).toEqual([2, 1, 4]);
    expect([...values.get('e')!.data]).toEqual([2, 0, 2]);
    expect(parseQir(printQir(graph), { file: 'all' }).outputs).toEqual(graph.outputs);
  });

  it('does not change a graph that it has built, nor keep the arrays of the caller', () => {
    const g = new GraphBuilder('g');
    const x = g.input('x', bipolar, [2]);
    const data = [1, -1];
    g.output(g.matmul(x, { elem: bipolar, shape: [1, 2], data }));
    const graph = g.build();
    data[0] = -1;
    g.output(x);
    expect(graph.outputs).toHaveLength(1);
    expect([...graph.consts.get('matmul0_w')!.tensor.data]).toEqual([1, -1]);
  });

  it('turns sum > t into sum >= t, fractions included', () => {
    expect(strictlyGreater([3, -3, 2.5, -2.5])).toEqual([4, -2, 3, -2]);
  });

  const g = new GraphBuilder('faulty');
  const x = g.input('x', bipolar, [4]);
  const other = new GraphBuilder('other').input('x', bipolar, [4]);
  it.each<[string, () => unknown]>([
    [
      'GraphBuilder.matmul("m"): QCC1113 [4] times [2, 3]',
      () => g.matmul(x, { elem: bipolar, shape: [2, 3], data: [1, 1, 1, 1, 1, 1] }, { name: 'm' }),
    ],
    [
      'GraphBuilder.matmul("fc1"): QCC1118 0 at [0, 1]',
      () => g.matmul(x, { elem: bipolar, data: [[1, 0, 1, 1]] }, { name: 'fc1' }),
    ],
    [
      'GraphBuilder.matmul("fc2"): QCC1016 3 values',
      () => g.matmul(x, { elem: bipolar, shape: [1, 4], data: [1, 1, 1] }, { name: 'fc2' }),
    ],
    [
      'GraphBuilder.matmul("fc3"): QCC1301 3 elements in row 1',
      () =>
        g.matmul(
          x,
          [
            [1, 1, 1, 1],
            [1, 1, 1],
          ],
          { name: 'fc3' },
        ),
    ],
    [
      'GraphBuilder.matmul("fc4"): QCC1113 int2',
      () => g.matmul(x, [[1, 1, 1, 1]], { name: 'fc4', result: int(2) }),
    ],
    [
      'GraphBuilder.matmul("fc5"): QCC1011 int40',
      () => g.matmul(x, [[1, 1, 1, 1]], { name: 'fc5', result: int(40) }),
    ],
    [
      'GraphBuilder.matmul("fc6"): QCC1300 a value of another GraphBuilder',
      () => g.matmul(other, [[1, 1, 1, 1]], { name: 'fc6' }),
    ],
    ['GraphBuilder.threshold("t1"): QCC1113 row 0', () => g.threshold(x, [[2, 1]], { name: 't1' })],
    ['GraphBuilder.threshold("t2"): QCC1112 0.5', () => g.threshold(x, [[2]], { name: 't2', base: 0.5 })],
    ['GraphBuilder.topk("k"): QCC1113 5', () => g.topk(x, 5, { name: 'k' })],
    ['GraphBuilder.op("o"): QCC1106 matmull', () => g.op('matmull', [x], {}, { name: 'o' })],
    [
      'GraphBuilder.op("r"): QCC1107 relu in a graph of integer form',
      () => g.op('relu', [x], {}, { name: 'r' }),
    ],
    ['GraphBuilder.op("s"): QCC1110 axis', () => g.op('argmax', [x], { axis: 1 }, { name: 's' })],
    ['GraphBuilder.input("x"): QCC1102 %x', () => g.input('x', bipolar, [1])],
    ['GraphBuilder.input("a/b"): QCC1101 "a/b"', () => g.input('a/b', bipolar, [1])],
    ['GraphBuilder.build("faulty"): QCC1116 no output', () => g.build()],
    ['new GraphBuilder: QCC1101 "a b"', () => new GraphBuilder('a b')],
    [
      'GraphBuilder.input("i"): QCC1012 [0]',
      () => {
        const faulty = new GraphBuilder('shape');
        faulty.output(faulty.input('i', uint(8), [0]));
        faulty.build();
      },
    ],
  ])('names the call: %s', (expected, body) => {
    expect(refusal(body)).toBe(expected);
  });
});

const folder = new URL('../../../shared/data/weights/', import.meta.url).pathname;
const present = existsSync(folder) || process.env['CI'] !== undefined;

describe.skipIf(!present)('the LFC network of BNN-PYNQ, from ../shared/data', () => {
  it('computes the golden sums and bits', async () => {
    const net = (name: string) => readArray(`${folder}lfcW1A1_mnist.npz:${name}`);
    const golden = async (name: string) =>
      toIntegers(await readArray(`${folder}lfcW1A1_mnist.golden.npz:${name}`), name);
    const g = new GraphBuilder('lfc');
    let x = g.input('pixels', bipolar, [784]);
    let sums = x;
    for (let layer = 0; layer < 4; layer++) {
      const weights = await net(`L${layer}_weights`);
      const thresholds = toIntegers(await net(`L${layer}_thresholds`), 'thresholds');
      const data = toIntegers(weights, 'weights');
      sums = g.matmul(x, { elem: bipolar, shape: weights.shape, data }, { name: `sum${layer}` });
      x = g.threshold(sums, strictlyGreater(thresholds), { result: bipolar, name: `bit${layer}` });
    }
    g.output(sums);
    g.output(x);
    const graph = g.build();
    const evaluator = createEvaluator(graph);
    const [inputs, expectedSums, expectedBits] = [
      await golden('inputs'),
      await golden('sums'),
      await golden('bits'),
    ];
    const frames = inputs.length / 784;
    expect(frames).toBe(200);
    for (let i = 0; i < frames; i++) {
      const pixels = { type: graph.inputs[0]!.type, data: inputs.slice(i * 784, (i + 1) * 784) };
      const values = evaluator.run({ pixels });
      expect([...values.get('sum3')!.data]).toEqual(Array.from(expectedSums.subarray(i * 10, (i + 1) * 10)));
      const bits = Array.from(values.get('bit3')!.data, (bit) => (bit === 1 ? 1 : 0));
      expect(bits).toEqual(Array.from(expectedBits.subarray(i * 10, (i + 1) * 10)));
    }
  });
});
