import { describe, expect, test } from 'vitest';
import { sanitize } from '../../compiler/frontend/onnx/names.ts';
import { codes, importSpec, refusal } from './helpers.ts';
import { dataTypes, encode, int64s, model, modelMessage, node, scalar, tensor } from './onnx-writer.ts';
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

const relu = node('Relu', ['x'], ['y']);
const good = model(network([relu]));

describe('files', () => {
  test('the file that the damaged ones are made of is good', () => {
    expect(errors(good)).toEqual([]);
  });

  test.each<[string, Uint8Array, string]>([
    ['empty', new Uint8Array(), 'QCC2000'],
    ['a PNG', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10), 'QCC2001'],
    ['a zip', Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0), 'QCC2001'],
    ['text', new TextEncoder().encode('this is no model at all'), 'QCC2001'],
    ['a wrong protocol buffer', Uint8Array.of(0x08, 0x01, 0x12, 0x03, 0x61, 0x62, 0x63), 'QCC2001'],
    ['cut short', good.subarray(0, good.length - 20), 'QCC2002'],
    ['too large', new Uint8Array(2 ** 28 + 1), 'QCC2003'],
    [
      'a length of nearly 2^64',
      Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
      'QCC2001',
    ],
  ])('%s', (_, bytes, code) => {
    const [only, ...more] = refusal(bytes);
    expect([only?.code, more]).toEqual([code, []]);
    expect(only?.where).toEqual({ kind: 'file', file: 'test.onnx' });
  });
});

describe('graphs', () => {
  test('without nodes, inputs or outputs', () => {
    expect(errors(network([]))).toEqual(['QCC2100']);
    expect(errors(network([relu], {}, { outputs: [] }))).toEqual(['QCC2100']);
    expect(errors(network([relu], { x: scalar(1) }, { inputs: [] }))).toEqual(['QCC2100']);
  });

  test('names without a source, all of them', () => {
    const nodes = [node('Add', ['x', 'gone'], ['a']), node('Mul', ['a', 'also gone'], ['y'])];
    const found = refusal(model(network(nodes)));
    expect(codes(found)).toEqual(['QCC2102', 'QCC2102']);
    expect(found.map((d) => d.where)).toEqual([
      { kind: 'node', file: 'test.onnx', name: 'Add_a', op: 'Add' },
      { kind: 'node', file: 'test.onnx', name: 'Mul_y', op: 'Mul' },
    ]);
    expect(errors(network([node('Relu', ['x'], ['z'])]))).toEqual(['QCC2102']);
  });

  test('names defined twice', () => {
    expect(errors(network([relu, node('Relu', ['x'], ['y'], {}, '', 'second')]))).toEqual(['QCC2101']);
    expect(
      errors(
        network(
          [relu],
          {},
          {
            inputs: [
              { name: 'x', dims: [1, 4] },
              { name: 'x', dims: [1, 4] },
            ],
          },
        ),
      ),
    ).toEqual(['QCC2101']);
    const message = modelMessage(network([relu], { k: scalar(1) }));
    const initializers = message.graph['initializer'] ?? [];
    expect(
      errors(
        encode({ ...message, graph: { ...message.graph, initializer: [...initializers, ...initializers] } }),
      ),
    ).toEqual(['QCC2101']);
  });

  test('cycles name their nodes', () => {
    const nodes = [
      node('Add', ['x', 'c'], ['a']),
      node('Relu', ['a'], ['b']),
      node('Relu', ['b'], ['c']),
      node('Relu', ['c'], ['y']),
    ];
    const [only] = refusal(model(network(nodes)));
    expect(only?.code).toBe('QCC2103');
    expect(only?.found).toBe('a circle through "Relu_b", "Relu_c", "Add_a"');
    expect(errors(network([node('Add', ['x', 'y'], ['y'])]))).toEqual(['QCC2103']);
  });

  test('unsupported operators, all of them in one run', () => {
    const nodes = [
      node('LSTM', ['x', 'k'], ['a'], {}, '', 'first'),
      node('Einsum', ['a', 'a'], ['b'], { equation: 'i,i' }, '', 'joined'),
      node('Quant', ['b', 'k', 'k', 'k'], ['c'], {}, '', 'misplaced'),
      node('Mystery', ['c'], ['y'], {}, 'acme', 'last'),
    ];
    const found = refusal(model(network(nodes, { k: scalar(1) })));
    expect(found.map((d) => [d.code, d.where?.kind === 'node' && d.where.name, d.found])).toEqual([
      ['QCC2104', 'first', 'LSTM (ai.onnx)'],
      ['QCC2104', 'joined', 'Einsum (ai.onnx)'],
      ['QCC2104', 'misplaced', 'Quant (ai.onnx)'],
      ['QCC2104', 'last', 'Mystery (acme)'],
    ]);
    expect(found[2]?.help).toContain(domain);
  });

  test('several errors of different nodes in one run, without follow-ups', () => {
    const nodes = [
      node('Add', ['x', 'nan'], ['a']),
      node('Relu', ['a'], ['b']),
      node('MatMul', ['x', 'w'], ['c']),
      node('Add', ['b', 'c'], ['y']),
    ];
    expect(errors(network(nodes, { nan: scalar(NaN), w: tensor([3, 2], [1, 2, 3, 4, 5, 6]) }))).toEqual([
      'QCC2209',
      'QCC2204',
    ]);
  });

  test.each<[string, ModelSpec['inputs'][number], string]>([
    ['symbolic inner axis', { name: 'x', dims: [1, 'width'] }, 'QCC2107'],
    ['unknown inner axis', { name: 'x', dims: [1, null] }, 'QCC2107'],
    ['symbolic vector', { name: 'x', dims: ['n'] }, 'QCC2107'],
    ['no shape', { name: 'x' }, 'QCC2107'],
    ['batch of 4', { name: 'x', dims: [4, 4] }, 'QCC2109'],
    ['ridiculous', { name: 'x', dims: [1, 2 ** 40, 2 ** 40, 2 ** 40] }, 'QCC2109'],
    ['double', { name: 'x', dims: [1, 4], type: 'double' }, 'QCC2110'],
    ['half', { name: 'x', dims: [1, 4], type: 'float16' }, 'QCC2110'],
    ['int64', { name: 'x', dims: [1, 4], type: 'int64' }, 'QCC2110'],
  ])('input: %s', (_, input, code) => {
    expect(errors(network([relu], {}, { inputs: [input] }))).toEqual([code]);
  });

  test('outputs: another shape, a constant, an input', () => {
    expect(errors(network([relu], {}, { outputs: [{ name: 'y', dims: [1, 5] }] }))).toEqual(['QCC2111']);
    expect(
      errors(
        network(
          [relu, node('Constant', [], ['k'], { value_ints: [1] })],
          {},
          { outputs: [{ name: 'y' }, { name: 'k' }] },
        ),
      ),
    ).toEqual(['QCC2112']);
    expect(errors(network([node('Identity', ['x'], ['y'])]))).toEqual(['QCC2112']);
  });

  test('an input without effect is left out with a warning', () => {
    const inputs = [
      { name: 'x', dims: [1, 4] },
      { name: 'extra', dims: [1, 4] },
    ];
    const graph = importSpec(network([relu], {}, { inputs }));
    expect([graph.inputs.map((i) => i.name), codes(graph.notes)]).toEqual([['x'], ['QCC2114']]);
  });

  test('old opsets whose operators meant something else', () => {
    expect(errors(network([node('Add', ['x', 'k'], ['y'])], { k: scalar(1) }, { opset: 6 }))).toEqual([
      'QCC2105',
    ]);
  });
});

