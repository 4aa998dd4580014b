import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  balance,
  factorize,
  matrixOf,
  nonZeros,
  quantizeShadow,
  quantizeShadows,
  reconstruct,
  recover,
  shadowProduct,
  shadowsOf,
  squaredError,
  squaredNorm,
  ternaryStep,
  type Matrix,
} from '../../../compiler/quantize/weights/index.ts';
import { matrices, weight } from './arbitraries.ts';

/** What a sum of that many terms of that size may be off by, in double precision. */
const slack = (matrix: Matrix, terms: number): number => 1e-13 * (1 + terms) * squaredNorm(matrix.data);

describe('the ternary step', () => {
  test('is the best of all ternary vectors', () => {
    fc.assert(
      fc.property(fc.array(weight, { minLength: 1, maxLength: 8 }), (s) => {
        const { levels, count, sum } = ternaryStep(Float64Array.from(s));
        expect(nonZeros(levels)).toBe(count);
        let best = 0;
        for (let code = 1; code < 3 ** s.length; code++) {
          let [rest, dot, norm] = [code, 0, 0];
          for (const v of s) {
            const level = (rest % 3) - 1;
            rest = Math.floor(rest / 3);
            dot += level * v;
            norm += level * level;
          }
          if (norm > 0) best = Math.max(best, dot ** 2 / norm);
        }
        expect(sum ** 2 / count).toBeGreaterThanOrEqual(best * (1 - 1e-14));
      }),
      { numRuns: 60 },
    );
  });

  test('takes the first maximum, of equal magnitudes the lower index, and a unit vector for zeros', () => {
    // (2 * 1)^2 / 2 = (4 * 1)^2 / 4 ... the greatest J wins only where it is greater
    expect([...ternaryStep(Float64Array.of(1, -1, 1)).levels]).toEqual([1, -1, 1]);
    expect([...ternaryStep(Float64Array.of(0, 0, 0)).levels]).toEqual([1, 0, 0]);
    // f = 9, 8, 25/3: the first one is the maximum, and index 0 of the two 1s would come first
    expect([...ternaryStep(Float64Array.of(1, 3, 1)).levels]).toEqual([0, 1, 0]);
    // f = 4, 4.5, 16/3, 4: the two equal magnitudes 1 at the end of the chosen three
    expect([...ternaryStep(Float64Array.of(1, 2, 1, 0)).levels]).toEqual([1, 1, 1, 0]);
    // f_1 = f_4 = 36: the smallest J
    expect([...ternaryStep(Float64Array.of(2, 2, -6, 2)).levels]).toEqual([0, 0, -1, 0]);
  });
});

