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

/** LUTs that choose between the blocks of a memory which is deeper than one of them. */
export function blockSelect(words: number, bits: number): number {
  const least = blockHalves(words, bits);
  const [deep] = [...shapes]
    .reverse()
    .find(([d, w]) => Math.ceil(words / d) * Math.ceil(bits / w) === least) ?? [words];
  return bits * Math.ceil((Math.ceil(words / deep) - 1) / 3);
}
