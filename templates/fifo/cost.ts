import type { Cost } from '../../compiler/hw/index.ts';

/**
 * Distributed RAM: a RAM32M holds 6 bits of 32 words in 4 LUTs, a RAM64M 3 bits of 64 words in 4 LUTs; beyond 64 words banks are
 * multiplexed. Around it two pointers, which cost more where they do not wrap by themselves, and a counter; the address that is read is
 * kept once more with the memory.
 */
export function cost(width: number, depth: number): Cost {
  if (depth === 1) return { lut: 2, ff: width + 1, bram36: 0, dsp: 0 };
  const banks = Math.ceil(depth / 64);
  const memory = depth <= 32 ? Math.ceil(width / 6) * 4 : Math.ceil(width / 3) * 4 * banks;
  const select = banks > 1 ? width * Math.ceil((banks - 1) / 3) : 0;
  const countBits = Math.ceil(Math.log2(depth + 1));
  const addressBits = Math.ceil(Math.log2(depth));
  const wraps = 2 ** addressBits === depth;
  return {
    lut: Math.round(memory + select + (wraps ? 4.7 : 6) * countBits),
    ff: countBits + 3 * addressBits,
    bram36: 0,
    dsp: 0,
  };
}
