import { invariant } from '../../diagnostics/index.ts';

/**
 * How all inner products of one input vector with a set of sign vectors follow from each other. Two vectors that differ in p of t places give
 *
 *     x.child = x.parent + 2 * sum over the p places of child[s] x[s]                    p additions
 *     x.child = -(x.parent + 2 * sum over the other places of -child[s] x[s])            t - p additions, negated
 *
 * and the cheaper one is taken, so an edge costs min(p, t - p). The doubling is a wire and the negation goes into a later scale.
 */
export interface PartialSumTree {
  /** Number of vectors, N, and their length, t. */
  readonly count: number;
  readonly length: number;
  /** The vector that is summed in full, for t - 1 additions. */
  readonly root: number;
  /** Parent of each vector; -1 for the root. */
  readonly parents: Int32Array;
  /** 1 where a vector follows from the negated form. */
  readonly negated: Uint8Array;
  /** Edges between the root and each vector. */
  readonly depths: Int32Array;
  /** All vectors, parents before children, by depth and index. */
  readonly order: Int32Array;
  /** t - 1 and the cost of all edges. At most N (t - 1) for t >= 2, which is what separate sums take. */
  readonly additions: number;
  readonly depth: number;
}

export interface PartialSumOptions {
  /**
   * Edges from the root to any vector at most. Unlimited, the tree is the minimum spanning tree. With 1 it is the tree of shortest paths: the
   * distance is a metric of vectors up to their sign, so no way round is shorter than the edge from the root.
   */
  readonly maxDepth?: number;
}

/**
 * The tree over `count` vectors of `length` signs each (-1 or +1), one after the other, by Prim's algorithm. The root is the vector with the
 * smallest total distance to all others; of equals, always the one with the lower index.
 */
export function partialSumTree(
  signs: Int8Array,
  count: number,
  length: number,
  { maxDepth = Infinity }: PartialSumOptions = {},
): PartialSumTree {
  invariant(signs.length === count * length && count > 0 && length > 0, 'sign vectors of another shape');
  invariant(maxDepth >= 1, 'a tree without depth has no edge');
  const packed = packSigns(signs, count, length);
  const hamming = hammingDistances(packed, count);
  const distance = (a: number, b: number): number => {
    const p = hamming(a, b);
    return Math.min(p, length - p);
  };
  const root = nearestToAll(count, distance);
  const parents = new Int32Array(count).fill(root);
  const depths = new Int32Array(count);
  const best = Float64Array.from({ length: count }, (_, v) => distance(root, v));
  const open = new Set(Array.from({ length: count }, (_, v) => v));
  parents[root] = -1;
  open.delete(root);
  let additions = length - 1;
  while (open.size > 0) {
    let next = -1;
    for (const v of open) if (next < 0 || (best[v] as number) < (best[next] as number)) next = v;
    open.delete(next);
    additions += best[next] as number;
    const depth = (depths[parents[next] as number] as number) + 1;
    depths[next] = depth;
    if (depth >= maxDepth) continue;
    for (const v of open) {
      const d = distance(next, v);
      if (d >= (best[v] as number)) continue;
      best[v] = d;
      parents[v] = next;
    }
  }
  const negated = Uint8Array.from(parents, (parent, v) =>
    Number(parent >= 0 && hamming(parent, v) * 2 > length),
  );
  const order = Int32Array.from({ length: count }, (_, v) => v).sort(
    (a, b) => (depths[a] as number) - (depths[b] as number) || a - b,
  );
  const depth = depths[order.at(-1) as number] as number;
  return { count, length, root, parents, negated, depths, order, additions, depth };
}

/** Sign vectors as bits, 32 to a word, the rest of the last word 0. */
function packSigns(signs: Int8Array, count: number, length: number): Uint32Array {
  const words = Math.ceil(length / 32);
  const packed = new Uint32Array(count * words);
  for (let v = 0; v < count; v++)
    for (let s = 0; s < length; s++)
      if ((signs[v * length + s] as number) > 0) {
        const word = v * words + (s >>> 5);
        packed[word] = ((packed[word] as number) | (1 << (s & 31))) >>> 0;
      }
  return packed;
}

function hammingDistances(packed: Uint32Array, count: number): (a: number, b: number) => number {
  const words = packed.length / count;
  return (a, b) => {
    let sum = 0;
    for (let i = 0; i < words; i++)
      sum += popcount((packed[a * words + i] as number) ^ (packed[b * words + i] as number));
    return sum;
  };
}

function popcount(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function nearestToAll(count: number, distance: (a: number, b: number) => number): number {
  const totals = new Float64Array(count);
  for (let a = 0; a < count; a++)
    for (let b = a + 1; b < count; b++) {
      const d = distance(a, b);
      totals[a] = (totals[a] as number) + d;
      totals[b] = (totals[b] as number) + d;
    }
  let root = 0;
  totals.forEach((total, v) => {
    if (total < (totals[root] as number)) root = v;
  });
  return root;
}

/**
 * All inner products with `inputs` (integers, so that every sum is exact) through the tree, and the additions that it took: those of
 * `tree.additions`.
 */
export function evaluatePartialSums(
  tree: PartialSumTree,
  signs: Int8Array,
  inputs: ArrayLike<number>,
): { sums: Float64Array; additions: number } {
  const { length, order, parents, negated } = tree;
  const sums = new Float64Array(tree.count);
  let additions = 0;
  for (const v of order) {
    const parent = parents[v] as number;
    const own = v * length;
    if (parent < 0) {
      for (let s = 0; s < length; s++)
        sums[v] = (sums[v] as number) + (signs[own + s] as number) * (inputs[s] as number);
      additions += length - 1;
      continue;
    }
    const flip = negated[v] === 1 ? -1 : 1;
    let [change, places] = [0, 0];
    for (let s = 0; s < length; s++) {
      const wanted = flip * (signs[own + s] as number);
      if (wanted === signs[parent * length + s]) continue;
      change += wanted * (inputs[s] as number);
      places++;
    }
    // the changed inputs take one addition less than they are, and joining them to the parent is one
    additions += places;
    sums[v] = flip * ((sums[parent] as number) + 2 * change);
  }
  return { sums, additions };
}
