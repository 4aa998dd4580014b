/**
 * Thresholds that stand a power of two apart: the number of them that a sum H has reached is `(H - origin) >> shift`, less `skipped`, cut off at 0
 * and `count`. With `even` a sum exactly at an odd level has not reached it: the source rounds ties to even.
 */
export interface UniformLevels {
  readonly origin: number;
  readonly shift: number;
  readonly even: boolean;
  readonly skipped: 0 | 1;
  readonly count: number;
}

/** The levels as such, from three on, if they are. */
export function uniformLevels(thresholds: readonly number[]): UniformLevels | undefined {
  const count = thresholds.length;
  const [first = 0, second = 0, third = 0] = thresholds;
  if (count < 3) return undefined;
  const shift = Math.log2((third - first) / 2);
  if (!Number.isInteger(shift) || shift < 0) return undefined;
  const step = 2 ** shift;
  // the levels are numbered from 1, or from 2 if it is the even ones that stand higher
  const bend = step - (second - first);
  if (bend < -1 || bend > 1 || (bend !== 0 && shift === 0)) return undefined;
  const skipped = bend < 0 ? 1 : 0;
  const origin = first - (bend > 0 ? 1 : 0) - step * (1 + skipped);
  const found = { origin, shift, even: bend !== 0, skipped, count } as const;
  const fits = thresholds.every((t, i) => t === levelOf(found, i + 1));
  return fits ? found : undefined;
}

/** Threshold number j, from 1 on. */
function levelOf({ origin, shift, even, skipped }: UniformLevels, j: number): number {
  const number = j + skipped;
  return origin + 2 ** shift * number + (even && number % 2 === 1 ? 1 : 0);
}
