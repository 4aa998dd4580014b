// Integer dot products, exact modulo 2^32: i16 pairs by the multiply-add instruction, i32 by plain multiplication. Additions modulo 2^32
// commute, so no intermediate overflow can spoil a result that itself fits 32 bits.

function mac<T>(sum: v128, x: v128, w: v128): v128 {
  if (sizeof<T>() == 2) return i32x4.add(sum, i32x4.dot_i16x8_s(x, w));
  return i32x4.add(sum, i32x4.mul(x, w));
}

/** The sums over the lanes of four vectors, in one vector. */
function across(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return i32x4.add(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.shuffle<i32>(ab, cd, 2, 3, 6, 7));
}

function dot<T>(
  x: usize,
  bytes: usize,
  w: usize,
  rows: i32,
  bias: usize,
  y: usize,
  yStride: usize,
  frames: i32,
): void {
  for (let r = 0; r < rows; r += 4) {
    const offset = v128.load(bias);
    let xf = x;
    let yf = y;
    let f = 0;
    for (; f + 2 <= frames; f += 2) {
      let w0 = w;
      let w2 = w + 2 * bytes;
      let a0 = i32x4.splat(0);
      let a1 = i32x4.splat(0);
      let a2 = i32x4.splat(0);
      let a3 = i32x4.splat(0);
      let b0 = i32x4.splat(0);
      let b1 = i32x4.splat(0);
      let b2 = i32x4.splat(0);
      let b3 = i32x4.splat(0);
      const end = xf + bytes;
      for (let q = xf; q < end; q += 16) {
        const xa = v128.load(q);
        const xb = v128.load(q + bytes);
        let v = v128.load(w0);
        a0 = mac<T>(a0, xa, v);
        b0 = mac<T>(b0, xb, v);
        v = v128.load(w0 + bytes);
        a1 = mac<T>(a1, xa, v);
        b1 = mac<T>(b1, xb, v);
        v = v128.load(w2);
        a2 = mac<T>(a2, xa, v);
        b2 = mac<T>(b2, xb, v);
        v = v128.load(w2 + bytes);
        a3 = mac<T>(a3, xa, v);
        b3 = mac<T>(b3, xb, v);
        w0 += 16;
        w2 += 16;
      }
      v128.store(yf, i32x4.add(offset, across(a0, a1, a2, a3)));
      v128.store(yf + yStride, i32x4.add(offset, across(b0, b1, b2, b3)));
      xf += 2 * bytes;
      yf += 2 * yStride;
    }
    if (f < frames) {
      let p = w;
      let a0 = i32x4.splat(0);
      let a1 = i32x4.splat(0);
      let a2 = i32x4.splat(0);
      let a3 = i32x4.splat(0);
      const end = xf + bytes;
      for (let q = xf; q < end; q += 16) {
        const v = v128.load(q);
        a0 = mac<T>(a0, v, v128.load(p));
        a1 = mac<T>(a1, v, v128.load(p + bytes));
        a2 = mac<T>(a2, v, v128.load(p + 2 * bytes));
        a3 = mac<T>(a3, v, v128.load(p + 3 * bytes));
        p += 16;
      }
      v128.store(yf, i32x4.add(offset, across(a0, a1, a2, a3)));
    }
    w += 4 * bytes;
    bias += 16;
    y += 16;
  }
}

/**
 * y[f][r] = bias[r] + sum of x[f][k] * w[r][k] over i16 rows of `bytes` bytes (a multiple of 16), `rows` a multiple of 4, y as i32.
 */
export function dot16(
  x: usize,
  bytes: usize,
  w: usize,
  rows: i32,
  bias: usize,
  y: usize,
  yStride: usize,
  frames: i32,
): void {
  dot<i16>(x, bytes, w, rows, bias, y, yStride, frames);
}

/** As dot16, over i32 rows. */
export function dot32(
  x: usize,
  bytes: usize,
  w: usize,
  rows: i32,
  bias: usize,
  y: usize,
  yStride: usize,
  frames: i32,
): void {
  dot<i32>(x, bytes, w, rows, bias, y, yStride, frames);
}

/** y = base + coef * y in place, modulo 2^32, over `count` (a multiple of 4) i32 a frame. */
export function affine(y: usize, stride: usize, coef: usize, base: usize, count: i32, frames: i32): void {
  const bytes = (<usize>count) << 2;
  for (let f = 0; f < frames; f++) {
    for (let i: usize = 0; i < bytes; i += 16) {
      const scaled = i32x4.mul(v128.load(y + i), v128.load(coef + i));
      v128.store(y + i, i32x4.add(scaled, v128.load(base + i)));
    }
    y += stride;
  }
}
