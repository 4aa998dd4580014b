import { valueRange, type ElementType, type Tensor } from '../qir/types.ts';

/** Quantizers with at least so many thresholds become a product and a shift; fewer are cheaper as they are. */
const LEAST_THRESHOLDS = 16;
/** How far, in levels, the rounding of a multiplier may move the last step. */
const TOLERANCE = 1 / 16;
/** Shifts that are tried: products must stay below 2^53. */
const MOST_SHIFT = 30;
const SUM_LIMIT = 2 ** 53;
const WORD = 2 ** 31;

/** A straight line: level = slope * x + offset, rounded down. */
interface Line {
  readonly slope: number;
  readonly offset: number;
  /** The greatest magnitude of x at a step. */
  readonly reach: number;
}

/**
 * The line through the steps of one channel by least squares: level k is reached at threshold t, so that it passes half an integer before t
 * at height k. Undefined where a step lies more than a level from it: what is there is no straight line.
 *
 * @param steps - ascending thresholds; those outside of min + 1 .. max say nothing
 */
function lineThrough(steps: readonly number[], base: number, min: number, max: number): Line | undefined {
  const points = steps.flatMap((t, j) => (t > min && t <= max ? [{ x: t - 0.5, y: base + j + 1 }] : []));
  const reach = points.reduce((far, { x }) => Math.max(far, Math.abs(x)), 1);
  const [first] = points;
  if (first === undefined) {
    // one level for all
    const level = base + steps.filter((t) => t <= min).length;
    return { slope: 0, offset: level + 0.5, reach };
  }
  const n = points.length;
  const mean = { x: points.reduce((s, { x }) => s + x, 0) / n, y: points.reduce((s, { y }) => s + y, 0) / n };
  const spread = points.reduce((s, { x }) => s + (x - mean.x) ** 2, 0);
  const together = points.reduce((s, { x, y }) => s + (x - mean.x) * (y - mean.y), 0);
  // a single step within the range: as steep as makes one integer a level
  const slope = spread === 0 ? 1 : together / spread;
  const offset = mean.y - slope * mean.x;
  const straight = points.every(({ x, y }) => Math.abs(slope * x + offset - y) <= 1);
  return straight ? { slope, offset, reach } : undefined;
}

/** Integers for the lines of all channels, with the least shift that serves; undefined if none does. */
function multipliers(
  lines: readonly Line[],
  size: number,
): { m: number[]; b: number[]; shift: number; biasShift: number } | undefined {
  for (let shift = 0; shift <= MOST_SHIFT; shift++) {
    const unit = 2 ** shift;
    const m = lines.map(({ slope }) => Math.round(slope * unit));
    const fits = lines.every(
      ({ slope, reach }, c) => Math.abs((m[c] ?? 0) / unit - slope) * reach <= TOLERANCE,
    );
    if (!fits) continue;
    const wanted = lines.map(({ offset }) => offset * unit);
    const far = wanted.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const biasShift = Math.max(0, Math.ceil(Math.log2((far + 1) / (WORD / 2))));
    const b = wanted.map((bias) => Math.round(bias / 2 ** biasShift));
    const good = m.every(
      (factor, c) =>
        Math.abs(factor) < WORD &&
        Math.abs(factor) * size + Math.abs(b[c] ?? 0) * 2 ** biasShift <= SUM_LIMIT,
    );
    return good ? { m, b, shift, biasShift } : undefined;
  }
  return undefined;
}

/**
 * The integers between which sums lie, as thresholds show it: a level that is never reached has the same threshold as others of its kind, one
 * beyond the greatest sum; one that is always reached the least.
 */
function reachable(thresholds: readonly number[], min: number, max: number): [number, number] {
  const least = thresholds.reduce((a, b) => Math.min(a, b), Infinity);
  const most = thresholds.reduce((a, b) => Math.max(a, b), -Infinity);
  const repeated = (value: number): boolean => thresholds.filter((t) => t === value).length > 1;
  return [repeated(least) ? Math.max(min, least) : min, repeated(most) ? Math.min(max, most - 1) : max];
}

