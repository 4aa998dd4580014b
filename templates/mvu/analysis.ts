import { bitWidth, isSigned, valueRange } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import type { HwNode } from '../../compiler/hw/index.ts';

/** The parameters of an instance, typed. */
export interface MvuParams {
  /** Vectors of one frame; absent: 1. */
  readonly rows?: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly pe: number;
  readonly simd: number;
  readonly order: 'output' | 'input';
  readonly x: ElementType;
  readonly y: ElementType;
  /** Lowest level; read only if there are thresholds. */
  readonly base: number;
}

/** The parameters of a checked instance. */
export function mvuParams(node: HwNode): MvuParams {
  return node.params as unknown as MvuParams;
}

/** How weights are stored: one sign bit; one non-zero bit; a non-zero bit and a negative bit; these two and an exponent; or an integer. */
export type StoredKind = 'bipolar' | 'mask' | 'ternary' | 'pow2' | 'int' | 'uint';

/**
 * What follows from a layer's numbers alone, whatever its folding.
 *
 * The hardware does not sum w * x but a cheaper H, with sum = scale * H + correction[n] for every output n:
 *
 * - An input is taken as an unsigned integer u of xBits bits: u = x (unsigned x, scale 1, offset 0),
 *   u = x + 2^(xBits-1) (signed x, offset 2^(xBits-1)), u = (x + 1) / 2 (bipolar x, scale 2, offset 1),
 *   so sum w x = scale * sum w u - offset * sum w.
 * - A weight of -1 inverts the bits of u, since -u = ~u + 1 - 2^xBits; a weight of 0 masks them. So, for weights of -1, 0 and +1,
 *   H = sum of inverted and masked u, and sum w u = H + negatives * (1 - 2^xBits): neither a multiplier nor a negation.
 *   With bipolar x and w this is the XNOR-popcount.
 * - Weights that are 0 or powers of two with either sign do the same and shift to the left: H = sum of |w| u', u' the inverted and masked
 *   u, and sum w u = H + (sum of |w| over negative w) * (1 - 2^xBits).
 * - Other weights are multiplied: H = sum w x, or sum w u if x is bipolar.
 *
 * A flipped output (its level falls as the sum rises) counts the thresholds t with sum < t, that is with -sum >= 1 - t: its
 * weights, bias and thresholds are negated here and nothing remembers the flip.
 */
export interface Analysis {
  readonly form: 'planes' | 'shifts' | 'products';
  readonly stored: StoredKind;
  /** Bits of a stored weight. */
  readonly weightBits: number;
  /** Least and greatest shift of weights that are powers of two; else 0. */
  readonly leastShift: number;
  readonly mostShift: number;
  readonly xBits: number;
  readonly scale: 1 | 2;
  /** What a padding lane of the last beat (zero bits) adds to H. */
  readonly padding: number;
  /** 1 where the row is negated. */
  readonly negated: Uint8Array;
  /** Least and greatest value of H over all inputs, padding lanes excluded. */
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** bias + correction, so that the result is scale * H + offset[n]. */
  readonly offset: Float64Array;
  /** Thresholds of H, row-major [outputs][count], ascending, unclamped; empty without thresholds. */
  readonly thresholds: Float64Array;
  readonly count: number;
}

const known = new WeakMap<object, Map<string, Analysis>>();

/**
 * The analysis of a node; remembered per set of constants, so that trying many foldings costs one analysis. Without `shifts` weights that
 * are powers of two count as any others.
 */
export function analyse(node: HwNode, shifts = false): Analysis {
  const { x } = mvuParams(node);
  const { weights, thresholds, bias, flip } = node.consts;
  if (weights === undefined) throw new RangeError('mvu without weights');
  const key = [
    `${x.kind}${bitWidth(x)}`,
    ...[thresholds, bias, flip].map((c) => (c === undefined ? '-' : idOf(c.data))),
    String(mvuParams(node).inputs),
    String(shifts),
  ].join(',');
  let mine = known.get(weights.data);
  if (mine === undefined) known.set(weights.data, (mine = new Map<string, Analysis>()));
  let found = mine.get(key);
  if (found === undefined) mine.set(key, (found = compute(node, shifts)));
  return found;
}

const ids = new WeakMap<object, string>();
let nextId = 0;

function idOf(data: object): string {
  let id = ids.get(data);
  if (id === undefined) ids.set(data, (id = String(nextId++)));
  return id;
}

