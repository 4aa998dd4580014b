import { fail } from '../diagnostics/index.ts';
import { dataHeader, dataSize, dataTooLarge, dataType } from '../diagnostics/catalog/data.ts';
import { elementBytes, maxArrayBytes, viewOf, type Dtype, type NdArray } from './array.ts';

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY

/** Whether the bytes start like an `.npy` file. */
export function isNpy(bytes: Uint8Array): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

const dtypes: Readonly<Record<string, Dtype>> = {
  b1: 'bool',
  u1: 'uint8',
  i1: 'int8',
  u2: 'uint16',
  i2: 'int16',
  u4: 'uint32',
  i4: 'int32',
  u8: 'uint64',
  i8: 'int64',
  f4: 'float32',
  f8: 'float64',
};

const codes: Readonly<Record<Dtype, string>> = {
  bool: '|b1',
  uint8: '|u1',
  int8: '|i1',
  uint16: '<u2',
  int16: '<i2',
  uint32: '<u4',
  int32: '<i4',
  uint64: '<u8',
  int64: '<i8',
  float32: '<f4',
  float64: '<f8',
};

interface Header {
  readonly descr: string;
  readonly fortran: boolean;
  readonly shape: readonly number[];
}

// The header is a Python dict literal with exactly these keys; numpy writes them sorted, other writers in any order.
function parseHeader(file: string, text: string): Header {
  const bad = (found: string): never =>
    fail(dataHeader(file, '.npy', found, "a dict with 'descr', 'fortran_order' and 'shape'"));
  const body = /^\s*\{([^]*)\}\s*$/.exec(text)?.[1];
  if (body === undefined) return bad(JSON.stringify(text.slice(0, 80)));
  const field = (key: string, pattern: string): string | undefined =>
    new RegExp(`(?:^|[,\\s])['"]${key}['"]\\s*:\\s*(${pattern})\\s*(?:,|$)`).exec(body)?.[1];
  if (/['"]descr['"]\s*:\s*\[/.test(body)) return fail(dataType(file, 'record'));
  const descr = field('descr', `'[^']*'|"[^"]*"`)?.slice(1, -1);
  const fortran = field('fortran_order', 'True|False');
  const shape = field('shape', '\\([0-9,\\sL]*\\)');
  if (descr === undefined || fortran === undefined || shape === undefined)
    return bad(JSON.stringify(text.slice(0, 120)));
  const sizes = shape
    .slice(1, -1)
    .split(',')
    .map((size) => size.trim())
    .filter((size) => size !== '')
    .map((size) => (/^\d+L?$/.test(size) ? Number(size.replace('L', '')) : Number.NaN));
  if (sizes.some((size) => Number.isNaN(size))) return bad(`shape ${shape}`);
  return { descr, fortran: fortran === 'True', shape: sizes };
}

function reverseElements(bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}

// Every half-precision number is a single-precision number, so this rounds nothing.
function widenHalf(halves: Uint16Array): Float32Array {
  return Float32Array.from(halves, (bits) => {
    const sign = (bits & 0x8000) === 0 ? 1 : -1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
    return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
  });
}

function rowMajor(array: NdArray): NdArray {
  const { shape, data } = array;
  const out = data.slice();
  const index = shape.map(() => 0);
  // walk the elements in column-major order (first axis fastest) and put each at its row-major place
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  let to = 0;
  for (let from = 0; from < data.length; from++) {
    out[to] = data[from] as never;
    for (let axis = 0; axis < shape.length; axis++) {
      const stride = strides[axis] ?? 1;
      const next = (index[axis] ?? 0) + 1;
      to += stride;
      index[axis] = next;
      if (next < (shape[axis] ?? 1)) break;
      to -= stride * next;
      index[axis] = 0;
    }
  }
  return { ...array, data: out };
}

/**
 * Reads an `.npy` file (versions 1 to 3, C or Fortran order, either byte order).
 *
 * @param file - how messages name it.
 * @throws DiagnosticError for anything that is not a whole, well-formed array of a supported element type.
 */
export function parseNpy(bytes: Uint8Array, file: string): NdArray {
  const major = bytes[6] ?? 0;
  if (bytes.length < 10) fail(dataSize(file, bytes.length, 10));
  if (major < 1 || major > 3) fail(dataHeader(file, '.npy', `version ${major}`, 'version 1, 2 or 3'));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = major === 1 ? 10 : 12;
  if (bytes.length < start) fail(dataSize(file, bytes.length, start));
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (bytes.length < start + length) fail(dataSize(file, bytes.length, start + length));
  const text = new TextDecoder(major === 3 ? 'utf-8' : 'latin1').decode(
    bytes.subarray(start, start + length),
  );
  const header = parseHeader(file, text);

  const parts = /^([<>|=])([a-zA-Z])(\d+)$/.exec(header.descr);
  const half = parts !== null && parts[2] === 'f' && parts[3] === '2';
  const dtype = half ? 'uint16' : parts === null ? undefined : dtypes[`${parts[2]}${parts[3]}`];
  if (parts === null || dtype === undefined) return fail(dataType(file, header.descr));
  const size = elementBytes(dtype);
  const expected = header.shape.reduce((product, n) => product * n, size);
  if (expected > maxArrayBytes || header.shape.some((n) => n > maxArrayBytes)) {
    fail(dataTooLarge(file, `shape [${header.shape.join(', ')}] of '${header.descr}'`, maxArrayBytes));
  }
  const body = bytes.subarray(start + length);
  if (body.length !== expected) fail(dataSize(file, body.length, expected));
  const own = body.slice(); // aligned, and not the reader's buffer
  if (parts[1] === '>') reverseElements(own, size);
  const raw = viewOf(dtype, own);
  const array: NdArray = half
    ? { dtype: 'float32', shape: header.shape, data: widenHalf(raw as Uint16Array) }
    : { dtype, shape: header.shape, data: raw };
  if (dtype === 'bool') own.forEach((byte, i) => (own[i] = byte === 0 ? 0 : 1));
  return header.fortran && header.shape.length > 1 ? rowMajor(array) : array;
}

/** The bytes of an `.npy` file (version 1, C order, little endian): a function of the array alone, equal to numpy's. */
export function writeNpy(array: NdArray): Uint8Array {
  const shape = array.shape.length === 1 ? `(${array.shape[0]},)` : `(${array.shape.join(', ')})`;
  const dict = `{'descr': '${codes[array.dtype]}', 'fortran_order': False, 'shape': ${shape}, }`;
  const total = Math.ceil((10 + dict.length + 1) / 64) * 64;
  const header = `${dict.padEnd(total - 11)}\n`;
  const { data } = array;
  const out = new Uint8Array(total + data.byteLength);
  out.set([...magic, 1, 0, header.length & 255, header.length >> 8]);
  for (let i = 0; i < header.length; i++) out[10 + i] = header.charCodeAt(i);
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), total);
  return out;
}
