import * as say from '../../../diagnostics/catalog/frontend-tflite.ts';
import { fail } from '../../../diagnostics/index.ts';
import type { Value } from '../../../qir/builder-values.ts';
import { elementCount, int } from '../../../qir/types.ts';
import { qirShape, showShape } from '../../onnx/shapes.ts';
import { quantizeMultiplier } from '../arithmetic.ts';
import type { Bounds, Conversion } from '../conversion.ts';
import { constantData, weightParameters } from '../quantization.ts';
import type { Affine } from '../quantization.ts';
import type { TfliteTensor } from '../schema.ts';
import { slide, stridesOf } from './sliding.ts';

/** CONV_2D: filter [O, KH, KW, C / groups]. */
export function convolution(conversion: Conversion): void {
  const options = conversion.options(1);
  const filter = conversion.operandTensor(1);
  const [outputs = 0, height = 0, width = 0, depth = 0] = filter.dims;
  const x = conversion.image(0);
  const channels = x.size[2];
  if (filter.dims.length !== 4 || channels % depth !== 0 || outputs % (channels / depth) !== 0) {
    fail(
      say.operandsMismatch(
        conversion.where,
        showShape(filter.dims),
        `a filter [outputs, height, width, ${channels}]`,
      ),
    );
  }
  const data = weightsOf(conversion, filter);
  convolve(conversion, {
    kernel: [height, width],
    outputs,
    groups: channels / depth,
    weights: { shape: filter.dims, data },
    axis: 0,
    padding: options?.int8(0) ?? 0,
    strides: [options?.int32(2) ?? 0, options?.int32(1) ?? 0],
    dilations: [options?.int32(5, 1) ?? 1, options?.int32(4, 1) ?? 1],
    activation: options?.int8(3) ?? 0,
  });
}

/** DEPTHWISE_CONV_2D: filter [1, KH, KW, C * multiplier]; output channel c * multiplier + m belongs to input channel c. */
export function depthwiseConvolution(conversion: Conversion): void {
  const options = conversion.options(2);
  const filter = conversion.operandTensor(1);
  const [one, height = 0, width = 0, outputs = 0] = filter.dims;
  const x = conversion.image(0);
  const channels = x.size[2];
  const multiplier = options?.int32(3) ?? 0;
  if (filter.dims.length !== 4 || one !== 1 || outputs % channels !== 0) {
    fail(
      say.operandsMismatch(
        conversion.where,
        showShape(filter.dims),
        `a filter [1, height, width, ${channels} * n]`,
      ),
    );
  }
  if (multiplier !== outputs / channels) {
    fail(
      say.unsupportedOption(
        conversion.where,
        'depth multiplier',
        String(multiplier),
        String(outputs / channels),
      ),
    );
  }
  const plain = weightsOf(conversion, filter);
  const taps = height * width;
  const data = new Int8Array(plain.length);
  for (let o = 0; o < outputs; o++) {
    for (let t = 0; t < taps; t++) data[o * taps + t] = plain[t * outputs + o] ?? 0;
  }
  convolve(conversion, {
    kernel: [height, width],
    outputs,
    groups: channels,
    weights: { shape: [outputs, height, width, 1], data },
    axis: 3,
    padding: options?.int8(0) ?? 0,
    strides: [options?.int32(2) ?? 0, options?.int32(1) ?? 0],
    dilations: [options?.int32(6, 1) ?? 1, options?.int32(5, 1) ?? 1],
    activation: options?.int8(4) ?? 0,
  });
}

interface Convolution {
  readonly kernel: readonly [number, number];
  readonly outputs: number;
  readonly groups: number;
  /** [outputs, height, width, depth] */
  readonly weights: { readonly shape: readonly number[]; readonly data: Int8Array };
  /** The axis of the filter tensor that output channels stand on. */
  readonly axis: number;
  readonly padding: number;
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly activation: number;
}

/**
 * Sums of (x - zx) * w + bias, the padded positions contributing nothing: the sums of x * w with zx at the padded positions, and a bias
 * that is less by zx times the sum of the weights.
 */
function convolve(conversion: Conversion, given: Convolution): void {
  const { where } = conversion;
  const x = conversion.image(0);
  const out = conversion.resultParameters();
  const { scales } = weightParameters(conversion.operandTensor(1), given.axis, false, where);
  const strides = stridesOf(conversion, given.strides, 'strides');
  const dilations = stridesOf(conversion, given.dilations, 'dilations');
  const { size, pads } = slide(conversion, x.size, { ...given, strides, dilations });
  conversion.expectDims([1, ...size, given.outputs]);
  const bias = biasOf(conversion, given.weights.data, given.outputs, x.zeroPoint);
  const sums = conversion.emit(
    'conv2d',
    [x.value, { elem: int(8), ...given.weights }, bias],
    { strides, pads, dilations, groups: given.groups, pad_value: x.zeroPoint },
    { suffix: 'sum' },
  );
  const factors = scales.map((scale) => (x.scale * scale) / out.scale);
  conversion.give(requantized(conversion, sums, factors, out, conversion.clamp(given.activation, out)), out);
}

