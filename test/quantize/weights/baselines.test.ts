import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  binarize,
  dorefaActivation,
  dorefaWeights,
  groupNetActivation,
  groupNetBranches,
  groupNetGradient,
  hwgqActivation,
  hwgqGradient,
  matrixOf,
  quantizeIntegers,
  reconstruct,
  relativeError,
  scaleOf,
  squaredError,
  squaredNorm,
  ternarize,
  trainedTernary,
  ttqScaleGradients,
  type Scope,
} from '../../../compiler/quantize/weights/index.ts';
import { matrices, weight } from './arbitraries.ts';

const scopes = fc.constantFrom<Scope>('layer', 'filter');
const slack = (data: Float64Array): number => 1e-12 * (1 + squaredNorm(data));

describe('BWN', () => {
  test('the scale is the mean magnitude, which is the best one for the signs', () => {
    fc.assert(
      fc.property(
        matrices(4, 9),
        scopes,
        fc.double({ min: 0.5, max: 2, noNaN: true }),
        (matrix, scope, factor) => {
          const weights = binarize(matrix, { scope });
          const error = squaredError(matrix, reconstruct(weights));
          const other = { ...weights, scales: weights.scales.map((scale) => scale * factor) };
          expect(squaredError(matrix, reconstruct(other))).toBeGreaterThanOrEqual(error - slack(matrix.data));
          matrix.data.forEach((w, i) => expect(weights.signs[i]).toBe(w >= 0 ? 1 : -1));
        },
      ),
    );
  });

  test('a scale for each filter is no worse than one for the layer', () => {
    fc.assert(
      fc.property(matrices(4, 9), (matrix) => {
        const [filter, layer] = (['filter', 'layer'] as const).map((scope) =>
          squaredError(matrix, reconstruct(binarize(matrix, { scope }))),
        ) as [number, number];
        expect(filter).toBeLessThanOrEqual(layer + slack(matrix.data));
      }),
    );
  });
});

describe('TWN and TTQ', () => {
  test('TWN: zero within 0.7 of the mean magnitude, alpha the mean of the others', () => {
    const weights = ternarize(matrixOf(1, 4, [1, -2, 0.5, -0.5]));
    expect([...weights.levels]).toEqual([1, -1, 0, 0]);
    expect([...weights.positive]).toEqual([1.5]);
    fc.assert(
      fc.property(
        matrices(4, 9),
        scopes,
        fc.double({ min: 0.5, max: 2, noNaN: true }),
        (matrix, scope, factor) => {
          const weights = ternarize(matrix, { scope });
          const error = squaredError(matrix, reconstruct(weights));
          const scales = weights.positive.map((scale) => scale * factor);
          const other = { ...weights, positive: scales, negative: scales };
          expect(squaredError(matrix, reconstruct(other))).toBeGreaterThanOrEqual(error - slack(matrix.data));
          // quantizing is odd
          const negated = ternarize({ ...matrix, data: matrix.data.map((w) => -w) }, { scope });
          expect([...negated.levels]).toEqual([...weights.levels].map((level) => 0 - level));
        },
      ),
    );
  });

  test('TTQ: each side has its own scale', () => {
    const weights = trainedTernary(matrixOf(2, 3, [1, 0.04, -0.5, -2, 0.3, -0.1]));
    expect([...weights.levels]).toEqual([1, 0, -1, -1, 1, 0]);
    expect([...weights.positive, ...weights.negative]).toEqual([0.65, 1.25]);
    const trained = trainedTernary(matrixOf(1, 2, [1, -1]), { scales: { positive: 1, negative: 0.5 } });
    expect([...reconstruct(trained).data]).toEqual([1, -0.5]);
  });

  test('TTQ: the gradients of the scales are those of the loss', () => {
    fc.assert(
      fc.property(matrices(3, 6), matrices(1, 18), (matrix, other) => {
        const gradient = matrix.data.map((_, i) => other.data[i % other.data.length] as number);
        const loss = (positive: number, negative: number): number =>
          reconstruct(trainedTernary(matrix, { scales: { positive, negative } })).data.reduce(
            (sum, q, i) => sum + q * (gradient[i] as number),
            0,
          );
        const { positive, negative } = ttqScaleGradients(trainedTernary(matrix), gradient);
        expect(loss(2, 1) - loss(1, 1)).toBeCloseTo(positive, 9);
        expect(loss(1, 2) - loss(1, 1)).toBeCloseTo(negative, 9);
      }),
    );
  });
});

