import { tensorElementType } from '../../../diagnostics/catalog/frontend-file.ts';
import {
  badAttribute,
  badZeroPoint,
  integerValueUse,
  shapeMismatch,
  unsupportedUse,
} from '../../../diagnostics/catalog/frontend-nodes.ts';
import type { Bound, Levels, QuantizedConst, Value } from '../bound.ts';
import { broadcastTo, makeTensor, padRank, withDims } from '../constants.ts';
import type { Conversion } from '../conversion.ts';
import { elementOf, elements, isFloat } from '../elements.ts';
import type { ElementName } from '../elements.ts';
import { sameShape, showShape } from '../shapes.ts';
import { countElements } from '../tensors.ts';
import type { ConstTensor } from '../tensors.ts';
import { checkedScale, checkedZeroPoint, checkFinite } from './checks.ts';
import type { Converter } from './registry.ts';

// QuantizeLinear, Clip and DequantizeLinear are one quantizer in three nodes. QuantizeLinear emits the QIR quantizer, whose result is
// the dequantized real, and marks it as levels; Clip redoes it with narrower limits; DequantizeLinear takes the mark off.

/** A per-tensor or per-axis parameter, shaped to broadcast against `dims`. */
function alongAxis(c: Conversion, what: string, tensor: ConstTensor, dims: readonly number[]): ConstTensor {
  if (tensor.data.length === 1)
    return withDims(
      tensor,
      dims.map(() => 1),
    );
  if (tensor.dims.length !== 1 || c.attributes.int('block_size')) {
    c.fail(
      unsupportedUse(
        c.where,
        `a ${what} of shape ${showShape(tensor.dims)}`,
        'one number, or one per index of an axis',
      ),
    );
  }
  const axis = c.axis(c.attributes.int('axis') ?? 1, dims.length);
  if (tensor.data.length !== dims[axis]) {
    c.fail(
      shapeMismatch(
        c.where,
        `a ${what} of ${tensor.data.length} numbers for axis ${axis} of ${showShape(dims)}`,
        'one per index',
      ),
    );
  }
  return withDims(
    tensor,
    dims.map((n, i) => (i === axis ? n : 1)),
  );
}

/** The integer type of the levels, from the zero point or the output_dtype attribute; uint8 by default. */
function levelType(c: Conversion): ElementName {
  const code = c.attributes.int('output_dtype') ?? 0;
  const named = code === 0 ? undefined : elementOf(code);
  if (code !== 0 && (named === undefined || isFloat(named))) {
    c.fail(badAttribute(c.where, 'output_dtype', `element type number ${code}`, 'an integer type'));
  }
  const zeroPoint = c.optionalConstant(2, 'zero point');
  if (zeroPoint && isFloat(zeroPoint.elem))
    c.fail(tensorElementType(c.where, zeroPoint.name, zeroPoint.elem));
  if (zeroPoint && named !== undefined && zeroPoint.elem !== named) {
    c.fail(badZeroPoint(c.where, `type ${zeroPoint.elem}`, `type ${named} as output_dtype says`));
  }
  return zeroPoint?.elem ?? named ?? 'uint8';
}

interface Parameters {
  readonly scale: ConstTensor;
  readonly zeroPoint: ConstTensor;
}

function parameters(c: Conversion, dims: readonly number[]): Parameters {
  const scale = alongAxis(c, 'scale', checkedScale(c, c.constant(1, 'scale')), dims);
  const given = c.optionalConstant(2, 'zero point');
  const zero = given ? checkedZeroPoint(c, given) : makeTensor(`${scale.name}_zero`, 'float32', [], [0]);
  return { scale, zeroPoint: alongAxis(c, 'zero point', zero, dims) };
}

function emitQuant(c: Conversion, source: Bound, levels: Levels, origin: readonly string[]): void {
  const attributes = { min: levels.min, max: levels.max, rounding: 'HALF_EVEN', zero_point_first: false };
  const all = [...origin, c.node.label];
  if (source.kind === 'const') {
    const weight: QuantizedConst = {
      op: 'quant',
      attributes,
      x: checkFinite(c, 'quantized constant', source.tensor),
      parameters: [levels.scale, levels.zeroPoint],
      origin: all,
      levels: { ...levels, source },
    };
    c.set(0, { kind: 'quantized', weight });
    return;
  }
  if (source.kind !== 'value') c.fail(integerValueUse(c.where, 'a quantizer of a quantized constant'));
  const x = source.value;
  const operands = [levels.scale, levels.zeroPoint].map((p) => c.emitter.parameter(p, x, c.where));
  const made = c.emitter.emit('quant', [x.operand, ...operands], attributes, x, c.source(origin));
  c.setValue(0, { ...made, content: 'levels', levels: { ...levels, source } });
}

/** QuantizeLinear(x, scale, zero point): saturate(round_half_even(x / scale) + zero point). */
function quantizeLinear(c: Conversion): void {
  c.expectInputs(2, 3);
  const bound = c.real(0);
  const source: Bound = bound.kind === 'quantized' ? { kind: 'value', value: c.placed(0) } : bound;
  const type = levelType(c);
  const { range } = elements[type];
  if (range === undefined || elements[type].bits > 16) {
    c.fail(badZeroPoint(c.where, `type ${type}`, 'an integer type of at most 16 bits'));
  }
  emitQuant(c, source, { ...parameters(c, c.dims(0)), min: range.min, max: range.max }, []);
}

/** Names of the nodes a quantizer stands for so far. */
function originOf(c: Conversion, bound: Bound): readonly string[] {
  if (bound.kind === 'quantized') return bound.weight.origin;
  return bound.kind === 'value' ? c.emitter.originOf(bound.value.operand) : [];
}

