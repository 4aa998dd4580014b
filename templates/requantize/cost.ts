import { bitWidth } from '../../compiler/qir/types.ts';
import type { Cost } from '../../compiler/hw/index.ts';
import { isMemory, tableCost } from '../lib/lanes.ts';
import { signedDigits } from '../../compiler/hw/adders/index.ts';
import type { Plan } from './plan.ts';

/** DSP blocks of one lane under Yosys, which makes them of products of 9 bits and more: a block for 27 times 18 bits. */
function blocks({ form, params, productBits, multiplierBits }: Plan): number {
  if ((form !== 'product' && form !== 'parts') || productBits < 9) return 0;
  const wide = Math.ceil(bitWidth(params.x) / 26);
  return form === 'parts' ? wide * (1 + Math.ceil((multiplierBits - 17) / 17)) : wide;
}

/** LUT, FF, BRAM and DSP of an instance under Yosys; README.md states the error. */
export function cost(plan: Plan): Cost {
  const { params, slots, form, numbers, productBits, lowBits, sumBits, levelBits, multiplied, summed } = plan;
  const { lanes } = params;
  const [xBits, yBits] = [bitWidth(params.x), bitWidth(params.y)];
  const { groups } = slots;
  const dsp = lanes * blocks(plan);
  let lut = 8 + lanes * yBits;
  let ff = 4 + lanes * (xBits + 2 * yBits);
  let bram36 = 0;
  if (groups > 1) {
    lut += 2 * Math.ceil(Math.log2(groups));
    ff += Math.ceil(Math.log2(groups));
  }
  if (multiplied) {
    // Yosys leaves the products' registers outside of the DSP blocks
    ff += lanes * (productBits + lowBits);
    if (form === 'digits') {
      const digits = numbers.multipliers
        .slice(0, slots.width)
        .map((m) => Math.max(0, signedDigits(m).length - 1));
      lut += (lanes / slots.width) * digits.reduce((sum, n) => sum + n * xBits, 0);
    } else if (form === 'shifts') lut += lanes * productBits * plan.multiplierBits * 0.5;
    else if (dsp === 0) lut += lanes * xBits * plan.multiplierBits * 1.15;
  }
  if (summed) {
    // a constant bias is part of a carry chain's constants
    const adders = plan.biases !== undefined && isMemory(plan.biases) ? 1 : 0;
    lut += lanes * sumBits * (form === 'parts' ? 0.6 + 0.7 * adders : adders);
    ff += lanes * levelBits;
  }
  const compare = levelBits * 0.1;
  lut += lanes * ((plan.clampsLow ? compare : 0) + (plan.clampsHigh ? compare : 0));
  for (const table of [plan.multipliers, plan.biases]) {
    if (table === undefined || !isMemory(table)) continue;
    const own = tableCost(table);
    lut += own.lut;
    ff += own.ff;
    bram36 += own.bram36;
  }
  return { lut: Math.round(lut), ff: Math.round(ff), bram36, dsp };
}
