import { isSigned, valueRange } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import { rangeBits, wires } from '../lib/lanes.ts';

/** What is accumulated over the taps: the parameters and constants of a depthwise or reduce instance. */
export interface TapSpec {
  readonly kind: 'sum' | 'max';
  /** Results of one channel in a frame. */
  readonly rows: number;
  readonly taps: number;
  readonly channels: number;
  readonly lanes: number;
  readonly x: ElementType;
  readonly y: ElementType;
  /** Lowest level; read only if there are thresholds. */
  readonly base: number;
  /** Row-major [taps][channels]; absent: 1. */
  readonly weights?: ArrayLike<number>;
  /** [channels]. */
  readonly bias?: ArrayLike<number>;
  /** Row-major [1 or channels][count]. */
  readonly thresholds?: { readonly data: ArrayLike<number>; readonly rows: number; readonly count: number };
  /** As many as rows of thresholds. */
  readonly flip?: ArrayLike<number>;
}

/**
 * What follows from the numbers alone, whatever the lanes.
 *
 * The sum over the taps of w * x is taken as start[c] + the sum of terms, all modulo 2^accBits:
 *
 * - `signs` (weights -1, 0, +1): the term is the input inverted where w = -1 (-x = ~x + 1) and masked where w = 0; the ones are in
 *   the start value. A bipolar input is its bit b with x = 2b - 1, so that w x = 2 (b inverted or masked) - |w|.
 * - `masks` (other weights, bipolar or uint1 input): the term is the weight where the bit is set; bipolar: w x = 2 w b - w.
 * - `products`: the term is w * x.
 *
 * A flipped channel (its level falls as the sum rises) counts the thresholds t with sum < t, that is with -sum >= 1 - t: its weights,
 * bias and thresholds are negated here and nothing remembers the flip.
 */
export interface Analysis {
  readonly form: 'signs' | 'masks' | 'products' | 'max';
  /** Whether some weight is negative, and whether some weight is zero. */
  readonly negatives: boolean;
  readonly zeros: boolean;
  readonly weightBits: number;
  readonly weightSigned: boolean;
  /** Bits of a term before it is extended to accBits. */
  readonly termBits: number;
  readonly termSigned: boolean;
  /** 1 where the channel is negated. */
  readonly negated: Uint8Array;
  readonly start: Float64Array;
  /** Least and greatest result of each channel (negated where the channel is), bias included. */
  readonly low: Float64Array;
  readonly high: Float64Array;
  readonly accBits: number;
  readonly accSigned: boolean;
  /** Thresholds a channel; 0 without. */
  readonly count: number;
  /** Row-major [channels][count], ascending, within what accBits hold. */
  readonly thresholds: Float64Array;
}

const known = new WeakMap<object, Map<string, Analysis>>();

/** The analysis of a spec; remembered per set of weights, so that trying many lane counts costs one analysis. */
export function analyse(spec: TapSpec): Analysis {
  if (spec.weights === undefined) return compute(spec);
  const { x, taps, channels, bias, thresholds, flip } = spec;
  const key = [
    `${x.kind}${wires(x).bits} ${taps} ${channels}`,
    ...[bias, thresholds?.data, flip].map((data) => (data === undefined ? '-' : idOf(data))),
  ].join();
  let mine = known.get(spec.weights);
  if (mine === undefined) known.set(spec.weights, (mine = new Map<string, Analysis>()));
  let found = mine.get(key);
  if (found === undefined) mine.set(key, (found = compute(spec)));
  return found;
}

const ids = new WeakMap<object, string>();
let nextId = 0;

function idOf(data: object): string {
  let id = ids.get(data);
  if (id === undefined) ids.set(data, (id = String(nextId++)));
  return id;
}

/** The greatest element: no constants, no sums. */
function maximum({ x, channels }: TapSpec): Analysis {
  const { bits, signed } = wires(x);
  const { min, max } = valueRange(x);
  const none = new Float64Array(channels);
  return {
    form: 'max',
    negatives: false,
    zeros: false,
    weightBits: 0,
    weightSigned: false,
    termBits: bits,
    termSigned: signed,
    negated: new Uint8Array(channels),
    start: none,
    low: none.map(() => min),
    high: none.map(() => max),
    accBits: bits,
    accSigned: signed,
    count: 0,
    thresholds: new Float64Array(0),
  };
}

/** Sums over the taps of one channel's weights, negated where the channel is. */
interface ChannelSums {
  up: number;
  down: number;
  below: number;
  nonZero: number;
}

