import { badWindow } from '../../../diagnostics/catalog/frontend-convolution.ts';
import {
  badAttribute,
  badBitWidth,
  operandCount,
  unsupportedUse,
} from '../../../diagnostics/catalog/frontend-nodes.ts';
import type { Value } from '../bound.ts';
import { makeTensor } from '../constants.ts';
import type { Conversion } from '../conversion.ts';
import { inSourceOrder } from '../placed.ts';
import type { Placed } from '../placed.ts';
import { sameShape, showShape } from '../shapes.ts';
import { extent, heightAndWidth, readWindow, sizes, windowAttributes, windowDims } from '../window.ts';
import type { AxisWindow, Window } from '../window.ts';
import { quantizerDomains } from './qonnx.ts';
import type { Converter } from './registry.ts';

/** Refuses a window that lies in the padding altogether: there is nothing to pool. */
function checkTouches(c: Conversion, axis: AxisWindow): void {
  const most = extent(axis.kernel, axis.dilation) - 1;
  const { before, after, size, dilation, kernel } = axis;
  // Taps that are further apart than the image is wide may step over it.
  if (before <= most && after <= most && (dilation <= size || kernel === 1)) return;
  const found = `pads of ${before} and ${after} at ${kernel} taps ${dilation} apart over ${size} pixels`;
  c.fail(badWindow(c.where, 'window', found, 'a window that always touches the image'));
}

/** The window of a pooling; kernel_shape is required. */
function poolWindow(c: Conversion, x: Value): Window {
  const size = x.dims.slice(2);
  if (!c.attributes.has('kernel_shape'))
    c.fail(badAttribute(c.where, 'kernel_shape', 'nothing', 'the size of the window'));
  const window = readWindow(c, size, sizes(c, 'kernel_shape', size.length, 1, 1));
  checkTouches(c, window.y);
  checkTouches(c, window.x);
  return window;
}

/** MaxPool without its indices. */
export function maxPool(c: Conversion): void {
  c.expectInputs(1);
  if (c.outputUsed(1)) c.fail(operandCount(c.where, 'the indices of MaxPool are used', 'one output'));
  const x = c.image(0);
  const window = poolWindow(c, x);
  emitPool(c, 'maxpool', x, window, {});
}

function emitPool(
  c: Conversion,
  op: 'maxpool' | 'avgpool',
  x: Value,
  window: Window,
  more: Readonly<Record<string, boolean>>,
): void {
  const attributes = { kernel: [window.y.kernel, window.x.kernel], ...windowAttributes(window), ...more };
  const dims = windowDims(window, x.dims[1] ?? 1, x.dims.length);
  c.setValue(0, c.emitter.emit(op, [x.operand], attributes, { dims, layout: 'channels-last' }, c.source()));
}

function averagePool(c: Conversion): void {
  c.expectInputs(1);
  const x = c.image(0);
  const window = poolWindow(c, x);
  const both = [window.y, window.x];
  if (both.some((axis) => axis.dilation !== 1))
    c.fail(unsupportedUse(c.where, 'an average over a dilated window', 'dilations of 1'));
  const padded = both.some((axis) => axis.before > 0 || axis.after > 0);
  const counts = c.attributes.flag('count_include_pad', false) && padded;
  // What ceil_mode adds beyond the pads does not count, which no divisor that is the same everywhere can say.
  if (counts && both.some((axis) => axis.beyond > 0))
    c.fail(
      unsupportedUse(c.where, 'count_include_pad with windows beyond the pads (ceil_mode)', 'one of the two'),
    );
  emitPool(c, 'avgpool', x, window, counts ? { count_include_pad: true } : {});
}

/** A pooling of the whole image. `axes` are those of the QIR value that hold its height and width. */
function poolAll(c: Conversion, op: 'maxpool' | 'avgpool', x: Value, placed: Placed): Value {
  const spatial = x.layout === 'channels-last' ? x.dims.slice(2) : x.dims.slice(1, 3);
  return c.emitter.emit(op, [x.operand], { kernel: heightAndWidth(spatial, 1) }, placed, c.source());
}

function globalPool(op: 'maxpool' | 'avgpool'): (c: Conversion) => void {
  return (c) => {
    c.expectInputs(1);
    const x = c.image(0);
    c.setValue(0, poolAll(c, op, x, { ...x, dims: x.dims.map((n, i) => (i < 2 ? n : 1)) }));
  };
}

/** ReduceMean and ReduceMax over height and width (of channels first or last) are poolings of the whole image. */
function reduceSpatial(op: 'maxpool' | 'avgpool'): (c: Conversion) => void {
  return (c) => {
    c.expectInputs(1, 2);
    const given = c.placed(0);
    const rank = given.dims.length;
    const listed = c.optional(1) ? c.integers(1, 'axes') : c.attributes.ints('axes');
    const axes = [...new Set(listed?.map((axis) => c.axis(axis, rank)))].toSorted((a, b) => a - b);
    const first = sameShape(
      axes,
      Array.from({ length: rank - 2 }, (_, i) => i + 2),
    );
    const last = rank === 4 && sameShape(axes, [1, 2]) && given.dims[0] === 1;
    if (listed === undefined || rank < 3 || (!first && !last)) {
      const found = `axes ${listed === undefined ? 'left out' : showShape(listed.slice(0, 16))} of ${showShape(given.dims)}`;
      c.fail(unsupportedUse(c.where, found, 'the axes of height and width, [2, 3] or [1, 2]'));
    }
    const x = first ? c.image(0) : c.sourceOrder(given);
    const dims = x.dims.map((n, axis) => (axes.includes(axis) ? 1 : n));
    const pooled = poolAll(c, op, x, { dims, layout: x.layout });
    if (c.attributes.flag('keepdims', true)) {
      c.setValue(0, pooled);
      return;
    }
    // One pixel: the channels stand in the same order either way.
    const kept = inSourceOrder(dims.filter((_, axis) => !axes.includes(axis)));
    c.setValue(0, c.emitter.reshape(c.sourceOrder(pooled), kept, c.source([], '_drop')));
  };
}

