import { signedDigits } from './digits.ts';
import type { AdderGraph, Term } from './graph.ts';

/** How outputs derive from one another. */
export type TreeKind =
  /** The tree of least weight: fewest additions, long chains of outputs. */
  | 'minimum'
  /** Every output from the root by the shortest way: few levels. */
  | 'shortest';

/** One output as another one's value (or its negation) and the terms by which they differ; the root has no parent. */
export interface Derivation {
  readonly parent: number | undefined;
  /** The output is `-(parent + terms)` instead of `parent + terms`. */
  readonly negative: boolean;
  readonly terms: readonly Term[];
}

/** In place of a parent: the row derives from no other. */
const none = -1;

const digitCounts = new Map<number, number>();

function digits(value: number): number {
  let count = digitCounts.get(value);
  if (count === undefined) digitCounts.set(value, (count = signedDigits(value).length));
  return count;
}

/**
 * Additions that lead from one row to another, and whether to its negation: the digits of their difference or of their sum, whichever has
 * fewer. For rows of -1 and +1 this is min(p, t - p), p being their Hamming distance.
 */
function distance(
  from: ArrayLike<number>,
  to: ArrayLike<number>,
): { readonly cost: number; readonly negative: boolean } {
  let [difference, sum] = [0, 0];
  for (let k = 0; k < from.length; k++) {
    difference += digits(to[k]! - from[k]!);
    sum += digits(-to[k]! - from[k]!);
  }
  return sum < difference ? { cost: sum, negative: true } : { cost: difference, negative: false };
}

/**
 * The spanning tree of a complete graph on the rows, an edge costing the additions between its ends. Root: the row with the least total
 * distance, the first of several. The edges of a complete graph hold the triangle inequality, so the shortest way from the root is direct.
 * A row that needs fewer additions by itself (sparse rows; never one of -1 and +1) derives from no other.
 *
 * @returns by row, its derivation; and an order in which parents come first.
 */
export function spanningTree(
  rows: readonly ArrayLike<number>[],
  kind: TreeKind,
): { readonly derivations: readonly Derivation[]; readonly order: readonly number[] } {
  const n = rows.length;
  const costs = new Float64Array(n * n);
  const signs = new Uint8Array(n * n);
  for (let a = 0; a < n; a++) {
    for (let b = a + 1; b < n; b++) {
      const { cost, negative } = distance(rows[a]!, rows[b]!);
      costs[a * n + b] = costs[b * n + a] = cost;
      signs[a * n + b] = signs[b * n + a] = negative ? 1 : 0;
    }
  }
  const totals = Array.from({ length: n }, (_, a) =>
    costs.subarray(a * n, (a + 1) * n).reduce((x, y) => x + y, 0),
  );
  const root = totals.indexOf(Math.min(...totals));
  const alone = rows.map((row) =>
    Math.max(
      0,
      Array.from(row).reduce((sum, w) => sum + digits(w), -1),
    ),
  );
  const near = Float64Array.from(alone, (own, row) => Math.min(own, costs[root * n + row]!));
  const parents = Int32Array.from(alone, (own, row) => (own < costs[root * n + row]! ? none : root));
  const order = n === 0 ? [] : [root];
  const open = new Set(rows.keys());
  open.delete(root);
  while (open.size > 0) {
    let next = -1;
    for (const row of open) if (next < 0 || near[row]! < near[next]!) next = row;
    open.delete(next);
    order.push(next);
    if (kind === 'shortest') continue;
    for (const row of open) {
      if (costs[next * n + row]! >= near[row]!) continue;
      near[row] = costs[next * n + row]!;
      parents[row] = next;
    }
  }
  const termsBetween = (from: ArrayLike<number> | undefined, to: ArrayLike<number>, sign: number): Term[] =>
    Array.from(to, (value, node) =>
      signedDigits(sign * value - (from?.[node] ?? 0)).map((digit) => ({ ...digit, node })),
    ).flat();
  const derivations = rows.map((row, at): Derivation => {
    const parent = at === root ? none : parents[at]!;
    if (parent === none)
      return { parent: undefined, negative: false, terms: termsBetween(undefined, row, 1) };
    const negative = signs[parent * n + at] === 1;
    return { parent, negative, terms: termsBetween(rows[parent], row, negative ? -1 : 1) };
  });
  return { derivations, order };
}

/**
 * The graph in which outputs derive from one another.
 *
 * @param shared - the terms of all derivations as a graph (see `share`), an output for each row; its sums are shared by them.
 */
export function derivedGraph(
  { derivations, order }: ReturnType<typeof spanningTree>,
  shared: AdderGraph,
): AdderGraph {
  const sums = [...shared.sums];
  const outputs: Term[][] = derivations.map(() => []);
  // how often a row is derived from: what nothing derives from needs no node
  const parents = new Set(derivations.map(({ parent }) => parent));
  for (const row of order) {
    const { parent, negative } = derivations[row]!;
    const base = parent === undefined ? [] : outputs[parent]!;
    const terms = [...base, ...(shared.outputs[row] ?? [])];
    const signed = negative ? terms.map((term) => ({ ...term, negative: !term.negative })) : terms;
    if (!parents.has(row) || signed.length < 2) {
      outputs[row] = signed;
      continue;
    }
    const node = shared.inputs + sums.push(terms) - 1;
    outputs[row] = [{ node, shift: 0, negative }];
  }
  return { inputs: shared.inputs, sums, outputs };
}
