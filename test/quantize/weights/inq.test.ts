import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  codebookOf,
  decode,
  encode,
  freezePortion,
  greatestExponent,
  leastBits,
  mostBits,
  quantizePowers,
  roundToCodebook,
  updateFree,
  variableLengthBits,
  type PartlyQuantized,
} from '../../../compiler/quantize/weights/inq.ts';
import { matrixOf } from '../../../compiler/quantize/weights/matrix.ts';
import { reconstruct } from '../../../compiler/quantize/weights/representation.ts';

const bitWidths = fc.integer({ min: leastBits, max: mostBits });
const weight = fc.double({ min: -8, max: 8, noNaN: true });
const greatest = fc.double({ min: 2 ** -30, max: 2 ** 20, noNaN: true });

/** All non-negative values of a code book, ascending. */
const valuesOf = ({ n1, n2 }: { n1: number; n2: number }): number[] => [
  0,
  ...Array.from({ length: n1 - n2 + 1 }, (_, i) => 2 ** (n2 + i)),
];

describe('the code book', () => {
  test('has the exponents of the paper: 8, 4, 2 and 1 for 5, 4, 3 and 2 bits', () => {
    expect([5, 4, 3, 2].map((bits) => codebookOf(0.8, bits))).toEqual([
      { bits: 5, n1: 0, n2: -7 },
      { bits: 4, n1: 0, n2: -3 },
      { bits: 3, n1: 0, n2: -1 },
      { bits: 2, n1: 0, n2: 0 },
    ]);
  });

  test('its greatest exponent is that of exact arithmetic, also at 0.75 * 2^e and beside it', () => {
    const exact = (s: number): number => {
      // s = numerator / 2^1200; 2^n <= 4s/3 in whole numbers
      const scaled = BigInt(Math.trunc(s * 2 ** 52 * 2 ** 200)) * 4n;
      let n = -253;
      while (3n * 2n ** BigInt(n + 1 + 252) <= scaled) n++;
      return n;
    };
    for (let e = -140; e <= 140; e++) {
      const edge = 0.75 * 2 ** e;
      expect(greatestExponent(edge)).toBe(e);
      expect(greatestExponent(edge * (1 - 2 ** -53))).toBe(e - 1);
      expect(greatestExponent(edge * (1 + 2 ** -52))).toBe(e);
    }
    fc.assert(
      fc.property(greatest, (s) => {
        expect(greatestExponent(s)).toBe(exact(s));
      }),
    );
  });
});

describe('rounding', () => {
  const vector = [0.01, 0.02, 0.05, 0.11, 0.13, 0.26, 0.374, 0.375, 0.38, 0.63, -0.8, 0];
  test.each([
    [5, [2 ** -7, 2 ** -6, 2 ** -4, 2 ** -3, 2 ** -3, 0.25, 0.25, 0.5, 0.5, 0.5, -1, 0]],
    [4, [0, 0, 0, 2 ** -3, 2 ** -3, 0.25, 0.25, 0.5, 0.5, 0.5, -1, 0]],
    [3, [0, 0, 0, 0, 0, 0.5, 0.5, 0.5, 0.5, 0.5, -1, 0]],
    [2, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, -1, 0]],
  ])('the worked example, %i bits', (bits, expected) => {
    const book = codebookOf(0.8, bits);
    expect(vector.map((w) => roundToCodebook(w, book))).toEqual(expected);
    const layer = quantizePowers(matrixOf(3, 4, vector), { bits });
    expect(Array.from(reconstruct(layer).data)).toEqual(expected);
    expect(layer.exponent).toBe(book.n2);
    expect(Math.max(...layer.levels.map(Math.abs))).toBe(2 ** (book.n1 - book.n2));
  });

  test('follows the printed rule: beta from (alpha + beta)/2 up to 3 beta/2, for neighbours alpha < beta', () => {
    fc.assert(
      fc.property(weight, bitWidths, fc.double({ min: 0.01, max: 6, noNaN: true }), (w, bits, s) => {
        const book = codebookOf(s, bits);
        const values = valuesOf(book);
        const magnitude = Math.abs(w);
        let expected = 0;
        for (let i = 1; i < values.length; i++) {
          const [alpha = 0, beta = 0] = [values[i - 1], values[i]];
          if ((alpha + beta) / 2 <= magnitude && magnitude < 1.5 * beta) expected = beta;
        }
        if (magnitude >= 1.5 * 2 ** book.n1) expected = 2 ** book.n1;
        expect(Math.abs(roundToCodebook(w, book))).toBe(expected);
      }),
    );
  });

  test('is odd, idempotent, monotone, commutes with powers of two, and errs by at most a third', () => {
    fc.assert(
      fc.property(
        weight,
        weight,
        bitWidths,
        greatest,
        fc.integer({ min: -9, max: 9 }),
        (a, b, bits, s, k) => {
          const book = codebookOf(s, bits);
          const q = (w: number): number => roundToCodebook(w, book);
          expect(q(-a) + 0).toBe(0 - q(a));
          expect(q(q(a))).toBe(q(a));
          expect(valuesOf(book)).toContain(Math.abs(q(a)));
          if (a <= b) expect(q(a)).toBeLessThanOrEqual(q(b));
          const scaled = codebookOf(s * 2 ** k, bits);
          expect(roundToCodebook(a * 2 ** k, scaled)).toBe(q(a) * 2 ** k);
          const [magnitude, error] = [Math.abs(a), Math.abs(q(a) - a)];
          if (magnitude < 1.5 * 2 ** book.n2) expect(error).toBeLessThanOrEqual(2 ** (book.n2 - 1));
          else if (magnitude < 1.5 * 2 ** book.n1) expect(error * 3).toBeLessThanOrEqual(magnitude);
          else expect(Math.abs(q(a))).toBe(2 ** book.n1);
        },
      ),
    );
  });

  test('codes have the width of the weights, each its own, and read back', () => {
    fc.assert(
      fc.property(bitWidths, greatest, (bits, s) => {
        const book = codebookOf(s, bits);
        const values = [
          ...valuesOf(book),
          ...valuesOf(book)
            .slice(1)
            .map((v) => -v),
        ];
        const codes = values.map((v) => encode(v, book));
        expect(new Set(codes).size).toBe(2 ** (bits - 1) + 1);
        for (const code of codes) expect(code >= 0 && code < 2 ** bits && Number.isInteger(code)).toBe(true);
        expect(codes.map((code) => decode(code, book))).toEqual(values);
      }),
    );
    expect(variableLengthBits([0, 1, 0, -0.5], 5)).toBe(12);
  });
});

