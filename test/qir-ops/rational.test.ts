import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  float32Multiplier,
  integerQuotient,
  multiply,
  rational,
  rationalOf,
  roundToFloat32,
} from '../../compiler/qir/rational.ts';

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

describe('roundToFloat32', () => {
  it('rounds every double as Math.fround does', () => {
    fc.assert(
      fc.property(finite, (x) => {
        expect(roundToFloat32(rationalOf(x)) + 0).toBe(Math.fround(x) + 0);
      }),
      { numRuns: 2000 },
    );
  });

  it('rounds denormal results and the overflow limit as Math.fround does', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -(2 ** 31), max: 2 ** 31 }),
        fc.integer({ min: -190, max: 100 }),
        (m, e) => {
          const x = m * 2 ** e;
          expect(roundToFloat32(rationalOf(x)) + 0).toBe(Math.fround(x) + 0);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('rounds a tie to even and what is a hair above the tie up', () => {
    const tie = rational(2n ** 25n + 1n, 2n);
    expect(roundToFloat32(tie)).toBe(2 ** 24);
    const above = rational((2n ** 25n + 1n) * 10n ** 40n + 1n, 2n * 10n ** 40n);
    expect(Math.fround(2 ** 24 + 0.5)).toBe(2 ** 24);
    expect(roundToFloat32(above)).toBe(2 ** 24);
    const realTie = rational((2n ** 25n + 2n) * 10n ** 40n + 1n, 2n * 10n ** 40n);
    expect(roundToFloat32(realTie)).toBe(2 ** 24 + 2);
    expect(roundToFloat32(rational(2n ** 25n + 2n, 2n))).toBe(2 ** 24);
  });
});

describe('float32Multiplier', () => {
  it('agrees with fractions for scales that a double holds and for those it does not', () => {
    const scale = fc.oneof(
      fc.float({ noNaN: true, noDefaultInfinity: true }).map(rationalOf),
      fc
        .tuple(
          fc.float({ noNaN: true, noDefaultInfinity: true }),
          fc.float({ noNaN: true, noDefaultInfinity: true }),
        )
        .map(([a, b]) => multiply(rationalOf(a), rationalOf(b))),
      fc.tuple(fc.integer(), fc.integer({ min: 1 })).map(([n, d]) => rational(BigInt(n), BigInt(d))),
    );
    fc.assert(
      fc.property(scale, fc.integer(), (s, k) => {
        const exact = rational(s.numerator * BigInt(k), s.denominator);
        expect(float32Multiplier(s)(k) + 0).toBe(roundToFloat32(exact) + 0);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('integerQuotient', () => {
  it('finds multiples and nothing else', () => {
    expect(integerQuotient(rationalOf(0.75), rationalOf(0.25))).toBe(3);
    expect(integerQuotient(rationalOf(0.75), rationalOf(0.5))).toBeUndefined();
  });
});
