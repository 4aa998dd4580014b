import { bitWidth } from '../../compiler/qir/types.ts';
import type { Cost } from '../../compiler/hw/index.ts';
import { isMemory, tableCost } from '../lib/lanes.ts';
import type { Plan } from './plan.ts';

/** LUT, FF and BRAM of an instance under Yosys; README.md states the error. */
export function cost({ params, slots, terms, bias, staged, sumBits }: Plan): Cost {
  const { lanes, y } = params;
  const yBits = bitWidth(y);
  const inBits = lanes * terms.reduce((sum, { bits }) => sum + bits, 0);
  const counter =
    slots.groups > 1 && (bias !== undefined || slots.idle > 0) ? Math.ceil(Math.log2(slots.groups)) : 0;
  const memory = bias === undefined ? { lut: 0, ff: 0, bram36: 0 } : tableCost(bias);
  const used = terms.filter(({ digits }) => digits.length > 0);
  const widest = Math.max(0, ...used.map(({ productBits }) => productBits));
  // a constant bias is part of a carry chain's constants
  let adders = bias !== undefined && isMemory(bias) ? sumBits : 0;
  for (let i = 1; i < used.length; i++) adders += Math.min(sumBits, widest + Math.ceil(Math.log2(i + 1))) - 1;
  const products = used.reduce((sum, { digits, bits }) => sum + (digits.length - 1) * (bits + 3), 0);
  const held = used.reduce(
    (sum, { digits, bits, productBits }) => sum + (digits.length > 1 ? productBits : bits),
    0,
  );
  return {
    lut: Math.round(
      6 + 3 * terms.length + inBits + lanes * (yBits + adders + products) + 2 * counter + memory.lut,
    ),
    ff: Math.round(
      2 +
        2 * terms.length +
        2 * inBits +
        2 * lanes * yBits +
        (staged ? 1 + lanes * held : 0) +
        counter +
        memory.ff,
    ),
    bram36: memory.bram36,
    dsp: 0,
  };
}
