import * as say from '../../../diagnostics/catalog/frontend-tflite.ts';
import { fail } from '../../../diagnostics/index.ts';
import type { Value } from '../../../qir/builder-values.ts';
import { sameShape, showShape } from '../../onnx/shapes.ts';
import { multiplyByQuantizedMultiplier as scaled } from '../../../qir/ops/mbqm.ts';
import { quantizeMultiplier } from '../arithmetic.ts';
import { elementOf } from '../conversion.ts';
import type { Conversion } from '../conversion.ts';
import { requantized } from './convolution.ts';

/** A function of integers from `min` to `max` as a table. */
export function tabulated(
  conversion: Conversion,
  x: Value,
  min: number,
  max: number,
  f: (x: number) => number,
): Value {
  conversion.spend(max - min + 1);
  const table = Array.from({ length: max - min + 1 }, (_, i) => f(min + i));
  const result = elementOf(conversion.result.type);
  return conversion.emit('lookup', [x, { elem: result, data: [table] }], { offset: min }, { result });
}

/** Operators of one operand that scale it anew and clamp (QUANTIZE of integers, RELU, RELU6): one entry for each of 256 integers. */
function rescale(conversion: Conversion, activation: number, types: readonly string[]): void {
  const x = conversion.activation(0, types);
  const out = conversion.resultParameters(types);
  conversion.expectDims(x.tensor.dims);
  const { multiplier, shift } = quantizeMultiplier(x.scale / out.scale);
  // further left, the product would leave int32
  if (shift > 20) {
    const help = 'the scales of operand and result do not belong together: convert again';
    fail(say.notExact(conversion.where, `a factor of ${x.scale / out.scale}`, 'a factor below 2^20', help));
  }
  const { min, max } = conversion.clamp(activation, out);
  const [least, greatest] = x.tensor.type === 'uint8' ? [0, 255] : [-128, 127];
  const f = (q: number): number =>
    Math.min(max, Math.max(min, scaled(q - x.zeroPoint, multiplier, shift) + out.zeroPoint));
  conversion.give(tabulated(conversion, x.value, least, greatest, f), out);
}

/** QUANTIZE between integer tensors. */
export function requantize(conversion: Conversion): void {
  rescale(conversion, 0, ['int8', 'uint8']);
}

export function relu(conversion: Conversion): void {
  rescale(conversion, 1, ['int8']);
}

export function relu6(conversion: Conversion): void {
  rescale(conversion, 3, ['int8']);
}

/** Bits by which the kernel shifts both operands left before it scales them. */
const headroom = 20;

/**
 * ADD: both operands less their zero points, shifted left by 20 and scaled to a common scale (each with its rounding: tables of 256
 * entries), added, and scaled to the result.
 */
export function add(conversion: Conversion): void {
  const { where } = conversion;
  const options = conversion.options(11);
  const [a, b] = [conversion.activation(0), conversion.activation(1)];
  if (!sameShape(a.tensor.dims, b.tensor.dims)) {
    const found = `${showShape(a.tensor.dims)} and ${showShape(b.tensor.dims)}`;
    fail(
      say.notExact(
        where,
        found,
        'operands of the same shape',
        'repeat the smaller operand in the source model',
      ),
    );
  }
  conversion.expectDims(a.tensor.dims);
  const out = conversion.resultParameters();
  conversion.spend(2 * 256);
  const common = 2 * Math.max(a.scale, b.scale);
  const tables = [a, b].map(({ value, scale, zeroPoint }, i) => {
    const { multiplier, shift } = quantizeMultiplier(scale / common);
    const table = Array.from({ length: 256 }, (_, k) =>
      scaled((k - 128 - zeroPoint) * 2 ** headroom, multiplier, shift),
    );
    return conversion.emit('lookup', [value, { data: [table] }], { offset: -128 }, { suffix: `scaled${i}` });
  });
  const sum = conversion.emit('combine', tables, { coefficients: [1, 1] }, { suffix: 'sum' });
  const bounds = conversion.clamp(options?.int8(0) ?? 0, out);
  conversion.give(requantized(conversion, sum, [common / (2 ** headroom * out.scale)], out, bounds), out);
}
