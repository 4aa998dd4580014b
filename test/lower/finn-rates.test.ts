import { describe, expect, test } from 'vitest';
import { randomNetwork } from '../../bench/networks.ts';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { compileGraph } from '../../compiler/driver.ts';

// The rates of the FINN paper's networks (interval 16 and 62 cycles of latency; interval 128), by the cycle model. The LUTs, which
// take Yosys minutes, are in bench/finn-networks.ts.
describe('networks of the FINN paper at its rates', () => {
  test("SFC-max: full SIMD and full PE in turn, so that a layer starts on its neighbour's first outputs", () => {
    const { initiationInterval, latency, hw } = compileGraph(
      randomNetwork('sfc_max', [784, 256, 256, 256, 10]),
      {
        diagnostics: new Diagnostics(),
        folding: new Map([
          ['bit0', { pe: 16, simd: 784, order: 'output' }],
          ['bit1', { pe: 256, simd: 16, order: 'input' }],
          ['bit2', { pe: 16, simd: 256, order: 'output' }],
          ['sum3', { pe: 10, simd: 16, order: 'input' }],
        ]),
      },
    );
    expect({ initiationInterval, latency }).toEqual({ initiationInterval: 16, latency: 61 });
    expect(hw.nodes.filter((node) => node.unit === 'fifo')).toEqual([]);
  });

  test('SFC-max by --fps alone, without a folding', () => {
    const { initiationInterval } = compileGraph(randomNetwork('sfc_max', [784, 256, 256, 256, 10]), {
      diagnostics: new Diagnostics(),
      clockMhz: 200,
      fps: 12.5e6,
    });
    expect(initiationInterval).toBeLessThanOrEqual(16);
  });
});
