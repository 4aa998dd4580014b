import {
  badBitWidth,
  badConstant,
  badScale,
  badZeroPoint,
  deadChannels,
  shapeMismatch,
} from '../../../diagnostics/catalog/frontend-nodes.ts';
import { firstBad, mapped, uniform } from '../constants.ts';
import type { Conversion } from '../conversion.ts';
import { broadcastShapes, sameShape, showShape } from '../shapes.ts';
import type { ConstTensor } from '../tensors.ts';

/** The least normal float32: below it, a scale has lost precision. */
const leastNormal = 2 ** -126;

/** A quantizer's scale, rounded to float32: positive, finite and normal. Single denormal channels are only warned about. */
export function checkedScale(c: Conversion, tensor: ConstTensor): ConstTensor {
  const scale = mapped(tensor, 'float32', (x) => x);
  if (scale.data.length === 0) c.fail(badScale(c.where, 'no number'));
  const bad = firstBad(scale, (x) => !(x > 0 && x < Infinity));
  if (bad !== undefined) c.fail(badScale(c.where, bad));
  const denormal = firstBad(scale, (x) => x < leastNormal);
  if (denormal !== undefined) {
    if (uniform(scale) !== undefined) c.fail(badScale(c.where, denormal));
    c.note(deadChannels(c.where, denormal));
  }
  return scale;
}

/** A quantizer's zero point: integers of at most 32 bits. */
export function checkedZeroPoint(c: Conversion, tensor: ConstTensor): ConstTensor {
  if (tensor.data.length === 0) c.fail(badZeroPoint(c.where, 'no number'));
  const bad = firstBad(tensor, (x) => !Number.isInteger(x) || Math.abs(x) > 2 ** 32);
  if (bad !== undefined) c.fail(badZeroPoint(c.where, bad));
  return mapped(tensor, 'float32', (x) => x + 0);
}

/** The bit width at input `index`: one integer from 1 to 32. */
export function checkedBits(c: Conversion, index: number): number {
  const tensor = c.constant(index, 'bit width');
  const bits = uniform(tensor);
  if (bits === undefined || !Number.isInteger(bits) || bits < 1 || bits > 32) {
    const list = [...tensor.data.subarray(0, 8)].join(', ');
    c.fail(badBitWidth(c.where, bits === undefined ? `[${list}]` : `${bits}`));
  }
  return bits;
}

/** Checks that a parameter broadcasts to `dims` without widening it. */
export function checkBroadcasts(
  c: Conversion,
  what: string,
  tensor: ConstTensor,
  dims: readonly number[],
): void {
  const result = broadcastShapes(tensor.dims, dims);
  if (result === undefined || (!sameShape(result, dims) && tensor.data.length !== 1)) {
    c.fail(
      shapeMismatch(
        c.where,
        `${what} of shape ${showShape(tensor.dims)} for ${showShape(dims)}`,
        'a shape that broadcasts',
      ),
    );
  }
}

/** Checks that all values of a constant are finite. */
export function checkFinite(c: Conversion, what: string, tensor: ConstTensor): ConstTensor {
  const bad = firstBad(tensor, (x) => !Number.isFinite(Math.fround(x)));
  if (bad !== undefined) c.fail(badConstant(c.where, what, bad, 'finite float32 numbers'));
  return tensor;
}
