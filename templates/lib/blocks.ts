/** Shapes of half a 36 Kib block RAM: words, bits. */
const shapes = [
  [512, 36],
  [1024, 18],
  [2048, 9],
  [4096, 4],
  [8192, 2],
  [16384, 1],
] as const;

/** Halves of 36 Kib block RAMs that a memory takes, all of one shape. */
export function blockHalves(words: number, bits: number): number {
  return Math.min(...shapes.map(([deep, wide]) => Math.ceil(words / deep) * Math.ceil(bits / wide)));
}
