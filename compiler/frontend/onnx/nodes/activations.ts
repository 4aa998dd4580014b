import { badConstant, unsupportedUse } from '../../../diagnostics/catalog/frontend.ts';
import { qirShape, showShape } from '../shapes.ts';
import type { Conversion } from '../conversion.ts';
import { clipLevels } from './qcdq.ts';
import type { Converter } from './registry.ts';

/** The greatest float32: what Clip means by no limit. */
const greatest = (2 - 2 ** -23) * 2 ** 127;

function relu(c: Conversion): void {
  c.expectInputs(1);
  const x = c.value(0);
  c.setValue(0, c.emitter.emit('relu', [x.operand], {}, x.dims, c.source()));
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
  const x = c.value(0);
  const attributes = { min: Math.fround(min), max: Math.fround(max) };
  c.setValue(0, c.emitter.emit('clip', [x.operand], attributes, x.dims, c.source()));
}

function softmax(c: Conversion): void {
  c.expectInputs(1);
  const x = c.value(0);
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
  const inner = axis - (rank - qirShape(x.dims).length);
  if (inner < 0) {
    c.fail(
      unsupportedUse(
        c.where,
        `Softmax over the batch axis of ${showShape(x.dims)}`,
        'Softmax over another axis',
      ),
    );
  }
  c.setValue(0, c.emitter.emit('softmax', [x.operand], { axis: inner }, x.dims, c.source()));
}

export const activationConverters: readonly Converter[] = [
  { opTypes: ['Relu'], domains: [''], attributes: [], convert: relu },
  { opTypes: ['Clip'], domains: [''], attributes: ['min', 'max'], convert: clip },
  { opTypes: ['Softmax'], domains: [''], attributes: ['axis'], convert: softmax },
];
