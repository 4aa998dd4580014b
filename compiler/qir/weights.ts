import { createHash } from 'node:crypto';
import * as say from '../diagnostics/catalog/qir-files.ts';
import { excerpt } from '../diagnostics/wording.ts';
import { fail } from '../diagnostics/index.ts';
import type { Where } from '../diagnostics/index.ts';
import type { Const } from './graph.ts';
import { describeStorage, pack, storageOf, unpack } from './pack.ts';
import { nearest } from '../diagnostics/suggest.ts';
import type { TensorData, TensorType } from './types.ts';
import { printType } from './types.ts';

/** Constants with more elements than this go into the weights file. */
export const inlineLimit = 16;

/** Whether a constant is small enough to stand in the text. */
export function isInline(c: Const): boolean {
  return c.tensor.data.length <= inlineLimit;
}

/** The sha256 of some bytes, 64 hexadecimal digits. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * The weights file of the given constants, in the safetensors format: an 8-byte little-endian length, a JSON header of that length, the data.
 * Element types of 8, 16 and 32 bits are stored as such; narrower ones are packed into U8 (elements one after another, lowest bits
 * first). The metadata gives each constant's QIR type. The same constants give the same bytes.
 */
export function encodeWeights(consts: Iterable<Const>): Uint8Array {
  const all = [...consts].map((c) => ({ c, storage: storageOf(c.tensor.type) }));
  // wide items first, so that each lies at a multiple of its size
  all.sort((a, b) => b.storage.itemSize - a.storage.itemSize);
  const metadata: [string, string][] = [['format', 'qir 1']];
  const entries: [string, unknown][] = [];
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const { c, storage } of all) {
    const bytes = pack(c.tensor.type, c.tensor.data);
    metadata.push([`@${c.name}`, describeStorage(c.tensor.type)]);
    const place = {
      dtype: storage.dtype,
      shape: storage.shape,
      data_offsets: [offset, offset + bytes.length],
    };
    entries.push([c.name, place]);
    parts.push(bytes);
    offset += bytes.length;
  }
  const object = Object.fromEntries([['__metadata__', Object.fromEntries(metadata)], ...entries]);
  let header = Buffer.from(JSON.stringify(object));
  // the data begins at a multiple of eight; the format allows spaces at the end of the header
  header = Buffer.concat([header, Buffer.alloc((8 - (header.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, ...parts]);
}

interface Stored {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** A weights file that has been opened: its header is sound, and every tensor lies inside the file. */
export class WeightsFile {
  readonly #file: string;
  readonly #tensors: ReadonlyMap<string, Stored>;
  readonly #data: Uint8Array;

  /**
   * @param bytes the whole file
   * @param file its name, for messages
   * @throws DiagnosticError if it is cut short or not in the safetensors format
   */
  constructor(bytes: Uint8Array, file: string, where?: Where) {
    this.#file = file;
    const malformed = (found: string, expected: string): never =>
      fail(say.weightsMalformed(where, file, found, expected));
    if (bytes.length < 8) malformed(`${bytes.length} bytes`, 'at least 8 bytes');
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const length = view.getBigUint64(0, true);
    if (length > BigInt(bytes.length - 8)) {
      malformed(
        `a header of ${length} bytes in a file of ${bytes.length}`,
        'a header that ends inside the file',
      );
    }
    const begin = 8 + Number(length);
    let header: unknown;
    try {
      header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, begin)));
    } catch {
      malformed('a header that is not JSON', 'a JSON object');
    }
    this.#data = bytes.subarray(begin);
    if (typeof header !== 'object' || header === null || Array.isArray(header)) {
      malformed('a header that is no object', 'a JSON object');
    }
    const tensors = new Map<string, Stored>();
    for (const [name, entry] of Object.entries(header as object)) {
      if (name === '__metadata__') continue;
      const stored = storedFrom(entry);
      if (stored === undefined)
        malformed(`the entry ${JSON.stringify(excerpt(name))}`, 'dtype, shape and data_offsets');
      else if (stored.end > this.#data.length) {
        const found = `${JSON.stringify(excerpt(name))} ends at byte ${stored.end} of ${this.#data.length}`;
        malformed(found, 'every tensor inside the file; it may have been cut short');
      } else tensors.set(name, stored);
    }
    this.#tensors = tensors;
  }

  /** Names of the tensors, in the order of the header. */
  get names(): readonly string[] {
    return [...this.#tensors.keys()];
  }

  /**
   * The elements of a tensor.
   *
   * @throws DiagnosticError if there is none of that name, or it is stored as another type or in another shape
   */
  read(name: string, type: TensorType, where?: Where): TensorData {
    const stored = this.#tensors.get(name);
    if (stored === undefined) {
      return fail(say.weightsTensorMissing(where, name, this.#file, nearest(name, this.#tensors.keys())));
    }
    const storage = storageOf(type);
    const expected = `${storage.dtype} [${storage.shape.join(', ')}]`;
    const found = `${stored.dtype} [${stored.shape.join(', ')}]`;
    const bytes = storage.shape.reduce((product, n) => product * n, storage.itemSize);
    if (found !== expected || stored.end - stored.begin !== bytes) {
      const size = found === expected ? ` in ${stored.end - stored.begin} bytes` : '';
      fail(
        say.weightsTensorType(
          where,
          name,
          printType(type),
          `${found}${size}`,
          `${expected} in ${bytes} bytes`,
        ),
      );
    }
    return unpack(type, this.#data.subarray(stored.begin, stored.end));
  }
}

/** Reads one entry of the header; undefined if it is not what the format prescribes. */
function storedFrom(entry: unknown): Stored | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  if (!('dtype' in entry && 'shape' in entry && 'data_offsets' in entry)) return undefined;
  const { dtype, shape, data_offsets: offsets } = entry;
  const natural = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (typeof dtype !== 'string' || !natural(shape) || !natural(offsets) || offsets.length !== 2)
    return undefined;
  const [begin, end] = offsets as [number, number];
  return begin <= end ? { dtype, shape, begin, end } : undefined;
}
