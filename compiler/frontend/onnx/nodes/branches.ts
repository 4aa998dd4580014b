import { badSplit, badWindow } from '../../../diagnostics/catalog/frontend-convolution.ts';
import {
  badAttribute,
  badConstant,
  shapeMismatch,
  unsupportedUse,
} from '../../../diagnostics/catalog/frontend-nodes.ts';
import { dimsOf } from '../bound.ts';
import type { Value } from '../bound.ts';
import type { Conversion, Good } from '../conversion.ts';
import { inSourceOrder } from '../placed.ts';
import { sliceRanges } from '../slices.ts';
import { showShape } from '../shapes.ts';
import { heightAndWidth } from '../window.ts';
import type { Converter } from './registry.ts';

/** Concat of values along any axis but the batch. */
function concat(c: Conversion): void {
  c.expectInputs(1, Infinity);
  const inputs = Array.from({ length: c.inputCount }, (_, i): Good => c.real(i));
  const [first] = inputs;
  const dims = first ? dimsOf(first) : [];
  const given = c.attributes.int('axis');
  if (given === undefined) c.fail(badAttribute(c.where, 'axis', 'nothing', 'an axis'));
  const axis = c.axis(given, dims.length);
  let length = 0;
  for (const input of inputs) {
    const own = dimsOf(input);
    if (own.length !== dims.length || own.some((n, i) => i !== axis && n !== dims[i])) {
      const found = `${showShape(dims)} and ${showShape(own)} along axis ${axis}`;
      c.fail(shapeMismatch(c.where, found, 'shapes equal off the axis'));
    }
    if (input.kind === 'const')
      c.fail(
        unsupportedUse(
          c.where,
          'a constant among the parts',
          'computed values',
          'pad instead of joining constants',
        ),
      );
    length += own[axis] ?? 0;
  }
  const [only] = inputs;
  if (inputs.length === 1 && only) {
    c.set(0, only);
    return;
  }
  // A first axis of length 1 does not exist in QIR: a tensor without it cannot be joined along it.
  const without = inputs.map((input) => dimsOf(input)).find((own) => own.length > 1 && own[0] === 1);
  if (axis === 0 && without) c.qirAxis(inSourceOrder(without), 0);
  const joined = dims.map((n, i) => (i === axis ? length : n));
  const { operands, placed } = c.operands(inputs, joined);
  c.setValue(0, c.emitter.emit('concat', operands, { axis: c.qirAxis(placed, axis) }, placed, c.source()));
}

/** One part of a value along an ONNX axis; the value itself where that is all of it. */
function part(c: Conversion, x: Value, axis: number, start: number, end: number, suffix: string): Value {
  const size = x.dims[axis] ?? 1;
  if (start === 0 && end === size) return x;
  if (axis === 0 && x.dims.length > 1 && x.dims[0] !== 1) {
    // A result of length 1 would lose the axis: it is cut as the second one.
    const lifted = c.emitter.reshape(x, inSourceOrder([1, ...x.dims]), c.source([], '_axes'));
    const cut = part(c, lifted, 1, start, end, suffix);
    return c.emitter.reshape(cut, inSourceOrder(cut.dims.slice(1)), c.source([], '_drop'));
  }
  const attributes = { axis: c.qirAxis(x, axis), start, end };
  const placed = { dims: x.dims.map((n, i) => (i === axis ? end - start : n)), layout: x.layout };
  return c.emitter.emit('slice', [x.operand], attributes, placed, c.source([], suffix));
}

/** Split: one slice for each part that is read. */
function split(c: Conversion): void {
  c.expectInputs(1, 2);
  const x = c.placed(0);
  const axis = c.axis(c.attributes.int('axis') ?? 0, x.dims.length);
  const size = x.dims[axis] ?? 1;
  const outputs = c.node.outputs.length;
  const listed = c.optional(1) ? c.integers(1, 'split') : c.attributes.ints('split');
  const parts = c.attributes.int('num_outputs') ?? outputs;
  // Without a list the parts are equal; from opset 18 on the last may be smaller.
  const each = Math.ceil(size / parts);
  const equal = Array.from({ length: outputs }, (_, i) => Math.min(each, size - i * each));
  const lengths = listed ?? equal;
  const sum = lengths.reduce((a, b) => a + b, 0);
  const uneven = listed === undefined && c.opset < 18 && size % outputs !== 0;
  if (
    parts !== outputs ||
    lengths.length !== outputs ||
    lengths.some((n) => n < 1) ||
    sum !== size ||
    uneven
  ) {
    const found = `${lengths.slice(0, 16).join(' + ')} of ${size} elements for ${outputs} outputs`;
    c.fail(badSplit(c.where, found, 'parts of at least 1 that add up, one an output'));
  }
  let start = 0;
  lengths.forEach((length, i) => {
    if (c.outputUsed(i)) c.setValue(i, part(c, x, axis, start, start + length, `_${i}`));
    start += length;
  });
}

