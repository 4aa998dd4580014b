// Products of {-1, 0, +1}: each side as two bit planes, "not zero" and "negative". Where both are not zero the product is -1 if the signs differ, so
// sum = popcount(m) - 2 popcount(m and (sx xor sw)) with m = mx and mw.

/**
 * Splits frames into planes, [frames][words][2] words of 64 bits: not zero, negative. `kind` 0: one bit an element, never zero; else
 * i8. The planes of bits run on behind the last element; the weights' do not.
 */
export function planes(kind: i32, x: usize, xStride: usize, y: usize, words: i32, frames: i32): void {
  const zero = i8x16.splat(0);
  for (let f = 0; f < frames; f++) {
    if (kind == 0) {
      for (let k = 0; k < words; k++) {
        store<u64>(y, -1, 0);
        store<u64>(y, ~load<u64>(x + ((<usize>k) << 3)), 8);
        y += 16;
      }
    } else {
      const end = x + xStride;
      let p = x;
      for (let k = 0; k < words; k++) {
        let some: u64 = 0;
        let negative: u64 = 0;
        for (let shift: u64 = 0; shift < 64; shift += 16) {
          // a frame is a multiple of 16 bytes, a word takes 64
          if (p >= end) break;
          const v = v128.load(p);
          some |= (<u64>i8x16.bitmask(i8x16.ne(v, zero))) << shift;
          negative |= (<u64>i8x16.bitmask(v)) << shift;
          p += 16;
        }
        store<u64>(y, some, 0);
        store<u64>(y, negative, 8);
        y += 16;
      }
    }
    x += xStride;
  }
}

function term(mx: u64, sx: u64, w: usize): i32 {
  const m = mx & load<u64>(w, 0);
  return <i32>popcnt<u64>(m) - ((<i32>popcnt<u64>(m & (sx ^ load<u64>(w, 8)))) << 1);
}

/**
 * y[f][r] = bias[r] + the sum over planes as `planes` makes them; weights are [rows / 4][words][4][2] words, `rows` is a multiple of 4.
 */
export function ternarySums(
  x: usize,
  w: usize,
  words: i32,
  rows: i32,
  bias: usize,
  y: usize,
  yStride: usize,
  frames: i32,
): void {
  const bytes = (<usize>words) << 4;
  for (let r = 0; r < rows; r += 4) {
    let q = x;
    let out = y;
    for (let f = 0; f < frames; f++) {
      let p = w;
      let s0 = load<i32>(bias, 0);
      let s1 = load<i32>(bias, 4);
      let s2 = load<i32>(bias, 8);
      let s3 = load<i32>(bias, 12);
      const end = q + bytes;
      while (q < end) {
        const mx = load<u64>(q, 0);
        const sx = load<u64>(q, 8);
        s0 += term(mx, sx, p);
        s1 += term(mx, sx, p + 16);
        s2 += term(mx, sx, p + 32);
        s3 += term(mx, sx, p + 48);
        q += 16;
        p += 64;
      }
      store<i32>(out, s0, 0);
      store<i32>(out, s1, 4);
      store<i32>(out, s2, 8);
      store<i32>(out, s3, 12);
      out += yStride;
    }
    w += bytes << 2;
    bias += 16;
    y += 16;
  }
}