describe('factorization', () => {
  test('the worked example', () => {
    const matrix = matrixOf(3, 3, [4, 3, -1, 2, -2, 0, 1, 0, 5]);
    const { weights, residuals } = factorize(matrix);
    expect(residuals.slice(0, 3)).toEqual([60, 36, 12]);
    expect(residuals[3]).toBeCloseTo(28 / 3, 12);
    expect([...weights.scales]).toEqual([2, 2, 2 / 3]);
    // terms as products, since both factors of one may change sign
    const term = (k: number): number[] =>
      [0, 1, 2].flatMap((row) =>
        [0, 1, 2].map((i) => Number(weights.left[row * 3 + k]) * Number(weights.right[k * 3 + i]) + 0),
      );
    expect(term(0)).toEqual([1, 1, 1, 0, 0, 0, 1, 1, 1]);
    expect(term(1)).toEqual([1, 1, -1, 0, 0, 0, -1, -1, 1]);
    expect(term(2)).toEqual([-1, -1, -1, 0, 0, 0, 1, 1, 1]);
  });

  test('does not stall where all rows sum to zero', () => {
    const matrix = matrixOf(3, 3, [0, 0, 0, 0, 1, -1, 0, -1, 1]);
    const { weights, residuals } = factorize(matrix, { rank: 3 });
    expect(residuals).toEqual([4, 0]);
    expect(weights.rank).toBe(1);
    expect([...reconstruct(weights).data]).toEqual([...matrix.data]);
  });

  test('each term lowers the residual by d^2 nnz(x) nnz(y), d is not negative, the entries are ternary', () => {
    fc.assert(
      fc.property(matrices(6, 7), fc.integer({ min: 1, max: 8 }), (matrix, rank) => {
        const { weights, residuals } = factorize(matrix, { rank: Math.min(rank, matrix.data.length) });
        expect(weights.scales.every((d) => d >= 0)).toBe(true);
        expect([...weights.left, ...weights.right].every((level) => [-1, 0, 1].includes(level))).toBe(true);
        for (let k = 0; k < weights.rank; k++) {
          const x = weights.left.filter((_, i) => i % weights.rank === k);
          const y = weights.right.subarray(k * matrix.columns, (k + 1) * matrix.columns);
          const drop = (weights.scales[k] as number) ** 2 * nonZeros(x) * nonZeros(y);
          const [before, after] = [residuals[k] as number, residuals[k + 1] as number];
          expect(after).toBeLessThanOrEqual(before + slack(matrix, k));
          expect(Math.abs(before - drop - after)).toBeLessThanOrEqual(slack(matrix, k));
        }
        const left = squaredError(matrix, reconstruct(weights));
        expect(Math.abs(left - (residuals.at(-1) as number))).toBeLessThanOrEqual(slack(matrix, rank));
      }),
    );
  });

  test('fitting the terms anew never increases the residual', () => {
    fc.assert(
      fc.property(matrices(6, 7), fc.integer({ min: 1, max: 6 }), (matrix, rank) => {
        const { epochs } = factorize(matrix, { rank: Math.min(rank, matrix.data.length), epochs: 6 });
        epochs.slice(1).forEach((after, i) => {
          expect(after).toBeLessThanOrEqual((epochs[i] as number) + slack(matrix, 6 * rank));
        });
      }),
    );
  });

  test.each(['ones', 'column'] as const)('from %s, i terms leave at most (1 - 1/(mn))^i', (start) => {
    fc.assert(
      fc.property(matrices(4, 5), (matrix) => {
        const { residuals } = factorize(matrix, { rank: 12, start });
        const factor = 1 - 1 / matrix.data.length;
        residuals.forEach((residual, i) => {
          const bound = factor ** i * squaredNorm(matrix.data);
          expect(residual).toBeLessThanOrEqual(bound + slack(matrix, i));
        });
      }),
    );
  });

  test('enough terms reproduce a small matrix of integers', () => {
    const reproduced = (matrix: Matrix): void => {
      // (1 - 1/n)^(14 n) < 1e-6
      const { residuals } = factorize(matrix, { rank: 14 * matrix.data.length });
      expect(residuals.at(-1)).toBeLessThanOrEqual(1e-6 * squaredNorm(matrix.data));
    };
    // all rounds from all ones see the second row alone
    reproduced(matrixOf(2, 3, [-3, 0, 3, -1, -2, -1]));
    fc.assert(fc.property(matrices(3, 3, fc.integer({ min: -4, max: 4 })), reproduced));
  });
});

describe('recovery and balancing', () => {
  test('recovery never increases the residual, and the shadows still quantize to the factors', () => {
    fc.assert(
      fc.property(matrices(6, 6), fc.integer({ min: 1, max: 6 }), (matrix, rank) => {
        const { weights } = factorize(matrix, { rank: Math.min(rank, matrix.data.length) });
        const { shadows, residuals } = recover(matrix, weights, 5);
        residuals.slice(1).forEach((after, i) => {
          expect(after).toBeLessThanOrEqual((residuals[i] as number) + slack(matrix, 5 * rank));
        });
        const left = squaredError(matrix, shadowProduct(shadows));
        expect(Math.abs(left - (residuals.at(-1) as number))).toBeLessThanOrEqual(slack(matrix, 5 * rank));
        expect(quantizeShadows(shadows)).toEqual(weights);
        expect(quantizeShadows(balance(shadows)).left).toEqual(weights.left);
        expect(quantizeShadows(balance(shadows)).right).toEqual(weights.right);
      }),
    );
  });

  test('balancing keeps the product and makes the mean scale 1', () => {
    fc.assert(
      fc.property(matrices(5, 7), (matrix) => {
        const { weights } = factorize(matrix);
        const balanced = balance(shadowsOf(weights));
        const [before, after] = [reconstruct(weights), shadowProduct(balanced)];
        expect(squaredError(before, after)).toBeLessThanOrEqual(1e-28 * squaredNorm(before.data));
        const mean = balanced.scales.reduce((a, b) => a + b, 0) / weights.rank;
        expect(mean).toBeCloseTo(1, 12);
        expect(balanced.leftUnit / balanced.rightUnit).toBeCloseTo(
          Math.sqrt((matrix.columns + weights.rank) / (matrix.rows + weights.rank)),
          12,
        );
      }),
    );
  });

  test('a step on balanced shadows is one on the shadows with the rate divided by the square of their unit', () => {
    fc.assert(
      fc.property(matrices(4, 5), matrices(1, 5), (matrix, other) => {
        const shadows = recover(matrix, factorize(matrix).weights, 1).shadows;
        const balanced = balance(shadows);
        // dL/dX for any dL/dW = G is G Y diag(d); G is any matrix of that shape
        const gradient = matrix.data.map((w, i) => w + (other.data[i % other.data.length] as number));
        const rate = 0.01;
        const stepped = (of: typeof shadows, learning: number): Float64Array =>
          of.left.map((value, at) => {
            const [row, k] = [Math.floor(at / of.rank), at % of.rank];
            let sum = 0;
            for (let i = 0; i < of.columns; i++)
              sum += (gradient[row * of.columns + i] as number) * (of.right[k * of.columns + i] as number);
            return value - learning * sum * (of.scales[k] as number);
          });
        const lx = balanced.leftUnit;
        const expected = stepped(shadows, rate / lx ** 2);
        stepped(balanced, rate).forEach((value, at) => {
          expect(value / lx).toBeCloseTo(expected[at] as number, 9);
        });
      }),
    );
  });

  test('entries quantize beyond half their unit', () => {
    expect([0.51, 0.5, -0.5, -0.51, 1.5].map((v) => quantizeShadow(v))).toEqual([1, 0, 0, -1, 1]);
    expect([0.26, 0.25].map((v) => quantizeShadow(v, 0.5))).toEqual([1, 0]);
  });
});

