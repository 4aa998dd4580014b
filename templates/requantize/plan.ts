import { bitWidth } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import type { HwNode } from '../../compiler/hw/index.ts';
import { bitRange, laneTable, rangeBits, slotsOf } from '../lib/lanes.ts';
import type { LaneTable, Slots } from '../lib/lanes.ts';
import { signedDigits } from '../../compiler/hw/adders/index.ts';

/** The parameters of an instance, typed. */
export interface RequantizeParams {
  /** Pixels of one frame. */
  readonly rows: number;
  readonly channels: number;
  /** Elements of one beat: at most the channels, or a multiple of them that divides all. */
  readonly lanes: number;
  readonly x: ElementType;
  readonly y: ElementType;
  readonly shift: number;
  /** Bits by which the biases stand to the left. */
  readonly biasShift: number;
  readonly min: number;
  readonly max: number;
}

/** The parameters of a checked instance. */
export function requantizeParams(node: HwNode): RequantizeParams {
  return node.params as unknown as RequantizeParams;
}

/**
 * What the hardware computes: clamp(floor((u * m[c] + b[c]) / 2^shift)), with u the bits of the input.
 *
 * Nothing is lost by taking common powers of two out: with m = m' 2^g for all channels, g <= shift,
 * floor((u m + b) / 2^shift) = floor((u m' + floor(b / 2^g)) / 2^(shift - g)). A bipolar input is its bit u with x = 2u - 1, so that
 * x m + b = u 2m + (b - m).
 */
export interface Numbers {
  readonly multipliers: readonly number[];
  readonly biases: readonly number[];
  readonly shift: number;
  /** Least and greatest value of u * m + b, and of u * m, over all channels and inputs. */
  readonly low: number;
  readonly high: number;
  readonly productLow: number;
  readonly productHigh: number;
}

/** Greatest width of a multiplier that one DSP block takes beside a wider input; a wider one is multiplied in two parts. */
const PART = 17;

/** Most shifts that a channel's own power of two may range over to be a choice among shifted inputs. */
const SHIFTS = 15;

/**
 * How the product is made: not at all (every multiplier is 1), by a choice among shifted inputs (powers of two), by adders (the
 * same multiplier, of few digits, in every beat), by multipliers, or by two multipliers a lane.
 */
export type Form = 'none' | 'shifts' | 'digits' | 'product' | 'parts';

/** How an instance is built. */
export interface Plan {
  readonly params: RequantizeParams;
  readonly slots: Slots;
  /** Pixels of one beat, 1 or more. */
  readonly pixels: number;
  readonly numbers: Numbers;
  readonly form: Form;
  /** Multipliers, or shifts, of the lanes; undefined if nothing is stored. */
  readonly multipliers: LaneTable | undefined;
  readonly multiplierBits: number;
  readonly multiplierSigned: boolean;
  /** Biases of the lanes; undefined if all are zero. */
  readonly biases: LaneTable | undefined;
  readonly biasBits: number;
  readonly biasSigned: boolean;
  /** Zero bits below every bias, which are not stored. */
  readonly biasZeros: number;
  /** Bits of the sum u * m + b before the shift; `levelBits` of it are left behind it. */
  readonly sumBits: number;
  readonly levelBits: number;
  readonly levelSigned: boolean;
  /** Bits of a product, or of its upper part. */
  readonly productBits: number;
  readonly productSigned: boolean;
  /** Bits of the lower part's product; 0 with one part. */
  readonly lowBits: number;
  /** Whether results below `min`, above `max` occur. */
  readonly clampsLow: boolean;
  readonly clampsHigh: boolean;
  /** Whether there is a stage for products, and one for sums; without either the shifted operand is the level. */
  readonly multiplied: boolean;
  readonly summed: boolean;
}

/** Trailing zero bits of a non-zero integer. */
function trailingZeros(value: number): number {
  let zeros = 0;
  for (let rest = Math.abs(value); rest % 2 === 0; rest /= 2) zeros++;
  return zeros;
}

function normalize(node: HwNode): Numbers {
  const { channels, x, shift, biasShift } = requantizeParams(node);
  const { multipliers: ms, biases: bs } = node.consts;
  const at = (data: ArrayLike<number> | undefined, c: number): number =>
    data?.[data.length === 1 ? 0 : c] ?? 0;
  const isBit = x.kind === 'bipolar';
  const given = Array.from({ length: channels }, (_, c) => {
    const [m, b] = [at(ms?.data, c), at(bs?.data, c) * 2 ** biasShift];
    return isBit ? { m: 2 * m, b: b - m } : { m, b };
  });
  const common = given.reduce((g, { m }) => (m === 0 ? g : Math.min(g, trailingZeros(m))), shift);
  const multipliers = given.map(({ m }) => m / 2 ** common);
  const biases = given.map(({ b }) => Math.floor(b / 2 ** common));
  const { min, max } = bitRange(x);
  let [low, high, productLow, productHigh] = [Infinity, -Infinity, Infinity, -Infinity];
  multipliers.forEach((m, c) => {
    const b = biases[c] ?? 0;
    const [bottom, top] = m < 0 ? [m * max, m * min] : [m * min, m * max];
    low = Math.min(low, bottom + b);
    high = Math.max(high, top + b);
    productLow = Math.min(productLow, bottom);
    productHigh = Math.max(productHigh, top);
  });
  return { multipliers, biases, shift: shift - common, low, high, productLow, productHigh };
}

