import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  binarize,
  bitsPerWeight,
  cheapestStorage,
  dorefaWeights,
  factorize,
  groupNetBranches,
  matrixOf,
  nonZeros,
  powerOfTwoCost,
  prune,
  quantizeIntegers,
  quantizePowers,
  shiftedBases,
  sketch,
  ternarize,
  totalCost,
  trainedTernary,
  weightCost,
} from '../../../compiler/quantize/weights/index.ts';
import { matrices } from './arbitraries.ts';

test('each method stores the bits for each weight that it promises, and computes no more than it needs', () => {
  fc.assert(
    fc.property(matrices(6, 9), fc.integer({ min: 2, max: 5 }), (matrix, bits) => {
      const { rows: m, columns: n } = matrix;
      const weights = m * n;
      expect(weightCost(binarize(matrix))).toEqual({
        weights,
        bits: weights,
        sideBits: 16 * m,
        additions: weights,
        shifts: 0,
        multiplications: m,
      });
      const twn = ternarize(matrix);
      expect(weightCost(twn)).toMatchObject({
        bits: 2 * weights,
        sideBits: 16,
        additions: nonZeros(twn.levels),
        multiplications: m,
      });
      const ttq = trainedTernary(matrix, { scales: { positive: 1, negative: 2 } });
      expect(weightCost(ttq)).toMatchObject({ bits: 2 * weights, sideBits: 32, multiplications: 2 * m });
      const ffn = factorize(matrix, { rank: bits }).weights;
      expect(weightCost(ffn)).toMatchObject({
        bits: 2 * ffn.rank * (m + n),
        sideBits: 16 * ffn.rank,
        additions: nonZeros(ffn.left) + nonZeros(ffn.right),
        multiplications: ffn.rank,
      });
      for (const bases of [
        sketch(matrix, { bases: bits, refined: true }),
        shiftedBases(matrix, { bases: bits }),
      ]) {
        const tensors = bases.used.reduce((a, b) => a + b, 0);
        expect(weightCost(bases)).toMatchObject({
          bits: tensors * n,
          multiplications: tensors,
          additions: tensors * n,
        });
        expect(bitsPerWeight(weightCost(bases))).toBeLessThanOrEqual(bits);
      }
      expect(bitsPerWeight(weightCost(quantizeIntegers(matrix, { bits })))).toBe(bits);
      const powers = quantizePowers(matrix, { bits });
      expect(weightCost(powers)).toEqual({
        weights,
        bits: bits * weights,
        sideBits: 8,
        additions: nonZeros(powers.levels),
        shifts: nonZeros(powers.levels),
        multiplications: 0,
      });
      expect(bitsPerWeight(weightCost(dorefaWeights(matrix, { bits })))).toBe(bits);
      const kept = prune(matrix, { keep: 0.3 });
      const count = nonZeros(kept.values);
      const storage = cheapestStorage(kept.values, m, n, bits).bits;
      expect(weightCost(kept, { weightBits: bits })).toMatchObject({
        bits: storage,
        additions: count,
        shifts: 0,
        multiplications: count,
      });
      expect(weightCost(kept, { weightBits: bits, kept: 'shift' })).toMatchObject({
        shifts: count,
        multiplications: 0,
      });
    }),
  );
});

test('powers of two: a bit for a zero and all bits for the others, or all bits for all', () => {
  const values = [0, 0.5, -2, 0, 0];
  expect(powerOfTwoCost(values, 5)).toMatchObject({ bits: 25, additions: 2, shifts: 2, multiplications: 0 });
  expect(powerOfTwoCost(values, 5, { coding: 'variable' })).toMatchObject({ bits: 13 });
});

test('branches add up over the same weights, layers over their own', () => {
  const matrix = matrixOf(2, 3, [1, 2, 3, -1, -2, -3]);
  const costs = groupNetBranches([matrix, matrix, matrix]).map((branch) => weightCost(branch));
  expect(bitsPerWeight(totalCost(costs, { branches: true }))).toBe(3);
  expect(bitsPerWeight(totalCost(costs))).toBe(1);
});
