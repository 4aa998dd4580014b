import type { Diagnostics } from '../diagnostics/index.ts';
import { budgetExceeded, latencyOutOfReach } from '../diagnostics/catalog/lower.ts';
import type { Cost } from '../hw/index.ts';
import { checkReach, choose, cyclesAt } from './choose.ts';
import type { Chosen } from './choose.ts';
import { fastest, longestUseful } from './explore.ts';
import { firstLatency } from './fifos.ts';
import type { CycleModel } from './trials.ts';
import { fitting, load } from './fit.ts';
import type { Budget, FoldingTarget } from './plan.ts';
import type { DesignSpace } from './space.ts';

/** The end of a range of intervals at which `good` still holds, to half a percent; `from` is known to be good, `to` not to be. */
function lastGood<T>(from: number, to: number, first: T, good: (cycles: number) => T | undefined): T {
  let [low, high, best] = [from, to, first];
  while (Math.abs(high - low) > Math.max(1, 0.005 * Math.min(low, high))) {
    const middle = Math.round(Math.sqrt(low * high));
    if (middle === low || middle === high) break;
    const found = good(middle);
    if (found === undefined) high = middle;
    else [low, best] = [middle, found];
  }
  return best;
}

/** Intervals looked at for the first that fits; between it and the one before, bisection goes on. */
const scanned = 32;

/**
 * The fastest design that fits, between `from` and the longest useful interval. The cheapest design of a longer interval can need more of
 * one resource, so intervals are looked at one after the other from the fastest on.
 */
export function fastestFitting(space: DesignSpace, from: number, budget: Budget): Chosen | undefined {
  const end = Math.max(from, longestUseful(space));
  let before = from;
  for (let i = 0; i <= scanned; i++) {
    const cycles = Math.round(from * (end / from) ** (i / scanned));
    const fit = fitting(space, cycles, budget);
    if (fit !== undefined)
      return i === 0 ? fit : lastGood(cycles, before, fit, (each) => fitting(space, each, budget));
    before = cycles;
  }
  return undefined;
}

/** The slowest, and so cheapest, design within a latency; undefined if even the fastest takes longer. */
function withinLatency(
  space: DesignSpace,
  slowest: Chosen,
  most: number,
  model: CycleModel,
): Chosen | undefined {
  const good = (chosen: Chosen | undefined): Chosen | undefined => {
    if (chosen === undefined) return undefined;
    const latency = firstLatency(space.design(chosen.choice, 'design', 100), space.units, model);
    return latency <= most ? chosen : undefined;
  };
  if (good(slowest) !== undefined) return slowest;
  const quick = fastest(space);
  const first = good(quick);
  if (quick === undefined || first === undefined) return undefined;
  return lastGood(quick.cycles, slowest.cycles, first, (cycles) => {
    const choice = space.solve(cycles);
    return good(choice && { choice, cycles });
  });
}

/** Resources as messages name them, and as --budget does. */
const names = {
  lut: ['LUTs', 'lut'],
  ff: ['flip-flops', 'ff'],
  bram36: ['BRAM36', 'bram'],
  dsp: ['DSP blocks', 'dsp'],
} as const;

/** A cost as it is counted: block memories in halves. */
const counted = (cost: Cost, resource: keyof Cost): number =>
  resource === 'bram36' ? Math.ceil(2 * cost.bram36) / 2 : Math.ceil(cost[resource]);

/** What would hold a design that a budget and a device do not hold. */
function enough(cost: Cost, budget: Budget, device: FoldingTarget['device']): string {
  const beyond = (Object.keys(names) as (keyof Cost)[]).filter(
    (key) => cost[key] > (budget[key] ?? Infinity),
  );
  const [of, own] = [true, false].map((fixed) =>
    beyond.filter((key) => (device?.budget[key] === budget[key]) === fixed),
  );
  const parts = [
    ...(own?.length
      ? [`--budget ${own.map((key) => `${names[key][1]}=${counted(cost, key)}`).join(',')}`]
      : []),
    ...(of?.length
      ? [`a device with ${of.map((key) => `${counted(cost, key)} ${names[key][0]}`).join(' and ')}`]
      : []),
  ];
  return parts.join(' and ');
}

/**
 * Reports the resource that a design exceeds most, the layer that uses most of it, and what would do.
 *
 * @param cost - of the whole design, FIFOs included.
 * @param fits - the least interval at which a design fits, FIFOs included; undefined if none does.
 */
