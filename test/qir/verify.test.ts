import { describe, expect, it } from 'vitest';
import {
  bipolar,
  constant,
  fixed,
  float32,
  int,
  printQir,
  uint,
  value,
  verifyGraph,
} from '../../compiler/qir/index.ts';
import type { Const, ElementType, Graph, Node, TensorData } from '../../compiler/qir/index.ts';
import { DiagnosticError } from '../../compiler/diagnostics/index.ts';

const origin = { nodes: [] };

function c(name: string, elem: ElementType, shape: number[], data: TensorData | number[]): Const {
  const typed = Array.isArray(data) ? Float64Array.from(data) : data;
  return { name, tensor: { type: { elem, shape }, data: typed } };
}

const sum: Node = {
  name: 'sum',
  op: 'matmul',
  operands: [value('x'), constant('w')],
  attributes: {},
  type: { elem: int(3), shape: [2] },
  origin,
};
const bit: Node = {
  name: 'bit',
  op: 'threshold',
  operands: [value('sum'), constant('t')],
  attributes: { base: -1 },
  type: { elem: bipolar, shape: [2] },
  origin,
};

/** A valid graph, with the given changes. */
function graph(changes: Partial<Omit<Graph, 'consts'>> & { consts?: Const[] } = {}): Graph {
  const consts = changes.consts ?? [
    c('w', bipolar, [2, 3], Int8Array.of(1, -1, 1, -1, -1, 1)),
    c('t', int(3), [2, 1], Int8Array.of(1, 0)),
  ];
  return {
    name: 'tiny',
    form: 'integer',
    inputs: [{ name: 'x', type: { elem: bipolar, shape: [3] }, boundary: {}, origin }],
    nodes: [sum, bit],
    outputs: [{ value: 'bit', boundary: {}, origin, host: [] }],
    notes: [],
    ...changes,
    consts: new Map(consts.map((one) => [one.name, one])),
  };
}

/** The diagnostics, in short. */
function check(g: Graph): string[] {
  return verifyGraph(g).map((d) => `${d.severity === 'error' ? '' : `${d.severity} `}${d.code} ${d.message}`);
}

