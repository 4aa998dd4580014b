import { tensorElementType } from '../../diagnostics/catalog/frontend-file.ts';
import {
  badAttribute,
  badConstant,
  shapeMismatch,
  unsupportedUse,
} from '../../diagnostics/catalog/frontend-nodes.ts';
import { broadcastTo, makeTensor, mapped, strided, transposed, withDims } from './constants.ts';
import type { Conversion } from './conversion.ts';
import { elementOf, elements, isFloat } from './elements.ts';
import type { ElementName } from './elements.ts';
import { flattenedDims, reshapedDims, squeezedDims, transposePerm, unsqueezedDims } from './nodes/layout.ts';
import { showShape, stridesOf } from './shapes.ts';
import { sliceRanges } from './slices.ts';
import { countElements } from './tensors.ts';
import type { ConstTensor } from './tensors.ts';

/** Computes the one output of a node whose inputs are constants. */
type Fold = (c: Conversion) => ConstTensor;

/** The label that a folded constant carries on: the name of the value it stands for. */
function resultName(c: Conversion): string {
  return c.node.outputs[0] ?? c.node.label;
}

/** Checks an integer result against its type: wrapping around silently would hide a broken model. */
function checked(c: Conversion, tensor: ConstTensor): ConstTensor {
  const { range } = elements[tensor.elem];
  const bad = tensor.data.find(
    (x) => Number.isNaN(x) || (range !== undefined && (x < range.min || x > range.max)),
  );
  if (bad !== undefined)
    c.fail(badConstant(c.where, 'folded constant', `${bad}`, `values of ${tensor.elem}`));
  return tensor;
}

/** float16 and bfloat16 arithmetic rounds at every step, which float32 does not reproduce. */
function refuseHalf(c: Conversion, elem: ElementName): void {
  if (elem === 'float16' || elem === 'bfloat16') {
    c.fail(tensorElementType(c.where, resultName(c), `${elem} in a computation`));
  }
}

function binary(compute: (a: number, b: number, elem: ElementName) => number, result?: ElementName): Fold {
  return (c) => {
    c.expectInputs(2);
    const a = c.constant(0, 'operand');
    const b = c.constant(1, 'operand');
    refuseHalf(c, a.elem);
    const dims = c.broadcast(a.dims, b.dims);
    const count = c.spend(countElements(dims), dims);
    const left = broadcastTo(a, dims).data;
    const right = broadcastTo(b, dims).data;
    const values = new Float64Array(count);
    for (let i = 0; i < count; i++) values[i] = compute(left[i] ?? 0, right[i] ?? 0, a.elem);
    return checked(c, makeTensor(resultName(c), result ?? a.elem, dims, values));
  };
}

function unary(compute: (x: number) => number): Fold {
  return (c) => {
    c.expectInputs(1);
    const x = c.constant(0, 'operand');
    refuseHalf(c, x.elem);
    c.spend(x.data.length, x.dims);
    return checked(c, { ...mapped(x, x.elem, compute), name: resultName(c) });
  };
}

/** x^y in double precision, rounded once by storage; square roots are exact before that. */
export function power(x: number, y: number): number {
  return y === 0.5 && x >= 0 ? Math.sqrt(x) : x ** y;
}

const divide: Fold = binary((a, b, elem) => (isFloat(elem) ? a / b : Math.trunc(a / b)));

function shape(c: Conversion): ConstTensor {
  const dims = c.dims(0);
  const start = clampIndex(c.attributes.int('start') ?? 0, dims.length);
  const end = clampIndex(c.attributes.int('end') ?? dims.length, dims.length);
  const part = dims.slice(start, Math.max(start, end));
  return makeTensor(resultName(c), 'int64', [part.length], part);
}

/** A start or end that may count from the end, clamped to 0..size. */
function clampIndex(index: number, size: number): number {
  return Math.min(Math.max(index < 0 ? index + size : index, 0), size);
}