export function reportBudget(
  space: DesignSpace,
  chosen: Chosen,
  cost: Cost,
  target: FoldingTarget,
  budget: Budget,
  fits: number | undefined,
  diagnostics: Diagnostics,
): void {
  const { resource } = load(cost, budget);
  let most = { layer: '', share: 0 };
  space.network.layers.forEach(({ request }, index) => {
    const share = chosen.choice.chosen[index]?.cost[resource] ?? 0;
    if (share > most.share) most = { layer: request.value, share };
  });
  const { device, clockMhz } = target;
  const rate = fits === undefined ? undefined : Math.floor((clockMhz * 1e6) / fits);
  const help =
    rate === undefined
      ? `no folding fits: ${enough(cost, budget, device)} would do, or a smaller network`
      : `up to ${rate} frames a second fit (${fits} cycles a frame)`;
  const what =
    target.fps === undefined && target.latencyUs === undefined
      ? 'the smallest design'
      : `the cheapest design of ${chosen.cycles} cycles a frame`;
  const limit = budget[resource] ?? 0;
  const from = device?.budget[resource] === limit ? device.name : undefined;
  const used = counted(cost, resource);
  diagnostics.add(budgetExceeded(names[resource][0], used, limit, from, most, what, help));
}

/**
 * The choice for all that a target asks for: the cheapest within the rate and the latency; with a budget alone the fastest that fits.
 * Latency is that of the cycle model with FIFOs that never fill; the caller measures again once they are sized.
 *
 * @param from - with a budget alone, the least interval that is looked at.
 * @param refuse - reports that a design, the nearest one, does not fit.
 * @throws DiagnosticError QCC4106 (rate), QCC4110 (latency), QCC4109 (budget): what binds, and what would do; QCC4107 for a style.
 */
export function chooseTarget(
  space: DesignSpace,
  target: FoldingTarget,
  model: CycleModel,
  diagnostics: Diagnostics,
  from: number,
  refuse: (nearest: Chosen) => void,
): Chosen {
  const { fps, latencyUs, budget, clockMhz } = target;
  if (latencyUs === undefined && budget === undefined) return choose(space, target, diagnostics);
  const asked = fps === undefined ? undefined : cyclesAt(fps, clockMhz);
  checkReach(space, target, asked, diagnostics);
  let chosen: Chosen | undefined;
  if (asked !== undefined) chosen = choose(space, target, diagnostics);
  if (latencyUs !== undefined) {
    const end =
      chosen ?? choose(space, { ...target, fps: (clockMhz * 1e6) / longestUseful(space) }, diagnostics);
    chosen = withinLatency(space, end, latencyUs * clockMhz, model);
    if (chosen === undefined) {
      const quick = fastest(space) ?? end;
      const latency = firstLatency(space.design(quick.choice, 'design', clockMhz), space.units, model);
      const intervals = quick.choice.chosen.map(({ timing }) => timing.initiationInterval);
      const interval = Math.max(...intervals);
      const layer = space.network.layers[intervals.indexOf(interval)]?.request.value ?? '';
      const least = Math.ceil((latency / clockMhz) * 1000) / 1000;
      diagnostics.add(latencyOutOfReach(latencyUs, clockMhz, layer, interval, least));
      diagnostics.throwIfErrors();
    }
  }
  if (budget !== undefined) {
    const fit =
      chosen === undefined
        ? fastestFitting(space, Math.max(from, fastest(space)?.cycles ?? 1), budget)
        : fitting(space, chosen.cycles, budget);
    if (fit === undefined) {
      chosen ??= choose(space, { ...target, fps: (clockMhz * 1e6) / longestUseful(space) }, diagnostics);
      refuse(chosen);
      diagnostics.throwIfErrors();
    }
    chosen = fit;
  }
  return chosen ?? choose(space, target, diagnostics);
}

/** Whether a finished design, FIFOs included, keeps budget and latency. */
export function isWithin(
  target: FoldingTarget,
  finished: { readonly cost: Cost; readonly latency: number },
): boolean {
  const { budget, latencyUs, clockMhz } = target;
  if (budget !== undefined && load(finished.cost, budget).ratio > 1) return false;
  return latencyUs === undefined || finished.latency <= latencyUs * clockMhz;
}
