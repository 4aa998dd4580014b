import { badGroups, emptyResult } from '../../../diagnostics/catalog/frontend-convolution.ts';
import { notConstant, shapeMismatch, unsupportedUse } from '../../../diagnostics/catalog/frontend-nodes.ts';
import type { Operand } from '../../../qir/graph.ts';
import { dimsOf } from '../bound.ts';
import type { QuantizedConst, Value } from '../bound.ts';
import { transposed, withDims } from '../constants.ts';
import type { Conversion, Good } from '../conversion.ts';
import { collapsed, transposedKernel } from '../kernel.ts';
import type { Placed } from '../placed.ts';
import { sameShape, showShape } from '../shapes.ts';
import { countElements } from '../tensors.ts';
import type { ConstTensor } from '../tensors.ts';
import {
  autoPad,
  axisPair,
  extent,
  heightAndWidth,
  readWindow,
  sizes,
  windowAttributes,
  windowDims,
} from '../window.ts';
import type { AxisSide } from '../window.ts';
import { checkFinite } from './checks.ts';
import type { Converter } from './registry.ts';

type Weights = Extract<Good, { kind: 'const' | 'quantized' }>;

/** The weights of a convolution: constants of the rank of the image, [.., .., KH, KW] or [.., .., K]. */
function weightsOf(c: Conversion, rank: number): Weights {
  const weights = c.real(1);
  if (weights.kind === 'value') c.fail(notConstant(c.where, 'weights', c.inputName(1)));
  const dims = dimsOf(weights);
  if (dims.length !== rank || dims.includes(0)) {
    const expected = `weights of ${rank} axes for an image of ${rank} axes`;
    c.fail(shapeMismatch(c.where, `weights of shape ${showShape(dims)}`, expected));
  }
  const kernel = dims.slice(2);
  const named = c.attributes.ints('kernel_shape');
  if (named && !sameShape(named, kernel)) {
    const found = `kernel_shape ${showShape(named.slice(0, 16))}, weights of shape ${showShape(dims)}`;
    c.fail(shapeMismatch(c.where, found, 'the same kernel in both'));
  }
  return weights;
}

/** Applies a change of order to the constant and, where the weights are quantized, to their parameters. */
function changed(
  weights: Weights,
  change: (tensor: ConstTensor, role: 'weights' | 'parameter') => ConstTensor,
): Weights {
  if (weights.kind === 'const') return { kind: 'const', tensor: change(weights.tensor, 'weights') };
  const { weight } = weights;
  const parameters = weight.parameters.map((p) => change(p, 'parameter'));
  const moved: QuantizedConst = { ...weight, x: change(weight.x, 'weights'), parameters };
  return { kind: 'quantized', weight: moved };
}

/** Weights as the [O, KH, KW, C / groups] operand of conv2d; they stand [O, C / groups, KH, KW] or [O, C / groups, K]. */
function weightOperand(c: Conversion, weights: Weights): Operand {
  const perm = [0, 2, 3, 1];
  const square =
    dimsOf(weights).length === 4
      ? weights
      : changed(weights, (t) => withDims(t, [...t.dims.slice(0, 2), 1, ...t.dims.slice(2)]));
  if (square.kind === 'quantized') return c.emitter.weight(square.weight, 4, c.where, perm);
  checkFinite(c, 'weights', square.tensor);
  return c.emitter.exactConstant(transposed(square.tensor, perm), c.where);
}

/** The number of groups, checked against the channels. */
function groupsOf(c: Conversion, channels: number): number {
  const groups = c.attributes.int('group') ?? 1;
  if (!(groups >= 1) || channels % groups !== 0) {
    c.fail(
      badGroups(c.where, `${groups} groups for ${channels} channels`, 'a number that divides the channels'),
    );
  }
  return groups;
}

/** Adds the bias, one number an output channel, if there is one. */
function withBias(c: Conversion, y: Value): Value {
  const bias = c.optional(2) && c.real(2);
  if (!bias) return y;
  if (bias.kind === 'value') c.fail(notConstant(c.where, 'bias', c.inputName(2)));
  const dims = dimsOf(bias);
  if (dims.length !== 1 || dims[0] !== y.dims[1]) {
    c.fail(
      shapeMismatch(c.where, `a bias of shape ${showShape(dims)}`, `[${y.dims[1]}], one an output channel`),
    );
  }
  if (bias.kind === 'const') checkFinite(c, 'bias', bias.tensor);
  const operand =
    bias.kind === 'const'
      ? c.emitter.constant(bias.tensor, 1, c.where)
      : c.emitter.weight(bias.weight, 1, c.where);
  return c.emitter.emit('add', [y.operand, operand], {}, y, c.source([], '_bias'));
}

/** Conv: conv2d, and an add where there is a bias. */
export function conv(c: Conversion): void {
  c.expectInputs(2, 3);
  const x = c.image(0);
  const rank = x.dims.length;
  const [, channels = 1, ...size] = x.dims;
  const weights = weightsOf(c, rank);
  const [outs = 1, perGroup = 1, ...kernel] = dimsOf(weights);
  const groups = groupsOf(c, channels);
  if (perGroup * groups !== channels || outs % groups !== 0) {
    c.fail(
      badGroups(
        c.where,
        `weights of shape ${showShape(dimsOf(weights))} in ${groups} groups for ${channels} channels`,
        `[multiple of ${groups}, ${channels / groups}, ...]`,
      ),
    );
  }
  const window = readWindow(c, size, kernel);
  const attributes = { ...windowAttributes(window), ...(groups === 1 ? {} : { groups }) };
  const dims = windowDims(window, outs, rank);
  const operands = [x.operand, weightOperand(c, weights)];
  const y = c.emitter.emit('conv2d', operands, attributes, { dims, layout: 'channels-last' }, c.source());
  c.setValue(0, withBias(c, y));
}