function gather(c: Conversion): ConstTensor {
  c.expectInputs(2);
  const data = c.constant(0, 'data');
  const indices = c.constant(1, 'indices');
  const axis = c.axis(c.attributes.int('axis') ?? 0, data.dims.length);
  const size = data.dims[axis] ?? 0;
  const dims = [...data.dims.slice(0, axis), ...indices.dims, ...data.dims.slice(axis + 1)];
  const values = new Float64Array(c.spend(countElements(dims), dims));
  const inner = stridesOf(data.dims)[axis] ?? 1;
  let at = 0;
  for (let outer = 0; outer < values.length && at < values.length; outer++) {
    for (const index of indices.data) {
      const row = index < 0 ? index + size : index;
      if (!(row >= 0 && row < size))
        c.fail(badConstant(c.where, 'indices', `${index}`, `${-size} to ${size - 1}`));
      for (let i = 0; i < inner; i++) values[at++] = data.data[(outer * size + row) * inner + i] ?? 0;
    }
  }
  return makeTensor(resultName(c), data.elem, dims, values);
}

function concat(c: Conversion): ConstTensor {
  c.expectInputs(1, Infinity);
  const parts = Array.from({ length: c.inputCount }, (_, i) => c.constant(i, 'operand'));
  const first = parts[0];
  if (!first) c.fail(shapeMismatch(c.where, 'no operand', 'at least one'));
  const axis = c.axis(c.attributes.int('axis') ?? 0, first.dims.length);
  let length = 0;
  for (const part of parts) {
    const fits =
      part.dims.length === first.dims.length && part.dims.every((n, i) => i === axis || n === first.dims[i]);
    if (!fits)
      c.fail(
        shapeMismatch(
          c.where,
          `${showShape(first.dims)} and ${showShape(part.dims)}`,
          'shapes equal off the axis',
        ),
      );
    length += part.dims[axis] ?? 0;
  }
  const dims = first.dims.map((n, i) => (i === axis ? length : n));
  const values = new Float64Array(c.spend(countElements(dims), dims));
  const outer = dims.slice(0, axis).reduce((a, b) => a * b, 1);
  let at = 0;
  for (let o = 0; o < outer; o++) {
    for (const part of parts) {
      const run = part.data.length / outer;
      values.set(part.data.subarray(o * run, (o + 1) * run), at);
      at += run;
    }
  }
  return makeTensor(resultName(c), first.elem, dims, values);
}

function slice(c: Conversion): ConstTensor {
  const data = c.constant(0, 'data');
  const dims = [...data.dims];
  const strides = stridesOf(data.dims);
  let offset = 0;
  for (const { axis, from, step, count } of sliceRanges(c, data.dims)) {
    if (count > 0) offset += from * (strides[axis] ?? 1);
    strides[axis] = (strides[axis] ?? 1) * step;
    dims[axis] = count;
  }
  c.spend(countElements(dims), dims);
  return { ...strided(data, dims, strides, offset), name: resultName(c) };
}

function castTo(c: Conversion): ConstTensor {
  const x = c.constant(0, 'operand');
  const code = c.attributes.int('to') ?? 0;
  const to = elementOf(code);
  if (to === undefined)
    c.fail(badAttribute(c.where, 'to', `element type number ${code}`, 'a type that qcc reads'));
  if (to !== x.elem) refuseHalf(c, to);
  c.spend(x.data.length, x.dims);
  if (to === 'bool') return { ...mapped(x, to, (v) => (v === 0 ? 0 : 1)), name: resultName(c) };
  return checked(c, { ...mapped(x, to, isFloat(to) ? (v) => v : Math.trunc), name: resultName(c) });
}

function constantOfShape(c: Conversion): ConstTensor {
  const dims = c.integers(0, 'shape');
  if (dims.some((n) => n < 0)) c.fail(shapeMismatch(c.where, showShape(dims), 'dimensions of 0 or more'));
  const value = c.attributes.tensor('value', resultName(c));
  if (value && value.data.length !== 1)
    c.fail(badAttribute(c.where, 'value', showShape(value.dims), 'one number'));
  const values = new Float64Array(c.spend(countElements(dims), dims)).fill(value?.data[0] ?? 0);
  return makeTensor(resultName(c), value?.elem ?? 'float32', dims, values);
}

function expand(c: Conversion): ConstTensor {
  const x = c.constant(0, 'operand');
  const dims = c.broadcast(x.dims, c.integers(1, 'shape'));
  c.spend(countElements(dims), dims);
  return { ...broadcastTo(x, dims), name: resultName(c) };
}