describe('tensors', () => {
  const add = network([node('Add', ['x', 'k'], ['y'])]);
  function withTensor(message: Record<string, unknown>): Uint8Array {
    const base = modelMessage(add);
    return encode({
      ...base,
      graph: { ...base.graph, initializer: [{ name: 'k', dataType: dataTypes.float32, ...message }] },
    });
  }

  test.each<[string, Record<string, unknown>, string]>([
    ['too few bytes', { dims: [4], rawData: new Uint8Array(15) }, 'QCC2010'],
    ['too many bytes', { dims: [4], rawData: new Uint8Array(20) }, 'QCC2010'],
    ['no data', { dims: [4] }, 'QCC2010'],
    ['wrong entries', { dims: [4], floatData: [1, 2, 3] }, 'QCC2010'],
    ['negative dimension', { dims: [-1], floatData: [1] }, 'QCC2010'],
    ['overflowing dimensions', { dims: [2 ** 32, 2 ** 32], floatData: [1] }, 'QCC2010'],
    ['64 axes', { dims: new Array(64).fill(1), floatData: [1] }, 'QCC2010'],
    ['int8 out of range', { dims: [1], dataType: dataTypes.int8, int32Data: [300] }, 'QCC2010'],
    ['strings', { dims: [1], dataType: 8 }, 'QCC2011'],
    ['complex', { dims: [1], dataType: 14, floatData: [1, 2] }, 'QCC2011'],
    ['float8', { dims: [1], dataType: 17, rawData: Uint8Array.of(1) }, 'QCC2011'],
    ['undefined type', { dims: [1], dataType: 0, floatData: [1] }, 'QCC2011'],
    [
      'external',
      { dims: [1], dataLocation: 1, externalData: [{ key: 'location', value: '../../etc/passwd' }] },
      'QCC2012',
    ],
    ['empty', { dims: [0] }, 'QCC2204'],
  ])('%s', (_, message, code) => {
    expect(errors(withTensor(message))).toEqual([code]);
  });
});

