import type { Diagnostics } from '../diagnostics/index.ts';
import type { Cost, UnitDefinition } from '../hw/index.ts';
import type { Graph } from '../qir/graph.ts';
import { elementCount } from '../qir/types.ts';
import { operationsOf } from './candidates.ts';
import { checkReach, chooseFrom } from './choose.ts';
import type { Chosen } from './choose.ts';
import type { Blueprint } from './connect.ts';
import { firstLatency } from './fifos.ts';
import type { CycleModel } from './trials.ts';
import { fitting, limitsOf } from './fit.ts';
import { networkOf } from './layers.ts';
import type { FoldingTarget } from './plan.ts';
import { DesignSpace, totalCost } from './space.ts';

/** One design of a network: the cheapest that is as fast. */
export interface DesignPoint extends Cost {
  /** Cycles from frame to frame. */
  readonly interval: number;
  /** Frames a second at the clock. */
  readonly fps: number;
  /** Cycles from the first input beat to the last output beat of a frame in an empty design, before FIFOs are put in; only if it was asked for. */
  readonly latency?: number;
}

/** What `explore` can be told. */
export interface ExploreOptions extends Pick<
  FoldingTarget,
  'clockMhz' | 'levels' | 'style' | 'given' | 'form' | 'budget' | 'device'
> {
  /** Intervals to look at, evenly apart on a logarithmic scale between the least and the longest; 48 unless given. */
  readonly points?: number;
  /** With it each point gets its latency, which takes a run of the cycle model. */
  readonly model?: CycleModel;
}

/** The interval beyond which no layer gets smaller: every product and every element by itself. */
export function longestUseful(space: DesignSpace): number {
  const { layers, wires } = space.network;
  return Math.max(
    ...layers.map(({ request }) => operationsOf(request)),
    ...wires.map(({ type }) => 2 * elementCount(type.shape)),
  );
}

/** The fastest design. */
export function fastest(space: DesignSpace): Chosen | undefined {
  const least = space.network.layers.map((_, index) => space.leastInterval(index) ?? 1);
  return chooseFrom(space, Math.max(...least));
}

/**
 * The Pareto front of rate against LUTs: for intervals between the fastest design and the smallest, the cheapest design each, without those
 * that another one beats in both or that exceed budget or device. Each is found by the exact search (see `cheapest`); FIFOs are not sized, so their LUTs are missing.
 *
 * @returns the fastest first.
 * @throws DiagnosticError if the network cannot be built.
 */
export function explore(
  graph: Graph,
  units: ReadonlyMap<string, UnitDefinition>,
  options: ExploreOptions,
  diagnostics: Diagnostics,
): readonly DesignPoint[] {
  const { clockMhz, points = 48, model } = options;
  const space = new DesignSpace(networkOf(graph, units, diagnostics, options), units, options, diagnostics);
  checkReach(space, options, undefined, diagnostics);
  const limits = limitsOf(options);
  const start = fastest(space)?.cycles ?? 1;
  const end = Math.max(start, longestUseful(space));
  interface Found {
    readonly point: DesignPoint;
    readonly design: Blueprint;
  }
  const found = new Map<number, Found>();
  for (let i = 0; i < points; i++) {
    const cycles = Math.round(start * (end / start) ** (i / Math.max(1, points - 1)));
    const choice = limits === undefined ? space.solve(cycles) : fitting(space, cycles, limits)?.choice;
    if (choice === undefined) continue;
    const design = space.design(choice, 'design', clockMhz);
    const interval = space.slowest(design);
    const cost = totalCost(units, design, space.form);
    const known = found.get(interval);
    if (known !== undefined && known.point.lut <= cost.lut) continue;
    found.set(interval, { point: { interval, fps: (clockMhz * 1e6) / interval, ...cost }, design });
  }
  const front: Found[] = [];
  for (const each of [...found.values()].sort((a, b) => a.point.interval - b.point.interval))
    if (each.point.lut < (front.at(-1)?.point.lut ?? Infinity)) front.push(each);
  if (model === undefined) return front.map(({ point }) => point);
  return front.map(({ point, design }) => ({ ...point, latency: firstLatency(design, units, model) }));
}
