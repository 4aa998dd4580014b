import { badTensor, externalData, tensorElementType } from '../../diagnostics/catalog/frontend-file.ts';
import { fail } from '../../diagnostics/index.ts';
import type { Where } from '../../diagnostics/index.ts';
import { elementOf, elements } from './elements.ts';
import type { ElementInfo, ElementName } from './elements.ts';
import type { Long, TensorMessage } from './schema.ts';

/** Numbers of a constant: float32, float16 and bfloat16 in a Float32Array, everything else in a Float64Array. */
export type Numbers = Float32Array | Float64Array;

/**
 * A constant of the source model. `dims` are ONNX dimensions (a batch axis, if any, included). 64-bit integers beyond 2^53 are
 * held as the nearest double: they only occur as "until the end" in Slice.
 */
export interface ConstTensor {
  /** The name in the model, for messages and as a hint for the QIR constant. */
  readonly name: string;
  readonly elem: ElementName;
  readonly dims: readonly number[];
  readonly data: Numbers;
}

/** No tensor of a model may have more elements than this. */
export const maxElements = 2 ** 28;

/** Number of elements, or undefined beyond `maxElements` (also where the product would overflow). */
export function countElements(dims: readonly number[]): number | undefined {
  if (dims.includes(0)) return 0;
  let count = 1;
  for (const dim of dims) {
    count *= dim;
    if (count > maxElements) return undefined;
  }
  return count;
}

/** The array type that holds elements of this kind. */
export function allocateNumbers(elem: ElementName, count: number): Numbers {
  return elem === 'float32' || elem === 'float16' || elem === 'bfloat16'
    ? new Float32Array(count)
    : new Float64Array(count);
}

/** The value of an IEEE half precision number. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

const scratch = new DataView(new ArrayBuffer(4));

/** The value of a bfloat16: the upper half of a float32. */
export function bfloatToNumber(bits: number): number {
  scratch.setUint32(0, (bits & 0xffff) * 65536);
  return scratch.getFloat32(0);
}

/** Decodes an initializer or a tensor attribute, with every size checked before anything is allocated. */
export function decodeTensor(tensor: TensorMessage, where: Where, name = tensor.name): ConstTensor {
  const elem = elementOf(tensor.dataType);
  if (tensor.dataLocation === 1 || tensor.externalData.length > 0) fail(externalData(where, name));
  if (elem === undefined) fail(tensorElementType(where, name, `element type number ${tensor.dataType}`));
  const dims = tensor.dims.map((dim) => dim.toNumber());
  const bad = dims.find((dim) => !Number.isSafeInteger(dim) || dim < 0);
  if (bad !== undefined) fail(badTensor(where, name, `a dimension of ${bad}`, 'dimensions of 0 or more'));
  const count = countElements(dims);
  if (count === undefined || dims.length > 16) {
    fail(
      badTensor(
        where,
        name,
        `dimensions [${dims.slice(0, 17).join(', ')}]`,
        `at most 16 axes and ${maxElements} elements`,
      ),
    );
  }
  const info = elements[elem];
  const raw = Object.hasOwn(tensor, 'rawData') && tensor.rawData.length > 0;
  const data = raw
    ? decodeRaw(tensor.rawData, elem, info, count, where, name)
    : decodeTyped(tensor, elem, info, count, where, name);
  return { name, elem, dims, data };
}

function decodeRaw(
  raw: Uint8Array,
  elem: ElementName,
  info: ElementInfo,
  count: number,
  where: Where,
  name: string,
): Numbers {
  const bytes = Math.ceil((count * info.bits) / 8);
  if (raw.length !== bytes) {
    fail(
      badTensor(
        where,
        name,
        `${raw.length} bytes of data`,
        `${bytes} bytes for ${count} elements of ${elem}`,
      ),
    );
  }
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const data = allocateNumbers(elem, count);
  for (let i = 0; i < count; i++) data[i] = readRaw(view, i, elem, info);
  return data;
}

function readRaw(view: DataView, i: number, elem: ElementName, info: ElementInfo): number {
  switch (elem) {
    case 'float32':
      return view.getFloat32(4 * i, true);
    case 'double':
      return view.getFloat64(8 * i, true);
    case 'float16':
      return halfToNumber(view.getUint16(2 * i, true));
    case 'bfloat16':
      return bfloatToNumber(view.getUint16(2 * i, true));
    case 'bool':
      return view.getUint8(i) === 0 ? 0 : 1;
    case 'int8':
      return view.getInt8(i);
    case 'uint8':
      return view.getUint8(i);
    case 'int16':
      return view.getInt16(2 * i, true);
    case 'uint16':
      return view.getUint16(2 * i, true);
    case 'int32':
      return view.getInt32(4 * i, true);
    case 'uint32':
      return view.getUint32(4 * i, true);
    case 'int64':
      return Number(view.getBigInt64(8 * i, true));
    case 'uint64':
      return Number(view.getBigUint64(8 * i, true));
    case 'uint2':
    case 'int2':
    case 'uint4':
    case 'int4': {
      const perByte = 8 / info.bits;
      return nibble(view.getUint8(Math.floor(i / perByte)), i % perByte, info);
    }
  }
}

/** Element `index` of a byte that packs several, sign extended for signed types. */
function nibble(byte: number, index: number, info: ElementInfo): number {
  const bits = (byte >> (index * info.bits)) & (2 ** info.bits - 1);
  return info.range !== undefined && bits > info.range.max ? bits - 2 ** info.bits : bits;
}

function decodeTyped(
  tensor: TensorMessage,
  elem: ElementName,
  info: ElementInfo,
  count: number,
  where: Where,
  name: string,
): Numbers {
  const source: readonly (number | Long)[] = tensor[info.field];
  const perEntry = info.bits < 8 ? 8 / info.bits : 1;
  if (source.length !== Math.ceil(count / perEntry)) {
    fail(
      badTensor(
        where,
        name,
        `${source.length} entries of ${elem} data`,
        `${Math.ceil(count / perEntry)} for ${count} elements`,
      ),
    );
  }
  const data = allocateNumbers(elem, count);
  for (let i = 0; i < count; i++) {
    const entry = source[Math.floor(i / perEntry)] ?? 0;
    const value = typeof entry === 'number' ? entry : entry.toNumber();
    if (perEntry > 1) data[i] = nibble(value & 0xff, i % perEntry, info);
    else if (elem === 'float16') data[i] = halfToNumber(value & 0xffff);
    else if (elem === 'bfloat16') data[i] = bfloatToNumber(value & 0xffff);
    else if (info.range !== undefined && (value < info.range.min || value > info.range.max)) {
      fail(badTensor(where, name, `the value ${value}`, `values of ${elem}`));
    } else data[i] = value;
  }
  return data;
}
