import { expect, test } from 'vitest';
import { randomCnv } from '../../bench/networks.ts';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { compileGraph } from '../../compiler/driver.ts';
import type { Cost } from '../../compiler/hw/index.ts';

// Published for CNV-max: a frame every 9,130 cycles, 46,253 LUT, 186 BRAM36. What Yosys counts, which takes minutes, is in
// bench/finn-networks.ts.
test("CNV at the FINN paper's rate, folded by the compiler for AMD cells", { timeout: 240_000 }, () => {
  const { initiationInterval, latency, plan } = compileGraph(randomCnv('cnv'), {
    diagnostics: new Diagnostics(),
    clockMhz: 200,
    fps: 2e8 / 9130,
    form: 'amd',
  });
  const total = (resource: keyof Cost): number => plan.reduce((sum, { cost }) => sum + cost[resource], 0);
  expect({ initiationInterval, latency }).toEqual({ initiationInterval: 9072, latency: 32256 });
  // estimates, which say rather too much
  expect(total('lut')).toBeLessThanOrEqual(18_000);
  expect(total('bram36')).toBeLessThanOrEqual(186);
  expect(total('dsp')).toBe(0);
});
