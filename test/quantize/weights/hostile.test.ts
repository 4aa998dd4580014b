import { describe, expect, test } from 'vitest';
import { DiagnosticError } from '../../../compiler/diagnostics/index.ts';
import {
  binarize,
  dorefaWeights,
  encodeGaps,
  factorize,
  matrixOf,
  prune,
  quantizeIntegers,
  quantizePowers,
  recover,
  shiftedBases,
  sketch,
  sparseOf,
  ternarize,
  trainedTernary,
  type Matrix,
} from '../../../compiler/quantize/weights/index.ts';

const where = { kind: 'node', name: 'fc1', op: 'matmul' } as const;

/** The diagnostic that it throws, or nothing. */
function refusal(body: () => unknown): unknown {
  try {
    body();
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics[0];
    throw error;
  }
  return undefined;
}

const methods: Readonly<Record<string, (matrix: Matrix) => unknown>> = {
  binarize,
  ternarize,
  trainedTernary,
  factorize,
  sparseOf,
  sketch: (matrix) => sketch(matrix, { bases: 2, refined: true }),
  shiftedBases: (matrix) => shiftedBases(matrix, { bases: 2 }),
  prune: (matrix) => prune(matrix, { keep: 0.5 }),
  powers: (matrix) => quantizePowers(matrix, { bits: 5 }),
  integers: (matrix) => quantizeIntegers(matrix, { bits: 4 }),
  dorefa: (matrix) => dorefaWeights(matrix, { bits: 2 }),
  dorefa1: (matrix) => dorefaWeights(matrix, { bits: 1 }),
};

describe.each(Object.entries(methods))('%s', (_, method) => {
  test.each([NaN, Infinity, -Infinity])('refuses a weight of %s and says which', (bad) => {
    expect(refusal(() => method(matrixOf(2, 3, [1, 2, 3, 4, bad, 6], where)))).toMatchObject({
      code: 'QCC3620',
      where,
      found: String(bad),
      message: 'the weight of output 1, input 1 is not finite',
    });
  });

  test('refuses a layer of zeros, and takes one with a row of zeros', () => {
    expect(refusal(() => method(matrixOf(2, 3, [0, 0, 0, -0, 0, 0], where)))).toMatchObject({
      code: 'QCC3621',
      where,
    });
    expect(refusal(() => method(matrixOf(2, 3, [0, 0, 0, 1, -2, 3])))).toBeUndefined();
  });

  test('takes the smallest and the greatest weights there are', () => {
    for (const w of [2 ** -149, 2 ** 127 * 1.5])
      expect(refusal(() => method(matrixOf(2, 2, [w, -w, 0, w])))).toBeUndefined();
  });
});

const matrix = matrixOf(2, 3, [1, 2, 3, -4, 5, -6], where);
test.each<[string, () => unknown]>([
  ['no base', () => sketch(matrix, { bases: 0, refined: false })],
  ['17 bases', () => sketch(matrix, { bases: 17, refined: false })],
  ['half a base', () => shiftedBases(matrix, { bases: 1.5 })],
  ['rank 0', () => factorize(matrix, { rank: 0 })],
  ['rank NaN', () => factorize(matrix, { rank: NaN })],
  ['a rank of millions', () => factorize(matrix, { rank: 1e6 })],
  ['no epoch', () => factorize(matrix, { epochs: 0 })],
  ['a negative tolerance', () => factorize(matrix, { tolerance: -1 })],
  ['no sweep', () => recover(matrix, factorize(matrix).weights, 0)],
  ['1 bit', () => quantizeIntegers(matrix, { bits: 1 })],
  ['17 bits', () => quantizeIntegers(matrix, { bits: 17 })],
  ['powers of two of 1 bit', () => quantizePowers(matrix, { bits: 1 })],
  ['powers of two of 7 bits', () => quantizePowers(matrix, { bits: 7 })],
  ['DoReFa with 0 bits', () => dorefaWeights(matrix, { bits: 0 })],
  ['a threshold of 1', () => trainedTernary(matrix, { threshold: 1 })],
  ['a negative scale', () => trainedTernary(matrix, { scales: { positive: -1, negative: 1 } })],
  ['nothing kept', () => prune(matrix, { keep: 0 })],
  ['more than all kept', () => prune(matrix, { keep: 1.01 })],
  ['7 of 6 weights', () => prune(matrix, { count: 7 })],
  ['an infinite rate', () => prune(matrix, { rate: Infinity })],
])('%s is out of range', (_, body) => {
  expect(refusal(body)).toMatchObject({ code: 'QCC3622', where });
});

test('gaps without bits are out of range', () => {
  expect(refusal(() => encodeGaps([1], 0))).toMatchObject({ code: 'QCC3622' });
});
