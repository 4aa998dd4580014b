import { badAttribute, shapeMismatch } from '../../../diagnostics/catalog/frontend-nodes.ts';
import type { Levels, QuantizedConst, Value } from '../bound.ts';
import { broadcastTo, padRank, transposed, withDims } from '../constants.ts';
import type { Conversion } from '../conversion.ts';
import { canBeImage, inSourceOrder } from '../placed.ts';
import { sameShape, showShape } from '../shapes.ts';
import { countElements } from '../tensors.ts';
import type { ConstTensor } from '../tensors.ts';
import type { Converter } from './registry.ts';

const count = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** The dimensions after Reshape: 0 copies a dimension (unless allowzero), one -1 takes what is left. */
export function reshapedDims(c: Conversion): readonly number[] {
  const from = c.dims(0);
  // Opset 1 had the shape as an attribute.
  const wanted = c.optional(1) ? c.integers(1, 'shape') : c.attributes.ints('shape');
  if (wanted === undefined) c.fail(shapeMismatch(c.where, 'no shape', 'a shape'));
  const allowZero = c.attributes.flag('allowzero', false);
  const dims = wanted.map((n, i) => (n === 0 && !allowZero ? (from[i] ?? 0) : n));
  const open = dims.indexOf(-1);
  if (open >= 0) {
    const rest = count(dims.filter((_, i) => i !== open));
    dims[open] = rest === 0 ? 0 : count(from) / rest;
  }
  if (dims.some((n) => !Number.isInteger(n) || n < 0) || count(dims) !== count(from) || dims.length > 16) {
    c.fail(
      shapeMismatch(
        c.where,
        `${showShape(from)} to ${showShape(wanted.slice(0, 16))}`,
        'a shape of as many elements',
      ),
    );
  }
  return dims;
}

/** The two dimensions after Flatten. */
export function flattenedDims(c: Conversion): readonly number[] {
  const from = c.dims(0);
  const given = c.attributes.int('axis') ?? 1;
  const axis = given === from.length ? given : c.axis(given, Math.max(from.length, 1));
  return [count(from.slice(0, axis)), count(from.slice(axis))];
}

/** Axes as attribute (up to opset 12) or as input (from 13 on). */
function axesOf(c: Conversion): readonly number[] | undefined {
  return c.optional(1) ? c.integers(1, 'axes') : c.attributes.ints('axes');
}

export function squeezedDims(c: Conversion): readonly number[] {
  const from = c.dims(0);
  const axes = axesOf(c)?.map((axis) => c.axis(axis, from.length));
  const bad = axes?.find((axis) => from[axis] !== 1);
  if (bad !== undefined) {
    c.fail(shapeMismatch(c.where, `axis ${bad} of ${showShape(from)}`, 'an axis of size 1'));
  }
  return from.filter((n, i) => (axes ? !axes.includes(i) : n !== 1));
}

export function unsqueezedDims(c: Conversion): readonly number[] {
  const from = c.dims(0);
  const axes = axesOf(c);
  if (axes === undefined) c.fail(badAttribute(c.where, 'axes', 'nothing', 'a list of axes'));
  const rank = from.length + axes.length;
  const inserted = new Set(axes.map((axis) => c.axis(axis, rank)));
  if (inserted.size !== axes.length || rank > 16) {
    c.fail(
      badAttribute(c.where, 'axes', `[${axes.slice(0, 16).join(', ')}]`, 'distinct axes, at most 16 in all'),
    );
  }
  let at = 0;
  return Array.from({ length: rank }, (_, i) => (inserted.has(i) ? 1 : (from[at++] ?? 1)));
}

