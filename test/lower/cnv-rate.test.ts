import { expect, test } from 'vitest';
import { randomCnv } from '../../bench/networks.ts';
import { nothing, sum, synthesizeParts } from '../../bench/yosys.ts';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { compileGraph } from '../../compiler/driver.ts';
import type { Cost } from '../../compiler/hw/index.ts';

// Published for CNV-max: a frame every 9,130 cycles, 46,253 LUT, 186 BRAM36. `make synthesis` lets Yosys count, which takes minutes.
const { initiationInterval, latency, plan, hw } = compileGraph(randomCnv('cnv'), {
  diagnostics: new Diagnostics(),
  clockMhz: 200,
  fps: 2e8 / 9130,
  form: 'amd',
});

test("CNV at the FINN paper's rate, folded by the compiler for AMD cells", () => {
  const total = (resource: keyof Cost): number => plan.reduce((all, { cost }) => all + cost[resource], 0);
  expect({ initiationInterval, latency }).toEqual({ initiationInterval: 9072, latency: 32256 });
  expect({ lut: total('lut'), ff: total('ff'), bram36: total('bram36'), dsp: total('dsp') }).toEqual({
    lut: 16_622,
    ff: 9_272,
    bram36: 37.5,
    dsp: 0,
  });
});

test.skipIf(process.env['QCC_SYNTHESIS'] === undefined)(
  'the same as Yosys counts it, instance by instance',
  { timeout: 3_600_000 },
  () => {
    const found = synthesizeParts(hw, { xilinx: true }).reduce((all, part) => sum(all, part.found), nothing);
    expect(found.lut).toBeLessThanOrEqual(18_000);
    expect(found.bram36).toBeLessThanOrEqual(186);
    expect(found.dsp).toBe(0);
  },
);
