import { afterAll, beforeAll, describe, test } from 'vitest';
import { designPorts } from '../../compiler/hw/index.ts';
import { createEngine, createVerilatorRunner } from '../../sim/index.ts';
import type { VerilatorRunner } from '../../sim/index.ts';
import { units } from '../../templates/registry.ts';
import { unit } from '../../templates/unrolled/unit.ts';
import { benchDesign, randomFrames, randomSource, sameRun } from '../conformance/bench.ts';
import { amdFiles } from './cell-models.ts';

describe('the AMD form of the unrolled unit, on the cell models of Yosys', () => {
  const random = randomSource(21);
  const hw = benchDesign(unit, 9, random);
  const engine = createEngine(hw, units);
  let runner: VerilatorRunner;

  beforeAll(async () => {
    const files = amdFiles(hw);
    const ports = designPorts(hw, units);
    runner = await createVerilatorRunner({
      top: hw.name,
      ports,
      channels: hw.channels,
      files,
      monitor: true,
    });
  }, 300_000);

  afterAll(() => runner?.close());

  test.each([{}, { stalls: 3 }])(
    'moves every beat in the same cycle with the same value as the cycle engine: %j',
    async (request) => {
      const inputs = designPorts(hw, units)
        .filter((port) => port.direction === 'in')
        .map((port) => randomFrames(port.channel.stream, 20, random));
      await sameRun(engine, runner, { ...request, inputs });
    },
    120_000,
  );
});
