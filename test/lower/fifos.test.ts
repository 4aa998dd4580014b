import { describe, expect, test } from 'vitest';
import { freeze, type HwGraph, type HwNode } from '../../compiler/hw/index.ts';
import { createEngine } from '../../sim/index.ts';
import { createRandom } from '../../compiler/random.ts';
import { units } from '../../templates/registry.ts';
import { binaryMlp, compile } from './nets.ts';

const intervalOf = (hw: HwGraph): number => {
  const { initiationInterval } = createEngine(hw, units).time({ frames: 4096 });
  if (initiationInterval === null) throw new Error('the timing does not recur');
  return initiationInterval;
};

/** The design with a FIFO one beat shorter, or without it. */
function shortened(hw: HwGraph, fifo: HwNode, depth: number): HwGraph {
  if (depth > 0) {
    const params = { ...fifo.params, depth };
    return freeze({
      ...hw,
      nodes: hw.nodes.map((node) => (node.name === fifo.name ? { ...node, params } : node)),
    });
  }
  const before = hw.channels.find(({ to }) => to.node === fifo.name);
  const after = hw.channels.find(({ from }) => from.node === fifo.name);
  if (before === undefined || after === undefined) throw new Error('a FIFO stands between two units');
  return freeze({
    ...hw,
    nodes: hw.nodes.filter((node) => node.name !== fifo.name),
    channels: hw.channels
      .filter((channel) => channel !== after)
      .map((channel) => (channel === before ? { ...before, to: after.to } : channel)),
  });
}

describe('FIFO depths', () => {
  test('keep the interval of the slowest unit, and no FIFO can be shorter', () => {
    const random = createRandom(Number(process.env['QCC_SEED'] ?? 5));
    let found = 0;
    for (let round = 0; round < 120; round++) {
      const sizes = Array.from({ length: random.integer(3, 6) }, () => random.integer(2, 40));
      // layers that take about the same time each, in either order: there bursts meet layers that are still busy
      const cycles = random.integer(4, 40);
      const folding = new Map(
        sizes.slice(1).map((outputs, i) => {
          const inputs = sizes[i] ?? 1;
          const simd = random.integer(Math.ceil(inputs / cycles), inputs);
          const groups = Math.floor(cycles / Math.ceil(inputs / simd));
          const pe = Math.max(1, Math.ceil(outputs / groups));
          return [`fc${i}`, { pe, simd, order: random.pick(['input', 'output'] as const) }];
        }),
      );
      const { hw, plan, initiationInterval } = compile(binaryMlp(sizes, round), { folding });
      const slowest = Math.max(...plan.map(({ timing }) => timing.initiationInterval));
      expect(initiationInterval).toBe(slowest);
      expect(intervalOf(hw)).toBe(initiationInterval);
      for (const fifo of hw.nodes.filter(({ unit }) => unit === 'fifo')) {
        found++;
        for (const depth of [Number(fifo.params['depth']) - 1, 0])
          expect(intervalOf(shortened(hw, fifo, depth))).toBeGreaterThan(initiationInterval);
      }
    }
    // the test means something only where there are FIFOs
    expect(found).toBeGreaterThan(10);
  });
});
