import type { HwNode } from '../../compiler/hw/index.ts';
import { adderDelay } from '../../compiler/hw/stages.ts';
import { analyse } from '../mvu/analysis.ts';
import { cellStages } from './cells.ts';
import { resultText, rowsOf } from './rows.ts';
import type { Row } from './rows.ts';
import { stagesFor } from './steps.ts';
import { adderLevels, isCounted, portableSums } from './sums.ts';

/** Register stages within the sums, and between them and the output register. */
export interface RegisterStages {
  readonly sums: number;
  readonly results: number;
}

/** The least value of `levels`: an addition of twenty bits and what is left of a stage with its registers. */
export const leastLevels = 4;

/** Levels of logic between two registers, at most (the parameter `levels`; see compiler/hw/stages.ts). Absent: any number. */
export function levelsOf(node: HwNode): number {
  const { levels } = node.params;
  return typeof levels === 'number' ? levels : Infinity;
}

const known = new WeakMap<object, Map<number, RegisterStages>>();

/** The register stages of an instance; what both bodies of the sums get by with. Remembered by constants and levels. */
export function stagesOf(node: HwNode): RegisterStages {
  const levels = levelsOf(node);
  if (levels === Infinity) return { sums: 0, results: 0 };
  const key = analyse(node);
  let mine = known.get(key);
  if (mine === undefined) known.set(key, (mine = new Map<number, RegisterStages>()));
  let found = mine.get(levels);
  if (found === undefined) {
    const rows = rowsOf(node);
    const sums = Math.max(portableStages(node, rows, levels), cellStages(node, rows, levels));
    mine.set(levels, (found = { sums, results: stagesFor(resultText(rows), levels) }));
  }
  return found;
}

/**
 * Register stages of the portable sums. Of shared adders only their number one behind the other is known before the search, and how
 * wide they are at most: each stage has as many as fit.
 */
function portableStages(node: HwNode, rows: readonly Row[], levels: number): number {
  const wanted = rows.filter(({ handed }) => handed.kind !== 'nothing');
  if (wanted.length === 0) return 0;
  const { low, high } = analyse(node);
  if (isCounted(node)) {
    // rows of as many bits are as deep, whatever their signs
    const shape = ({ index, bits, handed }: Row): string =>
      handed.kind === 'sum'
        ? `sum ${bits} ${handed.constant === 0}`
        : `reach ${low[index] ?? 0} ${high[index] ?? 0}`;
    const different = new Map(wanted.map((row) => [shape(row), row]));
    return stagesFor(portableSums(node, [...different.values()]), levels);
  }
  const width = wanted.reduce((most, { index, bits }) => {
    const range = (high[index] ?? 0) - (low[index] ?? 0);
    return Math.max(most, bits, Math.ceil(Math.log2(range + 1)) + 1);
  }, 1);
  // the last addition, perhaps of three numbers or of a negated one, and the comparison or the constant
  const added = Math.max(0, adderLevels(wanted) - 1);
  const last = adderDelay(width) + 1;
  const delays = [...Array.from({ length: added }, () => adderDelay(width)), last];
  if (
    wanted.some(({ handed }) => handed.kind === 'reach' || (handed.kind === 'sum' && handed.constant !== 0))
  )
    delays.push(adderDelay(width));
  let stages = 0;
  let depth = 0;
  for (const delay of delays) {
    if (depth > 0 && depth + delay > levels) [stages, depth] = [stages + 1, 0];
    depth += delay;
  }
  return stages;
}
