// Between the frame layouts and the dense i16 / i32 rows that the arithmetic works on. `kind` numbers the layouts:
// 0 bits, 1 i8, 2 u8, 3 i16, 4 u16, 5 i32 and u32.

/** Eight bits as eight i16 of -1 and +1. */
function signs(byte: u8): v128 {
  const mask = i16x8(1, 2, 4, 8, 16, 32, 64, 128);
  const set = i16x8.eq(v128.and(i16x8.splat(<i16>byte), mask), mask);
  return v128.not(i16x8.shl(set, 1));
}

/**
 * Widens to i16, `count` elements (a multiple of 8) a frame; u16 gets 32768 subtracted, which the caller makes up for in the bias.
 */
export function to16(
  kind: i32,
  x: usize,
  xStride: usize,
  y: usize,
  yStride: usize,
  count: i32,
  frames: i32,
): void {
  const high = i16x8.splat(-32768);
  for (let f = 0; f < frames; f++) {
    let q = y;
    switch (kind) {
      case 0:
        for (let i = 0; i < count; i += 8, q += 16) v128.store(q, signs(load<u8>(x + (i >> 3))));
        break;
      case 1:
        for (let i = 0; i < count; i += 8, q += 16) v128.store(q, v128.load8x8_s(x + i));
        break;
      case 2:
        for (let i = 0; i < count; i += 8, q += 16) v128.store(q, v128.load8x8_u(x + i));
        break;
      case 3:
        memory.copy(y, x, (<usize>count) << 1);
        break;
      default:
        for (let i = 0; i < count; i += 8, q += 16)
          v128.store(q, v128.xor(v128.load(x + ((<usize>i) << 1)), high));
    }
    x += xStride;
    y += yStride;
  }
}

/** Widens to i32, `count` elements (a multiple of 8) a frame. */
export function to32(
  kind: i32,
  x: usize,
  xStride: usize,
  y: usize,
  yStride: usize,
  count: i32,
  frames: i32,
): void {
  for (let f = 0; f < frames; f++) {
    let q = y;
    switch (kind) {
      case 0:
        for (let i = 0; i < count; i += 8, q += 32) {
          const v = signs(load<u8>(x + (i >> 3)));
          v128.store(q, i32x4.extend_low_i16x8_s(v), 0);
          v128.store(q, i32x4.extend_high_i16x8_s(v), 16);
        }
        break;
      case 1:
        for (let i = 0; i < count; i += 8, q += 32) {
          const v = v128.load8x8_s(x + i);
          v128.store(q, i32x4.extend_low_i16x8_s(v), 0);
          v128.store(q, i32x4.extend_high_i16x8_s(v), 16);
        }
        break;
      case 2:
        for (let i = 0; i < count; i += 8, q += 32) {
          const v = v128.load8x8_u(x + i);
          v128.store(q, i32x4.extend_low_i16x8_u(v), 0);
          v128.store(q, i32x4.extend_high_i16x8_u(v), 16);
        }
        break;
      case 3:
        for (let i = 0; i < count; i += 4, q += 16) v128.store(q, v128.load16x4_s(x + ((<usize>i) << 1)));
        break;
      case 4:
        for (let i = 0; i < count; i += 4, q += 16) v128.store(q, v128.load16x4_u(x + ((<usize>i) << 1)));
        break;
      default:
        // the stride of 32-bit frames is a multiple of four elements, not of eight
        memory.copy(y, x, min<usize>((<usize>count) << 2, xStride));
    }
    x += xStride;
    y += yStride;
  }
}

/** Narrows i32 by dropping high bits, into a layout of `bytes` bytes an element; `count` elements a frame exactly are written. */
export function narrow(
  bytes: i32,
  x: usize,
  xStride: usize,
  y: usize,
  yStride: usize,
  count: i32,
  frames: i32,
): void {
  for (let f = 0; f < frames; f++) {
    let i = 0;
    if (bytes == 1) {
      const mask = i32x4.splat(0xff);
      for (; i + 16 <= count; i += 16) {
        const p = x + ((<usize>i) << 2);
        const lo = i16x8.narrow_i32x4_s(v128.and(v128.load(p, 0), mask), v128.and(v128.load(p, 16), mask));
        const hi = i16x8.narrow_i32x4_s(v128.and(v128.load(p, 32), mask), v128.and(v128.load(p, 48), mask));
        v128.store(y + i, i8x16.narrow_i16x8_u(lo, hi));
      }
      for (; i < count; i++) store<u8>(y + i, load<u8>(x + ((<usize>i) << 2)));
    } else if (bytes == 2) {
      const mask = i32x4.splat(0xffff);
      for (; i + 8 <= count; i += 8) {
        const p = x + ((<usize>i) << 2);
        v128.store(
          y + ((<usize>i) << 1),
          i16x8.narrow_i32x4_u(v128.and(v128.load(p, 0), mask), v128.and(v128.load(p, 16), mask)),
        );
      }
      for (; i < count; i++) store<u16>(y + ((<usize>i) << 1), load<u16>(x + ((<usize>i) << 2)));
    } else {
      memory.copy(y, x, (<usize>count) << 2);
    }
    x += xStride;
    y += yStride;
  }
}
