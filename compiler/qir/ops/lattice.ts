import { elementCount, isInteger, type Tensor } from '../types.ts';
import {
  commonDivisor,
  equal,
  float32Multiplier,
  integerQuotient,
  multiply,
  rational,
  rationalOf,
  type Rational,
} from '../rational.ts';
import { broadcastIndices } from './shapes.ts';

/**
 * What a quantized tensor is, beside the float32 numbers that stand for it: integer levels times a scale, exactly.
 *
 * A quantizer's result (level * 0.1) is not a float32 in general. The numbers in `Tensor.data` are rounded, as a float32 runtime
 * would have them; the levels and the scale are not. `matmul` of two tensors that both carry a lattice computes on the levels and
 * rounds once: that is the meaning of a quantized network, and it does not depend on the order of summation.
 */
export interface Lattice {
  /** Level of each element, zero point already subtracted; |level| < 2^31. */
  readonly levels: Int32Array;
  /** Scales in row-major order, broadcasting with `scaleShape` to the tensor. */
  readonly scales: readonly Rational[];
  readonly scaleShape: readonly number[];
}

/** A real-form tensor that carries its lattice. */
export interface LatticeTensor extends Tensor {
  readonly lattice: Lattice;
}

/** The lattice that a tensor carries, if any (not derived from its numbers; see `latticeOf`). */
export function carriedLattice(tensor: Tensor): Lattice | undefined {
  return 'lattice' in tensor ? (tensor as LatticeTensor).lattice : undefined;
}

/** The float32 tensor of a lattice: each number is level * scale, rounded once. */
export function latticeTensor(shape: readonly number[], lattice: Lattice): LatticeTensor {
  const data = new Float32Array(elementCount(shape));
  const times = multipliersOf(lattice.scales);
  const single = times.length === 1 ? times[0] : undefined;
  const indices = single === undefined ? broadcastIndices(lattice.scaleShape, shape) : undefined;
  for (let i = 0; i < data.length; i++) {
    const product = single ?? times[indices?.[i] ?? 0];
    data[i] = product?.(lattice.levels[i] ?? 0) ?? 0;
  }
  return { type: { elem: { kind: 'float32' }, shape }, data, lattice };
}

const multipliers = new WeakMap<readonly Rational[], ((k: number) => number)[]>();

/** For each scale the function that multiplies by it; remembered, since a tail is evaluated at many integers. */
function multipliersOf(scales: readonly Rational[]): readonly ((k: number) => number)[] {
  let known = multipliers.get(scales);
  if (known === undefined) {
    known = scales.map(float32Multiplier);
    multipliers.set(scales, known);
  }
  return known;
}

const scalesOf = new WeakMap<Tensor, readonly Rational[]>();

/** The numbers of a scale operand as exact fractions; remembered per tensor. */
export function rationalsOf(scale: Tensor): readonly Rational[] {
  let known = scalesOf.get(scale);
  if (known === undefined) {
    known = Array.from(scale.data, rationalOf);
    scalesOf.set(scale, known);
  }
  return known;
}

const one = rational(1n, 1n);
const LEVEL_LIMIT = 2 ** 31;
const derived = new WeakMap<Tensor, Lattice | 'none'>();

/**
 * The lattice that a tensor carries, or the one that its numbers lie on exactly: integers have scale 1, other float32 numbers
 * their greatest common divisor. Undefined if the levels would not fit 32 bits. Remembered per tensor.
 */
export function latticeOf(tensor: Tensor): Lattice | undefined {
  const carried = carriedLattice(tensor);
  if (carried !== undefined) return carried;
  let known = derived.get(tensor);
  if (known === undefined) {
    known = deriveLattice(tensor) ?? 'none';
    derived.set(tensor, known);
  }
  return known === 'none' ? undefined : known;
}

function deriveLattice(tensor: Tensor): Lattice | undefined {
  const { data } = tensor;
  if (isInteger(tensor.type.elem)) return { levels: Int32Array.from(data), scales: [one], scaleShape: [] };
  let least = Infinity;
  for (const x of data) {
    if (!Number.isFinite(x)) return undefined;
    if (x !== 0) least = Math.min(least, lowestBit(x));
  }
  if (least === Infinity) return { levels: new Int32Array(data.length), scales: [one], scaleShape: [] };
  let divisor = 0;
  const levels = new Float64Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const level = (data[i] ?? 0) / least;
    if (Math.abs(level) >= LEVEL_LIMIT) return undefined;
    levels[i] = level;
    if (divisor !== 1) divisor = greatestCommonDivisor(divisor, Math.abs(level));
  }
  // integers keep the scale 1: a weight of 2 and -2 is not the bipolar weight times two in disguise unless the source says so
  const keepIntegers = least >= 1 && data.every((x) => Math.abs(x) < LEVEL_LIMIT);
  const step = keepIntegers ? 1 / least : divisor;
  return {
    levels: Int32Array.from(levels, (x) => x / step),
    scales: [multiply(rationalOf(least), rationalOf(step))],
    scaleShape: [],
  };
}

/** The value of the lowest set bit of a finite float32 other than zero. */
function lowestBit(x: number): number {
  let bit = 2 ** Math.floor(Math.log2(Math.abs(x)));
  while (!Number.isInteger(x / bit)) bit /= 2;
  while (Number.isInteger(x / (bit * 2))) bit *= 2;
  return bit;
}

function greatestCommonDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

/** A single scale of which both numbers are multiples, with the multiples; undefined if they exceed 32 bits. */
export function commonScale(
  a: number,
  b: number,
): { readonly scale: Rational; readonly levels: readonly [number, number] } | undefined {
  if (a === 0 && b === 0) return undefined;
  const scale = commonDivisor(rationalOf(a), rationalOf(b));
  const step = Number(scale.numerator) / Number(scale.denominator);
  const levels = [a / step, b / step] as const;
  return levels.every((x) => Number.isInteger(x) && Math.abs(x) < LEVEL_LIMIT)
    ? { scale, levels }
    : undefined;
}

/** The scales multiplied by one constant; the levels stay. */
export function rescale(lattice: Lattice, factor: (scale: Rational) => Rational): Lattice {
  return { ...lattice, scales: lattice.scales.map(factor) };
}

/** The scales if there is one for all elements, or one for each position along the last axis; else undefined. */
export function channelScales(lattice: Lattice): readonly Rational[] | undefined {
  return lattice.scaleShape.slice(0, -1).every((n) => n === 1) ? lattice.scales : undefined;
}

/** The greatest scale of which all are multiples, and the multiples; undefined where they leave 32 bits. */
export function commonLattice(
  scales: readonly Rational[],
): { readonly scale: Rational; readonly factors: readonly number[] } | undefined {
  const [first, ...rest] = scales;
  if (first === undefined) return undefined;
  const scale = rest.reduce(
    (common, next) => (equal(common, next) ? common : commonDivisor(common, next)),
    first,
  );
  const factors = scales.map((s) => (scale.numerator === 0n ? undefined : integerQuotient(s, scale)));
  const known = factors.filter((factor) => factor !== undefined);
  return known.length === factors.length && known.every((factor) => Math.abs(factor) < LEVEL_LIMIT)
    ? { scale, factors: known }
    : undefined;
}

/** Whether numbers are levels: whole, and of 32 bits. */
export function areLevels(numbers: Float64Array): boolean {
  return numbers.every((x) => Math.abs(x) < LEVEL_LIMIT);
}