describe('verifyGraph', () => {
  it('has nothing to say about a good graph', () => {
    expect(check(graph())).toEqual([]);
  });

  it.each<[string, Graph, string[]]>([
    ['a name from elsewhere', graph({ name: '../x' }), ['QCC1101 "../x" cannot be the name of a graph.']],
    ['an empty name', graph({ name: '' }), ['QCC1101 "" cannot be the name of a graph.']],
    [
      'a value with a foreign name',
      graph({ nodes: [sum, bit, { ...bit, name: 'a b$(c)' }] }),
      [
        'QCC1101 "a b$(c)" cannot be the name of a value.',
        'warning QCC1123 The value %a b$(c) is never read.',
      ],
    ],
    [
      'two nodes of one name',
      graph({ nodes: [sum, bit, bit] }),
      ['QCC1102 The value %bit is defined twice.'],
    ],
    [
      'nodes in the wrong order',
      graph({ nodes: [bit, sum] }),
      ['QCC1104 %bit uses %sum before its definition.'],
    ],
    [
      'a missing value',
      graph({ nodes: [bit] }),
      [
        'QCC1103 %bit uses %sum, which nothing defines.',
        'warning QCC1124 The input %x is never read.',
        'warning QCC1125 The constant @w is never read.',
      ],
    ],
    [
      'a missing constant',
      graph({ consts: [c('w', bipolar, [2, 3], Int8Array.of(1, -1, 1, -1, -1, 1))] }),
      ['QCC1105 %bit uses @t, which is not defined.'],
    ],
    [
      'an unknown op',
      graph({ nodes: [sum, { ...bit, op: 'treshold' }] }),
      ['QCC1106 %bit has the unknown op `treshold`.'],
    ],
    [
      'an op named like a method',
      graph({ nodes: [sum, { ...bit, op: 'toString' }] }),
      ['QCC1106 %bit has the unknown op `toString`.'],
    ],
    [
      'an op of the real form',
      graph({ nodes: [sum, { ...bit, op: 'relu', operands: [value('sum')], attributes: {} }] }),
      [
        'QCC1107 %bit: the op relu does not exist in the integer form.',
        'warning QCC1125 The constant @t is never read.',
      ],
    ],
    [
      'too few operands',
      graph({ nodes: [sum, { ...bit, operands: [value('sum')] }] }),
      ['QCC1108 %bit: threshold got 1 operand.', 'warning QCC1125 The constant @t is never read.'],
    ],
    [
      'a value for a constant',
      graph({ nodes: [sum, { ...bit, operands: [value('sum'), value('sum')] }] }),
      [
        'QCC1109 %bit: the operand `t` of threshold must be a constant (@name).',
        'warning QCC1125 The constant @t is never read.',
      ],
    ],
    [
      'an unknown attribute',
      graph({ nodes: [sum, { ...bit, attributes: { base: -1, constructor: 1 } }] }),
      ['QCC1110 %bit: threshold has no attribute `constructor`.'],
    ],
    [
      'a missing attribute',
      graph({ nodes: [sum, { ...bit, attributes: {} }] }),
      ['QCC1111 %bit: threshold needs the attribute `base`.'],
    ],
    [
      'an impossible attribute',
      graph({ nodes: [sum, { ...bit, attributes: { base: 'low' } }] }),
      ['QCC1112 %bit: the attribute `base` of threshold cannot be "low".'],
    ],
    [
      'a result that is too narrow',
      graph({ nodes: [{ ...sum, type: { elem: int(2), shape: [2] } }, bit] }),
      ['QCC1113 %sum: matmul: the declared type does not hold every sum.'],
    ],
    [
      'a result of 40 bits',
      graph({ nodes: [{ ...sum, type: { elem: int(40), shape: [2] } }, bit] }),
      ['QCC1011 %sum has the impossible element type int40.'],
    ],
    [
      'an input of no elements',
      graph({ inputs: [{ name: 'x', type: { elem: bipolar, shape: [0] }, boundary: {}, origin }] }),
      ['QCC1012 The input %x has the impossible shape [0].'],
    ],
    [
      'a float input',
      graph({
        inputs: [{ name: 'x', type: { elem: float32, shape: [3] }, boundary: {}, origin }],
        nodes: [],
        outputs: [{ value: 'x', boundary: {}, origin, host: [] }],
        consts: [],
      }),
      ['QCC1115 The input %x is float32, but the graph is of integer form.'],
    ],
    [
      'no output',
      graph({ outputs: [] }),
      ['QCC1116 The graph @tiny has no output.', 'warning QCC1123 The value %bit is never read.'],
    ],
    [
      'an output of nothing',
      graph({ outputs: [{ value: 'bits', boundary: {}, origin, host: [] }] }),
      [
        'QCC1103 An output uses %bits, which nothing defines.',
        'warning QCC1123 The value %bit is never read.',
      ],
    ],
    [
      'no input',
      graph({ inputs: [], nodes: [], outputs: [], consts: [] }),
      ['QCC1117 The graph @tiny has no input.', 'QCC1116 The graph @tiny has no output.'],
    ],
  ])('finds %s', (_, faulty, expected) => {
    expect(check(faulty)).toEqual(expected);
  });

  it.each<[string, ElementType, number[], string]>([
    ['a bipolar zero', bipolar, [1, 0], '0 at [1]'],
    ['a ternary two', { kind: 'ternary' }, [0, 2], '2 at [1]'],
    ['an overflow', uint(3), [7, 8], '8 at [1]'],
    ['a negative uint', uint(32), [0, -1], '-1 at [1]'],
    ['a fraction', int(8), [0.5, 0], '0.5 at [0]'],
    ['a fixed beyond its width', fixed(4, 2), [-8, 8], '8 at [1]'],
    ['a power of two below the least', { kind: 'pow2', lo: 1, hi: 3 }, [8, 1], '1 at [1]'],
    ['a number between powers of two', { kind: 'pow2', lo: 0, hi: 3 }, [-8, 3], '3 at [1]'],
    ['NaN among integers', int(8), [NaN, 0], 'nan at [0]'],
    ['infinity', float32, [1, -Infinity], '-inf at [1]'],
    ['NaN', float32, [NaN, 1], 'nan at [0]'],
    ['a double', float32, [0.1, 1], '0.1 at [0]'],
  ])('finds %s in a constant', (_, elem, data, found) => {
    const faulty = { ...graph({ consts: [c('c', elem, [2], data)] }), form: 'real' as const };
    const problems = verifyGraph(faulty).filter((d) => ['QCC1118', 'QCC1119'].includes(d.code));
    expect(problems.map((d) => d.found)).toEqual([found]);
  });

  it('finds a constant of the wrong size', () => {
    const found = verifyGraph(
      graph({ consts: [c('w', bipolar, [2, 3], [1, 1]), c('t', int(3), [2, 1], [0, 0])] }),
    );
    expect(found.map((d) => `${d.code} ${d.found}`)).toEqual(['QCC1016 2 values']);
  });

  it('finds a constant under another key', () => {
    const g = graph();
    const consts = new Map([...g.consts, ['u', g.consts.get('t')!]]);
    expect(check({ ...g, consts })[0]).toBe('QCC1122 The constant @t stands in the map under the key "u".');
  });

  it.each([
    [{ scale: { numerator: 0, denominator: 1 } }, '0'],
    [{ scale: { numerator: 1, denominator: 0 } }, '1/0'],
    [{ scale: { numerator: -1, denominator: 3 } }, '-1/3'],
    [{ scale: { numerator: 1e-40, denominator: 1 } }, '1e-40'],
    [{ scale: { numerator: 1e39, denominator: 1 } }, '1e+39'],
    [{ scale: { numerator: NaN, denominator: 1 } }, 'nan'],
    [{ zeroPoint: 0.5 }, '0.5'],
    [{ offset: Infinity }, 'inf'],
    [{ layout: 'nchw' as const }, 'nchw of a tensor [2]'],
    [{ layout: 'nhwc' as 'nchw' }, 'nhwc'],
  ])('finds an impossible boundary %j', (boundary, found) => {
    const [output] = graph().outputs;
    const problems = verifyGraph(graph({ outputs: [{ ...output!, boundary }] }));
    expect(problems.map((d) => `${d.code} ${d.found}`)).toEqual([`QCC1121 ${found}`]);
  });

  it('points to where a node was written', () => {
    const where = { kind: 'node', name: 'MatMul_0', op: 'MatMul' } as const;
    expect(verifyGraph(graph({ nodes: [sum, { ...bit, op: 'no', where }] }))[0]?.where).toEqual(where);
  });

  it('does not let a name into the text that cannot be read again', () => {
    expect(() => printQir(graph({ name: 'a b' }))).toThrow(DiagnosticError);
    expect(() => printQir(graph({ nodes: [{ ...sum, op: 'x {' }, bit] }))).toThrow(DiagnosticError);
  });
});
