import { InternalError } from '../diagnostics/index.ts';

/**
 * The type of one tensor element.
 *
 * - `bipolar`: {-1, +1}, one bit in hardware (1 stands for +1).
 * - `ternary`: {-1, 0, +1}, two bits, two's complement.
 * - `uint`, `int`: N bits, 1 to 32 (two's complement).
 * - `pow2`: {0, +-2^lo .. +-2^hi}.
 * - `fixed`: W bits two's complement with F fraction bits (W 1..32); the integer it carries is value * 2^F.
 * - `float32`: real form only.
 */
export type ElementType =
  | { readonly kind: 'bipolar' }
  | { readonly kind: 'ternary' }
  | { readonly kind: 'uint'; readonly bits: number }
  | { readonly kind: 'int'; readonly bits: number }
  | { readonly kind: 'pow2'; readonly lo: number; readonly hi: number }
  | { readonly kind: 'fixed'; readonly bits: number; readonly frac: number }
  | { readonly kind: 'float32' };

export const bipolar: ElementType = { kind: 'bipolar' };
export const ternary: ElementType = { kind: 'ternary' };
export const float32: ElementType = { kind: 'float32' };
/** Unsigned integer of `bits` bits, 1 to 32. */
export function uint(bits: number): ElementType {
  return { kind: 'uint', bits };
}
/** Two's complement integer of `bits` bits, 1 to 32. */
export function int(bits: number): ElementType {
  return { kind: 'int', bits };
}
/** Fixed point: `bits` in all, `frac` of them behind the point. */
export function fixed(bits: number, frac: number): ElementType {
  return { kind: 'fixed', bits, frac };
}

/** Zero and the powers of two from 2^lo to 2^hi of either sign. */
export function pow2(lo: number, hi: number): ElementType {
  return { kind: 'pow2', lo, hi };
}

/** An element type together with a shape (channels last, one sample, no batch axis; [] is a scalar). */
export interface TensorType {
  readonly elem: ElementType;
  readonly shape: readonly number[];
}

/** The typed arrays that hold tensor data. */
export type TensorData =
  Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array | Float32Array | Float64Array;

/**
 * A tensor: elements in row-major order. Integer types hold their integer value (bipolar: -1 and +1; fixed: value * 2^frac),
 * `float32` holds numbers that are exactly representable in 32 bits.
 */
export interface Tensor {
  readonly type: TensorType;
  readonly data: TensorData;
}

/** Number of elements of a shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** Whether elements are integers (everything but float32). */
export function isInteger(elem: ElementType): boolean {
  return elem.kind !== 'float32';
}

/** The bits that one element takes in hardware. */
export function bitWidth(elem: ElementType): number {
  switch (elem.kind) {
    case 'bipolar':
      return 1;
    case 'ternary':
      return 2;
    case 'uint':
    case 'int':
    case 'fixed':
      return elem.bits;
    case 'pow2':
      // one sign bit, and an index into {0, 2^lo .. 2^hi}
      return 1 + Math.ceil(Math.log2(elem.hi - elem.lo + 2));
    case 'float32':
      return 32;
  }
}

/** Least and greatest integer that an integer element type can hold. */
export function valueRange(elem: ElementType): { readonly min: number; readonly max: number } {
  switch (elem.kind) {
    case 'bipolar':
    case 'ternary':
      return { min: -1, max: 1 };
    case 'uint':
      return { min: 0, max: 2 ** elem.bits - 1 };
    case 'int':
    case 'fixed':
      return { min: -(2 ** (elem.bits - 1)), max: 2 ** (elem.bits - 1) - 1 };
    case 'pow2':
      return { min: -(2 ** elem.hi), max: 2 ** elem.hi };
    case 'float32':
      throw new InternalError('float32 has no integer range');
  }
}

/** Whether `value` is one of the values of an integer element type. */
export function holds(elem: ElementType, value: number): boolean {
  if (!Number.isInteger(value)) return false;
  const { min, max } = valueRange(elem);
  if (value < min || value > max) return false;
  switch (elem.kind) {
    case 'bipolar':
      return value !== 0;
    case 'pow2':
      return value === 0 || (Math.abs(value) >= 2 ** elem.lo && Number.isInteger(Math.log2(Math.abs(value))));
    default:
      return true;
  }
}

/** Whether the element type is signed in hardware (two's complement on the wires). */
export function isSigned(elem: ElementType): boolean {
  return elem.kind === 'int' || elem.kind === 'ternary' || elem.kind === 'fixed' || elem.kind === 'pow2';
}

/** The narrowest uint or int that holds every integer from `min` to `max`; throws if that takes more than 32 bits. */
export function fitInteger(min: number, max: number): ElementType {
  if (min >= 0) {
    for (let bits = 1; bits <= 32; bits++) if (max <= 2 ** bits - 1) return uint(bits);
  } else {
    for (let bits = 1; bits <= 32; bits++)
      if (min >= -(2 ** (bits - 1)) && max <= 2 ** (bits - 1) - 1) return int(bits);
  }
  throw new InternalError(`the range ${min}..${max} needs more than 32 bits`);
}

/** The same type, structurally. */
export function sameElement(a: ElementType, b: ElementType): boolean {
  return printElement(a) === printElement(b);
}

export function sameType(a: TensorType, b: TensorType): boolean {
  return (
    sameElement(a.elem, b.elem) &&
    a.shape.length === b.shape.length &&
    a.shape.every((n, i) => n === b.shape[i])
  );
}

/** The text of an element type as `.qir` files spell it. */
export function printElement(elem: ElementType): string {
  switch (elem.kind) {
    case 'uint':
    case 'int':
      return `${elem.kind}${elem.bits}`;
    case 'fixed':
      return `fixed<${elem.bits},${elem.frac}>`;
    case 'pow2':
      return `pow2<${elem.lo},${elem.hi}>`;
    default:
      return elem.kind;
  }
}

/** The text of a tensor type: `int8[10]`; a scalar prints `float32[]`. */
export function printType(type: TensorType): string {
  return `${printElement(type.elem)}[${type.shape.join(', ')}]`;
}

/** Allocates the smallest typed array that holds elements of this type. */
export function allocate(elem: ElementType, count: number): TensorData {
  if (elem.kind === 'float32') return new Float32Array(count);
  const { min, max } = valueRange(elem);
  if (min >= 0) {
    if (max <= 0xff) return new Uint8Array(count);
    return max <= 0xffff ? new Uint16Array(count) : new Uint32Array(count);
  }
  if (max <= 0x7f) return new Int8Array(count);
  return max <= 0x7fff ? new Int16Array(count) : new Int32Array(count);
}