/**
 * Clip between QuantizeLinear and DequantizeLinear narrows the levels. Returns false if input 0 holds no levels.
 */
export function clipLevels(c: Conversion, min: number, max: number): boolean {
  const bound = c.input(0);
  const levels =
    bound.kind === 'value'
      ? bound.value.levels
      : bound.kind === 'quantized'
        ? bound.weight.levels
        : undefined;
  if (levels === undefined) return false;
  if (levels.source === undefined)
    c.fail(integerValueUse(c.where, 'Clip after a change of shape of quantized levels'));
  const narrowed = {
    ...levels,
    min: Math.max(levels.min, Math.ceil(min)),
    max: Math.min(levels.max, Math.floor(max)),
  };
  if (narrowed.min >= narrowed.max) {
    c.fail(
      unsupportedUse(
        c.where,
        `Clip to ${min}..${max} of levels ${levels.min}..${levels.max}`,
        'at least two levels',
      ),
    );
  }
  emitQuant(c, levels.source, narrowed, originOf(c, bound));
  return true;
}

/** Whether two parameters hold the same numbers after broadcasting to `dims`. */
function sameParameter(c: Conversion, a: ConstTensor, b: ConstTensor, dims: readonly number[]): boolean {
  if (a.data.length === 1 && b.data.length === 1) return a.data[0] === b.data[0];
  if (sameShape(a.dims, b.dims)) return a.data.every((x, i) => x === b.data[i]);
  c.spend(countElements(dims), dims);
  const [left, right] = [a, b].map((t) => broadcastTo(padRank(t, dims.length), dims).data);
  return left !== undefined && left.every((x, i) => x === right?.[i]);
}

/** DequantizeLinear(levels, scale, zero point): (level - zero point) * scale. */
function dequantizeLinear(c: Conversion): void {
  c.expectInputs(2, 3);
  const bound = c.input(0);
  const dims = c.dims(0);
  const found = parameters(c, dims);
  if (bound.kind === 'const') {
    dequantizeConstant(c, bound.tensor, found);
    return;
  }
  const levels = bound.kind === 'value' ? bound.value.levels : bound.weight.levels;
  if (levels) {
    if (
      !sameParameter(c, levels.scale, found.scale, dims) ||
      !sameParameter(c, levels.zeroPoint, found.zeroPoint, dims)
    ) {
      c.fail(
        integerValueUse(c.where, 'DequantizeLinear with another scale or zero point than its QuantizeLinear'),
      );
    }
    if (bound.kind === 'value') {
      const { levels: _, ...rest } = bound.value;
      c.setValue(0, { ...rest, content: 'real' });
    } else {
      const { levels: _, ...rest } = bound.weight;
      c.set(0, { kind: 'quantized', weight: { ...rest, origin: [...rest.origin, c.node.label] } });
    }
    return;
  }
  if (bound.kind !== 'value' || bound.value.content !== 'integer-input') {
    c.fail(integerValueUse(c.where, 'DequantizeLinear of something other than integers'));
  }
  c.setValue(0, dequantizeInput(c, bound.value, found));
}

/** The integers of a graph input: subtracted and scaled as ONNX does, each step exact or rounded once. */
function dequantizeInput(c: Conversion, x: Value, found: Parameters): Value {
  const zero = c.emitter.parameter(found.zeroPoint, x, c.where);
  const scale = c.emitter.parameter(found.scale, x, c.where);
  const shifted = found.zeroPoint.data.every((z) => z === 0)
    ? x
    : c.emitter.emit('sub', [x.operand, zero], {}, x, c.source([], '_shift'));
  return c.emitter.emit('mul', [shifted.operand, scale], {}, x, c.source());
}

/** An integer constant: weights stay a quantizer's result, so that their levels are known; wide ones (biases) become numbers. */
function dequantizeConstant(c: Conversion, tensor: ConstTensor, found: Parameters): void {
  const { range, bits } = elements[tensor.elem];
  if (range === undefined)
    c.fail(tensorElementType(c.where, tensor.name, `${tensor.elem} in DequantizeLinear`));
  const { dims } = tensor;
  c.spend(countElements(dims), dims);
  const scale = broadcastTo(found.scale, dims).data;
  const zero = broadcastTo(found.zeroPoint, dims).data;
  const values = Float32Array.from(tensor.data, (q, i) => Math.fround(q - (zero[i] ?? 0)) * (scale[i] ?? 0));
  const x: ConstTensor = { ...tensor, elem: 'float32', data: values };
  checkFinite(c, 'dequantized constant', x);
  if (bits > 16) {
    c.set(0, { kind: 'const', tensor: x });
    return;
  }
  const attributes = { min: range.min, max: range.max, rounding: 'HALF_EVEN', zero_point_first: false };
  const weight: QuantizedConst = {
    op: 'quant',
    attributes,
    x,
    parameters: [found.scale, found.zeroPoint],
    origin: [c.node.label],
  };
  c.set(0, { kind: 'quantized', weight });
}

export const qcdqConverters: readonly Converter[] = [
  {
    opTypes: ['QuantizeLinear'],
    domains: [''],
    since: 10,
    attributes: ['axis', 'saturate', 'block_size', 'output_dtype', 'precision'],
    layout: 'any',
    convert: quantizeLinear,
  },
  {
    opTypes: ['DequantizeLinear'],
    domains: [''],
    since: 10,
    attributes: ['axis', 'block_size', 'output_dtype'],
    layout: 'any',
    convert: dequantizeLinear,
  },
];