/** A threshold node in numbers. */
export interface Staircase {
  /** Thresholds [rows, count], each row ascending. */
  readonly thresholds: Tensor;
  readonly flip: Tensor | undefined;
  readonly base: number;
  /** The type of the sums for which the thresholds were found. */
  readonly sums: ElementType;
}

/** What computes the same levels as a staircase: requantize with these multipliers and biases, one for each row. */
export interface Slope {
  readonly m: readonly number[];
  readonly b: readonly number[];
  readonly attributes: Readonly<Record<string, number>>;
}

/** A staircase whose steps are 2^shift apart: level = (sum + biases[row]) / 2^shift, rounded down. */
export interface Shift {
  readonly shift: number;
  readonly biases: readonly number[];
}

/** The biases with which dropping `shift` bits reproduces every step of every row; undefined if none do. */
function shiftAlone(
  rows: readonly (readonly number[])[],
  shift: number,
  base: number,
  [low, high]: readonly [number, number],
): number[] | undefined {
  const unit = 2 ** shift;
  const biases = rows.map((steps) => {
    const inside = steps.flatMap((t, j) => (t > low && t <= high ? [(base + j + 1) * unit - t] : []));
    const [bias] = inside;
    return inside.every((other) => other === bias) ? bias : undefined;
  });
  const good = biases.filter((bias) => bias !== undefined);
  return good.length === rows.length ? good : undefined;
}

/** How far apart the first two steps within the range lie, as a number of bits; undefined if that is no power of two. */
function stepBits(
  rows: readonly (readonly number[])[],
  [low, high]: readonly [number, number],
): number | undefined {
  for (const steps of rows) {
    const [first, second] = steps.filter((t) => t > low && t <= high);
    if (first === undefined || second === undefined) continue;
    const bits = Math.log2(second - first);
    return Number.isInteger(bits) ? bits : undefined;
  }
  return undefined;
}

/** The rows of a staircase, and the integers between which its sums lie. */
function rowsOf({ thresholds, sums }: Staircase): {
  readonly count: number;
  readonly reach: readonly [number, number];
  readonly rows: readonly (readonly number[])[];
} {
  const count = thresholds.type.shape[1] ?? 1;
  const { min, max } = valueRange(sums);
  const all = Array.from(thresholds.data);
  const rows = Array.from({ length: all.length / count }, (_, row) =>
    all.slice(row * count, (row + 1) * count),
  );
  return { count, reach: reachable(all, min, max), rows };
}

/** The shift that reproduces every step of a staircase; undefined if none does. */
export function shiftOf(staircase: Staircase): Shift | undefined {
  const { count, reach, rows } = rowsOf(staircase);
  const shift = staircase.flip === undefined && count > 1 ? stepBits(rows, reach) : undefined;
  const biases = shift === undefined ? undefined : shiftAlone(rows, shift, staircase.base, reach);
  return shift === undefined || biases === undefined ? undefined : { shift, biases };
}

/**
 * The multiplication and shift that stand in for thresholds, as close as a straight line comes; undefined where these stay.
 *
 * @param size - greatest magnitude of the sums
 */
export function straightened(staircase: Staircase, size: number): Slope | undefined {
  const { count, reach, rows } = rowsOf(staircase);
  const { flip, base } = staircase;
  const [low, high] = reach;
  if (count < LEAST_THRESHOLDS) return undefined;
  const lines: Line[] = [];
  for (const [row, steps] of rows.entries()) {
    const falls = flip?.data[row] === 1;
    // x < t is the same as -x >= 1 - t
    const line = falls
      ? lineThrough(steps.map((step) => 1 - step).reverse(), base, -high, -low)
      : lineThrough(steps, base, low, high);
    if (line === undefined) return undefined;
    lines.push(falls ? { ...line, slope: -line.slope } : line);
  }
  const found = multipliers(lines, size);
  if (found === undefined) return undefined;
  const attributes = {
    shift: found.shift,
    min: base,
    max: base + count,
    ...(found.biasShift > 0 && { bias_shift: found.biasShift }),
  };
  return { m: found.m, b: found.b, attributes };
}
