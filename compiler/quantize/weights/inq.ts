/**
 * Incremental network quantization (Zhou et al., ICLR 2017): weights that are zero or powers of two. The code book of a layer, the rounding
 * rule, the codes, and the growing set of frozen weights. Pure functions of numbers: retraining between the portions is somebody else's.
 */

import { checkInteger, checkWeights, type Matrix } from './matrix.ts';
import type { PowerWeights } from './representation.ts';

/** Fewest and most bits of a weight: with 6 bits 16 exponents a sign, more than which no accumulator of 32 bits would hold. */
export const leastBits = 2;
export const mostBits = 6;

/** The values of a layer's weights: 0 and +-2^n2 .. +-2^n1. */
export interface Codebook {
  readonly bits: number;
  /** Exponent of the greatest value. */
  readonly n1: number;
  /** Exponent of the least value: n1 + 1 - 2^(bits - 2). */
  readonly n2: number;
}

/**
 * The largest integer n with 2^n <= 4s/3, found by comparing 3 * 2^n with 4s, both exact: no logarithm is rounded.
 *
 * @param s positive and finite
 */
export function greatestExponent(s: number): number {
  let n = Math.floor(Math.log2(s));
  while (3 * 2 ** n > 4 * s) n--;
  while (3 * 2 ** (n + 1) <= 4 * s) n++;
  return n;
}

/**
 * The code book of a layer, from the greatest magnitude among its weights.
 *
 * @param greatest positive and finite
 * @param bits of a weight: one tells zero from the rest, the others choose sign and exponent
 */
export function codebookOf(greatest: number, bits: number): Codebook {
  const n1 = greatestExponent(greatest);
  return { bits, n1, n2: n1 + 1 - 2 ** (bits - 2) };
}

/**
 * The value of the code book for a weight: 2^e for 0.75 * 2^e <= |w| < 1.5 * 2^e; the least one from half of it on, since below it
 * comes 0. What outgrows the greatest one stays at it.
 */
export function roundToCodebook(w: number, { n1, n2 }: Codebook): number {
  const magnitude = Math.abs(w);
  if (!(magnitude >= 2 ** (n2 - 1))) return 0;
  if (magnitude < 1.5 * 2 ** n2) return Math.sign(w) * 2 ** n2;
  if (magnitude >= 0.75 * 2 ** n1) return Math.sign(w) * 2 ** n1;
  // 0.75 * 2^e <= |w| is 3 * 2^e <= 4 |w|
  return Math.sign(w) * 2 ** greatestExponent(magnitude);
}

/**
 * All weights of a layer rounded to its code book at once.
 *
 * @param matrix not all zero
 * @param bits from 2 to 6
 * @throws DiagnosticError for other bits, or weights that are not finite
 */
export function quantizePowers(matrix: Matrix, { bits }: { readonly bits: number }): PowerWeights {
  const { rows, columns, data, where } = matrix;
  checkInteger('the number of bits', bits, leastBits, mostBits, where);
  checkWeights(matrix);
  let greatest = 0;
  for (const w of data) greatest = Math.max(greatest, Math.abs(w));
  const book = codebookOf(greatest, bits);
  const unit = 2 ** book.n2;
  const levels = Int32Array.from(data, (w) => roundToCodebook(w, book) / unit);
  return { kind: 'powers', rows, columns, bits, exponent: book.n2, levels };
}

/**
 * The bits that stand for a value of the code book: zero flag, sign, and the exponent above n2. Zero has the flag alone.
 *
 * @param value 0 or +-2^e, n2 <= e <= n1
 */
export function encode(value: number, { bits, n2 }: Codebook): number {
  if (value === 0) return 2 ** (bits - 1);
  return (value < 0 ? 2 ** (bits - 2) : 0) + Math.log2(Math.abs(value)) - n2;
}

/** The value that a code stands for. */
export function decode(code: number, { bits, n2 }: Codebook): number {
  if (code >= 2 ** (bits - 1)) return 0;
  const isNegative = code >= 2 ** (bits - 2);
  const exponent = n2 + (isNegative ? code - 2 ** (bits - 2) : code);
  return isNegative ? -(2 ** exponent) : 2 ** exponent;
}

/** Bits of a code of variable length, as the paper counts: one for a zero, all for the rest. */
export function variableLengthBits(weights: ArrayLike<number>, bits: number): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i] === 0 ? 1 : bits;
  return sum;
}

/** A layer on its way: some weights are values of the code book for good, the others still free. */
export interface PartlyQuantized {
  readonly weights: Float64Array;
  /** 1 where a weight is frozen. */
  readonly frozen: Uint8Array;
}

/** Which free weights are frozen next: those of greatest magnitude, or any (numbers from 0 to 1 decide). */
export type Choice =
  { readonly kind: 'magnitude' } | { readonly kind: 'random'; readonly random: () => number };

/**
 * The next portion: rounds weights to the code book and freezes them until the frozen ones are `portion` of all that count. What
 * is frozen stays so: the free ones alone are ranked, a tie goes to the lower index.
 *
 * @param portion accumulated, from 0 to 1
 * @param counts which weights count; all unless given. After pruning the survivors do; the others must be zero, and stay free.
 */
export function freezePortion(
  { weights, frozen }: PartlyQuantized,
  book: Codebook,
  portion: number,
  choice: Choice = { kind: 'magnitude' },
  counts?: Uint8Array,
): PartlyQuantized {
  const all = Array.from(weights.keys()).filter((i) => counts === undefined || counts[i] === 1);
  const free = all.filter((i) => frozen[i] !== 1);
  const wanted = Math.floor(portion * all.length + 0.5) - (all.length - free.length);
  const key = Float64Array.from(weights, (w) =>
    choice.kind === 'magnitude' ? Math.abs(w) : choice.random(),
  );
  free.sort((a, b) => (key[b] ?? 0) - (key[a] ?? 0) || a - b);
  const next = { weights: weights.slice(), frozen: frozen.slice() };
  for (const i of free.slice(0, Math.max(0, wanted))) {
    next.weights[i] = roundToCodebook(weights[i] ?? 0, book);
    next.frozen[i] = 1;
  }
  return next;
}

/** A training step: each free weight moves by its update, no frozen one does, whatever momentum and decay are in the update. */
export function updateFree(layer: PartlyQuantized, update: ArrayLike<number>): PartlyQuantized {
  const weights = layer.weights.map((w, i) => (layer.frozen[i] === 1 ? w : w + (update[i] ?? 0)));
  return { weights, frozen: layer.frozen };
}
