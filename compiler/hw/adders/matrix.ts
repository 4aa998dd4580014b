import { termsOf } from './digits.ts';
import { additions } from './graph.ts';
import type { AdderGraph } from './graph.ts';
import { share } from './share.ts';
import type { ShareOptions } from './share.ts';
import { derivedGraph, spanningTree } from './spanning.ts';

/**
 * How the additions of a matrix are found. `plain`: every row by itself. `pairs`: sums of two terms that rows have in common. `tree`, `star`:
 * outputs derived from one another along the minimum or the shortest-path spanning tree. `tree-pairs`: pairs within the differences
 * along the minimum tree. `least`: whichever of these needs fewest additions.
 */
export type Strategy = 'plain' | 'pairs' | 'tree' | 'star' | 'tree-pairs' | 'least';

/** Options of `shareMatrix`. */
export interface MatrixOptions {
  readonly strategy?: Strategy;
  /** Most levels of two-operand adders; the strategies along trees do not take a bound. */
  readonly maxDepth?: number;
  readonly seed?: number;
}

/** The graph of a matrix, a row of integers per output, with as few additions as the strategy finds. */
export function shareMatrix(rows: readonly ArrayLike<number>[], options: MatrixOptions = {}): AdderGraph {
  const inputs = rows[0]?.length ?? 0;
  const { strategy = 'least', maxDepth, seed = 0 } = options;
  const sharing: ShareOptions = {
    objective: 'additions',
    weights: { pair: 1, triple: 0, rowPair: 0 },
    seed,
    ...(maxDepth === undefined ? {} : { maxDepth }),
  };
  const plain = rows.map(termsOf);
  switch (strategy) {
    case 'plain':
      return { inputs, sums: [], outputs: plain };
    case 'pairs':
      return share(plain, inputs, sharing);
    case 'tree':
    case 'star': {
      const tree = spanningTree(rows, strategy === 'tree' ? 'minimum' : 'shortest');
      return derivedGraph(tree, { inputs, sums: [], outputs: tree.derivations.map(({ terms }) => terms) });
    }
    case 'tree-pairs': {
      const tree = spanningTree(rows, 'minimum');
      return derivedGraph(
        tree,
        share(
          tree.derivations.map(({ terms }) => terms),
          inputs,
          sharing,
        ),
      );
    }
    case 'least': {
      const tried: Strategy[] = maxDepth === undefined ? ['pairs', 'tree-pairs'] : ['pairs'];
      return tried
        .map((each) => shareMatrix(rows, { ...options, strategy: each }))
        .reduce((best, next) => (additions(next) < additions(best) ? next : best));
    }
  }
}