describe('hostile sizes end soon', () => {
  test('a constant that doubles thirty times', () => {
    const nodes = Array.from({ length: 40 }, (_, i) =>
      node('Concat', [`c${i}`, `c${i}`], [`c${i + 1}`], { axis: 0 }),
    );
    const use = [node('Shape', ['c40'], ['n']), node('Reshape', ['x', 'n'], ['y'])];
    expect(errors(network([...nodes, ...use], { c0: tensor([8], [1, 2, 3, 4, 5, 6, 7, 8]) }))).toEqual([
      'QCC2113',
    ]);
  });

  test('a value that is squared by broadcasting', () => {
    const nodes = Array.from({ length: 30 }, (_, i) => [
      node('Reshape', [i === 0 ? 'x' : `y${i}`, 'flat'], [`a${i}`]),
      node('Unsqueeze', [`a${i}`, 'one'], [`b${i}`]),
      node('Add', [`a${i}`, `b${i}`], [`y${i + 1}`]),
    ]).flat();
    const spec = network(nodes, { flat: int64s(-1), one: int64s(1) }, { outputs: [{ name: 'y30' }] });
    expect(errors(spec)).toEqual(['QCC2113']);
  });

  test('one large constant used many times', () => {
    const large = Array.from({ length: 2 ** 18 }, () => 1);
    const nodes = Array.from({ length: 2000 }, (_, i) => node('Transpose', ['big'], [`t${i}`]));
    const shapes = nodes.map((n, i) => node('Shape', [n.outputs[0] ?? ''], [`s${i}`]));
    const join = node(
      'Concat',
      shapes.map((_, i) => `s${i}`),
      ['all'],
      { axis: 0 },
    );
    const use = [node('Cast', ['all'], ['f'], { to: 1 }), node('Add', ['x', 'f'], ['y'])];
    expect(errors(network([...nodes, ...shapes, join, ...use], { big: tensor([512, 512], large) }))).toEqual([
      'QCC2113',
    ]);
  });

  test('a chain of 20000 nodes, all of one name', () => {
    const nodes = Array.from({ length: 20_000 }, (_, i) =>
      node('Relu', [i === 0 ? 'x' : `v${i}`], [`v${i + 1}`], {}, '', 'same'),
    );
    const graph = importSpec(network(nodes, {}, { outputs: [{ name: 'v20000' }] }));
    expect(new Set(graph.nodes.map((n) => n.name)).size).toBe(20_000);
  });
});

describe('names', () => {
  const names = [
    'a"b',
    'line\nbreak',
    '$(reboot)',
    '../../etc/passwd',
    'x'.repeat(10_000),
    'module',
    '',
    'ünïcödé',
    '__proto__',
    'a/b',
    'a.b',
    '\u0000',
  ];

  test('become short unique identifiers; the originals stay in the origin', () => {
    const nodes = names.map((name, i) =>
      node('Relu', [i === 0 ? 'x' : `v${i}`], [`v${i + 1}`], {}, '', name),
    );
    const graph = importSpec(
      network(nodes, {}, { outputs: [{ name: `v${names.length}` }], name: '../$(x)\n"' }),
    );
    const made = graph.nodes.map((n) => n.name);
    expect(made.every((name) => /^[A-Za-z0-9_]{1,48}$/.test(name))).toBe(true);
    expect(new Set(made).size).toBe(names.length);
    expect(graph.nodes.map((n) => n.origin.nodes[0])).toEqual(
      names.map((name, i) => (name === '' ? `v${i + 1}` : name)),
    );
    expect(graph.name).toBe('x');
    expect(made.slice(0, 4)).toEqual(['a_b', 'line_break', 'reboot', 'etc_passwd']);
  });

  test('the same for inputs and constants', () => {
    const spec = network(
      [node('Add', ['$(in)\n', '../k'], ['y']), node('Relu', ['y'], ['"out"'])],
      { '../k': scalar(2) },
      {
        inputs: [{ name: '$(in)\n', dims: [1, 4] }],
        outputs: [{ name: '"out"' }],
      },
    );
    const graph = importSpec(spec);
    expect([graph.inputs[0]?.name, [...graph.consts.keys()], graph.outputs[0]?.origin.nodes]).toEqual([
      'in',
      ['k'],
      ['"out"'],
    ]);
    expect(sanitize('///', 'fallback')).toBe('fallback');
  });

  test('messages quote them on one line', () => {
    const [only] = refusal(
      model(network([node('Mystery', ['x'], ['y'], {}, '', `evil\n${'n'.repeat(9999)}`)])),
    );
    expect(only?.message).not.toContain('\n');
    expect(only?.message.length).toBeLessThan(250);
  });
});
