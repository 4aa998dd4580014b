import type { OperandInfo, TypeProblem } from '../op.ts';
import {
  fitInteger,
  int,
  isInteger,
  printElement,
  valueRange,
  type ElementType,
  type TensorType,
} from '../types.ts';
import { agree } from './real.ts';
import { printShape } from './shapes.ts';

/** Least and greatest of some integers. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** The narrowest signed type for sums from `min` to `max`; undefined if int32 does not hold them. */
export function accumulatorType(min: number, max: number): ElementType | undefined {
  for (let bits = 1; bits <= 32; bits++) {
    if (min >= -(2 ** (bits - 1)) && max <= 2 ** (bits - 1) - 1) return int(bits);
  }
  return undefined;
}

/** The narrowest uint or int for integers from `min` to `max`; undefined if int32 does not hold them. */
export function narrowestType(min: number, max: number): ElementType | undefined {
  return min >= -(2 ** 31) && max < 2 ** 31 ? fitInteger(min, max) : undefined;
}

/**
 * The type of sums that lie in a range: the declared one if it holds them all, else the narrowest. `narrowest` says how that is
 * chosen; sums of products are signed whatever their range.
 */
export function sumType(
  { min, max }: Range,
  shape: readonly number[],
  declared: TensorType | undefined,
  narrowest: (min: number, max: number) => ElementType | undefined = accumulatorType,
): TensorType | TypeProblem {
  const elem = narrowest(min, max);
  if (elem === undefined) {
    return {
      message: 'the accumulator exceeds 32 bits',
      found: `sums from ${min} to ${max}`,
      expected: 'sums within int32',
    };
  }
  if (declared === undefined) return { elem, shape };
  const fits =
    isInteger(declared.elem) && valueRange(declared.elem).min <= min && valueRange(declared.elem).max >= max;
  if (!fits || declared.elem.kind === 'bipolar' || declared.elem.kind === 'pow2') {
    return {
      message: 'the declared type does not hold every sum',
      found: printElement(declared.elem),
      expected: `at least ${printElement(elem)} for sums from ${min} to ${max}`,
    };
  }
  return agree({ elem: declared.elem, shape }, declared);
}

/** What is wrong with an optional bias of `channels` integers. */
export function biasProblem(bias: OperandInfo | undefined, channels: number): TypeProblem | undefined {
  if (bias === undefined) return undefined;
  const { elem, shape } = bias.type;
  if (shape.length === 1 && shape[0] === channels && isInteger(elem)) return undefined;
  return {
    message: 'the bias does not fit the weights',
    found: `${printElement(elem)}${printShape(shape)}`,
    expected: `integers [${channels}]`,
  };
}