/** A two-dimensional convolution, channels first, in double precision: rows of `weights` are filters of c x k x k. */
function convolve(
  image: Float64Array,
  shape: { readonly channels: number; readonly size: number },
  weights: Matrix,
  kernel: number,
  options: { readonly stride: number; readonly pad: number; readonly dilation: number },
): { data: Float64Array; size: number } {
  const { channels, size } = shape;
  const { stride, pad, dilation } = options;
  const out = Math.floor((size + 2 * pad - dilation * (kernel - 1) - 1) / stride) + 1;
  const data = new Float64Array(weights.rows * out * out);
  for (let o = 0; o < weights.rows; o++)
    for (let py = 0; py < out; py++)
      for (let px = 0; px < out; px++) {
        let sum = 0;
        for (let c = 0; c < channels; c++)
          for (let ky = 0; ky < kernel; ky++)
            for (let kx = 0; kx < kernel; kx++) {
              const [y, x] = [py * stride - pad + ky * dilation, px * stride - pad + kx * dilation];
              if (y < 0 || x < 0 || y >= size || x >= size) continue;
              const w = weights.data[o * weights.columns + (c * kernel + ky) * kernel + kx] as number;
              sum += w * (image[(c * size + y) * size + x] as number);
            }
        data[(o * out + py) * out + px] = sum;
      }
  return { data, size: out };
}

test('a convolution with X diag(d) Y^T is one with Y, a scale, and a 1x1 convolution with X', () => {
  const geometry = fc.record({
    stride: fc.integer({ min: 1, max: 3 }),
    pad: fc.integer({ min: 0, max: 2 }),
    dilation: fc.integer({ min: 1, max: 2 }),
  });
  const [channels, size, kernel] = [2, 7, 3];
  const columns = channels * kernel * kernel;
  fc.assert(
    fc.property(
      geometry,
      fc
        .array(weight, { minLength: 4 * columns, maxLength: 4 * columns })
        .filter((w) => w.some((v) => v !== 0)),
      fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 98, maxLength: 98 }),
      (options, data, pixels) => {
        const { weights } = factorize(matrixOf(4, columns, data));
        // scales that are integers make both sides exact
        const whole = { ...weights, scales: weights.scales.map((d) => Math.ceil(d * 100)) };
        const image = Float64Array.from(pixels);
        const direct = convolve(image, { channels, size }, reconstruct(whole), kernel, options);
        const first = convolve(
          image,
          { channels, size },
          matrixOf(whole.rank, columns, whole.right),
          kernel,
          options,
        );
        const scaled = first.data.map(
          (v, i) => v * (whole.scales[Math.floor(i / first.size ** 2)] as number),
        );
        const second = convolve(
          scaled,
          { channels: whole.rank, size: first.size },
          matrixOf(4, whole.rank, whole.left),
          1,
          { stride: 1, pad: 0, dilation: 1 },
        );
        expect(second.data.map((v) => v + 0)).toEqual(direct.data.map((v) => v + 0));
      },
    ),
    { numRuns: 30 },
  );
});
