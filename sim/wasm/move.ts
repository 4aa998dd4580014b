// Moves of runs of elements between frames: what windows, pads, slices and rearrangements come down to. A run is three u32: source,
// destination and length, in bytes or in bits; a source of 0xffffffff fills with a byte.

const FILL: u32 = 0xffffffff;

/** Runs of bytes, `runs` of them in the table at `t`, for each frame. */
export function moveBytes(
  x: usize,
  xStride: usize,
  y: usize,
  yStride: usize,
  t: usize,
  runs: i32,
  fill: i32,
  frames: i32,
): void {
  for (let f = 0; f < frames; f++) {
    let p = t;
    for (let r = 0; r < runs; r++, p += 12) {
      const from = load<u32>(p);
      let to = y + load<u32>(p, 4);
      let left = load<u32>(p, 8);
      if (from == FILL) {
        memory.fill(to, <u8>fill, left);
        continue;
      }
      let at = x + from;
      for (; left >= 16; left -= 16, at += 16, to += 16) v128.store(to, v128.load(at));
      if (left & 8) {
        store<u64>(to, load<u64>(at));
        at += 8;
        to += 8;
      }
      if (left & 4) {
        store<u32>(to, load<u32>(at));
        at += 4;
        to += 4;
      }
      if (left & 2) {
        store<u16>(to, load<u16>(at));
        at += 2;
        to += 2;
      }
      if (left & 1) store<u8>(to, load<u8>(at));
    }
    x += xStride;
    y += yStride;
  }
}

/** Replaces `count` (1 to 8) bits of the byte string at `y` from bit `at` on. */
function putBits(y: usize, at: u32, count: u32, bits: u32): void {
  const p = y + (at >> 3);
  const shift = at & 7;
  const mask = ((1 << count) - 1) << shift;
  store<u8>(p, ((<u32>load<u8>(p)) & ~mask) | ((bits << shift) & mask));
  if (shift + count > 8) {
    const high = mask >> 8;
    store<u8>(p, ((<u32>load<u8>(p, 1)) & ~high) | ((bits >> (8 - shift)) & high), 1);
  }
}

/** As moveBytes, with sources, destinations and lengths in bits; `fill` is 0 or 1. */
export function moveBits(
  x: usize,
  xStride: usize,
  y: usize,
  yStride: usize,
  t: usize,
  runs: i32,
  fill: i32,
  frames: i32,
): void {
  for (let f = 0; f < frames; f++) {
    let p = t;
    for (let r = 0; r < runs; r++, p += 12) {
      let from = load<u32>(p);
      let to = load<u32>(p, 4);
      let left = load<u32>(p, 8);
      const filled = from == FILL;
      const constant: u32 = fill != 0 ? 0xff : 0;
      while (left > 0) {
        const n = min<u32>(left, 8);
        const at = x + (from >> 3);
        const bits = filled ? constant : (<u32>load<u16>(at)) >> (from & 7);
        putBits(y, to, n, bits);
        from += filled ? 0 : n;
        to += n;
        left -= n;
      }
    }
    x += xStride;
    y += yStride;
  }
}
