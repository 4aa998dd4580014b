import { binaryOp } from './real.ts';

/** a to the power b. */
export const pow = binaryOp({
  name: 'pow',
  summary: 'Power, element by element.',
  meaning: 'y = float32(a ^ b); an exponent of 0.5 is the correctly rounded square root',
  // Math.pow may be off by a unit in the last place of the double; the square root, which models do use, must not be
  compute: (a, b) => (b === 0.5 ? Math.sqrt(a) : b === 2 ? a * a : a ** b),
});
