import { afterAll, describe, expect, test } from 'vitest';
import { emitRtl } from '../../compiler/emit/index.ts';
import { designPorts, type UnitDefinition } from '../../compiler/hw/index.ts';
import { createEngine, createVerilatorRunner } from '../../sim/index.ts';
import type { VerilatorRunner } from '../../sim/index.ts';
import { templateRoot, units } from '../../templates/registry.ts';
import { beatsNeeded, benchDesign, randomFrames, randomSource, sameRun } from './bench.ts';

// The conformance suite itself must be able to fail: each case here breaks one unit in one way that a law has to notice.

const fifo = units.get('fifo');
if (fifo === undefined) throw new Error('the fifo unit is gone: choose another unit to break');
const random = randomSource(99);
const shape = {
  params: { stream: { elem: { kind: 'int', bits: 9 }, elements: 11, lanes: 2 }, depth: 4 },
  consts: {},
} as const;
const bench = benchDesign({ ...fifo, sample: () => shape }, 1, random);
const inputs = bench.channels.slice(0, 1).map(({ stream }) => randomFrames(stream, 6, random));
const runners: VerilatorRunner[] = [];
afterAll(() => runners.forEach((runner) => runner.close()));

async function build(break_: (text: string) => string): Promise<VerilatorRunner> {
  const files = emitRtl(bench, units, { templateRoot, version: '0.0.0' });
  const path = 'rtl/bench_fifo_i0.v';
  const original = files.get(path) ?? '';
  files.set(path, break_(original));
  const ports = designPorts(bench, units);
  const runner = await createVerilatorRunner({
    top: bench.name,
    ports,
    channels: bench.channels,
    files,
    monitor: true,
    effort: 'build',
  });
  runners.push(runner);
  return runner;
}

function replacing(from: string, to: string): (text: string) => string {
  return (text) => {
    expect(text).toContain(from);
    return text.replace(from, to);
  };
}

const variant = (change: Partial<UnitDefinition>): ReadonlyMap<string, UnitDefinition> =>
  new Map([['fifo', { ...fifo, ...change }]]);

describe('the conformance suite', () => {
  test('passes the whole unit', async () => {
    const runner = await build((text) => text);
    await sameRun(createEngine(bench, units), runner, { inputs, stalls: 3 });
  });

  test.each([
    [
      'a beat of wrong data',
      replacing('assign out_data = memory[read_q]', "assign out_data = memory[read_q] ^ (read_q == 2'd1)"),
    ],
    ['a FIFO that is one shorter', replacing("count_q != 3'd4", "count_q != 3'd3")],
    ['a state that survives reset', replacing("read_q <= 2'd0;", 'read_q <= read_q;')],
    [
      'valid that falls',
      replacing(
        "assign out_valid = count_q != 3'd0",
        "assign out_valid = count_q != 3'd0 && !(count_q == 3'd2 && write_q == 2'd3)",
      ),
    ],
  ])('finds %s', async (_, break_) => {
    const runner = await build(break_);
    const engine = createEngine(bench, units);
    const all = async (): Promise<void> => {
      await sameRun(engine, runner, { inputs });
      for (const stalls of [1, 2, 3, 4]) {
        await sameRun(engine, runner, { inputs, stalls });
        await sameRun(engine, runner, { inputs, stalls, reset: { at: 19 + stalls, resume: 1 } });
      }
    };
    await expect(all()).rejects.toThrow();
  });

  test('finds a cycle model that is not the RTL', async () => {
    const runner = await build((text) => text);
    const node = bench.nodes[0];
    if (node === undefined) throw new Error('no node');
    const wrong = variant({ model: () => fifo.model({ ...node, params: { ...node.params, depth: 5 } }) });
    await expect(sameRun(createEngine(bench, wrong), runner, { inputs, stalls: 2 })).rejects.toThrow();
  });

  test('knows how many beats the first output beat needs', () => {
    const node = bench.nodes[0];
    if (node === undefined) throw new Error('no node');
    expect(beatsNeeded(fifo, node, 0, 100)).toBe(1);
  });
});
