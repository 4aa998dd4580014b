import type { HwNode, MemoryImage } from '../../compiler/hw/index.ts';
import type { Plan } from './numbers.ts';

// The binary search: stage k finds bit k of the level from the top. Node m of the tree (1 to 2^stages - 1) asks whether the level is at
// least m; the bits found so far, the prefix, say which node of its row a stage is at: m = (2 * prefix + 1) * 2^(stages - 1 - k).

/** Thresholds from which on the search would take more stages than a step pipeline has. */
export const searchLimit = 2 ** 15;

/** Words up to which a table stands in the Verilog text; a LUT holds a bit of them. */
const textWords = 64;

/** A stage of the search. */
export interface Stage {
  /** Words of a lane's table: one for each group of channels and prefix. */
  readonly depth: number;
  /** Register stages in front of the comparison. */
  readonly position: number;
  /** Register stages in front of the table's address: one less than `position` in block RAM, else as many. */
  readonly address: number;
  readonly block: boolean;
}

/** How the search is built. */
export interface Search {
  readonly stages: readonly Stage[];
  /** Register stages in front of the output register. */
  readonly registers: number;
  /** Bits of a stored threshold. */
  readonly bits: number;
  /** Stored is the greatest input that does not reach the threshold: x > t - 1, not x >= t. */
  readonly strict: boolean;
  /** The words of a lane's table. */
  readonly table: (stage: number, lane: number) => readonly number[];
  /** Whether each group's channel on a lane falls. */
  readonly falling: (lane: number) => readonly number[];
}

/** A LUT holds a bit of up to 64 words, which beats block RAM for small tables. */
function useBlock(bits: number, depth: number): boolean {
  return depth > 64 && bits * depth >= 8192;
}

/** What node `m` compares with; nodes above the last level are never reached. */
function nodeOf(plan: Plan, channel: number, m: number): number {
  const { count, low, high, falls, threshold } = plan;
  if (falls(channel) === 1) return m > count ? low : threshold(channel, count - m);
  return m > count ? high + 1 : threshold(channel, m - 1);
}

const known = new WeakMap<Plan, Search>();

/** The search of an instance in that form. */
export function searchOf(plan: Plan): Search {
  let search = known.get(plan);
  if (search === undefined) known.set(plan, (search = makeSearch(plan)));
  return search;
}

function makeSearch(plan: Plan): Search {
  const { count, words, xBits, low, high, channelOf, falls } = plan;
  const stageCount = stagesOf(count);
  const nodes = 2 ** stageCount;
  let [always, never] = [false, false];
  for (let channel = 0; channel < plan.params.channels; channel++) {
    const [first, last] = [nodeOf(plan, channel, 1), nodeOf(plan, channel, nodes - 1)];
    always ||= Math.min(first, last) <= low;
    never ||= Math.max(first, last) > high;
  }
  // one of the two can be written without a further bit
  const strict = never && !always;
  const bits = xBits + (never && always ? 1 : 0);
  const stages: Stage[] = [];
  let position = 0;
  for (let k = 0; k < stageCount; k++) {
    const depth = words * 2 ** k;
    const block = useBlock(bits, depth);
    stages.push({ depth, position: position + (block ? 1 : 0), address: position, block });
    position += block ? 2 : 1;
  }
  return {
    stages,
    registers: position - 1,
    bits,
    strict,
    table: (k, lane) =>
      Array.from({ length: words * 2 ** k }, (_, index) => {
        const channel = channelOf(Math.floor(index / 2 ** k), lane);
        const m = (2 * (index % 2 ** k) + 1) * 2 ** (stageCount - 1 - k);
        return nodeOf(plan, channel, m) - (strict ? 1 : 0);
      }),
    falling: (lane) => Array.from({ length: words }, (_, word) => falls(channelOf(word, lane))),
  };
}

/** Bits of a level of `count` thresholds: the stages of the search. */
export function stagesOf(count: number): number {
  return Math.ceil(Math.log2(count + 1));
}

/** Register stages between the stage that compares last and the input, of either form. */
export function registersOf(plan: Plan): number {
  if (plan.params.form === 'search') return searchOf(plan).registers;
  return plan.words === 1 ? 0 : 1;
}

/** Whether a table stands in the text of the module. */
export function inText({ depth, block }: Stage): boolean {
  return !block && depth <= textWords;
}

/** The file of a lane's table. */
export function tableFile(node: HwNode, stage: number, lane: number): string {
  return `${node.name}_lane${lane}_stage${stage}.mem`;
}

/** A stored threshold in two's complement. */
export function stored(value: number, bits: number): bigint {
  return BigInt.asUintN(bits, BigInt(value));
}

/** The tables that are too large for the text. */
export function searchImages(node: HwNode, plan: Plan): MemoryImage[] {
  const { stages, bits, table } = searchOf(plan);
  const digits = Math.ceil(bits / 4);
  return Array.from({ length: plan.params.lanes }, (_, lane) =>
    stages.flatMap((stage, k) => {
      if (inText(stage)) return [];
      const words = table(k, lane).map((value) => stored(value, bits).toString(16).padStart(digits, '0'));
      return [{ file: tableFile(node, k, lane), width: bits, words }];
    }),
  ).flat();
}
