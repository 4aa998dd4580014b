import type { Cost } from '../../compiler/hw/index.ts';
import type { Plan } from './plan.ts';
import { outputOf } from './output.ts';
import { bitsFor, widths } from './view.ts';

/**
 * Counters of the loops (one that ends at a power of two needs no logic to begin again), three adders with constants to choose from, the
 * memory, and the output register. Factors fitted, see README.md.
 */
export function cost(plan: Plan): Cost {
  const { nest, memory, steps } = plan;
  const { ahead, level, address } = widths(plan);
  let counters = 0;
  let logic = ahead + level + address + 1;
  for (const { extent } of nest.loops) {
    const bits = bitsFor(extent - 1);
    counters += bits;
    logic += bits * (2 ** bits === extent ? 1.1 : 2.1);
  }
  const blank = steps.blank.includes(1);
  if (blank) logic += 8;
  // an address that is no power of two, and block RAMs whose words are chosen from
  if (memory.turns > 1) logic += 12 + (memory.block ? memory.width : 0);
  const fresh = steps.blank[0] === 1 ? 1 : 0;
  const flag = outputOf(plan.params, blank).flag ? 1 : 0;
  return {
    lut: Math.round(logic + memory.lut),
    ff: counters + ahead + level + 2 * address + 1 + fresh + flag + (memory.block ? 0 : memory.width),
    bram36: memory.bram36,
    dsp: 0,
  };
}
