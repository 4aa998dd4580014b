import type { Cost } from '../../compiler/hw/index.ts';
import { elementBits } from './plan.ts';
import type { Plan } from './plan.ts';
import { romsOf } from './words.ts';

/**
 * LUTs of a memory that stays in logic. Few words have few distinct columns (2^depth), which synthesis shares; up to 64 words
 * one LUT holds a bit.
 */
function romLuts(width: number, depth: number): number {
  if (depth > 64) return width * (depth / 64) * 1.3;
  const columns = 2 ** depth;
  return depth >= 20 ? width : columns * (1 - Math.exp(-width / columns));
}

/** LUTs of the products and sums of one processing element; the factors are those of the table in README.md. */
function elementLuts(plan: Plan): number {
  const { analysis, params, accBits, steps } = plan;
  const { simd } = params;
  const { xBits, weightBits, form, stored } = analysis;
  if (form === 'products') {
    const adders = simd * accBits;
    if (xBits === 1) return adders + simd * weightBits;
    return usesDsp(plan) ? adders : adders + simd * weightBits * xBits * 1.15;
  }
  // A weight that is a constant, or one of few functions of the step, shortens the first layer of the tree.
  const known = steps === 1 ? 0.5 : steps === 2 ? 0.78 : 1;
  const single = stored === 'bipolar' ? 1.48 : 1.75;
  const wide = 0.15 * Math.max(0, Math.log2(simd / 32));
  return xBits === 1
    ? known * simd * (single + wide)
    : known * simd * xBits * (stored === 'bipolar' ? 2.06 : 2.3);
}

/** Whether Yosys makes DSP blocks of the products: from results of 9 bits on. */
function usesDsp({ analysis, accBits }: Plan): boolean {
  const { form, xBits, weightBits } = analysis;
  return form === 'products' && xBits > 1 && Math.min(accBits, xBits + weightBits + 1) >= 9;
}

/** LUTs of the result stage. */
function resultLuts({ result, accBits, params }: Plan): number {
  if (result.kind !== 'levels') return 0;
  const compare = result.thresholds.kind === 'lanes' ? accBits * 0.2 : accBits;
  return params.pe * result.count * compare;
}

/** LUT, FF, BRAM and DSP of an instance in its portable form under Yosys; README.md states the error. */
export function cost(plan: Plan): Cost {
  const { params, accBits, sf, nf, steps, store, init, result } = plan;
  const { pe, simd } = params;
  const bits = elementBits(plan);
  const inBits = simd * bits.x;
  const outBits = pe * bits.y;
  const counters = Math.ceil(Math.log2(steps));
  const resBits = result.kind === 'sign' ? 1 : accBits;
  let lut = 10 + 3 * counters + pe * elementLuts(plan) + outBits + resultLuts(plan);
  let ff = 6 + counters + inBits + 2 * outBits;
  let bram36 = 0;
  // the input store: 14 bits of 32 words take eight LUTs; in front of the operand register a multiplexer
  if (plan.order === 'output' && nf > 1 && sf > 1) lut += inBits * (1 + 0.6 * Math.ceil(sf / 32));
  for (const rom of romsOf(plan)) {
    if (rom.block) {
      bram36 += Math.ceil(rom.width / 36) * 0.5 * Math.ceil(rom.depth / 1024);
      continue;
    }
    const luts = romLuts(rom.width, rom.depth);
    lut += luts;
    ff += Math.min(rom.width, luts);
  }
  if (store !== 'mux') ff += pe * resBits;
  if (store === 'load' || store === 'mux') ff += pe * accBits;
  if (store === 'memory') lut += pe * accBits * 0.6 * Math.ceil(nf / 32);
  if (init.kind === 'table' && (store === 'mux' || store === 'memory')) lut += pe * accBits * 0.5;
  return { lut: Math.round(lut), ff: Math.round(ff), bram36, dsp: usesDsp(plan) ? pe * simd : 0 };
}
