import { groupNetSetting } from '../../diagnostics/catalog/groupnet.ts';
import { fail } from '../../diagnostics/index.ts';
import type { Block, Group } from './network.ts';

/** How many blocks make a group: one, two, or all of them. */
export const variants = ['v1', 'v2', 'v3'] as const;
export type Variant = (typeof variants)[number];

/** The sizes of the groups that `blocks` blocks make; the last group of v2 has one block where their number is odd. */
export function groupSizes(variant: Variant, blocks: number): number[] {
  const most = { v1: 1, v2: 2, v3: blocks }[variant];
  return Array.from({ length: Math.ceil(blocks / most) }, (_, i) => Math.min(most, blocks - i * most));
}

/**
 * The groups of K networks of the same blocks.
 *
 * @param networks [branch][block]
 * @param sizes blocks of each group, in order; their sum is the number of blocks (`groupSizes` gives those of a variant)
 * @param lambdas [group][branch]
 * @throws DiagnosticError where the numbers do not fit
 */
export function groupBlocks(
  networks: readonly (readonly Block[])[],
  sizes: readonly number[],
  lambdas: readonly (readonly number[])[],
): Group[] {
  const total = sizes.reduce((sum, n) => sum + n, 0);
  const ragged = networks.find((blocks) => blocks.length !== total);
  if (ragged !== undefined)
    fail(groupNetSetting('blocks', ragged.length, `${total}, as many as the groups have`));
  if (lambdas.length !== sizes.length)
    fail(groupNetSetting('lambdas', lambdas.length, `${sizes.length} rows, one a group`));
  let first = 0;
  return sizes.map((size, group) => {
    const row = lambdas[group] ?? [];
    if (row.length !== networks.length)
      fail(groupNetSetting(`lambdas[${group}]`, row.length, `${networks.length} numbers, one a branch`));
    const branches = networks.map((blocks, i) => ({
      lambda: row[i] ?? 0,
      blocks: blocks.slice(first, first + size),
    }));
    first += size;
    return { branches };
  });
}
