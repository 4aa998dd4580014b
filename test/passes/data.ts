import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArray } from '../../compiler/data/index.ts';

const folder = fileURLToPath(new URL('../../../shared/data/', import.meta.url));

/** Whether the trained models are at hand. In CI they must be: there the tests run, and fail, without them. */
export const haveData = process.env['CI'] !== undefined || existsSync(folder);
if (!haveData) console.warn('skipped: ../shared/data with the trained models is not there');

export function readData(path: string): Uint8Array {
  return readFileSync(`${folder}${path}`);
}

/** Reads one array of an .npz file as numbers. */
export function readNumbers(
  path: string,
  name: string,
): { readonly shape: readonly number[]; readonly data: number[] } {
  const array = parseArray(readData(path), path, name);
  return { shape: array.shape, data: Array.from(array.data, Number) };
}
