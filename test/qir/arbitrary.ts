import fc from 'fast-check';
import type { Diagnostic, Where } from '../../compiler/diagnostics/index.ts';
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
} from '../../compiler/qir/index.ts';
import type {
  Attribute,
  Boundary,
  Const,
  ElementType,
  Form,
  Graph,
  GraphInput,
  GraphOutput,
  Node,
  OpDefinition,
  Operand,
  Tensor,
} from '../../compiler/qir/index.ts';

/** A record whose prototype is that of an object literal. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true });
}

const names = [
  'x',
  '0',
  '__proto__',
  'constructor',
  'graph',
  'input',
  'toString',
  'nan',
  'inf',
  'QCC1000',
  'a'.repeat(10_000),
];

/** A name that text, Verilog and prototypes could trip over. */
export const anyName = fc.oneof(fc.constantFrom(...names), fc.stringMatching(/^[A-Za-z0-9_]{1,12}$/));

/** A string out of a model file. */
export const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom(
    '"',
    '\\',
    '\n',
    '\r\n',
    '// no comment',
    '\ud800',
    '\u2028\u202e',
    '../../etc',
    '$(x)',
    '`',
    '{',
    '',
    '\u0000\u007f',
  ),
);

const weird = [
  0,
  -0,
  1,
  -1,
  5e-324,
  Number.MIN_VALUE,
  Number.MAX_VALUE,
  2 ** 53,
  1 / 3,
  1e21,
  1e-7,
  -123456789.125,
  0.1,
];
const weird32 = [
  0,
  -0,
  1.401298464324817e-45,
  -1.1754942106924411e-38,
  3.4028234663852886e38,
  Math.fround(0.1),
  Math.fround(1 / 3),
  16777217,
];

export const anyNumber = fc.oneof(
  fc.constantFrom(...weird),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
);
const anyFloat32 = fc.oneof(
  fc.constantFrom(...weird32.map(Math.fround)),
  fc.float({ noNaN: true, noDefaultInfinity: true }),
);

export const integerElement: fc.Arbitrary<ElementType> = fc.oneof(
  fc.constant(bipolar),
  fc.constant(ternary),
  fc.integer({ min: 1, max: 32 }).map(uint),
  fc.integer({ min: 1, max: 32 }).map(int),
  fc.tuple(fc.integer({ min: 1, max: 32 }), fc.integer({ min: -128, max: 128 })).map(([w, f]) => fixed(w, f)),
  fc
    .tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 30 }))
    .map(([a, b]): ElementType => ({ kind: 'pow2', lo: Math.min(a, b), hi: Math.max(a, b) })),
);

/** One value of an element type. */
export function anyElement(elem: ElementType): fc.Arbitrary<number> {
  switch (elem.kind) {
    case 'float32':
      return anyFloat32;
    case 'bipolar':
      return fc.constantFrom(-1, 1);
    case 'pow2':
      return fc.oneof(
        fc.constant(0),
        fc
          .tuple(fc.integer({ min: elem.lo, max: elem.hi }), fc.boolean())
          .map(([e, s]) => (s ? -1 : 1) * 2 ** e),
      );
    default: {
      const { min, max } = valueRange(elem);
      return fc.oneof(fc.constantFrom(min, max), fc.integer({ min, max }));
    }
  }
}

const shape = fc.oneof(
  fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
  fc.integer({ min: 15, max: 70 }).map((n) => [n]),
);

/** A tensor of some element type, scalar, small or large. */
export function anyTensor(element: fc.Arbitrary<ElementType>): fc.Arbitrary<Tensor> {
  return fc.tuple(element, shape).chain(([elem, dims]) => {
    const count = elementCount(dims);
    return fc.array(anyElement(elem), { minLength: count, maxLength: count }).map((values) => {
      const data = allocate(elem, count);
      data.set(values);
      return { type: { elem, shape: dims }, data };
    });
  });
}

const scale = fc.oneof(
  fc.constantFrom(
    { numerator: 1, denominator: 255 },
    { numerator: 0.1, denominator: 3 },
    { numerator: 1e-30, denominator: 1 },
  ),
  fc.double({ min: 1e-30, max: 1e30, noNaN: true }).map((numerator) => ({ numerator, denominator: 1 })),
);
/** A boundary of a tensor with `rank` axes. */
function boundary(rank: number): fc.Arbitrary<Boundary> {
  const numbers: fc.Arbitrary<Boundary> = fc.record(
    { scale, zeroPoint: fc.integer(), offset: anyNumber },
    { noNullPrototype: true, requiredKeys: [] },
  );
  if (rank !== 3) return numbers;
  return fc.tuple(numbers, fc.boolean()).map(([b, first]) => (first ? { ...b, layout: 'nchw' } : b));
}
const origin = record({ nodes: fc.array(anyText, { maxLength: 3 }) });

