import { bitWidth } from '../../compiler/qir/types.ts';
import type { Cost, HwConst, Param } from '../../compiler/hw/index.ts';
import { planOf } from './numbers.ts';
import type { Plan } from './numbers.ts';
import { searchLimit, searchOf } from './search.ts';
import type { Stage } from './search.ts';
import { romOf } from './view.ts';

/** LUT, FF and BRAM in portable form; see README.md for the error. */
export function cost(plan: Plan): Cost {
  return plan.params.form === 'search' ? searchCost(plan) : parallelCost(plan);
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
    const compare = bits <= 6 ? 0.4 : (bits - 1) / 6;
    return {
      lut: Math.round(8 + counters + outBits + lanes * (count * compare + encode)),
      ff: 2 + 2 * outBits + counters,
      bram36: 0,
      dsp: 0,
    };
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

/** LUTs of a lane's table in logic: one for up to 64 words of a bit, where the words do not have that bit in common. */
function tableLuts(words: readonly number[], depth: number): number {
  let [all, any] = [-1, 0];
  for (const word of words) {
    all &= word;
    any |= word;
  }
  let bits = 0;
  for (let varying = any & ~all; varying !== 0; varying &= varying - 1) bits++;
  if (depth <= 2) return 0;
  return depth <= 64 ? bits : bits * (depth / 64) * 1.3;
}

function blocks({ depth }: Stage, bits: number): number {
  const halves = [
    [512, 36],
    [1024, 18],
    [2048, 9],
    [4096, 4],
    [8192, 2],
    [16384, 1],
  ].map(([words = 1, width = 1]) => Math.ceil(depth / words) * Math.ceil(bits / width));
  return Math.min(...halves) / 2;
}

function searchCost(plan: Plan): Cost {
  const { params, xBits, words, steps } = plan;
  const { lanes } = params;
  const { stages, registers, bits, table } = searchOf(plan);
  const outBits = lanes * bitWidth(params.y);
  const counter = words > 1 ? Math.ceil(Math.log2(words)) : 0;
  const counters = steps > 1 ? Math.ceil(Math.log2(steps)) : 0;
  let tables = 0;
  let bram36 = 0;
  for (const [k, stage] of stages.entries()) {
    if (stage.block) bram36 += lanes * blocks(stage, bits);
    else for (let lane = 0; lane < lanes; lane++) tables += tableLuts(table(k, lane), stage.depth);
  }
  const compare = stages.length * bits * 0.6;
  const prefixes = (stages.length * (stages.length - 1)) / 2;
  return {
    lut: Math.round(10 + 2 * counters + outBits + lanes * compare + tables),
    ff: 2 + registers * (1 + counter) + counters + 2 * outBits + lanes * (registers * xBits + prefixes),
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
