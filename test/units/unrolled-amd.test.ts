import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { emitRtl } from '../../compiler/emit/index.ts';
import { designPorts } from '../../compiler/hw/index.ts';
import { createEngine, createVerilatorRunner } from '../../sim/index.ts';
import type { VerilatorRunner } from '../../sim/index.ts';
import { templateRoot, units } from '../../templates/registry.ts';
import { unit } from '../../templates/unrolled/unit.ts';
import { benchDesign, randomFrames, randomSource, sameRun } from '../conformance/bench.ts';

/** The two cells that the form is made of, out of Yosys' own models of the vendor's library. */
function cells(): string {
  const yosys = realpathSync(execFileSync('sh', ['-c', 'command -v yosys'], { encoding: 'utf8' }).trim());
  const library = readFileSync(join(dirname(yosys), '..', 'share', 'yosys', 'xilinx', 'cells_sim.v'), 'utf8');
  const models = ['LUT6_2', 'CARRY8'].map((cell) => {
    const found = new RegExp(`^module ${cell}\\b[\\s\\S]*?^endmodule`, 'm').exec(library);
    if (found === null) throw new Error(`Yosys has no model of ${cell}`);
    return found[0];
  });
  return ['/* verilator lint_off DECLFILENAME */', '/* verilator lint_off UNOPTFLAT */', ...models].join(
    '\n',
  );
}

describe('the AMD form of the unrolled unit, on the cell models of Yosys', () => {
  const random = randomSource(21);
  const hw = benchDesign(unit, 9, random);
  const engine = createEngine(hw, units);
  let runner: VerilatorRunner;

  beforeAll(async () => {
    const files = new Map<string, string>();
    for (const [path, text] of emitRtl(hw, units, { templateRoot, version: '0.0.0' }))
      files.set(path, path.endsWith('.v') ? `\`define QCC_XILINX\n${text}` : text);
    expect([...files.values()].join('')).toMatch(/LUT6_2 #[^]*CARRY8/);
    files.set('rtl/cells.v', cells());
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
