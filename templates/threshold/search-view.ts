import type { HwNode, TemplateView } from '../../compiler/hw/index.ts';
import type { Plan } from './numbers.ts';
import { inText, searchOf, stored, tableFile } from './search.ts';
import type { Search, Stage } from './search.ts';

function upTo(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
}

/** Bits of the level that are known behind so many register stages. */
function knownBits({ stages }: Search, position: number): number {
  return stages.filter((stage) => stage.position < position).length;
}

/** The table's words as one number, the first word lowest. */
function packed(words: readonly number[], bits: number): string {
  const text = words.map((value) => stored(value, bits).toString(2).padStart(bits, '0')).reverse();
  return BigInt(`0b${text.join('')}`).toString(16);
}

/** What a stage finds: whether the input reaches its threshold, turned round if the channel falls. */
function compareText(
  { bits, strict }: Search,
  { xBits, signed }: Plan,
  x: string,
  t: string,
  how: { readonly falls: boolean; readonly constant: boolean },
): string {
  const top = signed ? `${x}[${xBits - 1}]` : "1'b0";
  const wide = bits === xBits ? x : `{${top}, ${x}}`;
  const [a, b] = strict ? [t, wide] : [wide, t];
  const negated = strict !== how.falls;
  if (how.constant) return `${negated ? '!' : ''}at_least(${a}, ${b})`;
  const sides = signed ? [`$signed(${a})`, `$signed(${b})`] : [a, b];
  return sides.join(negated ? ' < ' : ' >= ');
}

/** Whether the lane's channels fall: none, all, or by the word. */
function direction(falling: readonly number[]): 'none' | 'all' | 'mixed' {
  if (!falling.includes(1)) return 'none';
  return falling.includes(0) ? 'mixed' : 'all';
}

function addressText(plan: Plan, stage: Stage, lane: number, k: number): string {
  const parts = [
    ...(plan.words > 1 ? [`word_${stage.address}`] : []),
    ...(k > 0 ? [`prefix_${lane}_${stage.address}`] : []),
  ];
  return parts.length === 1 ? (parts[0] ?? '') : `{${parts.join(', ')}}`;
}

/** A stage of one lane: where its threshold comes from and what it finds. */
function stageView(
  node: HwNode,
  plan: Plan,
  memPrefix: string,
  lane: number,
  k: number,
): Record<string, unknown> {
  const search = searchOf(plan);
  const stage = search.stages[k] as Stage;
  const words = search.table(k, lane);
  const kind = direction(search.falling(lane));
  const reached = compareText(search, plan, `x_${lane}_${stage.position}`, `t_${lane}_${k}`, {
    falls: kind === 'all',
    constant: stage.depth === 1,
  });
  return {
    index: k,
    single: stage.depth === 1,
    text: inText(stage),
    block: stage.block,
    last: stage.depth - 1,
    depth: stage.depth,
    packedBits: stage.depth * search.bits,
    packedMsb: stage.depth * search.bits - 1,
    packed: inText(stage) ? packed(words, search.bits) : '0',
    file: memPrefix + tableFile(node, k, lane),
    address: stage.depth === 1 ? '' : addressText(plan, stage, lane, k),
    found: kind === 'mixed' ? `(${reached}) ^ flip_${lane}_${stage.position}` : reached,
  };
}

/** Registers of the bits found, one for each position where some are known. */
function prefixViews(search: Search, lane: number): Record<string, unknown>[] {
  return upTo(1, search.registers).flatMap((position) => {
    const bits = knownBits(search, position);
    if (bits === 0) return [];
    const before = knownBits(search, position - 1);
    const old = before === 0 ? [] : [`prefix_${lane}_${position - 1}`];
    const parts = [...old, ...(bits > before ? [`found_${lane}_${before}`] : [])];
    return [{ position, bits, msb: bits - 1, next: parts.length === 1 ? parts[0] : `{${parts.join(', ')}}` }];
  });
}

/** The bits of a lane's level, as they leave the last stage. */
function levelText({ stages, registers }: Search, lane: number): string {
  const last = `found_${lane}_${stages.length - 1}`;
  return stages.length === 1 ? last : `{prefix_${lane}_${registers}, ${last}}`;
}

/** What the template needs for the search. `valueOf` makes an element of the bits of a level. */
export function searchView(
  node: HwNode,
  plan: Plan,
  memPrefix: string,
  valueOf: (level: string) => string,
): TemplateView {
  const search = searchOf(plan);
  const { stages, registers, bits } = search;
  const positions = upTo(1, registers).map((position) => ({ position, before: position - 1 }));
  const addresses = Math.max(...stages.map(({ address }) => address));
  return {
    stages: stages.length,
    registers,
    positions,
    wordPositions: plan.words > 1 ? positions.slice(0, addresses) : [],
    bits,
    msb: bits - 1,
    anyText: stages.some((stage) => inText(stage) && stage.depth > 1),
    lanes: upTo(0, plan.params.lanes - 1).map((lane) => {
      const falling = search.falling(lane);
      return {
        index: lane,
        flips: direction(falling) === 'mixed',
        flipBits: plan.words,
        flipMsb: plan.words - 1,
        flipWord: BigInt(`0b${[...falling].reverse().join('')}`).toString(16),
        prefixes: prefixViews(search, lane),
        stages: stages.map((_, k) => stageView(node, plan, memPrefix, lane, k)),
        value: valueOf(levelText(search, lane)),
      };
    }),
  };
}
