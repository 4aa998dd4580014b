import {
  commonDivisor,
  divide,
  integerQuotient,
  multiply,
  rationalOf,
  type Rational,
} from '../../qir/rational.ts';
import { lastAxis } from '../../qir/ops/shapes.ts';
import type { Tensor } from '../../qir/types.ts';
import { channelsOf, type Carrier, type TailStep } from './carrier.ts';

/** Whether every product of `scale` and an integer up to `greatest` in magnitude is a float32, so that nothing is ever rounded. */
export function exactInFloat32(scale: Rational, greatest: number): boolean {
  let odd = scale.numerator < 0n ? -scale.numerator : scale.numerator;
  let exponent = 0;
  while (odd !== 0n && odd % 2n === 0n) {
    odd /= 2n;
    exponent++;
  }
  const bits = scale.denominator.toString(2);
  if (!/^10*$/.test(bits)) return false;
  exponent -= bits.length - 1;
  return Number(odd) * greatest <= 2 ** 24 && exponent >= -149 && exponent <= 100;
}

/** The greatest magnitude of a carrier's levels. */
export function greatestLevel(carrier: Carrier, zeroPoint: number): number {
  return Math.max(Math.abs(carrier.range.min - zeroPoint), Math.abs(carrier.range.max - zeroPoint));
}

/** The constant of a step that has exactly one, and on which side the running value stands. */
function stepConstant(step: TailStep): { tensor: Tensor; valueFirst: boolean } | undefined {
  const [left, right] = step.operands;
  if (step.operands.length !== 2) return undefined;
  if (left === undefined && right !== undefined) return { tensor: right, valueFirst: true };
  return left !== undefined && right === undefined ? { tensor: left, valueFirst: false } : undefined;
}

/** The numbers of a constant along the channels, if it does not differ otherwise. */
function alongChannels(tensor: Tensor, channels: number): number[] | undefined {
  const count = tensor.data.length;
  if (count !== 1 && count !== channels) return undefined;
  return Array.from({ length: channels }, (_, i) => tensor.data[count === 1 ? 0 : i] ?? 0);
}

/** The greatest fraction of which all are integer multiples. */
export function commonDivisorOf(scales: readonly Rational[]): Rational {
  return scales.reduce((a, b) => commonDivisor(a, b));
}

/**
 * The integers to add to the levels of each channel that have the same effect as the carrier's first tail step: if that adds (or
 * subtracts) exact multiples of the scales, and no float32 rounding can come in before or after.
 */
export function exactBias(carrier: Carrier): number[] | undefined {
  const { grid } = carrier;
  const step = carrier.tail[0];
  const found = step && stepConstant(step);
  if (grid === undefined || step === undefined || found === undefined) return undefined;
  const sign = step.node.op === 'add' ? 1 : step.node.op === 'sub' && found.valueFirst ? -1 : 0;
  if (sign === 0) return undefined;
  if (!isAlongChannels(grid.scaleShape, grid.scales.length, carrier)) return undefined;
  const numbers = alongChannels(found.tensor, channelsOf(carrier));
  const levels: number[] = [];
  for (const [channel, number] of (numbers ?? []).entries()) {
    const scale = grid.scales.length === 1 ? grid.scales[0] : grid.scales[channel];
    const level = scale && integerQuotient(rationalOf(number), scale);
    if (scale === undefined || level === undefined) return undefined;
    const most = greatestLevel(carrier, grid.zeroPoint) + Math.abs(level);
    if (!exactInFloat32(scale, most)) return undefined;
    levels.push(sign * level);
  }
  return numbers === undefined ? undefined : levels;
}

function isAlongChannels(scaleShape: readonly number[], count: number, carrier: Carrier): boolean {
  return count === 1 || (scaleShape.length === 1 && scaleShape[0] === lastAxis(carrier.type.shape));
}

/** The carrier with a leading multiplication or division taken into its scales, where no rounding can come in; else undefined. */
export function exactScaling(carrier: Carrier): Carrier | undefined {
  const { grid } = carrier;
  const step = carrier.tail[0];
  const found = step && stepConstant(step);
  if (grid === undefined || step === undefined || found === undefined) return undefined;
  const isDivision = step.node.op === 'div' && found.valueFirst;
  if (step.node.op !== 'mul' && !isDivision) return undefined;
  const numbers = alongChannels(found.tensor, channelsOf(carrier));
  if (numbers === undefined || numbers.some((x) => !(x > 0 && Number.isFinite(x)))) return undefined;
  if (!isAlongChannels(grid.scaleShape, grid.scales.length, carrier)) return undefined;
  const uniform = grid.scales.length === 1 && numbers.every((x) => x === numbers[0]);
  const scales = (uniform ? numbers.slice(0, 1) : numbers).map((number, channel): Rational | undefined => {
    const scale = grid.scales.length === 1 ? grid.scales[0] : grid.scales[channel];
    return scale && (isDivision ? divide : multiply)(scale, rationalOf(number));
  });
  const most = greatestLevel(carrier, grid.zeroPoint);
  // the operand must be exact as well, or the product of the rounded number would differ
  if (!grid.scales.every((scale) => exactInFloat32(scale, most))) return undefined;
  const good = scales.filter((scale) => scale !== undefined);
  if (good.length < scales.length || !good.every((scale) => exactInFloat32(scale, most))) return undefined;
  const scaleShape = uniform ? [] : [lastAxis(carrier.type.shape)];
  return { ...carrier, grid: { ...grid, scales: good, scaleShape }, tail: carrier.tail.slice(1) };
}
