import { bitWidth, isSigned, valueRange } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import type { HwNode } from '../../compiler/hw/index.ts';
import { bitRange, isMemory, laneTable, rangeBits, slotsOf } from '../lib/lanes.ts';
import type { LaneTable, Slots } from '../lib/lanes.ts';
import { signedDigits } from '../../compiler/hw/adders/index.ts';

/** The parameters of an instance, typed. */
export interface CombineParams {
  /** Pixels of one frame. */
  readonly rows: number;
  readonly channels: number;
  /** Elements of one beat, of every input and of the output: at most the channels, or a multiple of them that divides all. */
  readonly lanes: number;
  /** One for each input; without coefficients if the constant `coefficients` [inputs, channels] gives one for each channel. */
  readonly terms: readonly { readonly x: ElementType; readonly coefficient?: number }[];
  readonly y: ElementType;
}

/** The parameters of a checked instance. */
export function combineParams(node: HwNode): CombineParams {
  return node.params as unknown as CombineParams;
}

/**
 * One input's share of the sum. A bipolar input is its bit u with x = 2u - 1; the constant is moved to the bias.
 *
 * `form`: `digits` if all channels have one factor, or no factor at all; `lanes` if each lane has its own, of few digits; `product` if it is multiplied.
 */
export interface Term {
  readonly bits: number;
  readonly signed: boolean;
  readonly form: 'digits' | 'lanes' | 'product';
  /** What the input's bits are multiplied by, one a channel. */
  readonly factors: readonly number[];
  /** Digits of the one factor of all channels: one or none needs no adder of its own. */
  readonly digits: readonly { readonly shift: number; readonly negative: boolean }[];
  /** Factors of the lanes, a word a group, and the form of one of them; undefined unless they are multiplied with. */
  readonly table: LaneTable | undefined;
  readonly factorBits: number;
  readonly factorSigned: boolean;
  readonly productBits: number;
  readonly productSigned: boolean;
}

/** Whether the unit multiplies with the factors, or adds up more than one shifted input. */
export function isProduct({ form, digits }: Term): boolean {
  return form !== 'digits' || digits.length > 1;
}

/** Whether an input is no part of the sum. */
export function isUnused({ form, digits }: Term): boolean {
  return form === 'digits' && digits.length === 0;
}

/** How an instance is built. */
export interface Plan {
  readonly params: CombineParams;
  readonly slots: Slots;
  readonly terms: readonly Term[];
  /** Biases of the lanes, a word a group; undefined if all are zero. */
  readonly bias: LaneTable | undefined;
  readonly biasBits: number;
  readonly biasSigned: boolean;
  readonly sumBits: number;
  readonly sumSigned: boolean;
  /** Stages between the inputs' registers and the sum: one for products, biases from a memory, many inputs; two for factors from a memory. */
  readonly stages: number;
}

const plans = new WeakMap<HwNode, Plan>();

/** The plan of a checked instance. */
export function planOf(node: HwNode): Plan {
  let plan = plans.get(node);
  if (plan === undefined) plans.set(node, (plan = makePlan(node)));
  return plan;
}

/** Most digits of factors that are added up rather than multiplied with. */
const FEW = 4;

/** What is stored for the lanes of a group: the values of its channels; a lane without a channel repeats the first group's, so that equal words stay equal. */
function laneRows(values: readonly number[], { groups, width }: Slots): number[][] {
  return Array.from({ length: groups }, (_, group) =>
    Array.from({ length: width }, (__, lane) => values[group * width + lane] ?? values[lane] ?? 0),
  );
}

function termOf(x: ElementType, given: readonly number[], slots: Slots, index: number): Term {
  const bits = bitWidth(x);
  const factors = x.kind === 'bipolar' ? given.map((k) => 2 * k) : given;
  const { min, max } = bitRange(x);
  const ends = factors.flatMap((k) => [k * min, k * max, 0]);
  const [low, high] = [ends.reduce((a, b) => Math.min(a, b)), ends.reduce((a, b) => Math.max(a, b))];
  const [least, most] = [factors.reduce((a, b) => Math.min(a, b)), factors.reduce((a, b) => Math.max(a, b))];
  const factorBits = rangeBits(least, most);
  const all = laneTable(`factors${index}`, factorBits, laneRows(factors, slots));
  const few = factors.every((k) => signedDigits(k).length <= FEW);
  const form = least === most ? 'digits' : few && !isMemory(all) ? 'lanes' : 'product';
  return {
    bits,
    signed: isSigned(x),
    form,
    factors,
    digits: form === 'digits' ? signedDigits(least) : [],
    table: form === 'product' ? all : undefined,
    factorBits,
    factorSigned: least < 0,
    productBits: Math.max(rangeBits(low, high), bits, form === 'product' ? factorBits : 1),
    productSigned: low < 0,
  };
}

/** The factors of each input, one a channel. */
function factorsOf(node: HwNode): readonly (readonly number[])[] {
  const { terms, channels } = combineParams(node);
  const data = node.consts['coefficients']?.data;
  return terms.map(({ coefficient = 0 }, i) =>
    Array.from({ length: channels }, (_, c) => data?.[i * channels + c] ?? coefficient),
  );
}

/** Least and greatest sum of any channel. */
export function sumRange(node: HwNode): { readonly min: number; readonly max: number } {
  const { terms, channels } = combineParams(node);
  const factors = factorsOf(node);
  const bias = node.consts['bias']?.data;
  let [min, max] = [Infinity, -Infinity];
  for (let c = 0; c < channels; c++) {
    let low = bias === undefined ? 0 : (bias[c % bias.length] ?? 0);
    let high = low;
    terms.forEach(({ x }, i) => {
      const range = valueRange(x);
      const k = factors[i]?.[c] ?? 0;
      low += Math.min(k * range.min, k * range.max);
      high += Math.max(k * range.min, k * range.max);
    });
    [min, max] = [Math.min(min, low), Math.max(max, high)];
  }
  return { min, max };
}

/** Most inputs whose elements are added in one stage behind the inputs' registers. */
const DIRECT = 3;

function makePlan(node: HwNode): Plan {
  const params = combineParams(node);
  const { channels, lanes } = params;
  const slots = slotsOf(channels, lanes);
  const factors = factorsOf(node);
  const terms = params.terms.map(({ x }, i) => termOf(x, factors[i] ?? [], slots, i));
  const given = node.consts['bias']?.data;
  const biases = Array.from({ length: channels }, (_, c) =>
    params.terms.reduce(
      (sum, { x }, i) => sum - (x.kind === 'bipolar' ? (factors[i]?.[c] ?? 0) : 0),
      given?.[c % given.length] ?? 0,
    ),
  );
  const biasBits = rangeBits(Math.min(...biases), Math.max(...biases));
  const bias = biases.every((b) => b === 0)
    ? undefined
    : laneTable('bias', biasBits, laneRows(biases, slots));
  const { min, max } = sumRange(node);
  const stored = terms.some(({ table }) => table !== undefined && isMemory(table));
  const staged = terms.some(isProduct) || terms.length > DIRECT || (bias !== undefined && isMemory(bias));
  return {
    params,
    slots,
    terms,
    bias,
    biasBits,
    biasSigned: biases.some((b) => b < 0),
    // modulo this many bits; no narrower than an operand, so that nothing is cut off
    sumBits: Math.max(
      rangeBits(min, max),
      ...terms.map(({ productBits }) => productBits),
      bias === undefined ? 1 : biasBits,
    ),
    sumSigned: min < 0,
    stages: stored ? 2 : staged ? 1 : 0,
  };
}
