import { fail } from '../diagnostics/index.ts';
import { dataHeader, dataSize, dataTooLarge } from '../diagnostics/catalog/data.ts';
import { elementBytes, maxArrayBytes, viewOf, type Dtype, type NdArray } from './array.ts';

// The third byte of the header names the element type; data is big endian.
const dtypes: Readonly<Record<number, Dtype>> = {
  0x08: 'uint8',
  0x09: 'int8',
  0x0b: 'int16',
  0x0c: 'int32',
  0x0d: 'float32',
  0x0e: 'float64',
};

/** Whether the bytes start like an MNIST `idx` file. */
export function isIdx(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && bytes[1] === 0 && dtypes[bytes[2] ?? 0] !== undefined && (bytes[3] ?? 0) >= 1;
}

/**
 * Reads an `idx` file, the format of the MNIST data set.
 *
 * @throws DiagnosticError if the file is cut off or longer than its header says.
 */
export function parseIdx(bytes: Uint8Array, file: string): NdArray {
  const dtype = dtypes[bytes[2] ?? 0];
  const rank = bytes[3] ?? 0;
  if (dtype === undefined)
    return fail(dataHeader(file, 'idx', `type byte ${bytes[2]}`, '8, 9, 11, 12, 13 or 14'));
  if (rank > 8) fail(dataHeader(file, 'idx', `${rank} axes`, 'at most 8 axes'));
  const start = 4 + 4 * rank;
  if (bytes.length < start) fail(dataSize(file, bytes.length, start));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = elementBytes(dtype);
  const expected = shape.reduce((product, n) => product * n, size);
  if (expected > maxArrayBytes || shape.some((n) => n > maxArrayBytes)) {
    fail(dataTooLarge(file, `shape [${shape.join(', ')}]`, maxArrayBytes));
  }
  if (bytes.length - start !== expected) fail(dataSize(file, bytes.length - start, expected));
  const own = bytes.slice(start);
  if (size > 1) for (let at = 0; at < own.length; at += size) own.subarray(at, at + size).reverse();
  return { dtype, shape, data: viewOf(dtype, own) };
}
