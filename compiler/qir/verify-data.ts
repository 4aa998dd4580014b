import * as say from '../diagnostics/catalog/qir-types.ts';
import type { Diagnostic, Where } from '../diagnostics/index.ts';
import type { Const } from './graph.ts';
import { printNumber } from './numbers.ts';
import type { ElementType, TensorData } from './types.ts';
import { elementCount, holds, printElement, printType, valueRange } from './types.ts';

/** The values of an integer element type, in words. */
export function describeValues(elem: ElementType): string {
  switch (elem.kind) {
    case 'bipolar':
      return '-1 or 1';
    case 'ternary':
      return '-1, 0 or 1';
    case 'pow2':
      return `0 or a power of two from ${2 ** elem.lo} to ${2 ** elem.hi}, with either sign`;
    case 'float32':
      return 'a number that float32 holds exactly';
    default: {
      const { min, max } = valueRange(elem);
      return `a whole number from ${min} to ${max}`;
    }
  }
}

/** The first element that the type does not hold, or -1. */
function firstBad(elem: ElementType, data: TensorData): number {
  if (elem.kind === 'float32') {
    for (let i = 0; i < data.length; i++) {
      const value = data[i]!;
      // an infinity or NaN fails the second test
      if (Math.fround(value) !== value || value - value !== 0) return i;
    }
    return -1;
  }
  if (elem.kind === 'bipolar') {
    for (let i = 0; i < data.length; i++) if (data[i] !== 1 && data[i] !== -1) return i;
    return -1;
  }
  if (elem.kind === 'pow2') {
    for (let i = 0; i < data.length; i++) if (!holds(elem, data[i]!)) return i;
    return -1;
  }
  const { min, max } = valueRange(elem);
  const whole = !(data instanceof Float32Array || data instanceof Float64Array);
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (!(value >= min && value <= max)) return i;
    if (!whole && !Number.isInteger(value)) return i;
  }
  return -1;
}

/** The position of an element, as a user counts: `[row, column]`. */
export function printIndex(shape: readonly number[], flat: number): string {
  const index: number[] = [];
  let rest = flat;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index.unshift(rest % shape[axis]!);
    rest = Math.floor(rest / shape[axis]!);
  }
  return `[${index.join(', ')}]`;
}

/** Tensors whose elements were looked at and are of their type: passes hand most constants on, and every pass is verified. */
const sound = new WeakSet<Const['tensor']>();

/** What is wrong with the elements of a constant: their number, or the first one that its type does not hold. */
export function dataProblem(c: Const, where: Where | undefined): Diagnostic | undefined {
  if (sound.has(c.tensor)) return undefined;
  const { type, data } = c.tensor;
  const count = elementCount(type.shape);
  if (data.length !== count) return say.wrongCount(where, c.name, data.length, count, printType(type));
  const bad = firstBad(type.elem, data);
  if (bad < 0) {
    sound.add(c.tensor);
    return undefined;
  }
  const value = printNumber(data[bad]!);
  const index = printIndex(type.shape, bad);
  if (type.elem.kind === 'float32' && !Number.isFinite(data[bad]!))
    return say.notFinite(where, c.name, index, value);
  return say.elementOutOfType(
    where,
    c.name,
    index,
    value,
    printElement(type.elem),
    describeValues(type.elem),
  );
}