describe('portions', () => {
  const layers = fc.array(weight, { minLength: 1, maxLength: 60 }).filter((ws) => ws.some((w) => w !== 0));
  const portions = fc
    .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 6 })
    .map((list) => [...list.sort((a, b) => a - b), 1]);

  test('the frozen set grows, has the promised size, is on the code book, and never changes in training', () => {
    fc.assert(
      fc.property(
        layers,
        portions,
        bitWidths,
        fc.boolean(),
        fc.infiniteStream(weight),
        (ws, steps, bits, isRandom, noise) => {
          const next = (): number => noise.next().value as number;
          const book = codebookOf(Math.max(...ws.map(Math.abs)), bits);
          const choice = isRandom
            ? ({ kind: 'random', random: next } as const)
            : ({ kind: 'magnitude' } as const);
          let layer: PartlyQuantized = { weights: Float64Array.from(ws), frozen: new Uint8Array(ws.length) };
          for (const portion of steps) {
            const before = layer;
            layer = freezePortion(before, book, portion, choice);
            const size = layer.frozen.reduce((a, b) => a + b, 0);
            expect(size).toBe(Math.floor(portion * ws.length + 0.5));
            for (const [i, was] of before.frozen.entries()) {
              if (was === 1) expect([layer.frozen[i], layer.weights[i]]).toEqual([1, before.weights[i]]);
              if (layer.frozen[i] === 1) expect(valuesOf(book)).toContain(Math.abs(layer.weights[i] ?? NaN));
              else expect(layer.weights[i]).toBe(before.weights[i]);
            }
            const trained = updateFree(layer, ws.map(next));
            for (const [i, is] of layer.frozen.entries())
              if (is === 1) expect(Object.is(trained.weights[i], layer.weights[i])).toBe(true);
            layer = trained;
          }
          expect(layer.frozen.every((is) => is === 1)).toBe(true);
        },
      ),
    );
  });

  test('take the greatest magnitudes first, the lower index on a tie', () => {
    const layer = { weights: Float64Array.of(0.1, -0.5, 0.5, 0.9), frozen: new Uint8Array(4) };
    const book = codebookOf(0.9, 5);
    expect([...freezePortion(layer, book, 0.5).frozen]).toEqual([0, 1, 0, 1]);
  });

  test('count the survivors of pruning alone', () => {
    const weights = Float64Array.of(0, 0, 0.3, 0, -0.4, 0.1, 0, 0.2);
    const survivors = Uint8Array.from(weights, (w) => (w === 0 ? 0 : 1));
    const half = freezePortion(
      { weights, frozen: new Uint8Array(8) },
      codebookOf(0.4, 5),
      0.5,
      undefined,
      survivors,
    );
    expect([...half.frozen]).toEqual([0, 0, 1, 0, 1, 0, 0, 0]);
    expect([...half.weights]).toEqual([0, 0, 0.25, 0, -0.5, 0.1, 0, 0.2]);
  });
});
