import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { importOnnx } from '../../compiler/frontend/onnx/import.ts';
import { DiagnosticError } from '../../compiler/diagnostics/index.ts';
import { verifyGraph } from '../../compiler/qir/verify.ts';
import { models, testWithModels } from './helpers.ts';
import { imageModel } from './image-model.ts';
import { encode, int64s, model, modelMessage, node, scalar, tensor } from './onnx-writer.ts';
import type { ModelSpec } from './onnx-writer.ts';

const domain = 'qonnx.custom_op.general';

/** A small model with most operators in it, so that damage reaches every converter. */
const spec: ModelSpec = {
  nodes: [
    node('Shape', ['x'], ['shape']),
    node('Gather', ['shape', 'zero'], ['n']),
    node('Unsqueeze', ['n', 'axis'], ['n1']),
    node('Concat', ['n1', 'minus'], ['to'], { axis: 0 }),
    node('Reshape', ['x', 'to'], ['flat']),
    node('Mul', ['flat', 'two'], ['m']),
    node(
      'Quant',
      ['m', 'scale', 'zp', 'bits'],
      ['q'],
      { signed: 1, narrow: 0, rounding_mode: 'ROUND' },
      domain,
    ),
    node('BipolarQuant', ['w', 'two'], ['wq'], {}, 'onnx.brevitas'),
    node('Transpose', ['wq'], ['wt'], { perm: [1, 0] }),
    node('MatMul', ['q', 'wt'], ['d']),
    node('BatchNormalization', ['d', 'g', 'g', 'g', 'g'], ['bn'], { epsilon: { float: 1e-5 } }),
    node('MultiThreshold', ['bn', 't'], ['mt'], { out_scale: { float: 1 }, data_layout: 'NHWC' }, domain),
    node('Trunc', ['mt', 'scale', 'zp', 'bits', 'bits'], ['tr'], {}, domain),
    node('QuantizeLinear', ['tr', 'scale', 'z8'], ['l']),
    node('Clip', ['l', 'lo', 'hi'], ['lc']),
    node('DequantizeLinear', ['lc', 'scale', 'z8'], ['dq']),
    node('Gemm', ['dq', 'w2', 'g2'], ['ge'], { alpha: { float: 2 }, transB: 1 }),
    node('Softmax', ['ge'], ['s'], { axis: -1 }),
    node('TopK', ['s', 'one'], ['v', 'y']),
  ],
  inputs: [{ name: 'x', dims: ['batch', 1, 2, 2] }],
  outputs: [{ name: 'y', dims: [1, 1], type: 'int64' }],
  initializers: {
    zero: scalar(0, 'int64'),
    axis: int64s(0),
    minus: int64s(-1),
    one: int64s(1),
    two: scalar(2),
    scale: scalar(0.5),
    zp: scalar(0),
    bits: scalar(4),
    z8: scalar(0, 'int8'),
    lo: scalar(-3, 'int8'),
    hi: scalar(3, 'int8'),
    w: tensor([3, 4], [1, -1, 1, 1, -1, -1, 1, -1, 1, 1, 1, -1]),
    w2: tensor([2, 3], [1, 2, 3, -1, -2, -3]),
    g: tensor([3], [1, 2, 0.5]),
    g2: tensor([2], [1, -1]),
    t: tensor([3, 2], [0, 1, -1, 1, 2, 3]),
  },
  customOpsets: { [domain]: 1 },
};

/** Either a well-formed graph or coded diagnostics; anything else fails the test. */
function survives(bytes: Uint8Array, inputType?: string): boolean {
  try {
    const graph = importOnnx(bytes, { file: 'fuzz.onnx', ...(inputType === undefined ? {} : { inputType }) });
    const errors = verifyGraph(graph).filter((d) => d.severity === 'error');
    expect(errors).toEqual([]);
    return true;
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    const own = error.diagnostics.filter((d) => d.severity === 'error');
    expect(own.length).toBeGreaterThan(0);
    expect(own.every((d) => /^QCC2[0-4]\d\d$/.test(d.code) && d.where !== undefined)).toBe(true);
    return false;
  }
}

