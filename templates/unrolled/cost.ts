import { bitWidth, isSigned } from '../../compiler/qir/types.ts';
import type { Cost, HwNode } from '../../compiler/hw/index.ts';
import { analyse, mvuParams } from '../mvu/analysis.ts';
import { signedDigits } from './rows.ts';

/**
 * LUTs for each summed bit of a popcount, fitted to Yosys. Rows of binary weights share what they have in common (the same three inputs up to
 * inversion), which longer rows have less of; rows with zeros and inputs of several bits share little.
 */
function popcountFactor(inputs: number, xBits: number, ternary: boolean): number {
  if (ternary) return 1.5;
  return xBits > 1 ? 1.4 : Math.min(1.1, Math.max(0.35, 0.2 * Math.log2(inputs) - 0.45));
}

/** Zeros at the low end of the constant: bits that a comparison with it does not look at. */
function trailingZeros(value: number): number {
  let zeros = 0;
  for (let rest = value; rest !== 0 && rest % 2 === 0; rest /= 2) zeros++;
  return zeros;
}

/** The adders, fitted to Yosys (see README.md), the comparisons or the addition of the offset, and the registers. */
export function cost(node: HwNode): Cost {
  const { inputs, outputs, x, y } = mvuParams(node);
  const { form, stored, xBits, low, high, count, thresholds } = analyse(node);
  const weights = node.consts['weights']?.data ?? [];
  const outBits = outputs * bitWidth(y);
  const factor = popcountFactor(inputs, xBits, stored === 'ternary');
  const product = isSigned(x) ? 1.25 : 0.95;
  let adders = 0;
  let compare = 0;
  let kept = 0;
  for (let n = 0; n < outputs; n++) {
    const [least, most] = [low[n] ?? 0, high[n] ?? 0];
    const width = Math.ceil(Math.log2(Math.max(2, most - least + 1)));
    const open = Array.from(thresholds.subarray(n * count, (n + 1) * count)).filter(
      (t) => t > least && t <= most,
    );
    compare += open.length * Math.ceil(width / 2);
    const unused = count === 0 ? 0 : Math.min(width, ...open.map(trailingZeros));
    kept += count > 0 && open.length === 0 ? 0 : width - unused;
    for (let k = 0; k < inputs; k++) {
      const w = weights[n * inputs + k] ?? 0;
      if (form === 'planes') adders += w === 0 ? 0 : factor * xBits;
      else adders += signedDigits(w).length * ((width + xBits) / 2) * product;
    }
  }
  return {
    lut: Math.round(adders) + compare + (count === 0 ? 2 : 1) * outBits,
    ff: inputs * bitWidth(x) + kept + 2 * outBits + 6,
    bram36: 0,
    dsp: 0,
  };
}