/** FULLY_CONNECTED: weights [O, K] over vectors of K elements. */
export function fullyConnected(conversion: Conversion): void {
  const { where } = conversion;
  const options = conversion.options(8);
  const format = options?.int8(1) ?? 0;
  if (format !== 0) fail(say.unsupportedOption(where, 'weight format', String(format), 'the default format'));
  const x = conversion.activation(0);
  const filter = conversion.operandTensor(1);
  const [outputs = 0, depth = 0] = filter.dims;
  const total = elementCount(x.tensor.dims);
  if (filter.dims.length !== 2 || total % depth !== 0) {
    fail(
      say.operandsMismatch(
        where,
        showShape(filter.dims),
        `weights [outputs, inputs] for ${showShape(x.tensor.dims)}`,
      ),
    );
  }
  const out = conversion.resultParameters();
  const plain = weightsOf(conversion, filter);
  const { scales, zeroPoint } = weightParameters(filter, 0, true, where);
  const data = zeroPoint === 0 ? plain : Int16Array.from(plain, (w) => w - zeroPoint);
  const vectors = total / depth;
  const lastIsDepth = qirShape(x.tensor.dims).at(-1) === depth;
  const shape = lastIsDepth ? x.value.type.shape : vectors === 1 ? [depth] : [vectors, depth];
  const bias = biasOf(conversion, data, outputs, x.zeroPoint);
  const weights = { elem: int(zeroPoint === 0 ? 8 : 9), shape: filter.dims, data };
  const sums = conversion.emit(
    'matmul',
    [conversion.reshape(x.value, shape, 'flat'), weights, bias],
    {},
    { suffix: 'sum' },
  );
  // With one scale the kernel multiplies the two scales in float32, with one a channel in double.
  const factors =
    scales.length === 1
      ? [Math.fround(x.scale * (scales[0] ?? 0)) / out.scale]
      : scales.map((scale) => (x.scale * scale) / out.scale);
  const bounds = conversion.clamp(options?.int8(0) ?? 0, out);
  conversion.give(requantized(conversion, sums, factors, out, bounds), out);
}

/** The kernels' way from sums to int8: a fixed-point factor for each channel, the zero point, the activation's bounds. */
export function requantized(
  conversion: Conversion,
  sums: Value,
  factors: readonly number[],
  { zeroPoint }: Affine,
  { min, max }: Bounds,
): Value {
  const fixed = factors.map(quantizeMultiplier);
  const odd = fixed.findIndex(({ shift }) => shift > 30);
  if (odd >= 0) {
    const found = `a factor of ${factors[odd] ?? 0} in channel ${odd}`;
    const help = 'the scales of operand, weights and result do not belong together: convert again';
    fail(say.notExact(conversion.where, found, 'a factor below 2^30', help));
  }
  return conversion.emit(
    'mbqm',
    [sums, fixed.map(({ multiplier }) => multiplier), fixed.map(({ shift }) => shift)],
    { zero_point: zeroPoint, min, max },
    { result: int(8) },
  );
}

function weightsOf(conversion: Conversion, tensor: TfliteTensor): Int8Array {
  const source = constantData(tensor, ['int8'], conversion.where);
  conversion.spend(source.length);
  return Int8Array.from({ length: source.length }, (_, i) => source.at(i));
}

/** The bias less zx times the sum of each output's weights; weights have the outputs on their first axis. */
function biasOf(
  conversion: Conversion,
  weights: Int8Array | Int16Array,
  outputs: number,
  zeroPoint: number,
): Float64Array {
  const { where } = conversion;
  const bias = new Float64Array(outputs);
  if (conversion.hasOperand(2)) {
    const tensor = conversion.operandTensor(2);
    const source = constantData(tensor, ['int32'], where);
    if (source.length !== outputs) {
      fail(say.operandsMismatch(where, `${source.length} biases`, `${outputs}, one for each output`));
    }
    for (let o = 0; o < outputs; o++) bias[o] = source.at(o);
  }
  const each = weights.length / outputs;
  for (let i = 0; i < weights.length; i++) {
    const o = Math.floor(i / each);
    bias[o] = (bias[o] ?? 0) - zeroPoint * (weights[i] ?? 0);
  }
  const wide = bias.findIndex((b) => b < -(2 ** 31) || b >= 2 ** 31);
  if (wide >= 0) {
    const help = 'the reference kernel overflows as well: reduce the number of inputs of the layer';
    fail(say.notExact(where, `a bias of ${bias[wide] ?? 0} in channel ${wide}`, 'sums within int32', help));
  }
  return bias;
}
