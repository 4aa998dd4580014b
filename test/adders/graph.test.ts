import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  additions,
  depths,
  evaluate,
  intervals,
  matrixOf,
  naiveAdditions,
  share,
  shareMatrix,
  termsOf,
} from '../../compiler/hw/adders/index.ts';
import type { Strategy } from '../../compiler/hw/adders/index.ts';

/** Matrices of every kind: signs, ternary, powers of two, small integers. */
const weights = [
  fc.constantFrom(-1, 1),
  fc.constantFrom(-1, 0, 0, 1),
  fc.constantFrom(-8, -4, -2, -1, 0, 1, 2, 4, 8),
  fc.integer({ min: -63, max: 63 }),
];
const matrix = fc
  .record({
    kind: fc.integer({ min: 0, max: 3 }),
    rows: fc.integer({ min: 1, max: 9 }),
    inputs: fc.integer({ min: 1, max: 9 }),
  })
  .chain(({ kind, rows, inputs }) =>
    fc.array(fc.array(weights[kind]!, { minLength: inputs, maxLength: inputs }), {
      minLength: rows,
      maxLength: rows,
    }),
  );
const strategies: readonly Strategy[] = ['plain', 'pairs', 'tree', 'star', 'tree-pairs', 'least'];
const options = { numRuns: 120 };

function product(rows: readonly (readonly number[])[], x: readonly number[]): number[] {
  return rows.map((row) => row.reduce((sum, w, k) => sum + w * x[k]!, 0));
}

describe('graphs of shared sums', () => {
  test.each(strategies)('%s: the outputs are the products with the matrix', (strategy) => {
    fc.assert(
      fc.property(matrix, fc.infiniteStream(fc.integer({ min: -8, max: 7 })), (rows, stream) => {
        const graph = shareMatrix(rows, { strategy });
        const x = Array.from({ length: rows[0]!.length }, () => stream.next().value as number);
        expect([...evaluate(graph, x).outputs]).toEqual(product(rows, x).map((v) => v + 0));
        expect(matrixOf(graph).map((row) => [...row])).toEqual(rows);
      }),
      options,
    );
  });

  test.each(strategies)('%s: never more additions than row by row', (strategy) => {
    fc.assert(
      fc.property(matrix, (rows) => {
        expect(additions(shareMatrix(rows, { strategy }))).toBeLessThanOrEqual(
          naiveAdditions(rows.map(termsOf)),
        );
      }),
      options,
    );
  });

  test('all inputs of a small matrix', () => {
    const rows = [
      [1, -1, 1, 1],
      [-1, 1, 1, -1],
      [2, -2, 3, 0],
      [0, 0, 0, 0],
    ];
    for (const strategy of strategies) {
      const graph = shareMatrix(rows, { strategy });
      for (let code = 0; code < 4 ** 4; code++) {
        const x = [0, 1, 2, 3].map((k) => ((code >> (2 * k)) & 3) - 2);
        expect([...evaluate(graph, x).outputs]).toEqual(product(rows, x));
      }
    }
  });

  test('triples and row pairs keep the matrix too', () => {
    const signs = fc.array(fc.array(fc.constantFrom(-1, 0, 1), { minLength: 7, maxLength: 7 }), {
      minLength: 6,
      maxLength: 16,
    });
    fc.assert(
      fc.property(
        signs,
        fc.constantFrom('additions', 'bits'),
        fc.integer({ min: 1, max: 8 }),
        (rows, objective, bits) => {
          const graph = share(rows.map(termsOf), 7, {
            objective,
            weights: { pair: 1, triple: 1, rowPair: 1 },
            inputBits: () => bits,
            least: 0,
          });
          expect(matrixOf(graph).map((row) => [...row])).toEqual(rows);
        },
      ),
      options,
    );
  });

  test('intervals are exact: reached at both ends and never left', () => {
    fc.assert(
      fc.property(
        matrix,
        fc.integer({ min: -4, max: 0 }),
        fc.integer({ min: 0, max: 4 }),
        (rows, min, max) => {
          const graph = shareMatrix(rows);
          const { nodes, outputs } = intervals(graph, { min, max });
          rows.forEach((row, r) => {
            const ends = [min, max].map((_, way) =>
              row.reduce((sum, w) => sum + w * (w > 0 === (way === 1) ? max : min), 0),
            );
            expect(outputs[r]).toEqual({ min: ends[0]! + 0, max: ends[1]! + 0 });
          });
          const some = evaluate(
            graph,
            Array.from({ length: rows[0]!.length }, (_, k) => (k % 2 === 0 ? min : max)),
          );
          nodes.forEach((interval, i) => {
            expect(some.nodes[i]).toBeGreaterThanOrEqual(interval.min);
            expect(some.nodes[i]).toBeLessThanOrEqual(interval.max);
          });
        },
      ),
      options,
    );
  });

  test('a bound on the depth holds wherever rows by themselves keep it', () => {
    fc.assert(
      fc.property(matrix, fc.integer({ min: 1, max: 6 }), (rows, maxDepth) => {
        const least = Math.max(...rows.map((row) => depths(shareMatrix([row], { strategy: 'plain' })).most));
        expect(depths(shareMatrix(rows, { maxDepth })).most).toBeLessThanOrEqual(Math.max(least, maxDepth));
      }),
      options,
    );
  });

  test('the same graph in every run', () => {
    const rows = Array.from({ length: 12 }, (_, r) =>
      Array.from({ length: 12 }, (__, k) => ((r * 7 + k * 5) % 3) - 1),
    );
    expect(shareMatrix(rows)).toEqual(shareMatrix(rows));
  });
});