function formOf({ multipliers }: Numbers, groups: number): Form {
  if (multipliers.every((m) => m === 1)) return 'none';
  const powers = multipliers.every((m) => m > 0 && Number.isInteger(Math.log2(m)) && m <= 2 ** SHIFTS);
  const same = groups === 1 || multipliers.every((m) => m === multipliers[0]);
  if (same && multipliers.every((m) => signedDigits(m).length <= 4)) return 'digits';
  if (powers) return 'shifts';
  const bits = rangeBits(Math.min(...multipliers), Math.max(...multipliers));
  return bits > PART + 1 ? 'parts' : 'product';
}

/** The lower part of a multiplier that is taken in two parts, m = upper * 2^PART + lower. */
export const partBits = PART;

const plans = new WeakMap<HwNode, Plan>();

/** The plan of a checked instance. */
export function planOf(node: HwNode): Plan {
  let plan = plans.get(node);
  if (plan === undefined) plans.set(node, (plan = makePlan(node)));
  return plan;
}

function makePlan(node: HwNode): Plan {
  const params = requantizeParams(node);
  const { channels, lanes, x, min, max } = params;
  const slots = slotsOf(channels, lanes);
  const numbers = normalize(node);
  const { multipliers, biases, shift, low, high, productLow, productHigh } = numbers;
  const form = formOf(numbers, slots.groups);
  const table = (name: string, bits: number, values: readonly number[]): LaneTable => {
    const rows = Array.from({ length: slots.groups }, (_, group) =>
      Array.from({ length: slots.width }, (__, lane) => {
        const c = group * slots.width + lane;
        return values[c < channels ? c : lane] ?? 0;
      }),
    );
    return laneTable(name, bits, rows);
  };
  const codes = form === 'shifts' ? multipliers.map((m) => Math.log2(m)) : multipliers;
  const least = Math.min(...codes);
  const multiplierBits = rangeBits(least, Math.max(...codes));
  const biasZeros = biases.reduce((z, b) => (b === 0 ? z : Math.min(z, trailingZeros(b))), 62);
  const stored = biases.map((b) => b / 2 ** biasZeros);
  const biasBits = rangeBits(Math.min(...stored), Math.max(...stored));
  const xBits = bitWidth(x);
  const xRange = bitRange(x);
  const uppers = multipliers.map((m) => Math.floor(m / 2 ** PART));
  const ends = (values: readonly number[]): number[] =>
    values.flatMap((m) => [m * xRange.min, m * xRange.max, 0]);
  const part = form === 'parts' ? ends(uppers) : [productLow, productHigh, 0];
  const [partLow, partHigh] = [Math.min(...part), Math.max(...part)];
  const lowMost = 2 ** PART - 1;
  const [levelLow, levelHigh] = [Math.floor(low / 2 ** shift), Math.floor(high / 2 ** shift)];
  // bounds that are compared with have to be numbers of the level's width
  const bounds = [...(levelLow < min ? [min] : []), ...(levelHigh > max ? [max] : [])];
  const [bottom, top] = [Math.min(levelLow, ...bounds), Math.max(levelHigh, ...bounds)];
  const productBits = Math.max(
    rangeBits(partLow, partHigh),
    xBits,
    form === 'parts' ? multiplierBits - PART : multiplierBits,
  );
  const multiplied = form !== 'none';
  const operandBits = multiplied ? productBits + (form === 'parts' ? PART : 0) : xBits;
  const hasBias = biases.some((b) => b !== 0);
  const sumBits = Math.max(rangeBits(bottom, top) + shift, operandBits, hasBias ? biasBits + biasZeros : 1);
  return {
    params,
    slots,
    pixels: Math.max(1, lanes / channels),
    numbers,
    form,
    multipliers:
      form === 'none' || form === 'digits' ? undefined : table('multipliers', multiplierBits, codes),
    multiplierBits,
    multiplierSigned: least < 0,
    biases: hasBias ? table('biases', biasBits, stored) : undefined,
    biasBits,
    biasSigned: biases.some((b) => b < 0),
    biasZeros,
    sumBits,
    levelBits: sumBits - shift,
    levelSigned: bottom < 0,
    productBits,
    productSigned: partLow < 0,
    lowBits: form === 'parts' ? rangeBits(lowMost * xRange.min, lowMost * xRange.max) : 0,
    clampsLow: levelLow < min,
    clampsHigh: levelHigh > max,
    multiplied,
    summed: hasBias || form === 'parts',
  };
}
