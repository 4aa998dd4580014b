/** A real factor as the kernels apply it: multiplier / 2^31 * 2^shift, multiplier in [2^30, 2^31), or 0 and 0. */
export interface FixedPointFactor {
  readonly multiplier: number;
  readonly shift: number;
}

const double = new DataView(new ArrayBuffer(8));

/** Exponent of a positive normal double as C's frexp gives it: value / 2^exponent is in [1/2, 1). */
function exponentOf(value: number): number {
  double.setFloat64(0, value);
  return ((double.getUint32(0) >>> 20) & 0x7ff) - 1022;
}

/**
 * The multiplier and shift that TensorFlow Lite derives from a real factor (`QuantizeMultiplier`): 31 fraction bits, rounded half up;
 * factors below 2^-32 become 0.
 *
 * @param factor a finite double, 0 or a positive normal number
 */
export function quantizeMultiplier(factor: number): FixedPointFactor {
  if (factor === 0) return { multiplier: 0, shift: 0 };
  let shift = exponentOf(factor);
  // both steps are exact: a power of two scales, and the sum has at most 53 significant bits
  let multiplier = Math.floor((factor / 2 ** shift) * 2 ** 31 + 0.5);
  if (multiplier === 2 ** 31) {
    multiplier /= 2;
    shift++;
  }
  return shift < -31 ? { multiplier: 0, shift: 0 } : { multiplier, shift };
}

/** round(a / b) in float32 with halves away from zero, as the kernels quantize the bounds of an activation. */
export function roundedQuotient(a: number, b: number): number {
  const quotient = Math.fround(Math.fround(a) / Math.fround(b));
  return Math.sign(quotient) * Math.floor(Math.abs(quotient) + 0.5);
}

/**
 * The least sum of `count` integers whose mean is at least `level`, where the mean is rounded as the average pooling kernel does it: to
 * the nearest integer, halves away from zero (half of an odd count rounded down).
 */
export function leastSum(level: number, count: number): number {
  const half = Math.floor(count / 2);
  return level > 0 ? level * count - half : half - (1 - level) * count + 1;
}
