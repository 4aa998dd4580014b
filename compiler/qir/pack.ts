import type { ElementType, TensorData } from './types.ts';
import { allocate, elementCount, isSigned, printType } from './types.ts';
import type { TensorType } from './types.ts';

/** How the weights file stores a tensor: a data type that every safetensors reader knows, and the shape under that type. */
export interface Storage {
  readonly dtype: 'U8' | 'I8' | 'U16' | 'I16' | 'U32' | 'I32' | 'F32';
  readonly shape: readonly number[];
  /** Bytes of one stored item. */
  readonly itemSize: 1 | 2 | 4;
  /** Bits of one element if elements are packed into bytes, lowest bits first, without gaps. */
  readonly packed: number | undefined;
}

/** The bits of an element type that is stored packed. Powers of two keep their plain value: their bit code is the hardware's own. */
function packedBits(elem: ElementType): number | undefined {
  switch (elem.kind) {
    case 'bipolar':
      return 1;
    case 'ternary':
      return 2;
    case 'uint':
    case 'int':
    case 'fixed':
      return elem.bits < 8 ? elem.bits : undefined;
    default:
      return undefined;
  }
}

/** The storage that follows from a type. */
export function storageOf(type: TensorType): Storage {
  const packed = packedBits(type.elem);
  if (packed !== undefined) {
    const bytes = Math.ceil((elementCount(type.shape) * packed) / 8);
    return { dtype: 'U8', shape: [bytes], itemSize: 1, packed };
  }
  const shape = type.shape;
  if (type.elem.kind === 'float32') return { dtype: 'F32', shape, itemSize: 4, packed: undefined };
  const itemSize = allocate(type.elem, 0).BYTES_PER_ELEMENT as 1 | 2 | 4;
  const letter = type.elem.kind === 'uint' ? 'U' : 'I';
  const dtype = `${letter}${itemSize * 8}` as Storage['dtype'];
  return { dtype, shape, itemSize, packed: undefined };
}

/** What the metadata of the weights file says about a tensor, for a person who opens it with another reader. */
export function describeStorage(type: TensorType): string {
  const { packed } = storageOf(type);
  return packed === undefined ? printType(type) : `${printType(type)} packed ${packed} bits, lowest first`;
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Bytes of a typed array in little-endian order. */
function toLittle(bytes: Uint8Array, itemSize: number): Uint8Array {
  if (littleEndian || itemSize === 1) return bytes;
  const copy = Buffer.from(bytes);
  return itemSize === 2 ? copy.swap16() : copy.swap32();
}

/** Writes a tensor's elements as stored. */
export function pack(type: TensorType, data: TensorData): Uint8Array {
  const { itemSize, packed, shape } = storageOf(type);
  if (packed === undefined) {
    const exact = allocate(type.elem, data.length);
    exact.set(data);
    return toLittle(new Uint8Array(exact.buffer, exact.byteOffset, exact.byteLength), itemSize);
  }
  const out = new Uint8Array(shape[0]!);
  if (packed === 1) {
    // bipolar -1 is bit 0; uint1 is itself: both are "greater than zero"
    const signed = type.elem.kind === 'int' || type.elem.kind === 'fixed';
    for (let i = 0; i < data.length; i++)
      if (signed ? data[i] !== 0 : data[i]! > 0) out[i >> 3]! |= 1 << (i & 7);
    return out;
  }
  const mask = (1 << packed) - 1;
  let word = 0;
  let filled = 0;
  let at = 0;
  for (let i = 0; i < data.length; i++) {
    word |= (data[i]! & mask) << filled;
    filled += packed;
    if (filled >= 8) {
      out[at++] = word;
      word >>>= 8;
      filled -= 8;
    }
  }
  if (filled > 0) out[at] = word;
  return out;
}

/** Reads a tensor's elements; `bytes` has the size that `storageOf` gives. */
export function unpack(type: TensorType, bytes: Uint8Array): TensorData {
  const count = elementCount(type.shape);
  const { itemSize, packed } = storageOf(type);
  const data = allocate(type.elem, count);
  if (packed === undefined) {
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength).set(toLittle(bytes, itemSize));
    return data;
  }
  if (packed === 1) {
    const zero = type.elem.kind === 'bipolar' ? -1 : 0;
    const one = isSigned(type.elem) ? -1 : 1;
    for (let i = 0; i < count; i++) data[i] = (bytes[i >> 3]! >> (i & 7)) & 1 ? one : zero;
    return data;
  }
  const unused = isSigned(type.elem) ? 32 - packed : 0;
  const mask = (1 << packed) - 1;
  let word = 0;
  let filled = 0;
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (filled < packed) {
      word |= bytes[at++]! << filled;
      filled += 8;
    }
    const code = word & mask;
    data[i] = unused === 0 ? code : (code << unused) >> unused;
    word >>>= packed;
    filled -= packed;
  }
  return data;
}
