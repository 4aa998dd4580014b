import { expect, test } from 'vitest';
import { randomResnet } from '../../bench/groupnet-networks.ts';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { compileGraph } from '../../compiler/driver.ts';
import { buildGroupNet } from '../../compiler/quantize/groupnet/index.ts';
import { simulate } from '../../compiler/simulate.ts';
import { randomSource } from '../conformance/bench.ts';

const random = randomSource(31);

// `make resnet18` is the same for a whole ResNet-18 of five branches
test('a small ResNet of two branches, four-bit activations, is the same at evaluator, cycle engine and Verilator', async () => {
  const net = randomResnet('resnet', {
    size: 32,
    width: 2,
    branches: 2,
    blocks: 1,
    bits: 4,
    classes: 10,
    large: false,
  });
  const graph = buildGroupNet(net, { output: 'sums' });
  const diagnostics = new Diagnostics();
  const compilation = compileGraph(graph, { diagnostics, fps: 10_000 });
  const data = Uint8Array.from({ length: 32 * 32 * 3 }, () => random.integer(0, 255));
  const frames = { count: 1, elements: data.length, data };
  const { checks, output, engines } = await simulate(compilation, {
    inputs: [frames],
    engine: 'all',
    diagnostics,
  });
  expect(diagnostics.all.filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(engines).toEqual(['reference', 'cycle', 'verilator']);
  expect(checks.map(({ equal }) => equal)).toEqual([true, true]);
  expect(new Set(output.data).size).toBeGreaterThan(5);
  // four groups, two branches each: the branches meet in one sum a group, whose coefficients differ by channel
  const joins = compilation.integer.nodes.filter(({ op }) => op === 'combine');
  expect(joins.map(({ name }) => name)).toEqual(Array.from({ length: 4 }, (_, i) => `g${i}_sum`));
  expect(compilation.initiationInterval).toBe(18432);
}, 300_000);
