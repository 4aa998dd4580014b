/** The step D of the half-wave Gaussian quantizer with 2 bits, for inputs of mean 0 and variance 1. */
export const hwgqStep = 0.538;

/**
 * The level, 0 to 3, of a 2-bit HWGQ activation; its value is level * D. Zero is x <= 0 alone: small positive numbers go to D, which is
 * where this differs from rounding. The upper two thresholds, 1.5 D and 2.5 D, belong to the level below.
 */
export function hwgqActivation(x: number, step = hwgqStep): number {
  return Number(x > 0) + Number(x > 1.5 * step) + Number(x > 2.5 * step);
}

/** The gradient that passes back through it: 1 on (0, 3 D], else 0. */
export const hwgqGradient = (x: number, step = hwgqStep): number => Number(x > 0 && x <= 3 * step);
