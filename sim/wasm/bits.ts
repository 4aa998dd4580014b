// Bipolar x bipolar: agreement counting on packed bits. With one bit an element, sum(x * w) = n - 2 * popcount(x xor w); the bits
// behind the last element are zero in both, so they do not count.
//
// Weights lie in groups of four rows, [rows / 4][words][4] words of 64 bits, so that one pointer reaches all four with constant
// offsets. The frame loop is inside the row loop: four rows of weights stay in the first-level cache, or in registers.

function differing(a: u64, b: u64): i32 {
  return <i32>popcnt<u64>(a ^ b);
}

/** One 64-bit word a row: the four weights live in registers while the frames pass. */
function singleWord(x: usize, xStride: usize, w: usize, y: usize, yStride: usize, frames: i32): void {
  const w0 = load<u64>(w, 0);
  const w1 = load<u64>(w, 8);
  const w2 = load<u64>(w, 16);
  const w3 = load<u64>(w, 24);
  for (let f = 0; f < frames; f++) {
    const a = load<u64>(x);
    store<i32>(y, differing(a, w0), 0);
    store<i32>(y, differing(a, w1), 4);
    store<i32>(y, differing(a, w2), 8);
    store<i32>(y, differing(a, w3), 12);
    x += xStride;
    y += yStride;
  }
}

/** Four rows and one frame at a time. */
function manyWords(
  x: usize,
  xStride: usize,
  w: usize,
  words: i32,
  y: usize,
  yStride: usize,
  frames: i32,
): void {
  const bytes = (<usize>words) << 3;
  for (let f = 0; f < frames; f++) {
    let p = w;
    let q = x;
    const end = x + bytes;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    while (q < end) {
      const a = load<u64>(q);
      s0 += differing(a, load<u64>(p, 0));
      s1 += differing(a, load<u64>(p, 8));
      s2 += differing(a, load<u64>(p, 16));
      s3 += differing(a, load<u64>(p, 24));
      q += 8;
      p += 32;
    }
    store<i32>(y, s0, 0);
    store<i32>(y, s1, 4);
    store<i32>(y, s2, 8);
    store<i32>(y, s3, 12);
    x += xStride;
    y += yStride;
  }
}

/**
 * y[f][r] = popcount(x[f] xor w[r]) for `rows` rows (a multiple of 4) of `words` 64-bit words, as i32. `yStride` is in bytes.
 */
export function xnorPops(
  x: usize,
  xStride: usize,
  w: usize,
  words: i32,
  rows: i32,
  y: usize,
  yStride: usize,
  frames: i32,
): void {
  const group = (<usize>words) << 5;
  for (let r = 0; r < rows; r += 4) {
    if (words == 1) singleWord(x, xStride, w, y, yStride, frames);
    else manyWords(x, xStride, w, words, y, yStride, frames);
    w += group;
    y += 16;
  }
}