const where: fc.Arbitrary<Where> = fc.oneof(
  fc.record(
    {
      kind: fc.constant('span' as const),
      file: anyText,
      line: fc.nat(),
      column: fc.nat(),
      text: anyText,
      length: fc.nat(),
    },
    { noNullPrototype: true, requiredKeys: ['kind', 'file', 'line', 'column'] },
  ),
  fc.record(
    { kind: fc.constant('node' as const), file: anyText, name: anyText, op: anyText },
    { noNullPrototype: true, requiredKeys: ['kind', 'name', 'op'] },
  ),
  record({ kind: fc.constant('file' as const), file: anyText }),
  record({ kind: fc.constant('option' as const), option: anyText }),
  record({ kind: fc.constant('unit' as const), instance: anyText, unit: anyText }),
);
const note: fc.Arbitrary<Diagnostic> = fc.record(
  {
    code: fc.integer({ min: 0, max: 9999 }).map((n) => `QCC${String(n).padStart(4, '0')}`),
    severity: fc.constantFrom('error' as const, 'warning' as const, 'note' as const),
    message: anyText,
    where,
    found: anyText,
    expected: anyText,
    help: anyText,
    related: fc.array(record({ where, message: anyText }), { minLength: 1, maxLength: 2 }),
  },
  { noNullPrototype: true, requiredKeys: ['code', 'severity', 'message'] },
);

const attributeNames = ['a', 'scale', 'from', 'input', 'true', '__proto__', 'constructor', 'b_2'];
const attribute: fc.Arbitrary<Attribute> = fc.oneof(
  anyNumber,
  anyText,
  fc.boolean(),
  fc.array(anyNumber, { maxLength: 20 }),
  fc.constantFrom(Infinity, -Infinity, NaN),
);

/** An op that takes everything, so that random graphs are valid whatever their types. */
const anything: OpDefinition = {
  name: 'anything',
  forms: ['real', 'integer'],
  summary: '',
  meaning: '',
  operands: Array.from({ length: 4 }, (_, i) => ({
    name: `o${i}`,
    doc: '',
    kind: 'any' as const,
    optional: true,
  })),
  attributes: Object.fromEntries(
    attributeNames.map((name) => [name, { doc: '', optional: true, check: () => undefined }]),
  ),
  type: (_operands, _attributes, declared) =>
    declared ?? { message: 'no type', found: 'nothing', expected: 'a declared type' },
  evaluate: () => {
    throw new Error('never evaluated');
  },
};
export const anythingOps: ReadonlyMap<string, OpDefinition> = new Map([
  ['anything', anything],
  ['graph', { ...anything, name: 'graph' }],
]);

function operand(values: readonly string[], consts: readonly string[]): fc.Arbitrary<Operand> {
  const choices: Operand[] = [
    ...values.map((name): Operand => ({ kind: 'value', name })),
    ...consts.map((name): Operand => ({ kind: 'const', name })),
  ];
  return fc.constantFrom(...choices);
}

/** Valid graphs over `anythingOps`: every type, odd names, odd numbers. */
export const anyGraph: fc.Arbitrary<Graph> = fc
  .record({
    name: anyName,
    form: fc.constantFrom<Form>('real', 'integer'),
    values: fc.uniqueArray(anyName, { minLength: 1, maxLength: 6 }),
    constNames: fc.uniqueArray(anyName, { maxLength: 4 }),
    inputCount: fc.integer({ min: 1, max: 3 }),
  })
  .chain(({ name, form, values, constNames, inputCount }) => {
    const element = form === 'integer' ? integerElement : fc.oneof(integerElement, fc.constant(float32));
    const type = record({ elem: element, shape });
    const inputNames = values.slice(0, inputCount);
    const inputs = inputNames.map((n): fc.Arbitrary<GraphInput> =>
      type.chain((own) =>
        record({
          name: fc.constant(n),
          type: fc.constant(own),
          boundary: boundary(own.shape.length),
          origin,
        }),
      ),
    );
    const nodes = values.slice(inputCount).map((n, i): fc.Arbitrary<Node> =>
      record({
        name: fc.constant(n),
        op: fc.constantFrom('anything', 'graph'),
        operands: fc.array(operand(values.slice(0, inputNames.length + i), constNames), { maxLength: 4 }),
        attributes: fc
          .uniqueArray(fc.tuple(fc.constantFrom(...attributeNames), attribute), {
            selector: ([key]) => key,
            maxLength: 4,
          })
          .map((entries) => Object.fromEntries(entries)),
        type,
        origin,
      }),
    );
    const output: fc.Arbitrary<GraphOutput> = record({
      value: fc.constantFrom(...values),
      boundary: boundary(0),
      origin,
      host: fc.array(anyText, { maxLength: 2 }),
    });
    const consts = constNames.map((n): fc.Arbitrary<Const> =>
      record({ name: fc.constant(n), tensor: anyTensor(element) }),
    );
    return record({
      name: fc.constant(name),
      form: fc.constant(form),
      inputs: fc.tuple(...inputs),
      nodes: fc.tuple(...nodes),
      outputs: fc.array(output, { minLength: 1, maxLength: 2 }),
      consts: fc.tuple(...consts).map((list) => new Map(list.map((c) => [c.name, c]))),
      notes: fc.array(note, { maxLength: 2 }),
    });
  });

/** A graph without the places of its nodes, which a text does not keep. */
export function withoutPlaces(graph: Graph): Graph {
  const nodes = graph.nodes.map((node): Node => {
    const { where: _where, ...rest } = node;
    return rest;
  });
  return { ...graph, nodes };
}
