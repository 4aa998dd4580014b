import { bitWidth } from '../../compiler/qir/types.ts';
import type { Cost } from '../../compiler/hw/index.ts';
import { isMemory, tableCost } from '../lib/lanes.ts';
import { signedDigits } from '../../compiler/hw/adders/index.ts';
import { isProduct, isUnused } from './plan.ts';
import type { Plan, Term } from './plan.ts';

/** DSP blocks of one lane's product under Yosys, which makes them of products of 9 bits and more: a block for 27 times 18 bits. */
function blocks({ form, productBits, bits, factorBits }: Term): number {
  return form !== 'product' || productBits < 9 ? 0 : Math.ceil(bits / 26) * Math.ceil((factorBits - 1) / 17);
}

/** LUTs of the products of all lanes. */
function productLuts(term: Term, lanes: number, width: number): number {
  const { form, factors, digits, bits, factorBits, productBits } = term;
  if (form === 'digits') return lanes * Math.max(0, digits.length - 1) * (bits + 3);
  if (form === 'product')
    return blocks(term) > 0 ? 0 : productBits < 9 ? lanes * bits * factorBits * 1.15 : 0;
  const adders = factors.slice(0, width).reduce((sum, k) => sum + Math.max(0, signedDigits(k).length - 1), 0);
  return (lanes / width) * adders * (bits + 3);
}

/** LUT, FF and BRAM of an instance under Yosys; README.md states the error. */
export function cost({ params, slots, terms, bias, stages, sumBits }: Plan): Cost {
  const { lanes, y } = params;
  const yBits = bitWidth(y);
  const inBits = lanes * terms.reduce((sum, { bits }) => sum + bits, 0);
  const tables = [...terms.map(({ table }) => table), bias].filter((table) => table !== undefined);
  const counter =
    slots.groups > 1 && (tables.length > 0 || slots.idle > 0) ? Math.ceil(Math.log2(slots.groups)) : 0;
  const memories = tables.map(tableCost);
  const total = (of: 'lut' | 'ff' | 'bram36'): number =>
    memories.reduce((sum, memory) => sum + memory[of], 0);
  const used = terms.filter((term) => !isUnused(term));
  const widest = Math.max(0, ...used.map(({ productBits }) => productBits));
  // a constant bias is part of a carry chain's constants
  let adders = bias !== undefined && isMemory(bias) ? sumBits : 0;
  for (let i = 1; i < used.length; i++) adders += Math.min(sumBits, widest + Math.ceil(Math.log2(i + 1))) - 1;
  const products = used.reduce((sum, term) => sum + productLuts(term, lanes, slots.width), 0);
  const held = used.reduce((sum, term) => sum + (isProduct(term) ? term.productBits : term.bits), 0);
  return {
    lut: Math.round(
      6 + 3 * terms.length + inBits + lanes * (yBits + adders) + products + 2 * counter + total('lut'),
    ),
    ff: Math.round(
      2 +
        2 * terms.length +
        2 * inBits +
        2 * lanes * yBits +
        (stages > 0 ? 1 + lanes * held : 0) +
        (stages > 1 ? 1 + inBits : 0) +
        counter +
        total('ff'),
    ),
    bram36: total('bram36'),
    dsp: lanes * terms.reduce((sum, term) => sum + blocks(term), 0),
  };
}
