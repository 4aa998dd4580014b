/** The rounding modes of quantizers, by the names of QONNX. */
export const roundingModes = ['HALF_EVEN', 'HALF_UP', 'HALF_DOWN', 'CEIL', 'FLOOR', 'UP', 'DOWN'] as const;

/**
 * - `HALF_EVEN`: to the nearest integer, ties to the even one.
 * - `HALF_UP`, `HALF_DOWN`: to the nearest, ties away from zero, towards zero.
 * - `CEIL`, `FLOOR`: upwards, downwards. `UP`, `DOWN`: away from zero, towards zero.
 */
export type Rounding = (typeof roundingModes)[number];

/** Rounds to an integer; exact for every double (infinities stay). */
export function round(value: number, mode: Rounding): number {
  switch (mode) {
    case 'CEIL':
      return Math.ceil(value);
    case 'FLOOR':
      return Math.floor(value);
    case 'UP':
      return value < 0 ? Math.floor(value) : Math.ceil(value);
    case 'DOWN':
      return Math.trunc(value);
    case 'HALF_EVEN':
    case 'HALF_UP':
    case 'HALF_DOWN':
      return roundToNearest(value, mode);
  }
}

function roundToNearest(value: number, mode: 'HALF_EVEN' | 'HALF_UP' | 'HALF_DOWN'): number {
  if (!Number.isFinite(value)) return value;
  const below = Math.floor(value);
  // exact: both are doubles of the same magnitude
  const rest = value - below;
  if (rest < 0.5) return below;
  if (rest > 0.5) return below + 1;
  switch (mode) {
    case 'HALF_EVEN':
      return below % 2 === 0 ? below : below + 1;
    case 'HALF_UP':
      return value < 0 ? below : below + 1;
    case 'HALF_DOWN':
      return value < 0 ? below + 1 : below;
  }
}
