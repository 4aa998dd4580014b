import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  evaluatePartialSums,
  matrixOf,
  partialSumTree,
  reconstruct,
  shiftedBases,
  sketch,
  squaredError,
  squaredNorm,
  type BasisWeights,
  type Matrix,
} from '../../../compiler/quantize/weights/index.ts';
import { fitScales } from '../../../compiler/quantize/weights/least-squares.ts';
import { matrices } from './arbitraries.ts';

const error = (matrix: Matrix, weights: BasisWeights): number => squaredError(matrix, reconstruct(weights));
const filters = matrices(1, 12);
const bases = fc.integer({ min: 1, max: 4 });

/** Basis j of a single filter. */
const basis = (weights: BasisWeights, j: number): Int8Array =>
  weights.signs.subarray(j * weights.columns, (j + 1) * weights.columns);

describe('network sketching', () => {
  test('the counter-example: refined is worse than direct with three bases', () => {
    const matrix = matrixOf(1, 5, [11, 1, -5, -5, -10]);
    const direct = sketch(matrix, { bases: 3, refined: false });
    const refined = sketch(matrix, { bases: 3, refined: true });
    const close = (found: Float64Array, expected: readonly number[]): void => {
      expect(found.length).toBe(expected.length);
      expected.forEach((scale, j) => expect(found[j]).toBeCloseTo(scale, 12));
    };
    close(direct.scales, [32 / 5, 82 / 25, 188 / 125]);
    close(refined.scales, [48 / 7, 51 / 14, 19 / 14]);
    expect(error(matrix, direct)).toBeCloseTo(6556 / 3125, 12);
    expect(error(matrix, refined)).toBeCloseTo(18 / 7, 12);
  });

  test('the direct error is at most (1 - 1/t)^m', () => {
    fc.assert(
      fc.property(filters, bases, (matrix, m) => {
        const bound = squaredNorm(matrix.data) * (1 - 1 / matrix.columns) ** m;
        expect(error(matrix, sketch(matrix, { bases: m, refined: false }))).toBeLessThanOrEqual(
          bound + 1e-14 * squaredNorm(matrix.data),
        );
      }),
    );
  });

  test('the refined error is at most the product of 1 - 1/(t - lambda), lambda the part of a basis in the span of those before', () => {
    fc.assert(
      fc.property(filters, bases, (matrix, m) => {
        const weights = sketch(matrix, { bases: m, refined: true });
        const t = matrix.columns;
        let bound = squaredNorm(matrix.data);
        for (let j = 0; j < (weights.used[0] as number); j++) {
          const own = Float64Array.from(basis(weights, j));
          const fitted = [...(j === 0 ? [] : (fitScales(weights.signs, j, own) ?? []))];
          const outside = own.map((v, s) =>
            fitted.reduce((rest, a, i) => rest - a * (weights.signs[i * t + s] as number), v),
          );
          bound *= 1 - 1 / squaredNorm(outside);
        }
        expect(error(matrix, weights)).toBeLessThanOrEqual(bound + 1e-12 * squaredNorm(matrix.data));
      }),
    );
  });

  test('both are the same with one basis, and refined is no worse with two', () => {
    fc.assert(
      fc.property(matrices(3, 12), (matrix) => {
        const one = [true, false].map((refined) => sketch(matrix, { bases: 1, refined }));
        expect(one[0]?.signs).toEqual(one[1]?.signs);
        one[0]?.scales.forEach((scale, i) => expect(scale).toBeCloseTo(one[1]?.scales[i] as number, 12));
        const [refined, direct] = [true, false].map((refined) =>
          error(matrix, sketch(matrix, { bases: 2, refined })),
        ) as [number, number];
        expect(refined).toBeLessThanOrEqual(direct + 1e-12 * squaredNorm(matrix.data));
      }),
    );
  });

  test('the errors decrease with each basis until nothing is left', () => {
    fc.assert(
      fc.property(filters, fc.boolean(), (matrix, refined) => {
        const norm = squaredNorm(matrix.data);
        let before = norm;
        for (let m = 1; m <= 5; m++) {
          const weights = sketch(matrix, { bases: m, refined });
          const after = error(matrix, weights);
          if (before > 1e-12 * norm) expect(after).toBeLessThan(before);
          else expect(after).toBeLessThanOrEqual(1e-12 * norm);
          before = after;
        }
      }),
    );
  });

  test('the refined scales solve the normal equations: what is left is orthogonal to every basis', () => {
    fc.assert(
      fc.property(filters, bases, (matrix, m) => {
        const weights = sketch(matrix, { bases: m, refined: true });
        const approximation = reconstruct(weights).data;
        for (let j = 0; j < (weights.used[0] as number); j++) {
          const dot = basis(weights, j).reduce(
            (sum, b, s) => sum + b * ((matrix.data[s] as number) - (approximation[s] as number)),
            0,
          );
          expect(Math.abs(dot)).toBeLessThan(1e-9);
        }
      }),
    );
  });

  test('scales fitted to fixed bases are no worse than those that were there', () => {
    fc.assert(
      fc.property(filters, bases, (matrix, m) => {
        const direct = sketch(matrix, { bases: m, refined: false });
        const fitted = fitScales(direct.signs, m, matrix.data);
        fc.pre(fitted !== undefined);
        expect(error(matrix, { ...direct, scales: fitted })).toBeLessThanOrEqual(
          error(matrix, direct) + 1e-12 * squaredNorm(matrix.data),
        );
      }),
    );
  });

  test('no basis repeats, and a filter that needs fewer gets fewer', () => {
    const exact = sketch(matrixOf(2, 4, [2, -2, 2, 2, 3, 1, -3, -1]), { bases: 4, refined: true });
    expect([...exact.used]).toEqual([1, 2]);
    expect([...reconstruct(exact).data]).toEqual([2, -2, 2, 2, 3, 1, -3, -1]);
    fc.assert(
      fc.property(filters, (matrix) => {
        const weights = sketch(matrix, { bases: 8, refined: true });
        const seen = new Set<string>();
        for (let j = 0; j < (weights.used[0] as number); j++) {
          const own = basis(weights, j);
          seen.add(own.map((b) => b * (own[0] as number)).join());
        }
        expect(seen.size).toBe(weights.used[0]);
        expect(weights.scales.subarray(weights.used[0]).every((a) => a === 0)).toBe(true);
      }),
    );
  });
});

