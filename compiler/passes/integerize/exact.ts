import { divide, integerQuotient, multiply, rationalOf, type Rational } from '../../qir/rational.ts';
import { broadcastReader } from '../../qir/ops/real.ts';
import { lastAxis, sameShape } from '../../qir/ops/shapes.ts';
import { elementCount, type Tensor } from '../../qir/types.ts';
import { gridCarrier, type Carrier, type TailStep } from './carrier.ts';

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

/** The numbers of a constant along the last axis, if it does not differ along the others. */
function alongChannels(tensor: Tensor, shape: readonly number[]): number[] | undefined {
  const read = broadcastReader(tensor, shape);
  const channels = lastAxis(shape);
  const count = elementCount(shape);
  for (let i = channels; i < count; i++) if (read(i) !== read(i % channels)) return undefined;
  return Array.from({ length: channels }, (_, i) => read(i));
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
  if (sign === 0 || !sameShape(step.node.type.shape, carrier.type.shape)) return undefined;
  if (!isAlongChannels(grid.scaleShape, grid.scales.length, carrier)) return undefined;
  const numbers = alongChannels(found.tensor, carrier.type.shape);
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
  if ((step.node.op !== 'mul' && !isDivision) || !sameShape(step.node.type.shape, carrier.type.shape))
    return undefined;
  const numbers = alongChannels(found.tensor, carrier.type.shape);
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
  const rescaled = gridCarrier(carrier.base, carrier.type, carrier.range, {
    ...grid,
    scales: good,
    scaleShape,
  });
  return { ...rescaled, tail: carrier.tail.slice(1), shape: carrier.shape };
}
