import { unzipSync } from 'fflate';
import { DiagnosticError, fail } from '../diagnostics/index.ts';
import { dataArchive, dataNoArray, dataTooLarge, dataWhichArray } from '../diagnostics/catalog/data.ts';
import { maxArrayBytes, type NdArray } from './array.ts';
import { isNpy, parseNpy } from './npy.ts';

/** Whether the bytes start like a zip archive (an empty one included). */
export function isZip(bytes: Uint8Array): boolean {
  return (
    bytes[0] === 0x50 &&
    bytes[1] === 0x4b &&
    ((bytes[2] === 3 && bytes[3] === 4) || (bytes[2] === 5 && bytes[3] === 6))
  );
}

interface Entry {
  readonly name: string;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly method: number;
  readonly encrypted: boolean;
}

// numpy writes zip64 fields into the local headers, so only the central directory's sizes can be trusted. fflate unpacks by
// the same directory but checks no checksum; this reading of it is for the checksums, and for refusing bad archives early.
function directory(bytes: Uint8Array, file: string): Entry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const damaged = (problem: string): never => fail(dataArchive(file, problem));
  let end = bytes.length - 22;
  while (end >= 0 && end > bytes.length - 22 - 65536 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0 || view.getUint32(end, true) !== 0x06054b50)
    return damaged('no directory at its end (cut off?)');
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (count === 0xffff || at === 0xffffffff) return damaged('more than 65,534 entries or 4 GiB');
  const entries: Entry[] = [];
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || view.getUint32(at, true) !== 0x02014b50) return damaged('its directory is damaged');
    const nameLength = view.getUint16(at + 28, true);
    const next = at + 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (next > end) return damaged('its directory is damaged');
    const entry: Entry = {
      name: new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength)),
      encrypted: (view.getUint16(at + 8, true) & 1) !== 0,
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
    };
    const local = view.getUint32(at + 42, true);
    if (local + 30 + entry.packed > end) return damaged(`entry '${entry.name}' lies outside the file`);
    entries.push(entry);
    at = next;
  }
  return entries;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let c = byte;
  for (let bit = 0; bit < 8; bit++) c = (c & 1) === 0 ? c >>> 1 : (c >>> 1) ^ 0xedb88320;
  return c;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (crcTable[(crc ^ byte) & 255] ?? 0);
  return ~crc >>> 0;
}

const arrayName = (entry: string): string => entry.replace(/\.npy$/, '');

/**
 * Reads one array of an `.npz` archive.
 *
 * @param name - the array's name; may be left out if there is only one.
 * @throws DiagnosticError if the archive is damaged, or the array is not there or not whole.
 */
export function parseNpz(bytes: Uint8Array, file: string, name?: string): NdArray {
  const entries = directory(bytes, file).filter((entry) => entry.name.endsWith('.npy'));
  const names = entries.map((entry) => arrayName(entry.name));
  if (name === undefined && names.length !== 1) fail(dataWhichArray(file, names));
  const entry = name === undefined ? entries[0] : entries.find((e) => arrayName(e.name) === arrayName(name));
  if (entry === undefined) return fail(dataNoArray(file, name ?? '', names));
  const damaged = (problem: string): never => fail(dataArchive(file, `entry '${entry.name}' ${problem}`));
  if (entry.encrypted) damaged('is encrypted');
  if (entry.method !== 0 && entry.method !== 8) damaged(`is packed by method ${entry.method}`);
  if (entry.size > maxArrayBytes)
    fail(dataTooLarge(file, `${entry.size} bytes in '${entry.name}'`, maxArrayBytes));
  let content: Uint8Array | undefined;
  try {
    content = unzipSync(bytes, { filter: (candidate) => candidate.name === entry.name })[entry.name];
  } catch (error) {
    if (error instanceof DiagnosticError) throw error;
    damaged(`cannot be unpacked (${error instanceof Error ? error.message : String(error)})`);
  }
  if (content === undefined || content.length !== entry.size) return damaged('is cut off');
  if (crc32(content) !== entry.crc) damaged('has a wrong checksum');
  if (!isNpy(content)) damaged('is not an .npy file');
  return parseNpy(content, `${file}:${arrayName(entry.name)}`);
}
