import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  cheapestStorage,
  decodeGaps,
  encodeGaps,
  fillersOf,
  gapStorage,
  maskedWeights,
  matrixOf,
  nonZeros,
  prune,
  rowStorage,
  sparseOf,
  surgeryStep,
  surgeryThresholds,
  updateMask,
  updateProbability,
  type SurgeryLayer,
} from '../../../compiler/quantize/weights/index.ts';
import { matrices, weight } from './arbitraries.ts';

const layer = (weights: readonly number[], thresholds: SurgeryLayer['thresholds']): SurgeryLayer => ({
  weights: Float64Array.from(weights),
  mask: new Uint8Array(weights.length).fill(1),
  momentum: new Float64Array(weights.length),
  thresholds,
});

describe('surgery', () => {
  test('masks have hysteresis', () => {
    const mask = Uint8Array.of(1);
    const trace = [1.2, 1.0, 0.95, 0.9, 1.05, 1.1, 1.1001].map((w) => {
      // 1.1 * 1 is exactly the double 1.1, which is not above itself
      updateMask(mask, [-w], { prune: 0.9, splice: 1.1 });
      return mask[0];
    });
    expect(trace).toEqual([1, 1, 1, 0, 0, 0, 1]);
  });

  test('thresholds come from the magnitudes of weights and biases that are not zero', () => {
    const { mean, deviation, prune, splice } = surgeryThresholds([1, -2, 0, 3], [-6, 0], 2);
    expect(mean).toBe(3);
    expect(deviation).toBeCloseTo(Math.sqrt(14 / 4), 14);
    expect(prune).toBeCloseTo(0.9 * (3 + 2 * deviation), 14);
    expect(splice).toBeCloseTo(1.1 * (3 + 2 * deviation), 14);
    expect(surgeryThresholds([1, 3], [], -100)).toMatchObject({ prune: 0, splice: 0 });
  });

  test('updates become rarer and never stop being possible', () => {
    expect(updateProbability(0)).toBe(1);
    expect(updateProbability(10_000, 1e-4, 1)).toBe(0.5);
    fc.assert(
      fc.property(
        fc.nat(20_000),
        fc.nat(20_000),
        fc.double({ min: 1e-6, max: 1, noNaN: true }),
        (a, b, gamma) => {
          fc.pre(a < b);
          expect(updateProbability(b, gamma)).toBeLessThan(updateProbability(a, gamma));
          expect(updateProbability(b, gamma)).toBeGreaterThan(0);
        },
      ),
    );
  });

  test('pruned weights receive the gradient of the loss by the masked weights, and come back', () => {
    // loss = sum of (x . masked - target)^2 over samples
    const samples = [
      { x: [1, 2, -1], target: 3 },
      { x: [0.5, -1, 2], target: -2 },
      { x: [2, 1, 1], target: 4 },
    ];
    const loss = (w: Float64Array): number =>
      samples.reduce(
        (sum, { x, target }) => sum + (x.reduce((s, v, i) => s + v * (w[i] as number), 0) - target) ** 2,
        0,
      );
    const own = layer([0.8, 0.05, -0.9], { prune: 0.1, splice: 0.12 });
    const options = { iteration: 0, stop: 100, learningRate: 0.01, draw: 0 };
    const masked = maskedWeights(own, options);
    expect([...own.mask]).toEqual([1, 0, 1]);
    expect([...masked]).toEqual([0.8, 0, -0.9]);
    const gradient = Array.from(masked, (_, i) => {
      const [up, down] = [Float64Array.from(masked), Float64Array.from(masked)];
      up[i] = (up[i] as number) + 1e-4;
      down[i] = (down[i] as number) - 1e-4;
      return (loss(up) - loss(down)) / 2e-4;
    });
    expect(Math.abs(gradient[1] as number)).toBeGreaterThan(1);
    surgeryStep(own, gradient, options);
    expect(own.weights[1]).toBeCloseTo(0.05 - 0.01 * (gradient[1] as number), 9);
    for (let iteration = 1; iteration < 60; iteration++) {
      const now = maskedWeights(own, { ...options, iteration });
      const g = Array.from(now, (_, i) =>
        samples.reduce(
          (sum, { x, target }) =>
            sum + 2 * (x[i] as number) * (x.reduce((s, v, k) => s + v * (now[k] as number), 0) - target),
          0,
        ),
      );
      surgeryStep(own, g, { ...options, iteration });
    }
    expect(own.mask[1]).toBe(1);
  });

  test('no mask changes from the last iteration on, or when the draw is too high', () => {
    const own = layer([0.5, 0.01], { prune: 0.1, splice: 0.2 });
    const options = { iteration: 10, stop: 10, learningRate: 0, draw: 0 };
    maskedWeights(own, options);
    expect([...own.mask]).toEqual([1, 1]);
    maskedWeights(own, { ...options, iteration: 9, gamma: 1, draw: 0.5 });
    expect([...own.mask]).toEqual([1, 1]);
    maskedWeights(own, { ...options, iteration: 9 });
    expect([...own.mask]).toEqual([1, 0]);
  });

  test('momentum and decay reach pruned weights too', () => {
    const own = layer([1, 0.05], { prune: 0.1, splice: 0.2 });
    const options = { iteration: 0, stop: 1, learningRate: 0.5, momentum: 0.5, decay: 0.2, draw: 0 };
    maskedWeights(own, options);
    surgeryStep(own, [1, 1], options);
    expect([...own.weights]).toEqual([1 - 0.5 * 1.2, 0.05 - 0.5 * 1.01]);
    surgeryStep(own, [0, 0], { ...options, decay: 0 });
    expect(own.weights[1]).toBeCloseTo(0.05 - 0.505 - 0.2525, 14);
  });

  test('without gradients and hysteresis it is magnitude pruning', () => {
    fc.assert(
      fc.property(matrices(5, 8), fc.double({ min: -2, max: 3, noNaN: true }), (matrix, rate) => {
        const { mean, deviation } = surgeryThresholds(matrix.data, [], rate);
        const tau = Math.max(mean + rate * deviation, 0);
        const own = layer([...matrix.data], { prune: tau, splice: tau });
        for (let iteration = 0; iteration < 5; iteration++)
          maskedWeights(own, { iteration, stop: 5, learningRate: 0.1, draw: 0 });
        expect(own.mask).toEqual(prune(matrix, { rate }).mask);
      }),
    );
  });
});

