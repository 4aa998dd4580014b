import { describe, expect, test } from 'vitest';
import { freeze, type HwGraph, type HwNode } from '../../compiler/hw/index.ts';
import { Diagnostics, DiagnosticError } from '../../compiler/diagnostics/index.ts';
import { lower } from '../../compiler/lower/lower.ts';
import { createEngine } from '../../sim/index.ts';
import { createRandom } from '../../compiler/random.ts';
import { GraphBuilder, uint } from '../../compiler/qir/index.ts';
import { units } from '../../templates/registry.ts';
import { binaryMlp, compile, cycleModel, randomDag } from './nets.ts';
import { toyUnits } from './toys.ts';

/** Cycles a frame; Infinity if the design stands still. */
const intervalOf = (hw: HwGraph, known = units): number => {
  try {
    const { initiationInterval } = createEngine(hw, known).time({ frames: 4096 });
    if (initiationInterval === null) throw new Error('the timing does not recur');
    return initiationInterval;
  } catch (error) {
    if (error instanceof DiagnosticError && error.diagnostics[0]?.code === 'QCC5030') return Infinity;
    throw error;
  }
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

  test('let branches meet again without ever standing still, and no FIFO can be shorter', () => {
    const random = createRandom(Number(process.env['QCC_SEED'] ?? 11));
    let found = 0;
    let still = 0;
    for (let round = 0; round < 60; round++) {
      const size = { layers: random.integer(4, 9), width: random.integer(3, 9) };
      const graph = randomDag(random, { ...size, inputs: 1 });
      const clockMhz = 100;
      const style = 'folded' as const;
      const fps = 1e8 / random.integer(9, 90);
      const { hw, measured, plan } = lower(
        graph,
        toyUnits,
        { clockMhz, fps, style },
        'dag',
        cycleModel(toyUnits),
        new Diagnostics(),
      );
      const slowest = Math.max(...plan.map(({ timing }) => timing.initiationInterval));
      expect([round, measured.initiationInterval]).toEqual([round, slowest]);
      expect(intervalOf(hw, toyUnits)).toBe(slowest);
      for (const fifo of hw.nodes.filter(({ unit }) => unit === 'fifo')) {
        found++;
        for (const depth of [Number(fifo.params['depth']) - 1, 0]) {
          const interval = intervalOf(shortened(hw, fifo, depth), toyUnits);
          if (interval === Infinity) still++;
          expect([round, fifo.name, interval > slowest]).toEqual([round, fifo.name, true]);
        }
      }
    }
    // the test means something only where FIFOs are needed, some of them against a standstill
    expect(found).toBeGreaterThan(20);
    expect(still).toBeGreaterThan(5);
  });

  test('are found for a design of parts that nothing connects, each with its own rate', () => {
    const g = new GraphBuilder('parts');
    g.output(g.threshold(g.input('x', uint(4), [6]), [[3, 9]], { name: 'quick' }));
    g.output(
      g.matmul(
        g.input('y', uint(4), [5]),
        Array.from({ length: 7 }, () => [1, 2, 3, 4, 5]),
        { name: 'slow' },
      ),
    );
    const folding = new Map([['slow', { pe: 1, simd: 1 }]]);
    const { initiationInterval, hw } = compile(g.build(), { folding });
    expect(initiationInterval).toBe(35);
    expect(hw.channels.filter(({ from }) => from.node === '').map(({ name }) => name)).toEqual(['x', 'y']);
    expect(hw.channels.filter(({ to }) => to.node === '').map(({ name }) => name)).toEqual([
      'out_quick',
      'out_slow',
    ]);
  });

  // one part keeps the interval without FIFOs, the other one does not: together they have no steady state then
  test.each([114, 200, 232])(
    'are found for parts of which only some keep pace without FIFOs (graph %i)',
    (seed) => {
      const sizes = { layers: 2 + (seed % 7), width: 2 + (seed % 8), inputs: 2 };
      const random = createRandom(seed);
      random.integer(1, 2);
      const cycles = Math.max(4 + ((seed * 7) % 86), sizes.width);
      const { hw, initiationInterval } = compile(randomDag(random, sizes), {
        clockMhz: 100,
        fps: 1e8 / cycles,
        style: 'folded',
      });
      expect(hw.nodes.some(({ unit }) => unit === 'fifo')).toBe(true);
      expect(initiationInterval).toBeLessThanOrEqual(cycles);
    },
  );
});
