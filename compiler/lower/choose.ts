import type { Diagnostics } from '../diagnostics/index.ts';
import { foldingRefused, rateOutOfReach } from '../diagnostics/catalog/lower.ts';
import { invariant } from '../diagnostics/index.ts';
import type { FoldingTarget } from './plan.ts';
import type { Choice } from './search.ts';
import type { DesignSpace } from './space.ts';

/** Bit operations in parallel that a design gets when no rate is asked for, and the least interval it then aims at. */
const defaultParallelism = 16384;
const defaultInterval = 64;

/** A choice for every layer, and the interval that it was made for. */
export interface Chosen {
  readonly choice: Choice;
  readonly cycles: number;
}

/** Cycles a frame may take at a rate. */
export function cyclesAt(fps: number, clockMhz: number): number {
  return Math.floor((clockMhz * 1e6) / fps);
}

/** Reports layers that cannot be built in the style (QCC4107), or not within `cycles` cycles if a rate is asked for (QCC4106). */
export function checkReach(
  space: DesignSpace,
  target: FoldingTarget,
  cycles: number | undefined,
  diagnostics: Diagnostics,
): void {
  space.network.layers.forEach(({ request }, index) => {
    const least = space.leastInterval(index);
    if (least === undefined) {
      diagnostics.add(
        foldingRefused(request.value, `style ${target.style}`, 'a style that a unit can be built in'),
      );
    } else if (cycles !== undefined && least > cycles && cycles >= 1) {
      diagnostics.add(rateOutOfReach(request.value, target.fps ?? 0, target.clockMhz, cycles, least));
    }
  });
  if (cycles !== undefined && cycles < 1) {
    const first = space.network.layers[0]?.request.value ?? '';
    diagnostics.add(rateOutOfReach(first, target.fps ?? 0, target.clockMhz, cycles, 1));
  }
  diagnostics.throwIfErrors();
}

/** The interval to design for when no rate is asked for: by the size of the network, or what given foldings and slow layers take. */
export function ownInterval(space: DesignSpace): number {
  const size = Math.max(defaultInterval, Math.ceil(space.operations / defaultParallelism));
  const least = space.network.layers.map((_, index) => space.leastInterval(index) ?? 1);
  // A folding that is given for every matrix says itself how fast the design is to be.
  return Math.max(...least, space.settled ? 1 : size);
}

/** The least interval, from `cycles` on, in which lanes can be brought together; foldings that were given can be far apart. */
export function chooseFrom(space: DesignSpace, cycles: number): Chosen | undefined {
  const longest = Math.max(cycles, space.longestConversion);
  for (let interval = cycles; interval <= longest; interval++) {
    const choice = space.solve(interval);
    if (choice !== undefined) return { choice, cycles: interval };
    // A step of one each time would take long on feature maps, where a frame has thousands of elements.
    interval = Math.max(interval, Math.floor(interval * 1.01) - 1);
  }
  return undefined;
}

/**
 * The cheapest choice for the rate that is asked for, or for the interval that the network's size suggests. Where no rate is to be
 * reached the interval grows to what given foldings and slow layers take.
 *
 * @throws DiagnosticError QCC4106 if a layer cannot reach the rate, QCC4107 if one cannot be built in the style or no lanes fit.
 */
export function choose(space: DesignSpace, target: FoldingTarget, diagnostics: Diagnostics): Chosen {
  const { fps, clockMhz } = target;
  const asked = fps === undefined ? undefined : cyclesAt(fps, clockMhz);
  checkReach(space, target, asked, diagnostics);
  const cycles = asked ?? ownInterval(space);
  const choice = asked === undefined ? undefined : space.solve(asked);
  const chosen = choice === undefined ? chooseFrom(space, cycles) : { choice, cycles };
  if (chosen !== undefined && (asked === undefined || chosen.cycles <= asked)) return chosen;
  const first = space.network.layers[0]?.request.value ?? '';
  if (asked !== undefined && chosen !== undefined)
    diagnostics.add(rateOutOfReach(first, fps ?? 0, clockMhz, asked, chosen.cycles));
  else
    diagnostics.add(
      foldingRefused(first, `${cycles} cycles a frame`, 'foldings whose lanes can be converted'),
    );
  diagnostics.throwIfErrors();
  invariant(chosen !== undefined, 'a choice exists');
  return chosen;
}
