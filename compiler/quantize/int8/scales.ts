import type { Graph } from '../../qir/graph.ts';
import type { ScaleChoice } from '../method.ts';
import type { Errors, Histogram } from './histogram.ts';
import type { Points } from './points.ts';

/** The grid of one quantizer: level * scale, zero at level 0. */
export interface Grid {
  readonly scale: number;
  readonly min: number;
  readonly max: number;
}

/** Magnitudes below this are noise of float32: a value that never leaves it is taken as zero. */
const TINY = 2 ** -100;

/** 8-bit levels for what calibration saw: unsigned if nothing was negative. */
function levelsOf(seen: Histogram): { readonly min: number; readonly max: number } {
  return seen.min >= 0 ? { min: 0, max: 255 } : { min: -128, max: 127 };
}

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
  choice: ScaleChoice,
): ReadonlyMap<string, Grid> {
  const bases = new Map<string, number>();
  for (const input of graph.inputs) {
    const group = points.group.get(input.name);
    const { scale } = input.boundary;
    if (group !== undefined) bases.set(group, scale === undefined ? 1 : scale.numerator / scale.denominator);
  }
  const wish = (name: string): { scale: number; levels: number; min: number; max: number } => {
    const histogram = seen.get(name);
    if (histogram === undefined || histogram.greatest < TINY)
      return { scale: 1, levels: 255, min: 0, max: 255 };
    const range = levelsOf(histogram);
    const scale = histogram.bestLimit(range.max) / range.max;
    // the sums of a last layer are exact in float32 if their scale is a power of two, so that its bias can be added to the integers
    const power = choice === 'pow2' || points.beforeLast.has(name);
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
    else if (points.equal.has(group) && scale > base && !isInput(graph, points, group))
      bases.set(group, scale);
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

function isInput(graph: Graph, points: Points, group: string): boolean {
  return graph.inputs.some(({ name }) => points.group.get(name) === group);
}