/** An integer attribute of a QONNX operator that must be there. */
function required(c: Conversion, name: string, least: number, most: number): number {
  const value = c.attributes.int(name);
  if (value === undefined || !(value >= least && value <= most))
    c.fail(badAttribute(c.where, name, `${value ?? 'nothing'}`, `an integer from ${least} to ${most}`));
  return value;
}

/**
 * QuantAvgPool2d: the sum of the window's integers, shifted right by the bits that a sum of k * k integers of `ibits` bits has more than
 * `obits`.
 */
function quantAvgPool(c: Conversion): void {
  c.expectInputs(1);
  const kernel = required(c, 'kernel', 1, 2 ** 15);
  const stride = required(c, 'stride', 1, 2 ** 15);
  const inBits = required(c, 'ibits', 1, 32);
  const outBits = required(c, 'obits', 1, 32);
  c.attributes.flag('signed', false);
  const layout = c.attributes.string('data_layout') ?? 'NCHW';
  if (layout !== 'NCHW' && layout !== 'NHWC')
    c.fail(badAttribute(c.where, 'data_layout', layout.slice(0, 80), 'NCHW or NHWC'));
  const last = layout === 'NHWC';
  const x = last ? c.value(0) : c.image(0);
  if (x.dims.length !== 4 || x.dims[0] !== 1)
    c.fail(unsupportedUse(c.where, `an image of shape ${showShape(x.dims)}`, 'one image, four axes'));
  const sides = (last ? [1, 2] : [2, 3]).map((axis) => x.dims[axis] ?? 1);
  const counts = sides.map((size) => Math.floor((size - kernel) / stride) + 1);
  const small = sides.find((size) => size < kernel);
  if (small !== undefined)
    c.fail(badWindow(c.where, 'window', `${kernel} pixels over ${small}`, 'a window that fits the image'));
  const [rows = 1, columns = 1] = counts;
  const dims = last ? [1, rows, columns, x.dims[3] ?? 1] : [1, x.dims[1] ?? 1, rows, columns];
  const placed: Placed = { dims, layout: x.layout };

  const sumBits = ((2 ** inBits - 1) * kernel * kernel).toString(2).length;
  if (sumBits > 31) c.fail(badBitWidth(c.where, `${inBits} input bits, whose sums take ${sumBits} bits`));
  const number = (name: string, n: number) =>
    c.emitter.constant(makeTensor(`${c.node.label}_${name}`, 'float32', [], [n]), 0, c.where);
  const strides = stride === 1 ? {} : { strides: [stride, stride] };
  const mean = c.emitter.emit(
    'avgpool',
    [x.operand],
    { kernel: [kernel, kernel], ...strides },
    placed,
    c.source([], '_mean'),
  );
  const count = number('count', kernel * kernel);
  const sum = c.emitter.emit('mul', [mean.operand, count], {}, placed, c.source([], '_sum'));
  const attributes = {
    in_bits: Math.max(sumBits, outBits),
    out_bits: outBits,
    rounding: 'FLOOR',
    version: 1,
  };
  const operands = [sum.operand, number('unit', 1), number('zero', 0)];
  c.setValue(0, c.emitter.emit('trunc', operands, attributes, placed, c.source()));
}

const poolAttributes = ['auto_pad', 'ceil_mode', 'dilations', 'kernel_shape', 'pads', 'strides'] as const;

export const poolingConverters: readonly Converter[] = [
  {
    opTypes: ['MaxPool'],
    domains: [''],
    attributes: [...poolAttributes, 'storage_order'],
    layout: 'image',
    convert: maxPool,
  },
  {
    opTypes: ['AveragePool'],
    domains: [''],
    since: 7,
    attributes: [...poolAttributes, 'count_include_pad'],
    layout: 'image',
    convert: averagePool,
  },
  {
    opTypes: ['GlobalAveragePool'],
    domains: [''],
    attributes: [],
    layout: 'image',
    convert: globalPool('avgpool'),
  },
  {
    opTypes: ['GlobalMaxPool'],
    domains: [''],
    attributes: [],
    layout: 'image',
    convert: globalPool('maxpool'),
  },
  {
    opTypes: ['ReduceMean'],
    domains: [''],
    attributes: ['axes', 'keepdims', 'noop_with_empty_axes'],
    convert: reduceSpatial('avgpool'),
  },
  {
    opTypes: ['ReduceMax'],
    domains: [''],
    attributes: ['axes', 'keepdims', 'noop_with_empty_axes'],
    convert: reduceSpatial('maxpool'),
  },
  {
    opTypes: ['QuantAvgPool2d'],
    domains: quantizerDomains,
    attributes: ['stride', 'kernel', 'ibits', 'obits', 'signed', 'data_layout'],
    convert: quantAvgPool,
  },
];