describe('integers', () => {
  test('are within half a step, and the greatest weight has the greatest level', () => {
    fc.assert(
      fc.property(matrices(4, 9), scopes, fc.integer({ min: 2, max: 16 }), (matrix, scope, bits) => {
        const weights = quantizeIntegers(matrix, { bits, scope });
        const limit = 2 ** (bits - 1) - 1;
        const approximation = reconstruct(weights).data;
        matrix.data.forEach((w, i) => {
          const step = scaleOf(weights.scales, Math.floor(i / matrix.columns));
          expect(Math.abs(weights.levels[i] as number)).toBeLessThanOrEqual(limit);
          expect(Math.abs(w - (approximation[i] as number))).toBeLessThanOrEqual(step * (0.5 + 1e-9));
        });
        expect(Math.max(...weights.levels.map(Math.abs))).toBe(limit);
        const again = quantizeIntegers({ ...matrix, data: approximation }, { bits, scope });
        expect(again.levels).toEqual(weights.levels);
      }),
    );
  });

  test('DoReFa: an odd grid without zero, all of it in reach', () => {
    const { levels, scales, bits } = dorefaWeights(matrixOf(1, 5, [-9, -0.4, 0, 0.4, 9]), { bits: 2 }) as {
      levels: Int32Array;
      scales: Float64Array;
      bits: number;
    };
    // tanh(0.4) = 0.38: 3 (0.19 + 0.5) = 2.07; zero is halfway and rounds up
    expect([[...levels], [...scales], bits]).toEqual([[-3, -1, 1, 1, 3], [1 / 3], 2]);
    expect(dorefaWeights(matrixOf(1, 2, [1, -3]), { bits: 1 })).toMatchObject({
      kind: 'binary',
      scales: Float64Array.of(2),
    });
    fc.assert(
      fc.property(matrices(4, 9), fc.integer({ min: 2, max: 8 }), (matrix, bits) => {
        const weights = dorefaWeights(matrix, { bits });
        if (weights.kind !== 'integer') throw new Error('an integer grid');
        for (const level of weights.levels) {
          expect(Math.abs(level % 2)).toBe(1);
          expect(Math.abs(level)).toBeLessThan(2 ** bits);
        }
        // the grid is finer with every bit, up to the tanh that it is a grid of
        const order = [...matrix.data.keys()].sort(
          (a, b) => (matrix.data[a] as number) - (matrix.data[b] as number),
        );
        order.slice(1).forEach((i, at) => {
          expect(weights.levels[i]).toBeGreaterThanOrEqual(weights.levels[order[at] as number] as number);
        });
      }),
    );
  });
});

describe('activations', () => {
  test('DoReFa and Group-Net: half a step, and clipped', () => {
    expect([-1, 0, 0.16, 1 / 6, 0.5, 1, 7].map((x) => dorefaActivation(x, 2))).toEqual([0, 0, 0, 1, 2, 3, 3]);
    fc.assert(
      fc.property(
        fc.double({ min: -3, max: 9, noNaN: true }),
        fc.integer({ min: 2, max: 8 }),
        fc.double({ min: 0.25, max: 8, noNaN: true }),
        (x, bits, bound) => {
          const level = groupNetActivation(x, bits, bound);
          const steps = 2 ** bits - 1;
          const clipped = Math.min(Math.max(x, 0), bound);
          expect(Number.isInteger(level) && level >= 0 && level <= steps).toBe(true);
          expect(Math.abs((bound * level) / steps - clipped)).toBeLessThanOrEqual(
            (bound / steps) * (0.5 + 1e-9),
          );
          // thresholds in the middle of the levels are the same function
          let above = 0;
          for (let i = 1; i <= steps; i++) if (x >= ((i - 0.5) * bound) / steps) above++;
          if (Math.abs((((steps * clipped) / bound) % 1) - 0.5) > 1e-9) expect(level).toBe(above);
          expect(groupNetActivation(x, bits, 1)).toBe(dorefaActivation(x, bits));
          expect(groupNetGradient(x, bound)).toBe(x > 0 && x < bound ? 1 : 0);
        },
      ),
    );
  });

  test('HWGQ: zero for x <= 0 alone, upper bounds belong to the lower level', () => {
    expect([-1, 0, 1e-9, 1.5, 1.5001, 2.5, 2.5001, 99].map((x) => hwgqActivation(x, 1))).toEqual([
      0, 0, 1, 1, 2, 2, 3, 3,
    ]);
    expect([0, 1e-9, 3, 3.01].map((x) => hwgqGradient(x, 1))).toEqual([0, 1, 1, 0]);
    expect(hwgqActivation(0.538 * 1.49)).toBe(1);
  });
});

