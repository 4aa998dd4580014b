import { InternalError } from '../diagnostics/index.ts';

/**
 * An exact fraction in lowest terms with a positive denominator. Scales are kept this way, so that the product of an input
 * scale of 1/255 and a weight scale of 0.1 (a float32, itself a fraction) never rounds before its one rounding to float32.
 */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

function gcd(a: bigint, b: bigint): bigint {
  let x = a < 0n ? -a : a;
  let y = b < 0n ? -b : b;
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** numerator / denominator in lowest terms; the denominator must not be zero. */
export function rational(numerator: bigint, denominator: bigint): Rational {
  if (denominator === 0n) throw new InternalError('a fraction with denominator zero');
  const common = gcd(numerator, denominator) * (denominator < 0n ? -1n : 1n);
  return { numerator: numerator / common, denominator: denominator / common };
}

/** The exact value of a finite double. */
export function rationalOf(value: number): Rational {
  if (!Number.isFinite(value)) throw new InternalError(`${value} is not a fraction`);
  let mantissa = value;
  let shift = 0;
  // each doubling is exact, and a double has at most 1074 bits behind the point
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2;
    shift++;
  }
  return rational(BigInt(mantissa), 1n << BigInt(shift));
}

export function multiply(a: Rational, b: Rational): Rational {
  return rational(a.numerator * b.numerator, a.denominator * b.denominator);
}

/** a / b; b must not be zero. */
export function divide(a: Rational, b: Rational): Rational {
  return rational(a.numerator * b.denominator, a.denominator * b.numerator);
}

export function equal(a: Rational, b: Rational): boolean {
  return a.numerator === b.numerator && a.denominator === b.denominator;
}

/** The greatest fraction of which both are integer multiples (not negative; zero if both are zero). */
export function commonDivisor(a: Rational, b: Rational): Rational {
  return rational(
    gcd(a.numerator * b.denominator, b.numerator * a.denominator),
    a.denominator * b.denominator,
  );
}

/** a / b if that is an integer that a double holds exactly, else undefined. */
export function integerQuotient(a: Rational, b: Rational): number | undefined {
  const quotient = divide(a, b);
  if (quotient.denominator !== 1n) return undefined;
  const result = Number(quotient.numerator);
  return Number.isSafeInteger(result) ? result : undefined;
}

function bitLength(n: bigint): number {
  return n.toString(2).length;
}

/** The float32 nearest to the exact value, ties to even; overflows to an infinity as IEEE 754 does. */
export function roundToFloat32(value: Rational): number {
  const negative = value.numerator < 0n;
  const n = negative ? -value.numerator : value.numerator;
  if (n === 0n) return 0;
  const d = value.denominator;
  // The quotient with at least 26 significant bits, and a last bit that is set if anything was cut off: that double rounds
  // to float32 as the exact value does. Denormal results have fewer bits, so the cut is below their last one as well.
  const shift = Math.max(0, 30 - (bitLength(n) - bitLength(d)));
  const scaled = n << BigInt(shift);
  let quotient = scaled / d;
  let sticky = scaled % d !== 0n;
  const excess = Math.max(0, bitLength(quotient) - 40);
  if (excess > 0) {
    const kept = quotient >> BigInt(excess);
    sticky ||= kept << BigInt(excess) !== quotient;
    quotient = kept;
  }
  const magnitude = Number(quotient * 2n + (sticky ? 1n : 0n));
  const result = Math.fround(scaleByPowerOfTwo(magnitude, excess - shift - 1));
  return negative ? -result : result;
}

function scaleByPowerOfTwo(value: number, exponent: number): number {
  // in steps, so that 2 ** exponent itself does not underflow before the product would
  let result = value;
  let left = exponent;
  for (; left < -500; left += 500) result *= 2 ** -500;
  for (; left > 500; left -= 500) result *= 2 ** 500;
  return result * 2 ** left;
}

/** More than what the quotient of two rounded numbers and one product can be off, relatively. */
const DOUBT = 2 ** -49;

/**
 * A function that computes the float32 nearest to k * scale for integers k (|k| up to 2^53).
 * Where the product fits a double, or all doubles near it round to one float32, double precision is enough; otherwise fractions do
 * the work.
 */
export function float32Multiplier(scale: Rational): (k: number) => number {
  const approximate = Number(scale.numerator) / Number(scale.denominator);
  const isNormal = Number.isFinite(approximate) && Math.abs(approximate) > 1e-200;
  const isDouble = isNormal && equal(rationalOf(approximate), scale);
  let oddPart = scale.numerator < 0n ? -scale.numerator : scale.numerator;
  while (oddPart !== 0n && oddPart % 2n === 0n) oddPart /= 2n;
  const limit = isDouble ? 2 ** (53 - bitLength(oddPart)) : 0;
  return (k) => {
    if (k === 0) return 0;
    const product = k * approximate;
    if (Math.abs(k) <= limit) return Math.fround(product);
    const near = Math.fround(product * (1 - DOUBT));
    if (isNormal && near === Math.fround(product * (1 + DOUBT))) return near;
    return roundToFloat32(rational(BigInt(k) * scale.numerator, scale.denominator));
  };
}