describe('magnitude pruning', () => {
  test('keeps the greatest, as many as asked for', () => {
    fc.assert(
      fc.property(matrices(5, 8), fc.double({ min: 0.001, max: 1, noNaN: true }), (matrix, keep) => {
        const { mask, values } = prune(matrix, { keep });
        const count = Math.max(1, Math.floor(keep * matrix.data.length + 0.5));
        expect(nonZeros(mask)).toBe(count);
        const least = Math.min(...[...matrix.data].filter((_, i) => mask[i] === 1).map(Math.abs));
        matrix.data.forEach((w, i) => {
          if (mask[i] === 0) expect(Math.abs(w)).toBeLessThanOrEqual(least);
          expect(values[i]).toBe(mask[i] === 1 ? w : 0);
        });
      }),
    );
    expect([...prune(matrixOf(1, 4, [1, -1, 1, 2]), { count: 2 }).mask]).toEqual([1, 0, 0, 1]);
  });
});

describe('gap codes', () => {
  const sparse = fc.array(
    fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: weight }),
    { maxLength: 200 },
  );

  test('decode to the positions they were made of', () => {
    fc.assert(
      fc.property(sparse, fc.integer({ min: 1, max: 9 }), (values, bits) => {
        const code = encodeGaps(values, bits);
        const positions = decodeGaps(code.gaps, (entry) => code.indices[entry] === -1);
        expect(positions).toEqual(values.flatMap((v, i) => (v === 0 ? [] : [i])));
        expect(positions).toEqual([...code.indices].filter((i) => i >= 0));
        expect(code.gaps.every((gap) => gap < 2 ** bits)).toBe(true);
        expect(code.fillers).toBe(fillersOf(values, bits));
        expect(code.gaps.length).toBe(code.fillers + positions.length);
        expect(gapStorage(values, 5, bits).bits).toBe(code.gaps.length * (5 + bits));
      }),
    );
  });

  test('fillers stand where a gap is too long', () => {
    expect(encodeGaps([0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0], 2)).toEqual({
      bits: 2,
      gaps: Uint32Array.of(3, 3, 3, 0),
      indices: Int32Array.of(3, -1, -1, 12),
      fillers: 2,
    });
  });

  test('rows with indices: a weight and a column each, and where each row begins', () => {
    // 3 weights, columns of 3 bits, 3 pointers up to 3 of 2 bits
    expect(rowStorage([0, 1, 0, 0, 0, 0, 0, 2, 3, 0], 2, 5, 8)).toEqual({
      entries: 3,
      fillers: 0,
      bits: 3 * (8 + 3) + 3 * 2,
    });
    fc.assert(
      fc.property(matrices(6, 9, fc.oneof(fc.constant(0), weight)), (matrix) => {
        const { values, rows, columns } = sparseOf(matrix);
        const { bits } = cheapestStorage(values, rows, columns, 5);
        expect(bits).toBeLessThanOrEqual(rowStorage(values, rows, columns, 5).bits);
        for (let gap = 1; gap <= 12; gap++) expect(bits).toBeLessThanOrEqual(gapStorage(values, 5, gap).bits);
      }),
    );
  });
});
