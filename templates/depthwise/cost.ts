import { bitWidth } from '../../compiler/qir/types.ts';
import type { Cost } from '../../compiler/hw/index.ts';
import { isMemory, tableCost } from '../lib/lanes.ts';
import { signedDigits } from '../../compiler/hw/adders/index.ts';
import type { Plan } from './plan.ts';

/** Whether Yosys makes DSP blocks of the products: from results of 9 bits on. */
function usesDsp({ analysis, constantWeights }: Plan): boolean {
  return analysis.form === 'products' && !constantWeights && analysis.termBits >= 9;
}

/** LUTs of products with constants: an adder for each digit after the first. */
function constantAdders({ spec, slots, tapsPerBeat }: Plan): number {
  const bits = bitWidth(spec.x);
  let lut = 0;
  for (let tap = 0; tap < tapsPerBeat; tap++) {
    for (let lane = 0; lane < slots.width; lane++) {
      const digits = signedDigits(spec.weights?.[tap * spec.channels + lane] ?? 1).length;
      lut += Math.max(0, digits - 1) * (bits + 4);
    }
  }
  return lut;
}

/** LUT, FF, BRAM and DSP of an instance under Yosys; README.md states the error. */
export function cost(plan: Plan): Cost {
  const { spec, analysis, slots, tapsPerBeat, beats, store, operandStages, weights, start, late } = plan;
  const { form, accBits, termBits, weightBits, count } = analysis;
  const { groups, width } = slots;
  const inBits = spec.lanes * bitWidth(spec.x);
  const outBits = width * bitWidth(spec.y);
  const steps = beats * groups;
  const counters =
    steps > 1
      ? Math.ceil(Math.log2(steps)) + (beats > 1 && groups > 1 ? Math.ceil(Math.log2(groups)) : 0)
      : 0;
  const dsp = usesDsp(plan) ? spec.lanes : 0;
  let lut = 8 + 2.5 * counters + outBits;
  let ff = 6 + counters + inBits + 2 * outBits;
  let bram36 = 0;
  const operands =
    tapsPerBeat + (store === 'none' ? 0 : 1) + (start !== undefined && isMemory(start) ? 0.1 : 0);
  // the start value is chosen in front of the adder where that has no input left
  if (spec.kind === 'sum' && (store === 'register' || (store === 'memory' && form === 'products')))
    lut += width * accBits;
  const isBit = bitWidth(spec.x) === 1 && form !== 'products';
  const adder = form === 'max' ? 1.5 * accBits : accBits;
  // many bits are counted rather than added
  lut += width * (isBit && tapsPerBeat > 1 ? 1.1 * operands : adder * Math.max(0, operands - 1));
  if (form === 'products' && plan.constantWeights) lut += constantAdders(plan);
  else if (form === 'products' && dsp === 0) lut += spec.lanes * weightBits * bitWidth(spec.x) * 1.15;
  // Yosys leaves the products' registers outside of the DSP blocks
  if (operandStages === 2) ff += spec.lanes * termBits;
  if (store === 'register') ff += width * accBits;
  else ff += width * plan.resultBits;
  if (store === 'memory') lut += width * accBits * 0.6 * Math.ceil(groups / 32);
  for (const table of [weights, start, late]) {
    if (table === undefined) continue;
    const own = tableCost(table);
    lut += own.lut;
    ff += own.ff;
    bram36 += own.bram36;
  }
  const compare = late !== undefined && isMemory(late) ? accBits * 0.5 : accBits * 0.2;
  lut += width * count * compare;
  return { lut: Math.round(lut), ff: Math.round(ff), bram36, dsp };
}
