import { badConstant, unsupportedUse } from '../../../diagnostics/catalog/frontend-nodes.ts';
import type { Conversion } from '../conversion.ts';
import { checkBroadcasts, checkFinite } from './checks.ts';
import { clipLevels } from './qcdq.ts';
import type { Converter } from './registry.ts';

/** The greatest float32: what Clip means by no limit. */
const greatest = (2 - 2 ** -23) * 2 ** 127;

function relu(c: Conversion): void {
  c.expectInputs(1);
  const x = c.placed(0);
  c.setValue(0, c.emitter.emit('relu', [x.operand], {}, x, c.source()));
}

/** A limit of Clip: an attribute up to opset 10, an input from 11 on. */
function limit(c: Conversion, index: number, name: 'min' | 'max', fallback: number): number {
  const value = c.optional(index) ? c.scalar(index, name) : (c.attributes.float(name) ?? fallback);
  if (Number.isNaN(value)) c.fail(badConstant(c.where, name, 'NaN', 'a number'));
  return Math.min(Math.max(value, -greatest), greatest);
}

function clip(c: Conversion): void {
  c.expectInputs(1, 3);
  const min = limit(c, 1, 'min', -greatest);
  const max = limit(c, 2, 'max', greatest);
  if (min > max) c.fail(badConstant(c.where, 'limits', `min ${min} and max ${max}`, 'min not above max'));
  if (clipLevels(c, min, max)) return;
  const x = c.placed(0);
  const attributes = { min: Math.fround(min), max: Math.fround(max) };
  c.setValue(0, c.emitter.emit('clip', [x.operand], attributes, x, c.source()));
}

function softmax(c: Conversion): void {
  c.expectInputs(1);
  const x = c.placed(0);
  const rank = x.dims.length;
  // Up to opset 12 the default is axis 1, and everything from the axis on is normalised as one line.
  const old = c.opset < 13;
  const axis = c.axis(c.attributes.int('axis') ?? (old ? 1 : -1), rank);
  if (old && x.dims.slice(axis + 1).some((n) => n !== 1)) {
    c.fail(
      unsupportedUse(
        c.where,
        `Softmax of opset ${c.opset} over axes ${axis} to ${rank - 1}`,
        'Softmax over one axis',
      ),
    );
  }
  c.setValue(0, c.emitter.emit('softmax', [x.operand], { axis: c.qirAxis(x, axis) }, x, c.source()));
}

function leakyRelu(c: Conversion): void {
  c.expectInputs(1);
  const alpha = c.attributes.float('alpha') ?? Math.fround(0.01);
  const x = c.placed(0);
  c.setValue(0, c.emitter.emit('leaky_relu', [x.operand], { alpha }, x, c.source()));
}

/** PRelu(x, slope); the slope broadcasts to x and does not widen it. */
function prelu(c: Conversion): void {
  c.expectInputs(2);
  const x = c.placed(0);
  const slope = checkFinite(c, 'slope', c.constant(1, 'slope'));
  checkBroadcasts(c, 'slope', slope, x.dims);
  const operands = [x.operand, c.emitter.parameter(slope, x, c.where)];
  c.setValue(0, c.emitter.emit('prelu', operands, {}, x, c.source()));
}

/** Sigmoid and Tanh. */
function curve(op: 'sigmoid' | 'tanh'): (c: Conversion) => void {
  return (c) => {
    c.expectInputs(1);
    const x = c.placed(0);
    c.setValue(0, c.emitter.emit(op, [x.operand], {}, x, c.source()));
  };
}

export const activationConverters: readonly Converter[] = [
  { opTypes: ['Relu'], domains: [''], attributes: [], layout: 'any', convert: relu },
  { opTypes: ['Clip'], domains: [''], attributes: ['min', 'max'], layout: 'any', convert: clip },
  { opTypes: ['LeakyRelu'], domains: [''], attributes: ['alpha'], layout: 'any', convert: leakyRelu },
  { opTypes: ['PRelu'], domains: [''], since: 7, attributes: [], layout: 'any', convert: prelu },
  { opTypes: ['Sigmoid'], domains: [''], attributes: [], layout: 'any', convert: curve('sigmoid') },
  { opTypes: ['Tanh'], domains: [''], attributes: [], layout: 'any', convert: curve('tanh') },
  { opTypes: ['Softmax'], domains: [''], attributes: ['axis'], layout: 'any', convert: softmax },
];
