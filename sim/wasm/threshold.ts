// Comparison with thresholds. Tables hold t - 1 for a threshold t, and x > t - 1 is asked: so the greatest value stands for "never", over the
// whole range of the type, and entries behind a frame's last element hold it.

/**
 * bit = (x > t) xor inv, 16 elements a step. `t` has one entry an element in x's width, padded to a multiple of 16 elements; `inv` two
 * bytes a step. `flip` is xored onto x (the sign bit turns unsigned order into signed order; `t` carries it already).
 */
function compare<T>(
  x: usize,
  xStride: usize,
  t: usize,
  inv: usize,
  flip: v128,
  y: usize,
  yStride: usize,
  steps: i32,
  frames: i32,
): void {
  for (let f = 0; f < frames; f++) {
    let p = x;
    let q = t;
    for (let s = 0; s < steps; s++) {
      let mask: v128;
      if (sizeof<T>() == 1) {
        mask = i8x16.gt_s(v128.xor(v128.load(p), flip), v128.load(q));
      } else if (sizeof<T>() == 2) {
        mask = i8x16.narrow_i16x8_s(
          i16x8.gt_s(v128.xor(v128.load(p, 0), flip), v128.load(q, 0)),
          i16x8.gt_s(v128.xor(v128.load(p, 16), flip), v128.load(q, 16)),
        );
      } else {
        const lo = i16x8.narrow_i32x4_s(
          i32x4.gt_s(v128.xor(v128.load(p, 0), flip), v128.load(q, 0)),
          i32x4.gt_s(v128.xor(v128.load(p, 16), flip), v128.load(q, 16)),
        );
        const hi = i16x8.narrow_i32x4_s(
          i32x4.gt_s(v128.xor(v128.load(p, 32), flip), v128.load(q, 32)),
          i32x4.gt_s(v128.xor(v128.load(p, 48), flip), v128.load(q, 48)),
        );
        mask = i8x16.narrow_i16x8_s(lo, hi);
      }
      const at = (<usize>s) << 1;
      store<u16>(y + at, <u16>(i8x16.bitmask(mask) ^ (<i32>load<u16>(inv + at))));
      p += 16 * sizeof<T>();
      q += 16 * sizeof<T>();
    }
    x += xStride;
    y += yStride;
  }
}

/** Compares 8-bit elements; `unsigned` 1 for u8. */
export function compare8(
  x: usize,
  xStride: usize,
  t: usize,
  inv: usize,
  unsigned: i32,
  y: usize,
  yStride: usize,
  steps: i32,
  frames: i32,
): void {
  compare<i8>(x, xStride, t, inv, i8x16.splat(unsigned ? -128 : 0), y, yStride, steps, frames);
}

/** Compares 16-bit elements. x may be read up to 16 elements behind a frame's last one. */
export function compare16(
  x: usize,
  xStride: usize,
  t: usize,
  inv: usize,
  unsigned: i32,
  y: usize,
  yStride: usize,
  steps: i32,
  frames: i32,
): void {
  compare<i16>(x, xStride, t, inv, i16x8.splat(unsigned ? -32768 : 0), y, yStride, steps, frames);
}

/** Compares 32-bit elements. x may be read up to 16 elements behind a frame's last one. */
export function compare32(
  x: usize,
  xStride: usize,
  t: usize,
  inv: usize,
  unsigned: i32,
  y: usize,
  yStride: usize,
  steps: i32,
  frames: i32,
): void {
  compare<i32>(x, xStride, t, inv, i32x4.splat(unsigned ? i32.MIN_VALUE : 0), y, yStride, steps, frames);
}

/**
 * y = a + b * (number of entries of t below x), all i32; `t` is [levels][count], `a` and `b` have one entry an element, `count` is a multiple of
 * 4. For few levels.
 */
export function levels(
  x: usize,
  stride: usize,
  t: usize,
  a: usize,
  b: usize,
  flip: i32,
  count: i32,
  thresholds: i32,
  frames: i32,
): void {
  const order = i32x4.splat(flip ? i32.MIN_VALUE : 0);
  const bytes = (<usize>count) << 2;
  for (let f = 0; f < frames; f++) {
    for (let i: usize = 0; i < bytes; i += 16) {
      const v = v128.xor(v128.load(x + i), order);
      let q = t + i;
      let n = i32x4.splat(0);
      for (let k = 0; k < thresholds; k++, q += bytes) n = i32x4.sub(n, i32x4.gt_s(v, v128.load(q)));
      v128.store(x + i, i32x4.add(v128.load(a + i), i32x4.mul(v128.load(b + i), n)));
    }
    x += stride;
  }
}

/**
 * y = a + the sum of b over the entries of t below x, on 8-bit elements; tables and frames are rows of `stride` bytes, t has `thresholds`
 * of them. Behind the elements a and b are 0.
 */
export function levels8(
  x: usize,
  t: usize,
  a: usize,
  b: usize,
  unsigned: i32,
  y: usize,
  stride: usize,
  thresholds: i32,
  frames: i32,
): void {
  const order = i8x16.splat(unsigned ? -128 : 0);
  for (let f = 0; f < frames; f++) {
    for (let i: usize = 0; i < stride; i += 16) {
      const v = v128.xor(v128.load(x + i), order);
      const step = v128.load(b + i);
      let level = v128.load(a + i);
      let q = t + i;
      for (let k = 0; k < thresholds; k++, q += stride) {
        level = i8x16.add(level, v128.and(step, i8x16.gt_s(v, v128.load(q))));
      }
      v128.store(y + i, level);
    }
    x += stride;
    y += stride;
  }
}

/**
 * As `levels`, in place too, by binary search in tables of `thresholds` ascending i32 a channel: `t` is [channels][thresholds], `a` and `b` have one
 * entry a channel, element e belongs to channel e % channels. For many levels.
 */
export function search(
  x: usize,
  stride: usize,
  t: usize,
  a: usize,
  b: usize,
  flip: i32,
  count: i32,
  channels: i32,
  thresholds: i32,
  frames: i32,
): void {
  const order = flip ? i32.MIN_VALUE : 0;
  for (let f = 0; f < frames; f++) {
    let c = 0;
    for (let e = 0; e < count; e++) {
      const at = x + ((<usize>e) << 2);
      const v = load<i32>(at) ^ order;
      const row = t + ((<usize>(c * thresholds)) << 2);
      let n = 0;
      let left = thresholds;
      while (left > 0) {
        const half = left >> 1;
        const below = load<i32>(row + ((<usize>(n + half)) << 2)) < v;
        n = below ? n + half + 1 : n;
        left = below ? left - half - 1 : half;
      }
      store<i32>(at, load<i32>(a + ((<usize>c) << 2)) + load<i32>(b + ((<usize>c) << 2)) * n);
      c = c + 1 == channels ? 0 : c + 1;
    }
    x += stride;
  }
}
