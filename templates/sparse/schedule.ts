/** What one step does: lanes 0 to `taken` - 1 take that many of the products that are left, in the order of the outputs. */
export interface Step {
  readonly taken: number;
  /** The lane whose product is the last of an output's; `NONE` if no output is complete, `EMPTY` if one is that has no products. */
  readonly ends: number;
}

/** `Step.ends` where no output is complete. */
export const NONE = -1;
/** `Step.ends` where an output without products is complete: nothing of what the lanes take is part of it. */
export const EMPTY = -2;

/** Each output has steps of its own, at least one: lanes that its last step leaves are idle. */
function* apart(counts: readonly number[], pe: number): Generator<Step> {
  for (const count of counts) {
    let left = count;
    for (; left > pe; left -= pe) yield { taken: pe, ends: NONE };
    yield { taken: left, ends: left === 0 ? EMPTY : left - 1 };
  }
}

/**
 * Lanes that an output's last step leaves take products of the next one that has any; those of outputs without products all do. A result leaves a
 * step, so an output's last product waits until the ones before have left; and there is one running sum, so products of no more than
 * one output stand open.
 */
function* packed(counts: readonly number[], pe: number): Generator<Step> {
  /** The output whose products are taken, and those of them that are left. */
  let open = -1;
  let left = 0;
  const next = (): void => {
    for (open++; open < counts.length && counts[open] === 0;) open++;
    left = counts[open] ?? 0;
  };
  next();
  for (let output = 0; output < counts.length;) {
    let taken = 0;
    let ends = NONE;
    if (output < open) {
      output++;
      ends = EMPTY;
    } else if (left <= pe) {
      taken = left;
      ends = left - 1;
      output++;
      next();
    }
    const more = ends === NONE ? pe : Math.min(pe - taken, Math.max(0, left - 1));
    left -= more;
    yield { taken: taken + more, ends };
  }
}

/** The steps of a vector, given the number of products of each output and how many are made at a time. */
export function schedule(counts: readonly number[], pe: number, pack: boolean): Iterable<Step> {
  return pack ? packed(counts, pe) : apart(counts, pe);
}

const known = new WeakMap<readonly number[], Map<number, number>>();

/** How many steps `schedule` has; remembered, since many foldings ask. */
export function stepsOf(counts: readonly number[], pe: number, pack: boolean): number {
  let found = known.get(counts);
  if (found === undefined) known.set(counts, (found = new Map<number, number>()));
  const key = pack ? -pe : pe;
  let steps = found.get(key);
  if (steps === undefined) found.set(key, (steps = [...schedule(counts, pe, pack)].length));
  return steps;
}