/** Slice of a value, forward one by one. */
function slice(c: Conversion): void {
  const x = c.placed(0);
  const ranges = sliceRanges(c, x.dims);
  let y = x;
  for (const { axis, from, step, count } of ranges) {
    if (step !== 1 && count > 1)
      c.fail(badSplit(c.where, `a step of ${step} along axis ${axis}`, 'steps of 1'));
    if (count < 1)
      c.fail(badSplit(c.where, `no element along axis ${axis} of ${showShape(x.dims)}`, 'at least one'));
    y = part(c, y, axis, from, from + count, ranges.length > 1 ? `_${axis}` : '');
  }
  c.setValue(0, y);
}

/** Pad of height and width with a constant. */
function pad(c: Conversion): void {
  c.expectInputs(1, 4);
  const mode = c.attributes.string('mode') ?? 'constant';
  if (mode !== 'constant') c.fail(unsupportedUse(c.where, `mode ${mode.slice(0, 80)}`, 'mode constant'));
  const value = c.optional(2) ? c.scalar(2, 'pad value') : (c.attributes.float('value') ?? 0);
  if (!Number.isFinite(Math.fround(value)))
    c.fail(badConstant(c.where, 'pad value', `${value}`, 'a finite float32 number'));
  const rank = c.dims(0).length;
  const listed = c.optional(1) ? c.integers(1, 'pads') : c.attributes.ints('pads');
  const axes = c.optional(3)
    ? c.integers(3, 'axes').map((axis) => c.axis(axis, rank))
    : Array.from({ length: rank }, (_, axis) => axis);
  if (listed === undefined || listed.length !== 2 * axes.length || new Set(axes).size !== axes.length) {
    const found = listed === undefined ? 'no pads' : `${listed.length} pads for ${axes.length} axes`;
    c.fail(shapeMismatch(c.where, found, 'two numbers an axis'));
  }
  const before = new Array<number>(rank).fill(0);
  const after = new Array<number>(rank).fill(0);
  axes.forEach((axis, i) => {
    before[axis] = listed[i] ?? 0;
    after[axis] = listed[axes.length + i] ?? 0;
  });
  const bad = listed.find((n) => !(n >= 0 && n < 2 ** 28));
  if (bad !== undefined)
    c.fail(badWindow(c.where, 'padding', `${bad}`, 'pads of 0 or more (a Slice cuts off)'));
  if (listed.every((n) => n === 0)) {
    c.set(0, c.real(0));
    return;
  }
  const x = c.image(0);
  if ([0, 1].some((axis) => before[axis] !== 0 || after[axis] !== 0)) {
    const found = `pads ${showShape(listed)} of ${showShape(x.dims)}`;
    c.fail(badWindow(c.where, 'padding', found, 'pads of height and width only'));
  }
  const [top, left] = heightAndWidth(before.slice(2), 0);
  const [bottom, right] = heightAndWidth(after.slice(2), 0);
  const dims = x.dims.map((n, i) => n + (before[i] ?? 0) + (after[i] ?? 0));
  const fill = value === 0 ? {} : { value: Math.fround(value) };
  const attributes = { pads: [top, left, bottom, right], ...fill };
  c.setValue(0, c.emitter.emit('pad', [x.operand], attributes, { dims, layout: x.layout }, c.source()));
}

export const branchConverters: readonly Converter[] = [
  { opTypes: ['Concat'], domains: [''], since: 4, attributes: ['axis'], layout: 'any', convert: concat },
  {
    opTypes: ['Split'],
    domains: [''],
    since: 2,
    attributes: ['axis', 'split', 'num_outputs'],
    layout: 'any',
    convert: split,
  },
  {
    opTypes: ['Slice'],
    domains: [''],
    attributes: ['axes', 'ends', 'starts'],
    layout: 'any',
    convert: slice,
  },
  {
    opTypes: ['Pad'],
    domains: [''],
    since: 2,
    attributes: ['mode', 'pads', 'value'],
    layout: 'image',
    convert: pad,
  },
];
