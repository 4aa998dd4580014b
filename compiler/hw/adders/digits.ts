import type { Term } from './graph.ts';

/** Digits of the canonical signed-digit form: no two neighbours are non-zero, so the fewest additions. */
export function signedDigits(
  value: number,
): readonly { readonly shift: number; readonly negative: boolean }[] {
  const digits: { shift: number; negative: boolean }[] = [];
  for (let rest = value, shift = 0; rest !== 0; shift++) {
    if (rest % 2 !== 0) {
      const digit = ((rest % 4) + 4) % 4 === 3 ? -1 : 1;
      digits.push({ shift, negative: digit < 0 });
      rest -= digit;
    }
    rest /= 2;
  }
  return digits;
}

/** A row of integer weights as terms of its inputs, a term for each signed digit. */
export function termsOf(weights: ArrayLike<number>): Term[] {
  return Array.from(weights, (weight, node) =>
    signedDigits(weight).map(({ shift, negative }) => ({ node, shift, negative })),
  ).flat();
}