function compute(spec: TapSpec): Analysis {
  if (spec.kind === 'max') return maximum(spec);
  const { taps, channels, x, weights, bias, thresholds, flip } = spec;
  const isBit = x.kind === 'bipolar';
  const range = valueRange(x);
  const negated = new Uint8Array(channels);
  const sums: ChannelSums[] = [];
  let [least, greatest, zeros] = [Infinity, -Infinity, false];
  for (let c = 0; c < channels; c++) {
    const falls = thresholds !== undefined && (flip?.[c % thresholds.rows] ?? 0) !== 0;
    const sign = falls ? -1 : 1;
    negated[c] = falls ? 1 : 0;
    const sum = { up: 0, down: 0, below: 0, nonZero: 0 };
    for (let t = 0; t < taps; t++) {
      const w = sign * (weights?.[t * channels + c] ?? 1);
      if (w > 0) sum.up += w;
      else if (w < 0) {
        sum.down += w;
        sum.below++;
      }
      if (w === 0) zeros = true;
      else sum.nonZero++;
      least = Math.min(least, w);
      greatest = Math.max(greatest, w);
    }
    sums.push(sum);
  }
  const small = least >= -1 && greatest <= 1;
  const form = small ? 'signs' : isBit || (x.kind === 'uint' && x.bits === 1) ? 'masks' : 'products';
  const weightBits = small ? (least < 0 ? 1 : 0) + (zeros ? 1 : 0) : rangeBits(least, greatest);
  const start = new Float64Array(channels);
  const low = new Float64Array(channels);
  const high = new Float64Array(channels);
  sums.forEach(({ up, down, below, nonZero }, c) => {
    const own = (negated[c] === 1 ? -1 : 1) * (bias?.[c] ?? 0);
    low[c] = own + up * range.min + down * range.max;
    high[c] = own + up * range.max + down * range.min;
    start[c] = own - (isBit ? (small ? nonZero : up + down) : small ? -below : 0);
  });
  const term = termRange(form, spec, least, greatest);
  const levels = reachable(spec, negated, low, high);
  const bottom = low.reduce((a, b) => Math.min(a, b), Infinity);
  const accBits = Math.max(rangeBits(bottom, levels.top), term.bits);
  return {
    form,
    negatives: least < 0,
    zeros,
    weightBits,
    weightSigned: least < 0,
    termBits: term.bits,
    termSigned: term.signed,
    negated,
    start,
    low,
    high,
    accBits,
    accSigned: bottom < 0,
    count: thresholds?.count ?? 0,
    thresholds: levels.thresholds,
  };
}

/** Width of a term before extension. */
function termRange(
  form: Analysis['form'],
  { x }: TapSpec,
  least: number,
  greatest: number,
): { readonly bits: number; readonly signed: boolean } {
  const { bits } = wires(x);
  const weights = rangeBits(least, greatest);
  // the bit of a bipolar input counts twice
  const twice = x.kind === 'bipolar' ? 1 : 0;
  if (form === 'signs') return { bits: bits + twice, signed: isSigned(x) || (least < 0 && twice === 0) };
  if (form === 'masks') return { bits: weights + twice, signed: least < 0 };
  const { min, max } = valueRange(x);
  const ends = [least * min, least * max, greatest * min, greatest * max, 0];
  const [bottom, top] = [Math.min(...ends), Math.max(...ends)];
  return { bits: Math.max(rangeBits(bottom, top), bits, weights), signed: bottom < 0 };
}

/** Thresholds brought into the range of the sums, and the greatest number that the accumulator has to hold. */
function reachable(
  { channels, thresholds }: TapSpec,
  negated: Uint8Array,
  low: Float64Array,
  high: Float64Array,
): { readonly thresholds: Float64Array; readonly top: number } {
  const count = thresholds?.count ?? 0;
  const bottom = low.reduce((a, b) => Math.min(a, b), Infinity);
  const most = high.reduce((a, b) => Math.max(a, b), -Infinity);
  const found = new Float64Array(channels * count);
  let top = most;
  for (let c = 0; c < channels; c++) {
    const row = (c % (thresholds?.rows ?? 1)) * count;
    for (let j = 0; j < count; j++) {
      const at = negated[c] === 1 ? row + count - 1 - j : row + j;
      const given = thresholds?.data[at] ?? 0;
      const t = negated[c] === 1 ? 1 - given : given;
      const never = t > (high[c] ?? 0);
      if (never) top = most + 1;
      found[c * count + j] = never ? most + 1 : t <= (low[c] ?? 0) ? bottom : t;
    }
  }
  return { thresholds: found, top };
}
