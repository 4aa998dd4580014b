import { bitWidth } from '../../compiler/qir/types.ts';
import type { Cost } from '../../compiler/hw/index.ts';
import { isMemory, tableCost } from '../lib/lanes.ts';
import type { Plan } from './plan.ts';

/** Whether Yosys makes DSP blocks of the products: from results of 9 bits on. */
function usesDsp({ analysis, constantWeights }: Plan): boolean {
  return analysis.form === 'products' && !constantWeights && analysis.termBits >= 9;
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
  const operands = tapsPerBeat + (store === 'none' ? (start === undefined ? 0 : 0.3) : 1);
  const adders = form === 'max' ? 1.5 * accBits * (operands - 1) : accBits * Math.max(0, operands - 1);
  lut += width * adders;
  if (form === 'products' && dsp === 0 && !plan.constantWeights)
    lut += spec.lanes * weightBits * bitWidth(spec.x) * 1.15;
  if (form === 'products' && plan.constantWeights) lut += spec.lanes * termBits;
  if (operandStages === 2) ff += dsp > 0 ? 0 : spec.lanes * termBits;
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
