/** Number of single-character edits (insert, delete, replace, swap of neighbours) from one text to the other. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/**
 * The candidate that `name` was most likely meant to be, or undefined if none is near: at most a third of the name's
 * characters wrong, upper and lower case not counted.
 */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = name.slice(0, 100).toLowerCase();
  let best: string | undefined;
  let least = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - wanted.length) >= least) continue;
    const edits = distance(wanted, candidate.toLowerCase());
    if (edits < least) {
      best = candidate;
      least = edits;
    }
  }
  return best;
}

/** The help line for a misspelt name: the likely one if there is one, and what there is to choose from (the first twelve). */
export function suggestion(name: string, candidates: readonly string[]): string {
  const likely = nearest(name, candidates);
  const shown = candidates.slice(0, 12).join(', ');
  const more = candidates.length > 12 ? ` and ${candidates.length - 12} more` : '';
  const all = candidates.length === 0 ? 'there is none to choose from' : `there is: ${shown}${more}`;
  return likely === undefined ? all : `did you mean '${likely}'? (${all})`;
}
