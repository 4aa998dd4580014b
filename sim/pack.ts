import { frameLayout, frameStride } from '../compiler/hw/kernel.ts';
import type { FrameLayout } from '../compiler/hw/kernel.ts';
import type { StreamType } from '../compiler/hw/graph.ts';
import { allocate } from '../compiler/qir/types.ts';
import type { TensorData } from '../compiler/qir/types.ts';

/** A typed array of the layout's element width over `buffer`. `bits` gives bytes. */
export function layoutView(
  layout: FrameLayout,
  buffer: ArrayBuffer,
  at: number,
  bytes: number,
): Exclude<TensorData, Float32Array | Float64Array> {
  switch (layout) {
    case 'bits':
    case 'u8':
      return new Uint8Array(buffer, at, bytes);
    case 'i8':
      return new Int8Array(buffer, at, bytes);
    case 'i16':
      return new Int16Array(buffer, at, bytes >> 1);
    case 'u16':
      return new Uint16Array(buffer, at, bytes >> 1);
    case 'i32':
      return new Int32Array(buffer, at, bytes >> 2);
    case 'u32':
      return new Uint32Array(buffer, at, bytes >> 2);
  }
}

/**
 * Writes frames `first` .. `first + frames - 1` of an integer array [count][elements] into frame buffers at `at`. Bytes behind the
 * elements are expected to be zero already and stay so.
 */
export function packFrames(
  stream: StreamType,
  data: ArrayLike<number>,
  first: number,
  frames: number,
  buffer: ArrayBuffer,
  at: number,
): void {
  const { elements } = stream;
  const layout = frameLayout(stream.elem);
  const stride = frameStride(stream);
  const view = layoutView(layout, buffer, at, stride * frames);
  if (layout === 'bits') {
    for (let f = 0; f < frames; f++) {
      const row = (first + f) * elements;
      const out = f * stride;
      for (let e = 0; e < elements; e += 8) {
        let byte = 0;
        const end = Math.min(8, elements - e);
        for (let b = 0; b < end; b++) if ((data[row + e + b] ?? 0) > 0) byte |= 1 << b;
        view[out + (e >> 3)] = byte;
      }
    }
    return;
  }
  const pitch = stride / view.BYTES_PER_ELEMENT;
  if (ArrayBuffer.isView(data) && data.constructor === view.constructor) {
    const source = data as typeof view;
    if (pitch === elements) view.set(source.subarray(first * elements, (first + frames) * elements));
    else {
      for (let f = 0; f < frames; f++) {
        view.set(source.subarray((first + f) * elements, (first + f + 1) * elements), f * pitch);
      }
    }
    return;
  }
  for (let f = 0; f < frames; f++) {
    for (let e = 0; e < elements; e++) view[f * pitch + e] = data[(first + f) * elements + e] ?? 0;
  }
}

/** Reads frames from frame buffers at `at` into `data` [count][elements] from frame `first` on; bipolar becomes -1 and +1. */
export function unpackFrames(
  stream: StreamType,
  buffer: ArrayBuffer,
  at: number,
  frames: number,
  data: TensorData,
  first: number,
): void {
  const { elements } = stream;
  const layout = frameLayout(stream.elem);
  const stride = frameStride(stream);
  const view = layoutView(layout, buffer, at, stride * frames);
  if (layout === 'bits') {
    for (let f = 0; f < frames; f++) {
      for (let e = 0; e < elements; e++) {
        const bit = ((view[f * stride + (e >> 3)] ?? 0) >> (e & 7)) & 1;
        data[(first + f) * elements + e] = 2 * bit - 1;
      }
    }
    return;
  }
  const pitch = stride / view.BYTES_PER_ELEMENT;
  for (let f = 0; f < frames; f++) {
    const row = view.subarray(f * pitch, f * pitch + elements);
    const out = (first + f) * elements;
    // element by element beats TypedArray.set for the short rows that outputs mostly are
    if (elements > 32) data.set(row, out);
    else for (let e = 0; e < elements; e++) data[out + e] = row[e] ?? 0;
  }
}

/** An array that holds `count` frames of a stream, in the type that `allocate` gives for its elements. */
export function frameArray(stream: StreamType, count: number): TensorData {
  return allocate(stream.elem, count * stream.elements);
}
