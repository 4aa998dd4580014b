import { blockHalves } from '../lib/blocks.ts';

/** The memory that holds the words. */
export interface Memory {
  /** Words; addresses count to here and begin again. */
  readonly size: number;
  readonly width: number;
  /** The size is `turns` times 2^`lowBits`. */
  readonly turns: number;
  readonly lowBits: number;
  /** Block RAM, or else distributed RAM. */
  readonly block: boolean;
  readonly lut: number;
  readonly bram36: number;
}

/** Above so many LUTs of distributed RAM for each half block RAM, block RAM is taken. */
const LUT_PER_HALF = 128;

/** LUTs of distributed RAM: eight hold 14 bits of 32 words or 7 bits of 64; further banks are decoded and multiplexed. */
function distributed(size: number, width: number): number {
  if (size <= 32) return Math.ceil(width / 14) * 8;
  const banks = Math.ceil(size / 64);
  const select = banks > 1 ? width * Math.ceil((banks - 1) / 3) + banks : 0;
  return Math.ceil(width / 7) * 8 * banks + select;
}

function memory(turns: number, lowBits: number, width: number): Memory {
  const size = turns * 2 ** lowBits;
  const lut = distributed(size, width);
  const half = blockHalves(size, width);
  const block = lut > LUT_PER_HALF * half;
  return { size, width, turns, lowBits, block, lut: block ? 0 : lut, bram36: block ? half / 2 : 0 };
}

/** The smallest memory for `depth` words: 1, 3, 5 or 7 times a power of two, the latter at least a bank of 64 unless it is all. */
export function memoryOf(depth: number, width: number): Memory {
  const bits = Math.max(1, Math.ceil(Math.log2(depth)));
  let best = memory(1, bits, width);
  const price = ({ lut, bram36, turns, block }: Memory): number =>
    lut + bram36 * 2 * LUT_PER_HALF + (turns > 1 ? 16 + (block ? width : 0) : 0);
  for (const turns of [3, 5, 7]) {
    const lowBits = Math.ceil(Math.log2(depth / turns));
    if (lowBits < 6) continue;
    const other = memory(turns, lowBits, width);
    if (other.size < best.size && price(other) < price(best)) best = other;
  }
  return best;
}
