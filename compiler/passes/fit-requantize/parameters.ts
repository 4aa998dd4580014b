import { Slopes, type Fit, type StepFunction } from './fit.ts';

/** Products and sums of a requantize node are exact in double precision up to this. */
const SUM_LIMIT = 2 ** 53;
const WORD = 2 ** 31;
const MOST_SHIFT = 40;

/** A step function that may fall: then x is negated first. */
export interface Row {
  readonly base: number;
  /** Ascending. */
  readonly thresholds: ArrayLike<number>;
  /** Whether the level counts x < t instead of x >= t. */
  readonly flip: boolean;
}

/** The integers of a requantize node. */
export interface Parameters {
  readonly m: readonly number[];
  readonly b: readonly number[];
  readonly shift: number;
  readonly biasShift: number;
}

/**
 * Integers m, b for each row and one shift for all, such that min(max(floor((x * m + b * 2^biasShift) / 2^shift), base), base + n) is
 * the row's level at every x from `min` to `max`; with the least shift. Undefined where there are none.
 */
export function fitRows(rows: readonly Row[], min: number, max: number): Parameters | undefined {
  const steps = rows.map((row) => rising(row, min, max));
  const slopes: Slopes[] = [];
  for (const step of steps) {
    const found = new Slopes(step);
    if (!found.possible) return undefined;
    slopes.push(found);
  }
  const size = Math.max(Math.abs(min), Math.abs(max));
  for (let shift = 0; shift <= MOST_SHIFT; shift++) {
    const fits = collect(slopes, shift);
    if (fits === undefined) continue;
    const found = withBiases(fits, steps, shift, size);
    if (found === undefined) continue;
    const m = found.m.map((factor, i) => (rows[i]?.flip === true ? 0 - factor : factor));
    const parameters = { ...found, m };
    return isExact(parameters, rows, min, max) ? parameters : undefined;
  }
  return undefined;
}

function rising(row: Row, min: number, max: number): StepFunction {
  if (!row.flip) return { base: row.base, thresholds: row.thresholds, min, max };
  // x < t is the same as -x >= 1 - t
  const thresholds = Array.from(row.thresholds, (t) => 1 - t).reverse();
  return { base: row.base, thresholds, min: 0 - max, max: 0 - min };
}

function collect(slopes: readonly Slopes[], shift: number): Fit[] | undefined {
  const fits: Fit[] = [];
  for (const slope of slopes) {
    const fit = slope.at(shift);
    if (fit === undefined) return undefined;
    fits.push(fit);
  }
  return fits;
}

/** Biases of 32 bits, with the least common shift that brings them there. */
function withBiases(
  fits: readonly Fit[],
  steps: readonly StepFunction[],
  shift: number,
  size: number,
): Parameters | undefined {
  if (fits.some(({ m }) => m >= WORD || m * size > SUM_LIMIT)) return undefined;
  for (let biasShift = 0; biasShift <= Math.max(0, shift); biasShift++) {
    const unit = 2 ** biasShift;
    const b: number[] = [];
    for (const [i, { m, least, most }] of fits.entries()) {
      const step = steps[i];
      const level = step === undefined ? 0 : step.base * 2 ** shift;
      // of the biases that serve the one nearest to zero; without a limit the level of the base serves
      const wanted = Math.min(Math.max(least === -Infinity ? Math.min(level, most) : 0, least), most);
      const bias = nearestMultiple(wanted, unit, least, most);
      if (bias === undefined || Math.abs(bias) >= WORD || m * size + Math.abs(bias) * unit > SUM_LIMIT) break;
      b.push(bias);
    }
    if (b.length === fits.length) return { m: fits.map(({ m }) => m), b, shift, biasShift };
  }
  return undefined;
}

/** A multiple of `unit` between two limits, divided by it; undefined if there is none. */
function nearestMultiple(wanted: number, unit: number, least: number, most: number): number | undefined {
  for (const n of [Math.round(wanted / unit), Math.floor(wanted / unit), Math.ceil(wanted / unit)]) {
    if (n * unit >= least && n * unit <= most) return n + 0;
  }
  return undefined;
}

/** Compares the parameters with the thresholds at every edge, and at the ends of the range. */
function isExact(parameters: Parameters, rows: readonly Row[], min: number, max: number): boolean {
  const { m, b, shift, biasShift } = parameters;
  return rows.every((row, c) => {
    const top = row.base + row.thresholds.length;
    const requantized = (x: number): number => {
      const sum = x * (m[c] ?? 0) + (b[c] ?? 0) * 2 ** biasShift;
      return Math.min(Math.max(Math.floor(sum / 2 ** shift), row.base), top);
    };
    const at = [min, max, ...Array.from(row.thresholds).flatMap((t) => [t - 1, t])];
    return at.every((x) => x < min || x > max || requantized(x) === levelOf(row, x));
  });
}

/** The level that a row has by its meaning. */
function levelOf(row: Row, x: number): number {
  let [low, high] = [0, row.thresholds.length];
  // the number of thresholds reached
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (x >= (row.thresholds[middle] ?? 0)) low = middle + 1;
    else high = middle;
  }
  return row.base + (row.flip ? row.thresholds.length - low : low);
}
