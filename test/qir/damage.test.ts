import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DiagnosticError } from '../../compiler/diagnostics/index.ts';
import { encodeWeights, parseQir, printQir, sha256 } from '../../compiler/qir/index.ts';
import { anyGraph, anythingOps } from './arbitrary.ts';

const text = `qir 1
weights "w.safetensors" sha256 "00"
graph integer @tiny { // a remark
  input %pixels : bipolar[4] {scale = 1/255, zero_point = 3} from "a\\"b"
  %s = matmul %pixels, @w : int4[2]
  %x = threshold %s, @t {base = -1} : bipolar[2] from "x", "y\\n"
  %i = argmax %s : uint1[1]
  %k = topk %s {k = 1, largest = true} : uint1[1]
  %l = lookup %s, @l {offset = -8} : uint1[2]
  %r = reshape %l {shape = [2, 1]} : uint1[2, 1]
  output %x : bipolar[2] {scale = 0.0625, offset = -0} host "Softmax", "b"
  output %r : uint1[2, 1]
  note QCC2001 warning "hi" {found = "x"} at node {name = "q", op = "Mul"} also "z" at file {file = "f"}
}
const @w : bipolar[2, 4] = [1, -1, 1, 1, -1, -1, 1, 1]
const @t : int4[2, 1] = [0, 3]
const @l : uint1[1, 16] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]
const @f : fixed<8,4>[] = 3
`;

const real = `qir 1
graph real @tiny {
  input %x : uint8[4] {scale = 1/255}
  %q = quant %x, @s, @z {min = -2, max = 1, rounding = "HALF_EVEN"} : float32[4]
  %v = reshape %q {shape = [2, 2]} : float32[2, 2]
  %w = bipolar_quant @c, @s : float32[2, 4]
  %m = matmul %q, %w : float32[2]
  %b = batchnorm %m, @p, @p, @p, @p {epsilon = 1e-5} : float32[2]
  %d = div %b, @s : float32[2]
  %h = multithreshold %d, @t {out_scale = 0.5, out_bias = -1} : float32[2]
  %y = softmax %h {axis = -1} : float32[2]
  output %y : float32[2]
  output %v : float32[2, 2]
}
const @s : float32[] = 0.25
const @z : float32[] = 0
const @c : float32[2, 4] = [1, -1, 1, 1, -1, -1, 1, 1]
const @p : float32[2] = [1, 2]
const @t : float32[1, 3] = [-0.5, 0, 0.5]
`;

/** Whether the text is read or refused with coded diagnostics; anything else is thrown on. */
function readable(source: string): boolean {
  try {
    parseQir(source, { file: 'damaged.qir' });
    return true;
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    expect(error.diagnostics.some((d) => d.severity === 'error')).toBe(true);
    return false;
  }
}

/** Pieces that a damaged text may hold in a wrong place. */
const piece = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '\n',
    '{',
    '}',
    '[',
    ']',
    '<',
    '"',
    '%',
    '@',
    ':',
    '=',
    ',',
    '/',
    '-',
    '1',
    '0',
    '1e999',
    '-0',
    '0.5',
    'inf',
    '%x',
    '@w',
    'qir',
    'graph',
    'note',
    'reshape',
    'int32',
    'float32',
    '4294967296',
    '\ud83d\ude00',
    '\u0000',
  ),
  fc.string({ unit: 'binary', maxLength: 3 }),
);

describe('damaged texts', () => {
  const whole = text.replace(/^weights.*\n/m, '');

  it('are undamaged to begin with', () => {
    expect(readable(whole)).toBe(true);
    expect(readable(real)).toBe(true);
  });

  it('are read or refused with a diagnostic, never anything else', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 6 }), piece), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.constantFrom(whole, text, real), damage, (source, changes) => {
        let damaged = source;
        for (const [at, length, put] of changes) {
          const place = at % damaged.length;
          damaged = damaged.slice(0, place) + put + damaged.slice(place + length);
        }
        readable(damaged);
      }),
      { numRuns: 600 },
    );
  });

  it('are read or refused when a number or word is another one', () => {
    const words = [
      ...new Set([...whole.matchAll(/[%@]?[\w.-]+/g), ...real.matchAll(/[%@]?[\w.-]+/g)].map(([w]) => w)),
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(whole, real),
        fc.array(fc.tuple(fc.nat(), fc.oneof(fc.constantFrom(...words), piece)), {
          minLength: 1,
          maxLength: 3,
        }),
        (source, changes) => {
          const parts = source.split(/([%@]?[\w.-]+)/);
          for (const [at, put] of changes) parts[1 + 2 * (at % ((parts.length - 1) / 2))] = put;
          readable(parts.join(''));
        },
      ),
      { numRuns: 600 },
    );
  });

  it('reports the first twenty syntax errors', () => {
    const lines = Array.from({ length: 50 }, (_, i) => `  %v${i} reshape`);
    try {
      parseQir(`qir 1\ngraph integer @g {\n${lines.join('\n')}\n}\n`, { file: 'many.qir' });
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof DiagnosticError)) throw error;
      expect(error.diagnostics.map((d) => d.code)).toEqual([...Array<string>(20).fill('QCC1003'), 'QCC1006']);
    }
  });
});

describe('damaged weights', () => {
  it('are read or refused with a diagnostic, even under a right sha256', () => {
    fc.assert(
      fc.property(
        anyGraph,
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 3 }),
        (graph, changes) => {
          const bytes = Buffer.from(
            encodeWeights([...graph.consts.values()].filter((c) => c.tensor.data.length > 16)),
          );
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          const source = printQir(graph, { weightsFile: 'w', sha256: sha256(bytes) });
          try {
            parseQir(source, { file: 'a.qir', readWeights: () => bytes, ops: anythingOps });
          } catch (error) {
            if (!(error instanceof DiagnosticError)) throw error;
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
