import { bitWidth, isSigned, valueRange } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import type { HwNode } from '../../compiler/hw/index.ts';
import { bitRange, isMemory, laneTable, rangeBits, slotsOf } from '../lib/lanes.ts';
import type { LaneTable, Slots } from '../lib/lanes.ts';
import { signedDigits } from '../unrolled/rows.ts';

/** The parameters of an instance, typed. */
export interface CombineParams {
  /** Pixels of one frame. */
  readonly rows: number;
  readonly channels: number;
  /** Elements of one beat, of every input and of the output: at most the channels, or a multiple of them that divides all. */
  readonly lanes: number;
  /** One for each input. */
  readonly terms: readonly { readonly x: ElementType; readonly coefficient: number }[];
  readonly y: ElementType;
}

/** The parameters of a checked instance. */
export function combineParams(node: HwNode): CombineParams {
  return node.params as unknown as CombineParams;
}

/** One input's share of the sum. A bipolar input is its bit u with x = 2u - 1; the constant is moved to the bias. */
export interface Term {
  readonly bits: number;
  readonly signed: boolean;
  /** What the input's bits are multiplied by. */
  readonly coefficient: number;
  /** Digits of the coefficient: one or none needs no adder of its own. */
  readonly digits: readonly { readonly shift: number; readonly negative: boolean }[];
  readonly productBits: number;
  readonly productSigned: boolean;
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
  /** Whether a stage lies between the inputs' registers and the sum: for products, biases from a memory, many inputs. */
  readonly staged: boolean;
}

const plans = new WeakMap<HwNode, Plan>();

/** The plan of a checked instance. */
export function planOf(node: HwNode): Plan {
  let plan = plans.get(node);
  if (plan === undefined) plans.set(node, (plan = makePlan(node)));
  return plan;
}

function termOf({ x, coefficient }: CombineParams['terms'][number]): Term {
  const bits = bitWidth(x);
  const factor = x.kind === 'bipolar' ? 2 * coefficient : coefficient;
  const { min, max } = bitRange(x);
  const ends = [factor * min, factor * max, 0];
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  return {
    bits,
    signed: isSigned(x),
    coefficient: factor,
    digits: signedDigits(factor),
    productBits: Math.max(rangeBits(low, high), bits),
    productSigned: low < 0,
  };
}

/** Least and greatest sum of any channel. */
export function sumRange(node: HwNode): { readonly min: number; readonly max: number } {
  const { terms } = combineParams(node);
  const biases = Array.from(node.consts['bias']?.data ?? [0]);
  let min = biases.reduce((a, b) => Math.min(a, b), Infinity);
  let max = biases.reduce((a, b) => Math.max(a, b), -Infinity);
  for (const { x, coefficient } of terms) {
    const range = valueRange(x);
    min += Math.min(coefficient * range.min, coefficient * range.max);
    max += Math.max(coefficient * range.min, coefficient * range.max);
  }
  return { min, max };
}

/** Most inputs whose elements are added in one stage behind the inputs' registers. */
const DIRECT = 3;

function makePlan(node: HwNode): Plan {
  const params = combineParams(node);
  const { channels, lanes } = params;
  const slots = slotsOf(channels, lanes);
  const terms = params.terms.map(termOf);
  const given = node.consts['bias']?.data;
  const moved = params.terms.reduce(
    (sum, { x, coefficient }) => sum + (x.kind === 'bipolar' ? coefficient : 0),
    0,
  );
  const biases = Array.from({ length: channels }, (_, c) => (given?.[c % given.length] ?? 0) - moved);
  const biasBits = rangeBits(Math.min(...biases), Math.max(...biases));
  const rows = Array.from({ length: slots.groups }, (_, group) =>
    Array.from({ length: slots.width }, (__, lane) => {
      const c = group * slots.width + lane;
      // a lane without a channel repeats the first group's, so that equal words stay equal
      return biases[c < channels ? c : lane] ?? 0;
    }),
  );
  const bias = biases.every((b) => b === 0) ? undefined : laneTable('bias', biasBits, rows);
  const { min, max } = sumRange(node);
  const single = terms.every(({ digits }) => digits.length <= 1);
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
    staged: !single || terms.length > DIRECT || (bias !== undefined && isMemory(bias)),
  };
}
