import { bitWidth } from '../../compiler/qir/types.ts';
import type { Cost, HwNode } from '../../compiler/hw/index.ts';
import { analyse, mvuParams } from '../mvu/analysis.ts';
import { signedDigits } from './rows.ts';

/** Adders as Yosys maps them: about 0.82 LUT a summed bit (64x64 binary: 3368 LUT for 4096 weights), and the registers. */
export function cost(node: HwNode): Cost {
  const { inputs, outputs, x, y } = mvuParams(node);
  const { form, xBits, low, high, count } = analyse(node);
  const weights = node.consts['weights']?.data ?? [];
  let bits = 0;
  let sums = 0;
  for (let n = 0; n < outputs; n++) {
    const width = Math.ceil(Math.log2(Math.max(2, (high[n] ?? 0) - (low[n] ?? 0) + 1)));
    sums += width;
    for (let k = 0; k < inputs; k++) {
      const w = weights[n * inputs + k] ?? 0;
      if (form === 'planes') bits += w === 0 ? 0 : xBits;
      else bits += signedDigits(w).length * Math.min(width, xBits + 1);
    }
  }
  const compare = count * outputs * Math.ceil(sums / Math.max(1, outputs) / 2);
  const outBits = outputs * bitWidth(y);
  return {
    lut: Math.round(bits * 0.82) + compare + outBits,
    ff: inputs * bitWidth(x) + sums + 2 * outBits + 6,
    bram36: 0,
    dsp: 0,
  };
}
