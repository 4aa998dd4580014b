// Arithmetic over feature maps of i32, [rows][taps][channels] or flat: the second stage of depthwise products, reductions, scaled sums and
// requantization. Inputs come from to32; all sums are exact modulo 2^32.

/**
 * y[r][c] = bias[c] + sum over t of w[t][c] * x[r][t][c]; y has `pitch` bytes a row. Channels are taken four at a time: reads go up to
 * three elements past the end, and so do writes, which is why pitch has room for them.
 */
export function depthwise32(
  x: usize,
  w: usize,
  bias: usize,
  y: usize,
  pitch: usize,
  rows: i32,
  taps: i32,
  channels: i32,
): void {
  const row = (<usize>channels) << 2;
  for (let r = 0; r < rows; r++) {
    for (let c: usize = 0; c < row; c += 16) {
      let sum = v128.load(bias + c);
      let p = x + c;
      let q = w + c;
      for (let t = 0; t < taps; t++) {
        sum = i32x4.add(sum, i32x4.mul(v128.load(p), v128.load(q)));
        p += row;
        q += row;
      }
      v128.store(y + c, sum);
    }
    x += row * taps;
    y += pitch;
  }
}

/** As depthwise32 with all weights 1 and no bias (`greatest` 0), or the greatest over the taps (1). */
export function reduce32(
  x: usize,
  y: usize,
  pitch: usize,
  rows: i32,
  taps: i32,
  channels: i32,
  greatest: i32,
): void {
  const row = (<usize>channels) << 2;
  for (let r = 0; r < rows; r++) {
    for (let c: usize = 0; c < row; c += 16) {
      let p = x + c;
      let result = v128.load(p);
      for (let t = 1; t < taps; t++) {
        p += row;
        const next = v128.load(p);
        result = greatest != 0 ? i32x4.max_s(result, next) : i32x4.add(result, next);
      }
      v128.store(y + c, result);
    }
    x += row * taps;
    y += pitch;
  }
}

/** y += factors * x, element by element, over `count` elements, a multiple of 4. */
export function accumulate32(x: usize, y: usize, factors: usize, count: i32): void {
  const bytes = (<usize>count) << 2;
  for (let i: usize = 0; i < bytes; i += 16) {
    const product = i32x4.mul(v128.load(x + i), v128.load(factors + i));
    v128.store(y + i, i32x4.add(v128.load(y + i), product));
  }
}

/**
 * x = clamp((x * m[c] + b[c]) >> shift, low, high) in place, in 64 bits; m and b are i64, one a channel. Unsigned x (`unsigned` 1)
 * counts from 0 to 2^32 - 1. The result is a 32-bit pattern.
 */
export function requantize32(
  x: usize,
  m: usize,
  b: usize,
  shift: i64,
  low: i64,
  high: i64,
  unsigned: i32,
  channels: i32,
  pixels: i32,
): void {
  for (let p = 0; p < pixels; p++) {
    for (let c = 0; c < channels; c++) {
      const value: i64 = unsigned != 0 ? <i64>load<u32>(x) : <i64>load<i32>(x);
      const at = (<usize>c) << 3;
      const level = (value * load<i64>(m + at) + load<i64>(b + at)) >> shift;
      store<i32>(x, <i32>max<i64>(low, min<i64>(high, level)));
      x += 4;
    }
  }
}
