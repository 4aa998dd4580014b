import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { emitRtl } from '../../compiler/emit/index.ts';
import {
  beats,
  designPorts,
  readHw,
  writeHw,
  type HwGraph,
  type UnitDefinition,
} from '../../compiler/hw/index.ts';
import type { TensorData } from '../../compiler/qir/types.ts';
import { createEngine, createVerilatorRunner } from '../../sim/index.ts';
import type { Engine, RunRequest, VerilatorRunner } from '../../sim/index.ts';
import { templateRoot, units } from '../../templates/registry.ts';
import { beatsNeeded, benchDesign, randomFrames, randomSource, sameRun, tool } from './bench.ts';

// The laws that every unit of the library keeps, whatever it computes. A new unit is covered by being registered; nothing here
// names one. QCC_SEED gives other instances and other data; QCC_INSTANCES more of them.
const seed = Number(process.env['QCC_SEED'] ?? 1);
const instances = Number(process.env['QCC_INSTANCES'] ?? 12);
const frames = 7;

describe.each([...units.values()].map((unit) => [unit.name, unit] as const))(
  'unit %s',
  (name, unit: UnitDefinition) => {
    const random = randomSource(
      seed * 1000003 + [...name].reduce((hash, c) => Math.imul(hash, 31) + c.charCodeAt(0), 7),
    );
    let folder = '';
    let hw: HwGraph;
    let engine: Engine;
    let runner: VerilatorRunner;
    let inputs: TensorData[];

    beforeAll(async () => {
      hw = benchDesign(unit, instances, random);
      engine = createEngine(hw, units);
      const files = emitRtl(hw, units, { templateRoot, version: '0.0.0' });
      folder = mkdtempSync(join(tmpdir(), 'qcc-conformance-'));
      for (const [path, text] of files) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), text);
      }
      const ports = designPorts(hw, units);
      inputs = ports
        .filter((port) => port.direction === 'in')
        .map((port) => randomFrames(port.channel.stream, frames, random));
      runner = await createVerilatorRunner({
        top: hw.name,
        ports,
        channels: hw.channels,
        files,
        monitor: true,
        effort: 'build',
      });
    }, 300_000);

    afterAll(() => {
      runner?.close();
      if (folder !== '') rmSync(folder, { recursive: true, force: true });
    });

    const same = async (request: Omit<RunRequest, 'inputs'>): Promise<void> =>
      sameRun(engine, runner, { ...request, inputs });

    test('accepts its own samples', () => {
      for (const node of hw.nodes) expect(unit.check(node)).toEqual([]);
      expect(readHw(writeHw(hw), 'bench').channels).toEqual(hw.channels);
    });

    test('is lint-clean in Verilator and Icarus', () => {
      expect(
        tool('verilator', ['--lint-only', '-Wall', '--top-module', hw.name, '-f', `${hw.name}.f`], folder),
      ).toEqual({
        status: 0,
        output: '',
      });
      const icarus = ['-Wall', '-g2005', '-s', hw.name, '-o', join(folder, 'lint.vvp'), '-c', `${hw.name}.f`];
      expect(tool('iverilog', icarus, folder)).toEqual({ status: 0, output: '' });
    });

    test('holds no latch, no loop and no second driver for Yosys', () => {
      const script = join(folder, 'check.ys');
      const sources = readFileSync(join(folder, `${hw.name}.f`), 'utf8')
        .trim()
        .split('\n');
      const read = sources.map((path) => `read_verilog ${path}`).join('\n');
      const checks = 'proc\ncheck -assert\nselect -assert-none t:$dlatch t:$adlatch t:$dlatchsr t:$sr';
      writeFileSync(script, `${read}\nhierarchy -check -top ${hw.name}\n${checks}\n`);
      const { status, output } = tool('yosys', ['-q', '-s', script], folder);
      expect(output).not.toMatch(/ERROR|Latch inferred|multiple conflicting drivers|logic loop/);
      expect(status).toBe(0);
    });

    test('RTL = engine in every cycle, without stalls', async () => same({}));

    test.each([11, 12, 13, 14])('RTL = engine in every cycle, stalls %i at both ends', async (stalls) =>
      same({ stalls: stalls * seed }),
    );

    test.each([0, 1, 2, 3])('RTL = engine in every cycle, reset in mid-run %i', async (round) => {
      const stalls = round % 2 === 0 ? undefined : round * 77 + seed;
      const { cycles } = engine.time({ frames, stalls });
      const at = random.integer(1, cycles - 1);
      await same({ stalls, reset: { at, resume: random.integer(0, frames - 1) } });
    });

    test('takes the cycles that timing() promises', async () => {
      const { inputCycles, outputCycles } = await runner.run({ inputs });
      const found: unknown[] = [];
      const expected: unknown[] = [];
      let input = 0;
      let output = 0;
      for (const node of hw.nodes) {
        const ports = unit.ports(node);
        const ins = ports.filter((port) => port.direction === 'in');
        const outs = ports.filter((port) => port.direction === 'out');
        const stream = outs[0]?.stream;
        const stamps = outputCycles[output];
        if (stream === undefined || stamps === undefined) throw new Error(`${node.name} has no output`);
        const last = frames * beats(stream) - 1;
        const interval = (stamps[last] as number) - (stamps[last - beats(stream)] as number);
        const patience = 200 + 4 * unit.timing(node).initiationInterval + 4 * unit.timing(node).latency;
        const needed = ins.map((_, port) => {
          const count = beatsNeeded(unit, node, port, patience);
          return count === 0 ? 0 : (inputCycles[input + port]?.[count - 1] as number);
        });
        found.push({
          name: node.name,
          initiationInterval: interval,
          latency: (stamps[0] as number) - Math.max(...needed),
        });
        expected.push({ name: node.name, ...unit.timing(node) });
        input += ins.length;
        output += outs.length;
      }
      expect(found).toEqual(expected);
    });
  },
);
