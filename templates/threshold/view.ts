import { encodeElement } from '../../compiler/hw/pack.ts';
import { bitWidth, printElement } from '../../compiler/qir/types.ts';
import type { HwNode, MemoryImage, TemplateView } from '../../compiler/hw/index.ts';
import { timing } from './model.ts';
import { planOf } from './numbers.ts';
import { registersOf, searchImages, searchOf } from './search.ts';
import { searchView } from './search-view.ts';
import type { Plan } from './numbers.ts';

function bitsOf(count: number): number {
  return Math.max(1, Math.ceil(Math.log2(count)));
}

/** Bits of the constants of one lane: its thresholds, the lowest first, and above them whether it falls. */
function laneBits({ count, bits, flips }: Plan): number {
  return count * bits + (flips ? 1 : 0);
}

/** The constants of one word as hexadecimal digits. */
function wordHex(plan: Plan, word: number): string {
  const { params, count, bits, flips } = plan;
  const thresholds = plan.thresholds(word);
  const falling = plan.falling(word);
  let digits = '';
  for (let lane = params.lanes - 1; lane >= 0; lane--) {
    if (flips) digits += String(falling[lane] ?? 0);
    for (let j = count - 1; j >= 0; j--) {
      const t = BigInt.asUintN(bits, BigInt(thresholds[lane * count + j] ?? 0));
      digits += t.toString(2).padStart(bits, '0');
    }
  }
  digits = digits.padStart(Math.ceil(digits.length / 4) * 4, '0');
  return digits.replace(/[01]{4}/g, (nibble) => Number.parseInt(nibble, 2).toString(16));
}

/** Whether the memory is better off in block RAM: a LUT holds a bit of up to 64 words. */
function useBlock({ words, params }: Plan, width: number): boolean {
  return words > 64 && width * params.lanes * words >= 8192;
}

/** Width and depth of the constants' memory; undefined if they are the same in every step. */
export function romOf(
  plan: Plan,
): { readonly width: number; readonly depth: number; readonly block: boolean } | undefined {
  if (plan.words === 1) return undefined;
  const width = laneBits(plan) * plan.params.lanes;
  return { width, depth: plan.words, block: useBlock(plan, laneBits(plan)) };
}

function file(node: HwNode): string {
  return `${node.name}_thresholds.mem`;
}

/** The memory images of an instance. */
export function images(node: HwNode): MemoryImage[] {
  const plan = planOf(node);
  if (plan.params.form === 'search') return searchImages(node, plan);
  const rom = romOf(plan);
  if (rom === undefined) return [];
  const words = Array.from({ length: rom.depth }, (_, word) => wordHex(plan, word));
  return [{ file: file(node), width: rom.width, words }];
}

/** The level's bits out of the thresholds reached: they ascend, so bit b flips at every multiple of 2^b. */
function levelBits(count: number): { readonly index: number; readonly mask: string }[] {
  return Array.from({ length: bitsOf(count + 1) }, (_, b) => {
    let mask = 0n;
    for (let j = 2 ** b; j <= count; j += 2 ** b) mask |= 1n << BigInt(j - 1);
    return { index: b, mask: `${count}'h${mask.toString(16)}` };
  });
}

/** The bits of the level as the parities make them. */
function levelOf(plan: Plan): string {
  if (plan.params.y.kind === 'bipolar') return 'level0';
  const bits = bitsOf(plan.count + 1);
  return `{${Array.from({ length: bits }, (_, b) => `level${bits - 1 - b}`).join(', ')}}`;
}

/** The element with a level. */
function valueOf(plan: Plan, level: string): string {
  const { params, count } = plan;
  if (params.y.kind === 'bipolar') return level;
  const yBits = bitWidth(params.y);
  const bits = bitsOf(count + 1);
  const wide = yBits > bits ? `{${yBits - bits}'d0, ${level}}` : level;
  const base = encodeElement(params.y, params.base);
  return base === 0 ? wide : `${wide} + ${yBits}'d${base}`;
}

/** The template's root object. */
export function view(
  node: HwNode,
  names: { readonly module: string; readonly memPrefix: string },
): TemplateView {
  const plan = planOf(node);
  const { params, count, steps, words, xBits } = plan;
  const { lanes } = params;
  const yBits = bitWidth(params.y);
  const searches = params.form === 'search';
  const bits = searches ? searchOf(plan).bits : plan.bits;
  const rom = searches ? undefined : romOf(plan);
  const registers = registersOf(plan);
  const idle = plan.idleLanes > 0;
  const lane = laneBits(plan);
  // With a whole number of rounds through the words in a row, the row's end needs no counter of its own.
  const needStep =
    steps > 1 && ((words > 1 && words !== steps && steps % words !== 0) || (idle && words !== steps));
  const { initiationInterval, latency } = timing(steps, registers, 1);
  const extend = bits - xBits;
  const top = plan.signed ? `element[${xBits - 1}]` : "1'b0";
  const keep = BigInt(lanes - plan.idleLanes) * BigInt(yBits);
  return {
    module: names.module,
    types: `${printElement(params.x)} to ${printElement(params.y)}`,
    elements: plan.elements,
    channels: params.channels,
    lanes,
    count,
    countMsb: count - 1,
    interval: initiationInterval,
    latency,
    inMsb: lanes * xBits - 1,
    xBits,
    xMsb: xBits - 1,
    outBits: lanes * yBits,
    outMsb: lanes * yBits - 1,
    yBits,
    bits,
    msb: bits - 1,
    signed: plan.signed,
    constant: words === 1,
    flips: plan.flips,
    compared: extend === 0 ? 'element' : `{{${extend}{${top}}}, element}`,
    rom:
      rom === undefined
        ? false
        : { msb: rom.width - 1, last: rom.depth - 1, block: rom.block, file: names.memPrefix + file(node) },
    constantsMsb: lane * lanes - 1,
    constantsBits: lane * lanes,
    constantsWord: rom === undefined && !searches ? wordHex(plan, 0) : '0',
    lane,
    laneMsb: lane - 1,
    step: needStep ? { bits: bitsOf(steps), msb: bitsOf(steps) - 1, last: steps - 1 } : false,
    word: words > 1 ? { bits: bitsOf(words), msb: bitsOf(words) - 1, last: words - 1 } : false,
    frameEnd: needStep ? 'step_last' : words > 1 ? 'word_last' : "1'b1",
    wordEnd: needStep && words > 1 ? 'word_last || step_last' : 'word_last',
    levelBits: levelBits(count),
    value: valueOf(plan, levelOf(plan)),
    search: searches ? searchView(node, plan, names.memPrefix, (level) => valueOf(plan, level)) : false,
    valid: searches ? `valid_${registers}` : rom === undefined ? 'in_valid' : 'valid_q',
    last: searches ? `last_${registers}` : 'last',
    idle,
    mask: ((1n << keep) - 1n).toString(16),
  };
}
