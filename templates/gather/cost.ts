import { bitWidth } from '../../compiler/qir/types.ts';
import type { Cost } from '../../compiler/hw/index.ts';
import type { Plan } from './plan.ts';
import { bitsFor, blankOf, widths } from './view.ts';

/** Counters of the loops, three adders with constants to choose from, the memory, and the output register. */
export function cost(plan: Plan): Cost {
  const { nest, memory, params } = plan;
  const { ahead, level, address } = widths(plan);
  const counters = nest.loops.reduce((sum, { extent }) => sum + bitsFor(extent - 1), 0);
  const yBits = params.lanes * bitWidth(params.y);
  const blank = blankOf(plan);
  return {
    lut: Math.round(counters * 1.5 + 2 * address + ahead + level + 12 + memory.lut),
    ff: counters + ahead + level + 2 * address + 1 + (memory.block ? (blank === undefined ? 0 : 1) : yBits),
    bram36: memory.bram36,
    dsp: 0,
  };
}
