import type { Cost } from '../../compiler/hw/index.ts';
import { blockHalves, blockSelect } from '../lib/blocks.ts';

/** Above so many LUTs for each half block RAM, block RAM is taken. */
const lutPerHalf = 96;

/**
 * Distributed RAM: eight LUTs hold 14 bits of 32 words or 7 bits of 64 words; beyond 64 words banks are multiplexed and decoded.
 */
function distributed(width: number, depth: number): number {
  if (depth <= 32) return Math.ceil(width / 14) * 8;
  const banks = Math.ceil(depth / 64);
  return Math.ceil(width / 7) * 8 * banks + (banks > 1 ? width * Math.ceil((banks - 1) / 3) + banks : 0);
}

/** LUTs and flip-flops around block RAM: the beat that goes round it. */
const besideBlocks = (width: number): number => width;

/** Whether the beats lie in block RAM. */
export function inBlocks(width: number, depth: number): boolean {
  if (depth <= 64) return false;
  return distributed(width, depth) - besideBlocks(width) > lutPerHalf * blockHalves(depth, width);
}

/**
 * The memory, and around it two pointers, which cost more where they do not wrap by themselves, and a counter. The address that is read
 * is kept once more with distributed RAM, and block RAM needs a register for the beat that goes round it.
 */
export function cost(width: number, depth: number): Cost {
  if (depth === 1) return { lut: 2, ff: width + 1, bram36: 0, dsp: 0 };
  const countBits = Math.ceil(Math.log2(depth + 1));
  const addressBits = Math.ceil(Math.log2(depth));
  const wraps = 2 ** addressBits === depth;
  const block = inBlocks(width, depth);
  const around = (wraps ? 4.7 : 6) * countBits;
  return {
    lut: Math.round(
      around + (block ? besideBlocks(width) + blockSelect(depth, width) : distributed(width, depth)),
    ),
    ff: countBits + 2 * addressBits + (block ? width + 1 : addressBits),
    bram36: block ? blockHalves(depth, width) / 2 : 0,
    dsp: 0,
  };
}
