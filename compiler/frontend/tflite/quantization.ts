import * as say from '../../diagnostics/catalog/frontend-tflite.ts';
import { fail } from '../../diagnostics/index.ts';
import type { Where } from '../../diagnostics/index.ts';
import { elementCount } from '../../qir/types.ts';
import { showShape } from '../onnx/shapes.ts';
import type { RawQuantization, TfliteTensor } from './schema.ts';

/** What the integers of a tensor stand for: real = (integer - zeroPoint) * scale. `scale` is a float32. */
export interface Affine {
  readonly scale: number;
  readonly zeroPoint: number;
}

function parametersOf(tensor: TfliteTensor, where: Where): RawQuantization {
  const { quantization } = tensor;
  if (quantization === undefined) return fail(say.missingQuantization(where, tensor.name, 'none'));
  if (quantization.custom) {
    fail(say.badQuantization(where, tensor.name, 'custom parameters', 'a scale and a zero point'));
  }
  if (quantization.scales.length === 0) fail(say.missingQuantization(where, tensor.name, 'no scale'));
  return quantization;
}

function positiveScale(scale: number, tensor: TfliteTensor, where: Where): number {
  // A denormal scale would make factors that no kernel computes alike; no calibration gives one.
  if (Number.isFinite(scale) && scale >= 2 ** -126) return scale;
  return fail(say.badQuantization(where, tensor.name, `scale ${scale}`, 'positive normal float32 numbers'));
}

/** The one scale and zero point of an activation of int8 or uint8. */
export function activationParameters(tensor: TfliteTensor, where: Where): Affine {
  const { scales, zeroPoints } = parametersOf(tensor, where);
  if (scales.length !== 1) {
    fail(say.badQuantization(where, tensor.name, `${scales.length} scales`, 'one scale for the tensor'));
  }
  const zeroPoint = zeroPoints.at(0);
  const [min, max] = tensor.type === 'uint8' ? [0, 255] : [-128, 127];
  if (zeroPoint < min || zeroPoint > max) {
    fail(say.badQuantization(where, tensor.name, `zero point ${zeroPoint}`, `${min} to ${max}`));
  }
  return { scale: positiveScale(scales.at(0), tensor, where), zeroPoint };
}

/** Scales of int8 weights, one or one for each output channel, and their zero point. */
export interface WeightParameters {
  readonly scales: readonly number[];
  readonly zeroPoint: number;
}

/**
 * Reads the parameters of weights.
 *
 * @param axis the axis of the output channels
 * @param asymmetric whether the kernel takes a zero point other than 0 where there is one scale
 */
export function weightParameters(
  tensor: TfliteTensor,
  axis: number,
  asymmetric: boolean,
  where: Where,
): WeightParameters {
  const { scales, zeroPoints, dimension } = parametersOf(tensor, where);
  const channels = tensor.dims[axis] ?? 1;
  if (scales.length !== 1 && (scales.length !== channels || dimension !== axis)) {
    const found = `${scales.length} scales along axis ${dimension}`;
    const expected = `one scale, or ${channels} along axis ${axis}`;
    fail(say.badQuantization(where, tensor.name, found, expected));
  }
  const all: number[] = [];
  for (let i = 0; i < scales.length; i++) {
    const zeroPoint = zeroPoints.at(i);
    const allowed = asymmetric && scales.length === 1 ? 128 : 0;
    if (!(Math.abs(zeroPoint) <= allowed)) {
      fail(say.badQuantization(where, tensor.name, `zero point ${zeroPoint}`, 'weights with zero point 0'));
    }
    all.push(positiveScale(scales.at(i), tensor, where));
  }
  return { scales: all, zeroPoint: zeroPoints.at(0) };
}

/** The numbers of a constant of a type. `count` elements are in its shape; the data is a view where alignment allows. */
export function constantData(
  tensor: TfliteTensor,
  types: readonly ('int8' | 'int32' | 'int64')[],
  where: Where,
): { readonly length: number; readonly at: (index: number) => number } {
  const { data, name, dims, type, obstacle } = tensor;
  if (data === undefined || obstacle !== undefined) {
    return fail(
      say.badConstantTensor(where, name, obstacle ?? 'no data', 'a constant with its data in the file'),
    );
  }
  const known = types.find((t) => t === type);
  if (known === undefined) return fail(say.notAnActivation(where, name, type, types.join(' or ')));
  const size = { int8: 1, int32: 4, int64: 8 }[known];
  const length = elementCount(dims);
  if (data.length !== length * size) {
    fail(
      say.badConstantTensor(
        where,
        name,
        `${data.length} bytes`,
        `${length * size} bytes for ${type}${showShape(dims)}`,
      ),
    );
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const read = {
    int8: (i: number) => view.getInt8(i),
    int32: (i: number) => view.getInt32(4 * i, true),
    int64: (i: number) => Number(view.getBigInt64(8 * i, true)),
  }[known];
  return { length, at: read };
}