/** Pads of a transposed convolution along one axis, and the size of the result. */
function transposedPads(
  c: Conversion,
  full: number,
  wanted: number | undefined,
  given: readonly [number, number],
): readonly [number, number] {
  const auto = autoPad(c);
  if (auto === 'VALID') return [0, 0];
  if (wanted === undefined) return given;
  const total = full - wanted;
  if (total < 0)
    c.fail(
      unsupportedUse(c.where, `an output of ${wanted} of ${full} pixels`, 'an output that pads cut down to'),
    );
  const half = Math.floor(total / 2);
  return auto === 'SAME_UPPER' ? [half, total - half] : [total - half, half];
}

/**
 * ConvTranspose: the image with zeros between its pixels, padded by the kernel less the pads, and convolved with the kernel turned by half
 * a turn.
 */
function convTranspose(c: Conversion): void {
  c.expectInputs(2, 3);
  const x = c.image(0);
  const rank = x.dims.length;
  const [, channels = 1, ...size] = x.dims;
  const weights = weightsOf(c, rank);
  const [ins = 1, perGroup = 1, ...kernel] = dimsOf(weights);
  const groups = groupsOf(c, channels);
  if (ins !== channels) {
    const found = `weights of shape ${showShape(dimsOf(weights))} for ${channels} channels`;
    c.fail(badGroups(c.where, found, `[${channels}, outputs / groups, ...]`));
  }
  const axes = size.length;
  const strides = sizes(c, 'strides', axes, 1, 1);
  const dilations = sizes(c, 'dilations', axes, 1, 1);
  const pads = sizes(c, 'pads', 2 * axes, 0, 0);
  const extra = sizes(c, 'output_padding', axes, 0, 0);
  const wanted = c.attributes.has('output_shape') ? sizes(c, 'output_shape', axes, 1, 1) : undefined;
  const auto = autoPad(c);
  const sides = size.map((n, axis) => {
    const stride = strides[axis] ?? 1;
    const span = extent(kernel[axis] ?? 1, dilations[axis] ?? 1);
    const spread = (n - 1) * stride + 1;
    const full = spread - 1 + span + (extra[axis] ?? 0);
    const same = auto === 'SAME_UPPER' || auto === 'SAME_LOWER' ? n * stride : undefined;
    const given = [pads[axis] ?? 0, pads[axes + axis] ?? 0] as const;
    const [before, after] = transposedPads(c, full, wanted?.[axis] ?? same, given);
    const count = full - before - after;
    if (count < 1) c.fail(emptyResult(c.where, `${full} pixels less pads of ${before} and ${after}`));
    return { spread, count, before: span - 1 - before, after: span - 1 - after + (extra[axis] ?? 0) };
  });

  const spread = sides.map((side) => side.spread);
  const factors = heightAndWidth(strides, 1);
  const image = (spatial: readonly number[], count: number): Placed => ({
    dims: [1, count, ...spatial],
    layout: 'channels-last',
  });
  const zeros = factors.every((n) => n === 1)
    ? x
    : c.emitter.emit('dilate', [x.operand], { factors }, image(spread, channels), c.source([], '_zeros'));
  const cut = cropped(c, zeros, sides);
  const attributes = {
    ...windowAttributes(
      axisPair(sides.map((side, axis) => ({ ...padded(side), dilation: dilations[axis] ?? 1 }))),
    ),
    ...(groups === 1 ? {} : { groups }),
  };
  const turned = changed(weights, (tensor, role) => {
    c.spend(countElements(dimsOf(weights)), dimsOf(weights));
    const kernels = transposedKernel(tensor, dimsOf(weights), groups);
    return role === 'weights' ? kernels : collapsed(kernels);
  });
  const result = image(
    sides.map((side) => side.count),
    perGroup * groups,
  );
  const y = c.emitter.emit('conv2d', [cut.operand, weightOperand(c, turned)], attributes, result, c.source());
  c.setValue(0, withBias(c, y));
}

/** What pads take and add on one side of an image: negative where pixels are cut off. */
interface Margins {
  readonly before: number;
  readonly after: number;
}

function padded({ before, after }: Margins): AxisSide {
  return { stride: 1, dilation: 1, before: Math.max(0, before), after: Math.max(0, after) };
}

/** Cuts off what negative margins ask for. */
function cropped(c: Conversion, x: Value, margins: readonly Margins[]): Value {
  return margins.reduce((y, { before, after }, side) => {
    const axis = side + 2;
    const size = y.dims[axis] ?? 1;
    const [start, end] = [Math.max(0, -before), size + Math.min(0, after)];
    if (start === 0 && end === size) return y;
    if (start >= end) c.fail(emptyResult(c.where, `${size} pixels less ${start} and ${size - end}`));
    const placed = { ...y, dims: y.dims.map((n, i) => (i === axis ? end - start : n)) };
    return c.emitter.emit(
      'slice',
      [y.operand],
      { axis: c.qirAxis(y, axis), start, end },
      placed,
      c.source([], '_cut'),
    );
  }, x);
}

const convolutionAttributes = ['auto_pad', 'dilations', 'group', 'kernel_shape', 'pads', 'strides'] as const;

export const convolutionConverters: readonly Converter[] = [
  { opTypes: ['Conv'], domains: [''], attributes: convolutionAttributes, layout: 'image', convert: conv },
  {
    opTypes: ['ConvTranspose'],
    domains: [''],
    attributes: [...convolutionAttributes, 'output_padding', 'output_shape'],
    layout: 'image',
    convert: convTranspose,
  },
];