/** Changes to bytes: positions are fractions, so that they shrink and fit any length. */
const change = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  bit: fc.integer({ min: 0, max: 255 }),
});

function damaged(bytes: Uint8Array, changes: readonly { at: number; bit: number }[]): Uint8Array {
  const copy = Uint8Array.from(bytes);
  for (const { at, bit } of changes) {
    const index = Math.min(copy.length - 1, Math.floor(at * copy.length));
    copy[index] = (copy[index] ?? 0) ^ bit;
  }
  return copy;
}

/** Fuzzing runs longer with QCC_FUZZ_RUNS. */
const scale = Number(process.env['QCC_FUZZ_RUNS'] ?? 1);

const specs: readonly [string, ModelSpec][] = [
  ['vectors', spec],
  ['images', imageModel],
];

describe.each(specs)('damaged models of %s import or are refused by code', (_, spec) => {
  const bytes = model(spec);

  test('the undamaged one imports', () => {
    expect(survives(bytes)).toBe(true);
  });

  test('every truncation', () => {
    for (let length = 0; length < bytes.length; length++) survives(bytes.subarray(0, length));
  });

  test('flipped bits', () => {
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 4 }),
        (changes) => void survives(damaged(bytes, changes)),
      ),
      { numRuns: 2000 * scale },
    );
  });

  test('random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (random) => void survives(random)),
      { numRuns: 1000 * scale },
    );
  });

  test('edited messages: names, operators, sizes and numbers exchanged', () => {
    const words = [
      'x',
      'y',
      'w',
      'q',
      'scale',
      'zero',
      't',
      '',
      'Add',
      'Quant',
      'MatMul',
      'Transpose',
      'TopK',
      'nothing',
      'axes',
      'perm',
      'Conv',
      'MaxPool',
      'Concat',
      'Split',
      'SAME_UPPER',
      'a',
      'c',
    ];
    const numbers = [0, 1, -1, 2, 3, 7, 255, 2 ** 31, 2 ** 40, -(2 ** 62), 2 ** 62];
    const edit = fc.record({
      at: fc.nat(),
      word: fc.constantFrom(...words),
      number: fc.constantFrom(...numbers),
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        const message = structuredClone(modelMessage(spec));
        const leaves = leavesOf(message);
        for (const { at, word, number } of edits) {
          const leaf = leaves[at % leaves.length];
          if (!leaf) continue;
          leaf.owner[leaf.key] = typeof leaf.owner[leaf.key] === 'string' ? word : number;
        }
        survives(encode(message));
      }),
      { numRuns: 2000 * scale },
    );
  });

  test('any text as input type', () => {
    fc.assert(
      fc.property(fc.string(), (text) => void survives(bytes, text)),
      { numRuns: 300 * scale },
    );
  });
});

describe('damaged copies', () => {
  testWithModels('published models', () => {
    for (const file of [
      'TFC_2W2A.onnx',
      'finn_build_dataflow/model.onnx',
      'qkeras_jettagging.onnx',
      'mnist-conv.onnx',
    ]) {
      const url = new URL(file, models);
      expect(existsSync(url)).toBe(true);
      const original = Uint8Array.from(readFileSync(url));
      fc.assert(
        fc.property(
          fc.double({ min: 0, max: 1, noNaN: true }),
          fc.array(change, { maxLength: 3 }),
          (cut, changes) => {
            survives(original.subarray(0, Math.floor(cut * original.length)));
            survives(damaged(original, changes));
          },
        ),
        { numRuns: 40 * scale },
      );
    }
  });
});

interface Leaf {
  readonly owner: Record<string, unknown>;
  readonly key: string;
}

/** Every string and number of a message, with the object or array that holds it. */
function leavesOf(value: unknown): Leaf[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  const owner = value as Record<string, unknown>;
  return Object.keys(owner).flatMap((key) => {
    const item = owner[key];
    return typeof item === 'string' || typeof item === 'number' ? [{ owner, key }] : leavesOf(item);
  });
}