describe('Group-Net', () => {
  /** A layer: the sum over branches of lambda_i times the product of b(W_i) with the activations. */
  const layer = (
    branches: readonly ReturnType<typeof binarize>[],
    lambdas: readonly number[],
    levels: readonly number[],
  ): number[] =>
    Array.from({ length: branches[0]?.rows ?? 0 }, (_, row) =>
      branches.reduce((sum, { columns, signs, scales }, i) => {
        const dot = levels.reduce((p, u, c) => p + u * (signs[row * columns + c] as number), 0);
        return sum + (lambdas[i] as number) * scaleOf(scales, row) * dot;
      }, 0),
    );
  const input = fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 6, maxLength: 6 });
  const branch = fc
    .array(weight, { minLength: 18, maxLength: 18 })
    .filter((data) => data.some((w) => w !== 0))
    .map((data) => matrixOf(3, 6, data));

  test('one branch with lambda 1 is the plain quantized layer', () => {
    fc.assert(
      fc.property(branch, input, (matrix, levels) => {
        const plain = reconstruct(binarize(matrix)).data;
        const expected = Array.from({ length: 3 }, (_, row) =>
          levels.reduce((sum, u, c) => sum + u * (plain[row * 6 + c] as number), 0),
        );
        layer(groupNetBranches([matrix]), [1], levels).forEach((v, row) => {
          expect(v).toBeCloseTo(expected[row] as number, 9);
        });
      }),
    );
  });

  test('with scales that are powers of two, the order of branches and integer evaluation change nothing', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(branch, fc.integer({ min: -3, max: 2 })), { minLength: 1, maxLength: 5 }),
        input,
        (parts, levels) => {
          const branches = groupNetBranches(parts.map(([matrix]) => matrix)).map((b) => ({
            ...b,
            scales: b.scales.map((scale) => 2 ** Math.max(-8, Math.round(Math.log2(scale || 1)))),
          }));
          const lambdas = parts.map(([, exponent]) => 2 ** exponent);
          const float = layer(branches, lambdas, levels);
          expect(layer([...branches].reverse(), [...lambdas].reverse(), levels)).toEqual(float);
          const integers = layer(
            branches,
            lambdas.map((lambda) => lambda * 2 ** 11),
            levels,
          );
          expect(integers.every(Number.isInteger)).toBe(true);
          expect(integers.map((v) => v / 2 ** 11)).toEqual(float);
        },
      ),
    );
  });

  test('equal branches whose lambdas sum to 1 are one network', () => {
    fc.assert(
      fc.property(branch, input, (matrix, levels) => {
        const one = layer(groupNetBranches([matrix]), [1], levels);
        const four = layer(
          groupNetBranches([matrix, matrix, matrix, matrix]),
          [0.25, 0.25, 0.25, 0.25],
          levels,
        );
        expect(four).toEqual(one);
      }),
    );
  });
});

test('the relative error of nothing is 1', () => {
  const matrix = matrixOf(2, 2, [1, 2, 3, 4]);
  expect(relativeError(matrix, matrixOf(2, 2, [0, 0, 0, 0]))).toBe(1);
  expect(relativeError(matrix, matrix)).toBe(0);
});
