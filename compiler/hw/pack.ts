import { InternalError } from '../diagnostics/index.ts';
import { allocate, bitWidth, isSigned, type ElementType, type TensorData } from '../qir/types.ts';
import { rowLength, type StreamType } from './graph.ts';

/**
 * The bits of one element on the wires, as an unsigned integer below 2^bits. Bipolar: 1 for +1. Ternary, int and fixed: two's
 * complement. pow2: sign bit on top, below it 0 for zero and k + 1 for 2^(lo + k).
 */
export function encodeElement(elem: ElementType, value: number): number {
  switch (elem.kind) {
    case 'bipolar':
      return value > 0 ? 1 : 0;
    case 'pow2': {
      const magnitude = value === 0 ? 0 : Math.log2(Math.abs(value)) - elem.lo + 1;
      return (value < 0 ? 2 ** (bitWidth(elem) - 1) : 0) + magnitude;
    }
    default: {
      const bits = bitWidth(elem);
      return bits === 32 ? value >>> 0 : value & (2 ** bits - 1);
    }
  }
}

/** The value that these bits stand for: the inverse of `encodeElement`. */
export function decodeElement(elem: ElementType, bits: number): number {
  switch (elem.kind) {
    case 'bipolar':
      return bits === 0 ? -1 : 1;
    case 'pow2': {
      const half = 2 ** (bitWidth(elem) - 1);
      const magnitude = bits % half;
      if (magnitude === 0) return 0;
      return (bits >= half ? -1 : 1) * 2 ** (elem.lo + magnitude - 1);
    }
    default: {
      const width = bitWidth(elem);
      return isSigned(elem) && bits >= 2 ** (width - 1) ? bits - 2 ** width : bits;
    }
  }
}

/** Bits of one beat on the wires. */
export function beatWidth(stream: StreamType): number {
  return stream.lanes * bitWidth(stream.elem);
}

/** Bytes that one beat takes when packed: its bits rounded up, little endian, padding bits zero. */
export function beatBytes(stream: StreamType): number {
  return Math.ceil(beatWidth(stream) / 8);
}

/**
 * Packs whole frames into beats of `beatBytes` bytes each, one behind the other: exactly what stands on the wires.
 *
 * @param values - the elements of one or more frames, row-major, frame after frame.
 */
export function packBeats(stream: StreamType, values: ArrayLike<number>): Uint8Array {
  const { elem, lanes } = stream;
  const width = bitWidth(elem);
  if (values.length % stream.elements !== 0)
    throw new InternalError(`${values.length} elements are no whole frames of ${stream.elements}`);
  // a row is packed like a frame of its own
  const elements = rowLength(stream);
  const frames = values.length / elements;
  const stride = beatBytes(stream);
  const perFrame = Math.ceil(elements / lanes);
  const out = new Uint8Array(frames * perFrame * stride);
  let at = 0;
  for (let frame = 0; frame < frames; frame++) {
    for (let beat = 0; beat < perFrame; beat++) {
      const start = (frame * perFrame + beat) * stride;
      const count = Math.min(lanes, elements - beat * lanes);
      if (width === 1) {
        for (let bit = 0; bit < count; bit++) {
          if (encodeElement(elem, values[at++] as number) === 0) continue;
          const index = start + (bit >>> 3);
          out[index] = (out[index] as number) | (1 << (bit & 7));
        }
        continue;
      }
      for (let lane = 0, bit = 0; lane < count; lane++) {
        let code = encodeElement(elem, values[at++] as number);
        for (let left = width; left > 0;) {
          const room = Math.min(8 - (bit & 7), left);
          const index = start + (bit >>> 3);
          out[index] = (out[index] as number) | ((code & ((1 << room) - 1)) << (bit & 7));
          code >>>= room;
          left -= room;
          bit += room;
        }
      }
    }
  }
  return out;
}

/** Unpacks beats into elements: the inverse of `packBeats`; padding of last beats is dropped. */
export function unpackBeats(stream: StreamType, packed: Uint8Array): TensorData {
  const { elem, lanes } = stream;
  const width = bitWidth(elem);
  const stride = beatBytes(stream);
  const elements = rowLength(stream);
  const perFrame = Math.ceil(elements / lanes);
  const frames = packed.length / (stride * perFrame);
  if (!Number.isInteger(frames) || frames % (stream.rows ?? 1) !== 0)
    throw new InternalError(
      `${packed.length} bytes are no whole frames of ${perFrame * (stream.rows ?? 1)} beats`,
    );
  const out = allocate(elem, frames * elements);
  let at = 0;
  for (let frame = 0; frame < frames; frame++) {
    for (let beat = 0; beat < perFrame; beat++) {
      const start = (frame * perFrame + beat) * stride;
      const count = Math.min(lanes, elements - beat * lanes);
      for (let lane = 0, bit = 0; lane < count; lane++) {
        let code = 0;
        for (let got = 0; got < width;) {
          const room = Math.min(8 - (bit & 7), width - got);
          const part = ((packed[start + (bit >>> 3)] as number) >>> (bit & 7)) & ((1 << room) - 1);
          code += part * 2 ** got;
          got += room;
          bit += room;
        }
        out[at++] = decodeElement(elem, code);
      }
    }
  }
  return out;
}

/** One packed beat as hexadecimal digits, most significant first, as $readmemh reads it. */
export function beatHex(packed: Uint8Array, width: number): string {
  let text = '';
  for (let index = packed.length - 1; index >= 0; index--)
    text += (packed[index] as number).toString(16).padStart(2, '0');
  return text.slice(text.length - Math.ceil(width / 4));
}
