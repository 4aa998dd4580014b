import { bitWidth } from '../../compiler/qir/types.ts';
import type { Cost } from '../../compiler/hw/index.ts';
import type { Plan } from './numbers.ts';
import { romOf } from './view.ts';

/** LUT, FF and BRAM in portable form; see README.md for the error. */
export function cost(plan: Plan): Cost {
  const { params, count, bits, steps } = plan;
  const { lanes } = params;
  const inBits = lanes * plan.xBits;
  const outBits = lanes * bitWidth(params.y);
  const rom = romOf(plan);
  const counters = steps > 1 ? Math.ceil(Math.log2(steps)) : 0;
  const encode = Math.max(0, (count - 1) * 0.35);
  if (rom === undefined) {
    const compare = bits <= 6 ? 0.4 : (bits - 1) / 6;
    return {
      lut: Math.round(8 + counters + outBits + lanes * (count * compare + encode)),
      ff: 2 + 2 * outBits + counters,
      bram36: 0,
      dsp: 0,
    };
  }
  // few words have few distinct columns (2^depth), which synthesis shares; up to 64 words one LUT holds a bit
  const columns = 2 ** Math.min(rom.depth, 20);
  const shared =
    rom.depth > 64 ? rom.width * (rom.depth / 64) * 1.3 : columns * (1 - Math.exp(-rom.width / columns));
  const memory = rom.block ? 0 : shared;
  return {
    lut: Math.round(10 + 3 * counters + outBits + lanes * (count * bits * 0.5 + encode) + memory),
    ff: 3 + 2 * outBits + inBits + 2 * counters + (rom.block ? 0 : Math.round(Math.min(rom.width, memory))),
    bram36: rom.block ? Math.ceil(rom.width / 36) * 0.5 * Math.ceil(rom.depth / 1024) : 0,
    dsp: 0,
  };
}
