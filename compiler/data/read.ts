import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { fail } from '../diagnostics/index.ts';
import {
  dataFormat,
  dataGzip,
  dataNotArchive,
  dataTooLarge,
  dataUnreadable,
} from '../diagnostics/catalog/data.ts';
import { maxArrayBytes, type NdArray } from './array.ts';
import { isIdx, parseIdx } from './idx.ts';
import { isNpy, parseNpy } from './npy.ts';
import { isZip, parseNpz } from './npz.ts';

/**
 * Splits `FILE[:ARRAY]`. A colon may stand in a path as well: if a file of the whole name exists, the whole is the file;
 * otherwise what follows the last colon names the array.
 */
function splitSpec(spec: string): { readonly file: string; readonly array?: string } {
  const colon = spec.lastIndexOf(':');
  if (colon <= 0 || colon === spec.length - 1 || existsSync(spec)) return { file: spec };
  return { file: spec.slice(0, colon), array: spec.slice(colon + 1) };
}

/**
 * Reads an array out of the bytes of a data file; the format is told by the first bytes.
 *
 * @param file - how messages name it.
 * @param name - the array of an archive.
 */
export function parseArray(bytes: Uint8Array, file: string, name?: string): NdArray {
  let plain = bytes;
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      plain = gunzipSync(bytes, { maxOutputLength: maxArrayBytes });
    } catch (error) {
      if (error instanceof RangeError)
        return fail(dataTooLarge(file, 'more than that in the gzip file', maxArrayBytes));
      return fail(dataGzip(file, error instanceof Error ? error.message : String(error)));
    }
  }
  if (isZip(plain)) return parseNpz(plain, file, name);
  if (name !== undefined && (isNpy(plain) || isIdx(plain))) fail(dataNotArchive(file, name));
  if (isNpy(plain)) return parseNpy(plain, file);
  if (isIdx(plain)) return parseIdx(plain, file);
  const first = [...plain.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return fail(dataFormat(file, first));
}

/**
 * Reads an array from a data file: `.npy`, `.npz` (`FILE:ARRAY` picks one), or MNIST `idx`, each also gzipped.
 *
 * @param spec - `FILE` or `FILE:ARRAY`.
 * @throws DiagnosticError (QCC6001 to QCC6011) if the file or the array is not there or not well-formed.
 */
export async function readArray(spec: string): Promise<NdArray> {
  const { file, array } = splitSpec(spec);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const reasons: Record<string, string> = {
      ENOENT: 'no such file',
      EISDIR: 'a directory',
      EACCES: 'no permission to read it',
    };
    return fail(dataUnreadable(file, reasons[code ?? ''] ?? code ?? 'it cannot be read'));
  }
  return parseArray(bytes, file, array);
}
