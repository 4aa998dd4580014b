import type { StreamType } from './graph.ts';
import { frameLayout, frameStride } from './kernel.ts';

/** Element access to the frames of a channel in the engine's memory, for kernels that are not worth a primitive of their own. */
export interface FrameAccess {
  readonly get: (frame: number, element: number) => number;
  readonly set: (frame: number, element: number, value: number) => void;
}

function integers(
  memory: ArrayBuffer,
  layout: string,
  offset: number,
): Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array {
  switch (layout) {
    case 'i8':
      return new Int8Array(memory, offset);
    case 'u8':
      return new Uint8Array(memory, offset);
    case 'i16':
      return new Int16Array(memory, offset);
    case 'u16':
      return new Uint16Array(memory, offset);
    case 'i32':
      return new Int32Array(memory, offset);
    default:
      return new Uint32Array(memory, offset);
  }
}

/** Access to frames that start at byte `offset`. Valid until the engine's memory grows. */
export function readLayout(memory: ArrayBuffer, stream: StreamType, offset: number): FrameAccess {
  const layout = frameLayout(stream.elem);
  const stride = frameStride(stream);
  if (layout === 'bits') {
    const bytes = new Uint8Array(memory, offset);
    return {
      get: (frame, e) => (((bytes[frame * stride + (e >> 3)] ?? 0) >> (e & 7)) & 1) * 2 - 1,
      set: (frame, e, value) => {
        const at = frame * stride + (e >> 3);
        const mask = 1 << (e & 7);
        bytes[at] = value > 0 ? (bytes[at] ?? 0) | mask : (bytes[at] ?? 0) & ~mask;
      },
    };
  }
  const view = integers(memory, layout, offset);
  const pitch = stride / view.BYTES_PER_ELEMENT;
  return {
    get: (frame, e) => view[frame * pitch + e] ?? 0,
    set: (frame, e, value) => {
      view[frame * pitch + e] = value;
    },
  };
}
