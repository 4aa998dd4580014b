import { bitWidth } from '../../compiler/qir/types.ts';
import type { Cost, HwConst, Param } from '../../compiler/hw/index.ts';
import { planOf } from './numbers.ts';
import type { Plan } from './numbers.ts';
import { blockHalves } from '../lib/blocks.ts';
import { inText, searchLimit, searchOf } from './search.ts';
import { romOf } from './view.ts';

/** LUT, FF and BRAM in portable form; see README.md for the error. */
export function cost(plan: Plan): Cost {
  return plan.params.form === 'search' ? searchCost(plan) : parallelCost(plan);
}

/** Bits of the numbers from `low` to `high` that are registers of their own: not constant, and not equal to another bit. */
function distinctBits(low: number, high: number): number {
  const columns = new Set<string>();
  for (let bit = 0; bit < 32; bit++) {
    let column = '';
    for (let value = low; value <= high; value++) column += (value >> bit) & 1;
    if (column.includes('0') && column.includes('1')) columns.add(column);
  }
  return columns.size;
}

function parallelCost(plan: Plan): Cost {
  const { params, count, bits, steps } = plan;
  const { lanes } = params;
  const inBits = lanes * plan.xBits;
  const outBits = lanes * bitWidth(params.y);
  const rom = romOf(plan);
  const counters = steps > 1 ? Math.ceil(Math.log2(steps)) : 0;
  const encode = Math.max(0, (count - 1) * 0.35);
  if (rom === undefined) {
    // up to four bits go straight into the LUT of each output bit, with the spill register's choice
    const compare = bits <= 4 ? 0 : count * (bits <= 6 ? 0.4 : (bits - 1) / 6) + encode;
    const kept = lanes * distinctBits(params.base, params.base + count);
    return { lut: Math.round(3 + kept + lanes * compare), ff: 2 + 2 * kept, bram36: 0, dsp: 0 };
  }
  // few words have few distinct columns (2^depth), which synthesis shares; up to 64 words one LUT holds a bit
  const columns = 2 ** Math.min(rom.depth, 20);
  const shared =
    rom.depth > 64 ? rom.width * (rom.depth / 64) * 1.3 : columns * (1 - Math.exp(-rom.width / columns));
  const memory = rom.block ? 0 : shared;
  return {
    lut: Math.round(10 + 3 * counters + outBits + lanes * (count * bits * 0.5 + encode) + memory),
    ff: 3 + 2 * outBits + inBits + 2 * counters + (rom.block ? 0 : Math.round(Math.min(rom.width, memory))),
    bram36: rom.block ? Math.ceil(rom.width / 36) * 0.5 * Math.ceil(rom.depth / 1024) : 0,
    dsp: 0,
  };
}

/**
 * LUTs of a lane's table in logic: one for up to 64 words of a bit. Bits that all words have in common cost nothing, and few words have
 * few distinct columns. Yosys makes less of larger tables, least of those behind a comparison.
 */
function tableLuts(words: readonly number[], bits: number, behind: boolean): number {
  const [first = 0] = words;
  let different = 0;
  for (const word of words) different |= word ^ first;
  let varying = 0;
  // what is above the stored bits repeats the sign
  for (let bit = 0; bit < Math.min(bits, 32); bit++) varying += (different >> bit) & 1;
  const depth = words.length;
  const columns = 2 ** (Math.min(depth, 32) - 1) - 1;
  return depth <= 64
    ? columns * (1 - Math.exp(-varying / columns))
    : varying * (depth / 64) * (behind ? 2.4 : 1.5);
}

function searchCost(plan: Plan): Cost {
  const { params, xBits, words, steps } = plan;
  const { lanes } = params;
  const { stages, registers, bits, table } = searchOf(plan);
  const outBits = lanes * bitWidth(params.y);
  const counter = words > 1 ? Math.ceil(Math.log2(words)) : 0;
  const counters = steps > 1 ? Math.ceil(Math.log2(steps)) : 0;
  // with one word lane l holds channel l % channels
  const different = words === 1 ? Math.min(lanes, params.channels) : lanes;
  let [tables, copies, bram36] = [0, 0, 0];
  for (const [k, stage] of stages.entries()) {
    if (stage.block) bram36 += (lanes * blockHalves(stage.depth, bits)) / 2;
    else if (stage.depth > 2) {
      let luts = 0;
      for (let lane = 0; lane < different; lane++) luts += tableLuts(table(k, lane), bits, k > 0);
      tables += luts;
      // the registers of a small table's address are moved to its words
      if (k > 0 && inText(stage)) copies += luts;
    }
  }
  const compare = stages.length * bits * 0.6;
  const prefixes = (stages.length * (stages.length - 1)) / 2;
  return {
    lut: Math.round(10 + 2 * counters + outBits + lanes * compare + (lanes / different) * tables),
    ff:
      Math.round((lanes / different) * copies) +
      2 +
      registers * (1 + counter) +
      counters +
      2 * outBits +
      lanes * (registers * xBits + prefixes),
    bram36,
    dsp: 0,
  };
}

/** What costs are compared by, in LUTs: a flip-flop, and a 36 Kib block RAM at what `gather` counts for it. */
function weightOf({ lut, ff, bram36 }: Cost): number {
  return lut + 0.15 * ff + 256 * bram36;
}

/** Whether the search is the cheaper form of an instance. */
export function searchIsCheaper(
  params: Readonly<Record<string, Param>>,
  consts: Readonly<Record<string, HwConst>>,
): boolean {
  const count = consts['thresholds']?.shape[1] ?? 0;
  if (count < 2 || count >= searchLimit) return false;
  const of = (form: string): number => {
    const node = { name: '', unit: 'threshold', params: { ...params, form }, consts, value: '' };
    return weightOf(cost(planOf({ ...node, origin: { nodes: [] } })));
  };
  return of('search') < of('parallel');
}
