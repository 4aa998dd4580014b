import type { Cost } from '../../compiler/hw/index.ts';
import { isSigned } from '../../compiler/qir/types.ts';
import { usesAcc } from './body.ts';
import { elementBits } from './plan.ts';
import type { Plan } from './plan.ts';
import { romsOf } from './words.ts';

/** LUTs that hold one bit of a memory of this depth (two of up to 32 words could share one; Yosys does not pair them). */
function lutsPerRomBit(depth: number): number {
  if (depth <= 2) return 0.3;
  return depth <= 64 ? 1 : (depth / 64) * 1.3;
}

/** LUTs of one processing element, without what it shares with others. Fitted to Yosys (bench/cost-fit.ts). */
function elementLuts(plan: Plan): number {
  const { analysis, params, accBits } = plan;
  const { simd } = params;
  const { xBits, weightBits } = analysis;
  const add = usesAcc(plan) ? accBits : 0;
  if (analysis.form === 'planes') {
    const perBit = analysis.stored === 'bipolar' ? 1.62 : 2.1;
    return perBit * simd * xBits + add;
  }
  const signed = isSigned(params.x) ? 0 : 1;
  if (xBits === 1) return simd * weightBits * 1.6 + add;
  return simd * (weightBits + 1) * (xBits + signed) * 1.15 + simd * 2 + add;
}

/** LUT, FF, BRAM of an instance in its portable form; see README.md for the error. */
export function cost(plan: Plan): Cost {
  const { params, analysis, accBits, sf, nf, steps, store, init, result } = plan;
  const { pe, simd } = params;
  const bits = elementBits(plan);
  const inBits = simd * bits.x;
  const outBits = pe * bits.y;
  const resBits = result.kind === 'sign' ? 1 : accBits;
  let lut = 12 + 3 * Math.ceil(Math.log2(steps)) + pe * elementLuts(plan) + outBits;
  let ff = 6 + Math.ceil(Math.log2(steps)) + inBits + 2 * outBits;
  let bram36 = 0;
  if (plan.order === 'output' && nf > 1 && sf > 1) lut += inBits * (1 + 0.6 * Math.ceil(sf / 32));
  for (const rom of romsOf(plan)) {
    if (rom.block) bram36 += Math.ceil(rom.width / 36) * 0.5 * Math.ceil(rom.depth / 1024);
    else {
      lut += rom.width * lutsPerRomBit(rom.depth);
      ff += rom.width;
    }
  }
  if (store !== 'mux') ff += pe * resBits;
  if (store === 'load' || store === 'mux') ff += pe * accBits;
  if (store === 'memory') lut += pe * accBits * 0.7 * Math.ceil(nf / 32);
  if (init.kind === 'table' && (store === 'mux' || store === 'memory')) lut += pe * accBits * 0.5;
  if (result.kind === 'levels')
    lut += pe * result.count * accBits * (result.thresholds.kind === 'lanes' ? 0.45 : 0.8);
  return { lut: Math.round(lut), ff: Math.round(ff), bram36, dsp: analysis.form === 'products' ? 0 : 0 };
}