function kindOf(min: number, max: number, zero: boolean): { stored: StoredKind; weightBits: number } {
  if (min >= -1 && max <= 1) {
    if (!zero) return { stored: 'bipolar', weightBits: 1 };
    return min < 0 ? { stored: 'ternary', weightBits: 2 } : { stored: 'mask', weightBits: 1 };
  }
  let weightBits = 1;
  if (min >= 0) {
    while (max >= 2 ** weightBits) weightBits++;
    return { stored: 'uint', weightBits };
  }
  while (min < -(2 ** (weightBits - 1)) || max >= 2 ** (weightBits - 1)) weightBits++;
  return { stored: 'int', weightBits };
}

/** Exponents of the weights if all are 0 or powers of two. */
function shiftsOf(weights: ArrayLike<number>): { readonly least: number; readonly most: number } | undefined {
  let [least, most] = [Infinity, -Infinity];
  for (let i = 0; i < weights.length; i++) {
    const size = Math.abs(weights[i] ?? 0);
    if (size === 0) continue;
    const shift = 31 - Math.clz32(size);
    if (2 ** shift !== size) return undefined;
    least = Math.min(least, shift);
    most = Math.max(most, shift);
  }
  return { least, most };
}

function compute(node: HwNode, shifts: boolean): Analysis {
  const { inputs, outputs, x } = mvuParams(node);
  const weights = node.consts['weights']?.data ?? [];
  const bias = node.consts['bias']?.data;
  const levels = node.consts['thresholds'];
  const flip = node.consts['flip']?.data;
  const count = levels?.shape[1] ?? 0;
  const channels = levels?.shape[0] ?? 1;
  const negated = new Uint8Array(outputs);
  const sum = new Float64Array(outputs);
  const positive = new Float64Array(outputs);
  const negative = new Float64Array(outputs);
  let min = Infinity;
  let max = -Infinity;
  let zero = false;
  for (let n = 0; n < outputs; n++) {
    const sign = levels !== undefined && (flip?.[n % channels] ?? 0) !== 0 ? -1 : 1;
    negated[n] = sign < 0 ? 1 : 0;
    let [up, down] = [0, 0];
    for (let k = n * inputs; k < (n + 1) * inputs; k++) {
      const w = sign * (weights[k] ?? 0);
      if (w > 0) up += w;
      else if (w < 0) down += w;
      else zero = true;
      if (w < min) min = w;
      if (w > max) max = w;
    }
    positive[n] = up;
    negative[n] = down;
    sum[n] = up + down;
  }
  const plain = kindOf(min, max, zero);
  const planes = min >= -1 && max <= 1;
  const exponents = shifts && !planes ? shiftsOf(weights) : undefined;
  const form = planes ? 'planes' : exponents === undefined ? 'products' : 'shifts';
  const [leastShift, mostShift] = [exponents?.least ?? 0, exponents?.most ?? 0];
  const stored = form === 'shifts' ? 'pow2' : plain.stored;
  const weightBits =
    form === 'shifts' ? 2 + Math.ceil(Math.log2(mostShift - leastShift + 1)) : plain.weightBits;
  const xBits = bitWidth(x);
  const scale = x.kind === 'bipolar' ? 2 : 1;
  const offsetBinary = form !== 'products' && isSigned(x);
  const offsetOfX = x.kind === 'bipolar' ? 1 : offsetBinary ? 2 ** (xBits - 1) : 0;
  const range = valueRange(x);
  const low = new Float64Array(outputs);
  const high = new Float64Array(outputs);
  const offset = new Float64Array(outputs);
  const thresholds = new Float64Array(outputs * count);
  for (let n = 0; n < outputs; n++) {
    const [up, down] = [positive[n] ?? 0, negative[n] ?? 0];
    const inverted = form === 'products' ? 0 : scale * -down * (1 - 2 ** xBits);
    const correction = inverted - offsetOfX * (sum[n] ?? 0);
    low[n] = (up * range.min + down * range.max - correction) / scale;
    high[n] = (up * range.max + down * range.min - correction) / scale;
    const sign = negated[n] === 1 ? -1 : 1;
    const all = correction + sign * (bias?.[n] ?? 0);
    offset[n] = all;
    for (let j = 0; j < count; j++) {
      const at = (n % channels) * count + (sign < 0 ? count - 1 - j : j);
      const t = levels?.data[at] ?? 0;
      thresholds[n * count + j] = Math.ceil(((sign < 0 ? 1 - t : t) - all) / scale);
    }
  }
  const padding = stored === 'bipolar' && offsetBinary ? 2 ** (xBits - 1) : 0;
  return {
    form,
    stored,
    weightBits,
    leastShift,
    mostShift,
    xBits,
    scale,
    padding,
    negated,
    low,
    high,
    offset,
    thresholds,
    count,
  };
}
