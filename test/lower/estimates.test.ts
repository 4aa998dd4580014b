import { expect, test } from 'vitest';
import { drawnNetworks } from '../../bench/random-networks.ts';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { compileGraph } from '../../compiler/driver.ts';

// The estimates that bench/estimates.ts compares with Yosys; a change of them is a reason to measure again (compiler/report/error.ts).
test(
  'estimates of the random networks that the stated error was measured on',
  { timeout: 120_000 },
  async () => {
    const lines: string[] = [];
    for (const { name, load } of drawnNetworks(10)) {
      const { plan, initiationInterval } = compileGraph(await load(''), { diagnostics: new Diagnostics() });
      const total = (resource: 'lut' | 'ff' | 'bram36' | 'dsp'): number =>
        plan.reduce((sum, { cost }) => sum + cost[resource], 0);
      lines.push(
        `${name}: ${initiationInterval} cycles, ${total('lut')} LUT, ${total('ff')} FF, ${total('bram36')} BRAM36, ${total('dsp')} DSP\n`,
      );
    }
    await expect(lines.join('')).toMatchFileSnapshot('../golden/estimates.txt');
  },
);
