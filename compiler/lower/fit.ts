import type { Cost } from '../hw/index.ts';
import { usualPrices } from './candidates.ts';
import type { Chosen } from './choose.ts';
import type { Budget, FoldingTarget } from './plan.ts';
import { totalCost } from './space.ts';
import type { DesignSpace } from './space.ts';

const resources = ['lut', 'ff', 'bram36', 'dsp'] as const;

/** What budget and device together leave. */
export function limitsOf({ budget, device }: Pick<FoldingTarget, 'budget' | 'device'>): Budget | undefined {
  if (device === undefined) return budget;
  const least = (key: keyof Cost): number =>
    Math.min(budget?.[key] ?? Infinity, device.budget[key] ?? Infinity);
  const limits = resources.map((key) => [key, least(key)] as const);
  return Object.fromEntries(limits.filter(([, limit]) => limit < Infinity));
}

/** Times that a scarce resource is made dearer before a design counts as too large. */
const priceRounds = 8;

/** By how much of its limit the worst resource is exceeded: 1 or less fits. */
export function load(cost: Cost, budget: Budget): { readonly resource: keyof Cost; readonly ratio: number } {
  let worst: { resource: keyof Cost; ratio: number } = { resource: 'lut', ratio: 0 };
  for (const resource of resources) {
    const limit = budget[resource];
    if (limit === undefined) continue;
    const ratio = cost[resource] === 0 ? 0 : cost[resource] / limit;
    if (ratio > worst.ratio) worst = { resource, ratio };
  }
  return worst;
}

/**
 * A design within the cycles and the budget: the cheapest, and where that one exceeds a resource, the cheapest with that resource
 * made dearer step by step.
 */
export function fitting(space: DesignSpace, cycles: number, budget: Budget): Chosen | undefined {
  const prices = { ...usualPrices };
  for (let round = 0; round < priceRounds; round++) {
    const choice = space.solve(cycles, prices);
    if (choice === undefined) return undefined;
    const { resource, ratio } = load(
      totalCost(space.units, space.design(choice, 'design', 100), space.form),
      budget,
    );
    if (ratio <= 1) return { choice, cycles };
    prices[resource] *= 3;
  }
  return undefined;
}
