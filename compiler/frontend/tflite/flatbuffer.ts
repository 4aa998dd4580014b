import { ByteBuffer } from 'flatbuffers';
import { malformedFlatBuffer, tooMany } from '../../diagnostics/catalog/frontend-tflite.ts';
import { fail } from '../../diagnostics/index.ts';
import type { Where } from '../../diagnostics/index.ts';

/** Longest text that is decoded; names are for messages and identifiers. */
const maxText = 256;

/**
 * A FlatBuffer whose every access is checked. The library trusts its input (bytes beyond the end read as nothing), so positions and
 * lengths are compared with the file before each read. Nothing is copied: vectors are views.
 */
export class FlatFile {
  readonly bytes: Uint8Array;
  readonly where: Where;
  readonly buffer: ByteBuffer;

  constructor(bytes: Uint8Array, where: Where) {
    this.bytes = bytes;
    this.where = where;
    this.buffer = new ByteBuffer(bytes);
  }

  /** The root table. */
  root(what: string): Table {
    this.need(0, 8, what);
    return new Table(this, this.follow(0, what), what);
  }

  /** Fails unless `size` bytes at `position` are in the file. */
  need(position: number, size: number, what: string): void {
    const { length } = this.bytes;
    if (position >= 0 && position + size <= length) return;
    this.malformed(
      `${what} lies outside the file`,
      `bytes ${position} to ${position + size}`,
      `a file of ${length} bytes`,
    );
  }

  /** The target of the offset stored at `position`. */
  follow(position: number, what: string): number {
    this.need(position, 4, what);
    const target = position + this.buffer.readUint32(position);
    this.need(target, 4, what);
    return target;
  }

  malformed(what: string, found: string, expected: string): never {
    return fail(malformedFlatBuffer(this.where, what, found, expected));
  }
}

/** A vector of the file: elements are read one by one, on demand. */
export interface Vector<T> {
  readonly length: number;
  readonly at: (index: number) => T;
}

/** A table of the file. Fields are named by their position in the schema; an absent field has its default. */
export class Table {
  readonly #file: FlatFile;
  readonly #at: number;
  readonly #end: number;
  readonly #what: string;

  constructor(file: FlatFile, position: number, what: string) {
    const { buffer } = file;
    file.need(position, 4, what);
    const fields = position - buffer.readInt32(position);
    file.need(fields, 4, `the field list of ${what}`);
    file.need(fields, Math.max(4, buffer.readUint16(fields)), `the field list of ${what}`);
    const size = buffer.readUint16(fields + 2);
    file.need(position, Math.max(4, size), what);
    this.#file = file;
    this.#at = position;
    this.#end = position + size;
    this.#what = what;
  }

  /** Position of a field's bytes, or undefined if the table does not have it. */
  #field(index: number, size: number): number | undefined {
    const offset = this.#file.buffer.__offset(this.#at, 4 + 2 * index);
    if (offset === 0) return undefined;
    const at = this.#at + offset;
    if (at + size > this.#end) {
      this.#file.malformed(
        `a field of ${this.#what} lies outside its table`,
        `field ${index} at byte ${at}`,
        `a table that ends at byte ${this.#end}`,
      );
    }
    return at;
  }

  /** Whether the field is written in the file. */
  has(index: number): boolean {
    return this.#field(index, 1) !== undefined;
  }

  int8(index: number, fallback = 0): number {
    const at = this.#field(index, 1);
    return at === undefined ? fallback : this.#file.buffer.readInt8(at);
  }

  uint8(index: number, fallback = 0): number {
    const at = this.#field(index, 1);
    return at === undefined ? fallback : this.#file.buffer.readUint8(at);
  }

  int32(index: number, fallback = 0): number {
    const at = this.#field(index, 4);
    return at === undefined ? fallback : this.#file.buffer.readInt32(at);
  }

  uint32(index: number, fallback = 0): number {
    const at = this.#field(index, 4);
    return at === undefined ? fallback : this.#file.buffer.readUint32(at);
  }

  uint64(index: number): bigint {
    const at = this.#field(index, 8);
    return at === undefined ? 0n : this.#file.buffer.readUint64(at);
  }

  /** A table that the field refers to. */
  table(index: number, what: string): Table | undefined {
    const at = this.#field(index, 4);
    return at === undefined ? undefined : new Table(this.#file, this.#file.follow(at, what), what);
  }

  /** A vector of tables; empty if absent. `what` names one of them, its index is added. */
  tables(index: number, what: string): Vector<Table> {
    const file = this.#file;
    return this.#vector(index, 4, `the list of ${what}s`, (at, i) => {
      const name = `${what} ${i}`;
      return new Table(file, file.follow(at, name), name);
    });
  }

  int32s(index: number, what: string): Vector<number> {
    return this.#vector(index, 4, what, (at) => this.#file.buffer.readInt32(at));
  }

  float32s(index: number, what: string): Vector<number> {
    return this.#vector(index, 4, what, (at) => this.#file.buffer.readFloat32(at));
  }

  /** 64-bit integers as numbers; those beyond 2^53 lose bits, which no field that qcc reads can have. */
  int64s(index: number, what: string): Vector<number> {
    return this.#vector(index, 8, what, (at) => Number(this.#file.buffer.readInt64(at)));
  }

  /** The bytes of a byte vector, as a view. */
  bytes(index: number, what: string): Uint8Array {
    const { start, length } = this.#extent(index, 1, what);
    return this.#file.bytes.subarray(start, start + length);
  }

  /** A text, cut to a length that messages can show. */
  text(index: number, what: string): string {
    return new TextDecoder().decode(this.bytes(index, what).subarray(0, maxText));
  }

  #vector<T>(index: number, size: number, what: string, read: (at: number, i: number) => T): Vector<T> {
    const { start, length } = this.#extent(index, size, what);
    return {
      length,
      at: (i) => {
        if (i < 0 || i >= length) {
          this.#file.malformed(`an index into ${what}`, String(i), `an index below ${length}`);
        }
        return read(start + i * size, i);
      },
    };
  }

  #extent(index: number, size: number, what: string): { start: number; length: number } {
    const at = this.#field(index, 4);
    if (at === undefined) return { start: 0, length: 0 };
    const subject = `${what} of ${this.#what}`;
    const head = this.#file.follow(at, subject);
    const length = this.#file.buffer.readUint32(head);
    this.#file.need(head + 4, length * size, subject);
    return { start: head + 4, length };
  }
}

/** All elements of a vector that must not be longer than `limit`. */
export function elementsOf<T>(vector: Vector<T>, limit: number, what: string, where: Where): T[] {
  if (vector.length > limit) fail(tooMany(where, what, vector.length, limit));
  return Array.from({ length: vector.length }, (_, i) => vector.at(i));
}
