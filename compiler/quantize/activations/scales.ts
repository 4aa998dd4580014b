import type { Graph } from '../../qir/graph.ts';
import type { ActivationLevels, Arithmetic, ScaleChoice } from '../method.ts';
import { inputGrids, type Grid } from './grid.ts';
import type { Errors, Histogram } from './histogram.ts';
import type { Points } from './points.ts';

/** Magnitudes below this are noise of float32: a value that never leaves it is taken as zero. */
const TINY = 2 ** -100;

/** How the grids are chosen. */
export interface GridOptions {
  readonly scales: ScaleChoice;
  /** Bits of a level, and whether it is signed even where nothing was negative. */
  readonly levels: Extract<ActivationLevels, { kind: 'levels' }>;
  /** What computes behind the sums of a layer. */
  readonly arithmetic: Arithmetic;
  /** Scales that the user has fixed, as exponents of 2, by value. */
  readonly exponents: ReadonlyMap<string, number>;
}

/** The levels for what calibration saw: unsigned if nothing was negative. One signed bit is a sign: -1 or +1. */
function levelsOf(
  seen: Histogram,
  { bits, signed }: GridOptions['levels'],
): { readonly min: number; readonly max: number } {
  if (seen.min >= 0 && !signed) return { min: 0, max: 2 ** bits - 1 };
  return bits === 1 ? { min: -1, max: 1 } : { min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 };
}

/** Whether the levels of a grid are two: -1 and +1. */
export const isSign = (grid: Grid, { levels }: GridOptions): boolean => levels.bits === 1 && grid.min === -1;

/** The power of two, above or below `scale`, that has the smaller error. */
function nearestPower(scale: number, seen: Errors, levels: number): number {
  const above = 2 ** Math.ceil(Math.log2(scale));
  const below = above / 2;
  return seen.error(below, below * levels) < seen.error(above, above * levels) ? below : above;
}

/**
 * The grid of every value. A scale is the one with the least expected error; values of one group have the scale of the group's first
 * one, or of the input that belongs to it, times a power of two, which makes their sum one of integers.
 */
export function chooseGrids(
  graph: Graph,
  points: Points,
  seen: ReadonlyMap<string, Histogram>,
  options: GridOptions,
): ReadonlyMap<string, Grid> {
  const { scales: choice, levels: kind, arithmetic, exponents } = options;
  const bases = new Map<string, number>();
  const given = inputGrids(graph);
  for (const [name, { scale }] of given) {
    const group = points.group.get(name);
    if (group !== undefined) bases.set(group, scale);
  }
  const isGiven = (group: string): boolean =>
    [...given.keys()].some((name) => points.group.get(name) === group);
  const wish = (name: string): { scale: number; levels: number; min: number; max: number } => {
    const histogram = seen.get(name);
    if (histogram === undefined || histogram.greatest < TINY) {
      const max = 2 ** kind.bits - 1;
      return { scale: 1, levels: max, min: 0, max };
    }
    const range = levelsOf(histogram, kind);
    const fixed = exponents.get(name);
    if (fixed !== undefined) return { scale: 2 ** fixed, levels: range.max, ...range };
    // a sign stands for the mean magnitude
    const isSign = range.min === -1;
    const scale = isSign ? histogram.mean : histogram.bestLimit(range.max) / range.max;
    // in float32 arithmetic, the sums of a last layer are exact if their scale is a power of two, so that its bias can be added to the integers
    const power = choice === 'pow2' || (arithmetic === 'float32' && points.beforeLast.has(name));
    const fitted = power ? nearestPower(scale, histogram, range.max) : Math.fround(scale);
    return { scale: fitted, levels: range.max, ...range };
  };
  // equal scales serve the member that reaches furthest
  for (const name of points.values) {
    const group = points.group.get(name);
    if (group === undefined) continue;
    const { scale } = wish(name);
    const base = bases.get(group);
    if (base === undefined) bases.set(group, scale);
    else if (points.equal.has(group) && scale > base && !isGiven(group)) bases.set(group, scale);
  }
  const grids = new Map<string, Grid>();
  for (const name of points.values) {
    const { scale, levels, min, max } = wish(name);
    const group = points.group.get(name);
    const base = group === undefined ? undefined : bases.get(group);
    const histogram = seen.get(name);
    const fitted =
      base === undefined || group === undefined
        ? scale
        : points.equal.has(group) || histogram === undefined
          ? base
          : base * nearestPower(scale / base, scaled(histogram, base), levels);
    grids.set(name, { scale: fitted, min, max });
  }
  return grids;
}

/** The errors of a histogram, in units of `unit`. */
function scaled(histogram: Errors, unit: number): Errors {
  return { error: (scale, limit) => histogram.error(scale * unit, limit * unit) };
}