/** The permutation of Transpose; reversed axes by default. */
export function transposePerm(c: Conversion): readonly number[] {
  const rank = c.dims(0).length;
  const perm = c.attributes.ints('perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  const wanted = new Set(perm);
  if (perm.length !== rank || wanted.size !== rank || perm.some((axis) => axis < 0 || axis >= rank)) {
    c.fail(
      badAttribute(c.where, 'perm', `[${perm.slice(0, 16).join(', ')}]`, `a permutation of 0..${rank - 1}`),
    );
  }
  return perm;
}

/** A parameter that broadcasts to `from`, under the dimensions `to`; expanded first if it is not one number. */
function reshapeParameter(
  c: Conversion,
  parameter: ConstTensor,
  from: readonly number[],
  to: readonly number[],
): ConstTensor {
  if (parameter.data.length === 1)
    return withDims(
      parameter,
      to.map(() => 1),
    );
  c.spend(countElements(from), from);
  return withDims(broadcastTo(padRank(parameter, from.length), from), to);
}

/** Levels keep scale and zero point under a change of shape; the quantizer can no longer be redone. */
function relayoutLevels(levels: Levels, change: (parameter: ConstTensor) => ConstTensor): Levels {
  return {
    scale: change(levels.scale),
    zeroPoint: change(levels.zeroPoint),
    min: levels.min,
    max: levels.max,
  };
}

function relayout(
  c: Conversion,
  change: {
    readonly value: (v: Value) => Value;
    readonly tensor: (t: ConstTensor) => ConstTensor;
    readonly parameter: (t: ConstTensor) => ConstTensor;
  },
): void {
  const bound = c.input(0);
  switch (bound.kind) {
    case 'const':
      c.set(0, { kind: 'const', tensor: change.tensor(bound.tensor) });
      return;
    case 'quantized': {
      const { weight } = bound;
      const moved: QuantizedConst = {
        ...weight,
        x: change.tensor(weight.x),
        parameters: weight.parameters.map(change.parameter),
        ...(weight.levels ? { levels: relayoutLevels(weight.levels, change.parameter) } : {}),
      };
      c.set(0, { kind: 'quantized', weight: moved });
      return;
    }
    case 'value': {
      const made = change.value(bound.value);
      c.setValue(0, made.levels ? { ...made, levels: relayoutLevels(made.levels, change.parameter) } : made);
    }
  }
}

/** A value under other ONNX dimensions. An image that keeps its channels stays channels last; any other goes back to source order. */
function reshaped(c: Conversion, v: Value, to: readonly number[]): Value {
  const image = v.layout === 'channels-last' && canBeImage(to) && to[1] === v.dims[1];
  if (image) return c.emitter.reshape(v, { dims: to, layout: 'channels-last' }, c.source());
  return c.emitter.reshape(c.sourceOrder(v), inSourceOrder(to), c.source());
}

function reshapeLike(dimsOf: (c: Conversion) => readonly number[]): (c: Conversion) => void {
  return (c) => {
    const from = c.dims(0);
    const to = dimsOf(c);
    if (sameShape(from, to)) {
      c.set(0, c.input(0));
      return;
    }
    relayout(c, {
      value: (v) => reshaped(c, v, to),
      tensor: (t) => withDims(t, to),
      parameter: (t) => reshapeParameter(c, t, from, to),
    });
  };
}

function transpose(c: Conversion): void {
  c.expectInputs(1);
  const rank = c.dims(0).length;
  const perm = transposePerm(c);
  const move = (t: ConstTensor): ConstTensor => transposed(padRank(t, rank), perm);
  relayout(c, { value: (v) => c.emitter.transpose(v, perm, c.source()), tensor: move, parameter: move });
}

export const layoutConverters: readonly Converter[] = [
  {
    opTypes: ['Reshape'],
    domains: [''],
    attributes: ['shape', 'allowzero'],
    convert: reshapeLike(reshapedDims),
  },
  { opTypes: ['Flatten'], domains: [''], attributes: ['axis'], convert: reshapeLike(flattenedDims) },
  { opTypes: ['Squeeze'], domains: [''], attributes: ['axes'], convert: reshapeLike(squeezedDims) },
  { opTypes: ['Unsqueeze'], domains: [''], attributes: ['axes'], convert: reshapeLike(unsqueezedDims) },
  { opTypes: ['Transpose'], domains: [''], attributes: ['perm'], convert: transpose },
];
