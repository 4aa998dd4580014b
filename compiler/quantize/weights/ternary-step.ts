/** A ternary vector and what the vector it approximates has where it is not zero. */
export interface TernaryVector {
  /** -1, 0, +1. */
  readonly levels: Int8Array;
  /** Entries that are not zero. */
  readonly count: number;
  /** x^T s: the sum of the magnitudes of s there. */
  readonly sum: number;
}

/**
 * The ternary x with the greatest (x^T s)^2 / (x^T x): the signs of the J largest magnitudes of s, for the smallest J at which
 * (sum of the J largest)^2 / J is greatest. Of equal magnitudes the one with the lower index comes first. For s = 0, x is the first unit vector.
 */
export function ternaryStep(s: Float64Array): TernaryVector {
  const n = s.length;
  const magnitude = Float64Array.from(s, Math.abs);
  // the sorted magnitudes decide J; equal ones need no order until the last of them is cut
  const sorted = Float64Array.from(magnitude).sort();
  let [sum, best, count, kept] = [0, -1, 0, 0];
  for (let j = 1; j <= n; j++) {
    sum += sorted[n - j] as number;
    const f = (sum * sum) / j;
    if (f > best) [best, count, kept] = [f, j, sum];
  }
  const cut = sorted[n - count] as number;
  const levels = new Int8Array(n);
  let above = 0;
  for (let i = 0; i < n; i++) if ((magnitude[i] as number) > cut) above++;
  let atCut = count - above;
  for (let i = 0; i < n; i++) {
    const m = magnitude[i] as number;
    if (m > cut || (m === cut && atCut-- > 0)) levels[i] = (s[i] as number) >= 0 ? 1 : -1;
  }
  return { levels, count, sum: kept };
}