test('ABC-Net: the first basis by the first shift, scales by least squares', () => {
  fc.assert(
    fc.property(matrices(3, 10), bases, fc.constantFrom('layer', 'filter'), (matrix, m, scope) => {
      const weights = shiftedBases(matrix, { bases: m, scope });
      const group = scope === 'layer' ? matrix.data : matrix.data.subarray(0, matrix.columns);
      const mean = group.reduce((a, b) => a + b, 0) / group.length;
      const deviation = Math.sqrt(group.reduce((a, b) => a + (b - mean) ** 2, 0) / group.length);
      const shift = m === 1 ? 0 : -1;
      matrix.data.subarray(0, matrix.columns).forEach((w, i) => {
        const shifted = w - mean + shift * deviation;
        if (Math.abs(shifted) > 1e-9) expect(weights.signs[i]).toBe(shifted > 0 ? 1 : -1);
      });
      const approximation = reconstruct(weights).data;
      const left = matrix.data.map((w, i) => w - (approximation[i] as number));
      const scopes = scope === 'layer' ? [left] : [left.subarray(0, matrix.columns)];
      for (const rest of scopes)
        for (let j = 0; j < (weights.used[0] as number); j++) {
          const dot = rest.reduce((sum, r, i) => {
            const [row, column] = [Math.floor(i / matrix.columns), i % matrix.columns];
            return sum + r * (weights.signs[(row * m + j) * matrix.columns + column] as number);
          }, 0);
          expect(Math.abs(dot)).toBeLessThan(1e-9);
        }
    }),
  );
});

describe('shared partial sums', () => {
  const vectors = fc
    .tuple(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 70 }))
    .chain(([count, length]) =>
      fc.record({
        count: fc.constant(count),
        length: fc.constant(length),
        signs: fc
          .array(fc.constantFrom(-1, 1), { minLength: count * length, maxLength: count * length })
          .map((signs) => Int8Array.from(signs)),
        inputs: fc.array(fc.integer({ min: -128, max: 255 }), { minLength: length, maxLength: length }),
      }),
    );

  const hamming = (signs: Int8Array, a: number, b: number, t: number): number => {
    let p = 0;
    for (let s = 0; s < t; s++) if (signs[a * t + s] !== signs[b * t + s]) p++;
    return Math.min(p, t - p);
  };

  test('give what separate sums give, with the additions that the tree says, whatever its depth', () => {
    fc.assert(
      fc.property(
        vectors,
        fc.constantFrom(1, 2, 3, Infinity),
        ({ count, length, signs, inputs }, maxDepth) => {
          const tree = partialSumTree(signs, count, length, { maxDepth });
          const { sums, additions } = evaluatePartialSums(tree, signs, inputs);
          const separate = Array.from({ length: count }, (_, v) =>
            inputs.reduce((sum, x, s) => sum + x * (signs[v * length + s] as number), 0),
          );
          expect([...sums].map((v) => v + 0)).toEqual(separate.map((v) => v + 0));
          expect(additions).toBe(tree.additions);
          expect(tree.depth).toBeLessThanOrEqual(maxDepth);
          expect([...tree.order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, v) => v));
        },
      ),
    );
  });

  test('the minimum spanning tree costs no more than any star, and at most what separate sums cost', () => {
    fc.assert(
      fc.property(vectors, ({ count, length, signs }) => {
        const { additions } = partialSumTree(signs, count, length);
        let best = Infinity;
        for (let center = 0; center < count; center++) {
          let total = length - 1;
          for (let v = 0; v < count; v++) total += hamming(signs, center, v, length);
          expect(additions).toBeLessThanOrEqual(total);
          best = Math.min(best, total);
        }
        if (length >= 2) expect(additions).toBeLessThanOrEqual(count * (length - 1));
        // the root is the center of the cheapest star, which is the tree of depth 1
        expect(partialSumTree(signs, count, length, { maxDepth: 1 }).additions).toBe(best);
      }),
    );
  });

  test('the minimum spanning tree is one: no tree by Kruskal is cheaper', () => {
    fc.assert(
      fc.property(vectors, ({ count, length, signs }) => {
        const edges: [number, number, number][] = [];
        for (let a = 0; a < count; a++)
          for (let b = 0; b < a; b++) edges.push([hamming(signs, a, b, length), a, b]);
        edges.sort(([d], [e]) => d - e);
        const group = Array.from({ length: count }, (_, v) => v);
        let total = length - 1;
        for (const [d, a, b] of edges) {
          const [from, to] = [group[a] as number, group[b] as number];
          if (from === to) continue;
          total += d;
          group.forEach((g, v) => {
            if (g === from) group[v] = to;
          });
        }
        expect(partialSumTree(signs, count, length).additions).toBe(total);
      }),
    );
  });
});