function where(c: Conversion): ConstTensor {
  const [condition, a, b] = [c.constant(0, 'condition'), c.constant(1, 'operand'), c.constant(2, 'operand')];
  const dims = c.broadcast(c.broadcast(condition.dims, a.dims), b.dims);
  const count = c.spend(countElements(dims), dims);
  const [test, yes, no] = [condition, a, b].map((t) => broadcastTo(t, dims).data);
  const values = Float64Array.from({ length: count }, (_, i) => (test?.[i] ? yes?.[i] : no?.[i]) ?? 0);
  return makeTensor(resultName(c), a.elem, dims, values);
}

function range(c: Conversion): ConstTensor {
  const start = c.scalar(0, 'start');
  const limit = c.scalar(1, 'limit');
  const delta = c.scalar(2, 'delta');
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  if (!Number.isFinite(count))
    c.fail(badConstant(c.where, 'delta', `${delta}`, 'a finite step other than 0'));
  const values = new Float64Array(c.spend(countElements([count]), [count]));
  for (let i = 0; i < count; i++) values[i] = start + i * delta;
  return makeTensor(resultName(c), c.constant(0, 'start').elem, [count], values);
}

function reduceProduct(c: Conversion): ConstTensor {
  const x = c.constant(0, 'operand');
  refuseHalf(c, x.elem);
  const axes = c.optional(1) ? c.integers(1, 'axes') : (c.attributes.ints('axes') ?? []);
  const normal = axes.map((axis) => c.axis(axis, x.dims.length));
  if (normal.length > 0 && normal.length !== x.dims.length) {
    c.fail(
      unsupportedUse(
        c.where,
        `reduction over axes [${axes.join(', ')}] of ${x.dims.length}`,
        'reduction over all axes',
      ),
    );
  }
  const dims = c.attributes.flag('keepdims', true) ? x.dims.map(() => 1) : [];
  return checked(c, makeTensor(resultName(c), x.elem, dims, [[...x.data].reduce((a, b) => a * b, 1)]));
}

function relayout(dims: (c: Conversion) => readonly number[]): Fold {
  return (c) => ({ ...withDims(c.constant(0, 'operand'), dims(c)), name: resultName(c) });
}

const identity: Fold = (c) => c.constant(0, 'operand');

/** What can be computed at import time, by operator of the standard domain. */
export const folds: ReadonlyMap<string, Fold> = new Map<string, Fold>([
  ['Shape', shape],
  ['Size', (c) => makeTensor(resultName(c), 'int64', [], [c.dims(0).reduce((a, b) => a * b, 1)])],
  ['Gather', gather],
  ['Concat', concat],
  ['Slice', slice],
  ['Cast', castTo],
  ['ConstantOfShape', constantOfShape],
  ['Expand', expand],
  ['Where', where],
  ['Range', range],
  ['ReduceProd', reduceProduct],
  ['Identity', identity],
  ['Reshape', relayout(reshapedDims)],
  ['Flatten', relayout(flattenedDims)],
  ['Squeeze', relayout(squeezedDims)],
  ['Unsqueeze', relayout(unsqueezedDims)],
  ['Transpose', (c) => ({ ...transposed(c.constant(0, 'operand'), transposePerm(c)), name: resultName(c) })],
  ['Add', binary((a, b) => a + b)],
  ['Sub', binary((a, b) => a - b)],
  ['Mul', binary((a, b) => a * b)],
  ['Div', divide],
  ['Pow', binary(power)],
  ['Min', binary((a, b) => Math.min(a, b))],
  ['Max', binary((a, b) => Math.max(a, b))],
  ['Equal', binary((a, b) => (a === b ? 1 : 0), 'bool')],
  ['Sqrt', unary(Math.sqrt)],
  ['Neg', unary((x) => -x)],
  ['Abs', unary(Math.abs)],
  ['Floor', unary(Math.floor)],
  ['Ceil', unary(Math.ceil)],
  ['Reciprocal', unary((x) => 1 / x)],
]);

/** Operators whose result is constant even where the input is computed: shapes are fixed. */
export const alwaysConstant: ReadonlySet<string> = new Set(['Shape', 'Size', 'Constant']);
