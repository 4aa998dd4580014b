import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { beats } from '../../compiler/hw/graph.ts';
import type { HwGraph, HwNode, StreamType } from '../../compiler/hw/graph.ts';
import { packBeats, unpackBeats } from '../../compiler/hw/pack.ts';
import type { TimingModel } from '../../compiler/hw/timing.ts';
import { int } from '../../compiler/qir/types.ts';
import {
  compareCycles,
  compareLogs,
  compareValues,
  createEngine,
  StallSource,
  vcdText,
  writeVcd,
} from '../../sim/index.ts';
import type { EngineResult } from '../../sim/index.ts';
import { naiveTransfers } from './naive.ts';
import { toyChain, toyChannel, toyDiamond, toyNode, toyUnits } from './toys.ts';
import type { Stage } from './toys.ts';

const elem = int(32);

const chains: fc.Arbitrary<HwGraph> = fc
  .record({
    elements: fc.integer({ min: 1, max: 9 }),
    lanes: fc.integer({ min: 1, max: 4 }),
    plan: fc.array(
      fc.record({
        unit: fc.constantFrom<Stage['unit'][]>('pass', 'fifo', 'matrix', 'matrix', 'collect'),
        depth: fc.integer({ min: 1, max: 4 }),
        elements: fc.integer({ min: 1, max: 9 }),
        lanes: fc.integer({ min: 1, max: 4 }),
        seed: fc.integer({ min: 0, max: 1000 }),
      }),
      { minLength: 1, maxLength: 5 },
    ),
  })
  .map(({ elements, lanes, plan }) => {
    let width = elements;
    const stages = plan.map(({ seed, ...stage }): Stage => {
      const matrix = stage.unit === 'matrix';
      const weights = matrix
        ? Array.from({ length: width * stage.elements }, (_, i) => ((seed + i * 7) % 15) - 7)
        : [];
      if (matrix) width = stage.elements;
      return { ...stage, weights };
    });
    return toyChain({ elem, elements, lanes }, stages);
  });

const requests = fc
  .record({
    frames: fc.integer({ min: 1, max: 40 }),
    stalls: fc.option(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { nil: undefined }),
    at: fc.option(fc.integer({ min: 0, max: 400 }), { nil: undefined }),
    resume: fc.nat(),
  })
  .map(({ frames, stalls, at, resume }) => ({
    frames,
    stalls,
    reset: at === undefined ? undefined : { at, resume: resume % (frames + 1) },
  }));

const inputOf = (hw: HwGraph): StreamType => (hw.channels[0] as HwGraph['channels'][number]).stream;

function dataFor(hw: HwGraph, frames: number): Int32Array {
  return Int32Array.from({ length: frames * inputOf(hw).elements }, (_, i) => ((i * 37) % 101) - 50);
}

/** What a chain computes, element by element. */
function valuesOf(hw: HwGraph, data: Int32Array, frames: number): number[] {
  let rows = Array.from({ length: frames }, (_, f) =>
    Array.from(data.slice(f * inputOf(hw).elements, (f + 1) * inputOf(hw).elements)),
  );
  hw.nodes.forEach((node, i) => {
    const w = node.consts['w']?.data;
    const outputs = hw.channels[i + 1]?.stream.elements ?? 0;
    if (w === undefined) return;
    rows = rows.map((row) =>
      Array.from({ length: outputs }, (_, n) =>
        row.reduce((sum, x, k) => (sum + Math.imul(x, w[n * row.length + k] ?? 0)) | 0, 0),
      ),
    );
  });
  return rows.flat();
}

describe('random chains', () => {
  test('every transfer of every channel takes place in the cycle that plain simulation gives', () => {
    fc.assert(
      fc.property(
        chains,
        requests,
        fc.constantFrom<('handshakes' | 'full')[]>('handshakes', 'full'),
        (hw, request, trace) => {
          const { frames } = request;
          const data = dataFor(hw, frames);
          const result = createEngine(hw, toyUnits).run({ ...request, inputs: [data], trace });
          const expected = naiveTransfers(hw, request);
          for (const log of result.log ?? [])
            expect(Array.from(log.cycles)).toEqual(expected.get(log.channel));
          expect(result.log?.length).toBe(hw.channels.length);
          expect(Array.from(result.outputCycles[0] ?? [])).toEqual(
            expected.get(hw.channels.at(-1)?.name ?? ''),
          );
          const resume = request.reset?.resume ?? 0;
          const values = valuesOf(hw, data, frames);
          const width = values.length / frames;
          expect(Array.from(result.outputs[0] ?? [])).toEqual(values.slice(resume * width));
          // the log carries the same values: beats after a reset are those of the resumed frames
          const last = result.log?.at(-1);
          const stream = hw.channels.at(-1)?.stream as StreamType;
          const packed = packBeats(stream, values);
          const beatSize = packed.length / (frames * beats(stream));
          const aborted = (result.abortedBeats[0] ?? 0) * beatSize;
          expect(last?.data.subarray(0, aborted)).toEqual(packed.subarray(0, aborted));
          expect(last?.data.subarray(aborted)).toEqual(packed.subarray(resume * beats(stream) * beatSize));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('extrapolation equals plain simulation for many frames, and the activity adds up', () => {
    let skipped = 0;
    fc.assert(
      fc.property(chains, fc.integer({ min: 50, max: 400 }), (hw, frames) => {
        const engine = createEngine(hw, toyUnits);
        const result = engine.run({ inputs: [dataFor(hw, frames)] });
        const expected = naiveTransfers(hw, { frames });
        expect(Array.from(result.outputCycles[0] ?? [])).toEqual(
          expected.get(hw.channels.at(-1)?.name ?? ''),
        );
        expect(Array.from(result.inputCycles[0] ?? [])).toEqual(expected.get('c0'));
        expect(result.cycles).toBe((expected.get(hw.channels.at(-1)?.name ?? '')?.at(-1) ?? -1) + 1);
        const timing = engine.time({ frames });
        expect([timing.cycles, timing.latency, timing.initiationInterval]).toEqual([
          result.cycles,
          result.latency,
          result.initiationInterval,
        ]);
        if (result.initiationInterval !== null) skipped++;
        for (const channel of result.activity.channels) {
          expect(channel.transfers + channel.waiting + channel.starving + channel.idle).toBe(
            result.activity.cycles,
          );
        }
      }),
      { numRuns: 60 },
    );
    expect(skipped).toBeGreaterThan(50);
  });

  test('stalls change when beats move, never what they carry', () => {
    let slower = 0;
    fc.assert(
      fc.property(chains, fc.integer({ min: 0, max: 2 ** 32 - 1 }), (hw, stalls) => {
        const engine = createEngine(hw, toyUnits);
        const inputs = [dataFor(hw, 12)];
        const [free, stalled] = [
          engine.run({ inputs, trace: 'handshakes' }),
          engine.run({ inputs, stalls, trace: 'handshakes' }),
        ];
        expect(stalled.outputs).toEqual(free.outputs);
        expect(stalled.cycles).toBeGreaterThanOrEqual(free.cycles);
        if (stalled.cycles > free.cycles) slower++;
        stalled.log?.forEach((log, c) => expect(log.data).toEqual(free.log?.[c]?.data));
      }),
      { numRuns: 60 },
    );
    expect(slower).toBeGreaterThan(40);
  });
});

const chain = (...stages: Partial<Stage>[]): HwGraph =>
  toyChain(
    { elem, elements: 4, lanes: 1 },
    stages.map((stage) => ({ unit: 'pass', depth: 1, elements: 4, lanes: 1, weights: [], ...stage })),
  );

test('a long initiation interval costs events, not cycles', () => {
  // the matrix takes 1000 beats, then works for 49,000 cycles and gives a beat every 1000
  const stage = {
    unit: 'matrix',
    depth: 2,
    elements: 50,
    lanes: 1,
    weights: new Array<number>(50_000).fill(1),
  } as const;
  const hw = toyChain({ elem, elements: 1000, lanes: 1 }, [stage]);
  const matrix = toyUnits.get('matrix');
  if (matrix === undefined) throw new Error('no matrix');
  let ticks = 0;
  const model = (node: HwNode): TimingModel => {
    const inner = matrix.model(node);
    const tick = inner.tick.bind(inner);
    inner.tick = (inputs, outputs) => {
      ticks++;
      tick(inputs, outputs);
    };
    return inner;
  };
  const timing = createEngine(hw, new Map([['matrix', { ...matrix, model }]])).time({ frames: 1000 });
  expect(timing.initiationInterval).toBe(50_000);
  expect(timing.cycles).toBe(50_000 * 999 + (timing.latency?.last ?? 0) + 1);
  expect(ticks).toBeLessThan(6 * 1400);
});

describe('reconverging branches', () => {
  const stream = { elem, elements: 6, lanes: 1 };

  test('a FIFO as deep as a frame keeps them going, and its occupancy is known', () => {
    const hw = toyDiamond(stream, 6);
    const engine = createEngine(hw, toyUnits);
    const data = dataFor(hw, 30);
    const result = engine.run({ inputs: [data], trace: 'handshakes' });
    const expected = naiveTransfers(hw, { frames: 30 });
    for (const log of result.log ?? []) expect(Array.from(log.cycles)).toEqual(expected.get(log.channel));
    expect(Array.from(result.outputs[0] ?? [])).toEqual(Array.from(data, (x) => 2 * x));
    const most = result.fifos.get('wait') ?? 0;
    expect(most).toBeGreaterThan(3);
    expect(most).toBeLessThanOrEqual(6);
  });

  test('a FIFO too small stops the design, which is said with the blocked channels', () => {
    const engine = createEngine(toyDiamond(stream, 2), toyUnits);
    expect(() => engine.time({ frames: 3 })).toThrow(/QCC5030.*diamond stands still/);
    expect(() => engine.time({ frames: 3, stalls: 5 })).toThrow(/QCC5030/);
    try {
      engine.time({ frames: 3 });
    } catch (error) {
      expect((error as { diagnostics: { found: string }[] }).diagnostics[0]?.found).toContain(
        'blocked channels (offered, not taken): x, b, b2',
      );
    }
  });
});

test('the instance that binds is named', () => {
  const weights = new Array<number>(16).fill(1);
  const slow = { unit: 'matrix', elements: 4, lanes: 1, weights } as const;
  const hw = chain({}, { unit: 'fifo', depth: 3 }, slow, {}, { unit: 'fifo', depth: 2 });
  const timing = createEngine(hw, toyUnits).time({ frames: 50 });
  expect(timing.initiationInterval).toBe(16);
  expect(timing.activity.binding).toBe('n2');
  expect(createEngine(chain({}, {}), toyUnits).time({ frames: 50 }).activity.binding).toBe(null);
});

test('the stall generator is the documented one', () => {
  const draws = (seed: number, endpoint: number): string => {
    const source = new StallSource(seed, endpoint);
    return source.rate + ':' + Array.from({ length: 16 }, () => (source.draw() ? 1 : 0)).join('');
  };
  // worked out from the definition in sim/README.md with 64-bit arithmetic
  const reference = (seed: bigint, endpoint: bigint): string => {
    const mask = 0xffffffffn;
    let state = (seed * 2654435761n + (endpoint + 1n) * 2246822519n) & mask;
    if (state === 0n) state = 0x9e3779b9n;
    const next = (): bigint => {
      state = (state ^ (state << 13n)) & mask;
      state ^= state >> 17n;
      state = (state ^ (state << 5n)) & mask;
      return state;
    };
    for (let i = 0; i < 8; i++) next();
    const rate = 1n + ((next() >> 16n) % 6n);
    return `${rate}:${Array.from({ length: 16 }, () => (((next() >> 16n) & 7n) < rate ? 1 : 0)).join('')}`;
  };
  for (const seed of [0, 1, 2, 12345, 2 ** 31, 2 ** 32 - 1]) {
    for (const endpoint of [0, 1, 7])
      expect(draws(seed, endpoint)).toBe(reference(BigInt(seed), BigInt(endpoint)));
  }
  expect(draws(1, 0)).toMatchInlineSnapshot(`"3:0010100000100010"`);
});

describe('bad requests', () => {
  const engine = createEngine(chain({}), toyUnits);
  test.each([
    [{ inputs: [] }, /QCC5011/],
    [{ inputs: [[1, 2, 3, 4, 5]] }, /QCC5010/],
    [{ inputs: [[1, 2, 3, 0.5]] }, /QCC5012.*element 3/],
    [{ inputs: [[1, 2, 3, 2 ** 31]] }, /QCC5012/],
    [{ inputs: [[1, 2, 3, 4]], stalls: -1 }, /QCC5013/],
    [{ inputs: [[1, 2, 3, 4]], reset: { at: 1.5, resume: 0 } }, /QCC5013/],
    [{ inputs: [[1, 2, 3, 4]], reset: { at: 1, resume: 2 } }, /QCC5013/],
  ])('%j', (request, message) => {
    expect(() => engine.run(request)).toThrow(message);
  });

  test('no frames, no cycles', () => {
    const result = engine.run({ inputs: [[]] });
    expect([result.cycles, result.latency, result.outputs[0]?.length]).toEqual([0, null, 0]);
  });

  test('a graph with an open port, an unknown unit and a wrong stream names each', () => {
    const stream = { elem, elements: 4, lanes: 1 };
    const nodes = [toyNode('p', 'pass', [stream], [stream]), toyNode('q', 'nothing', [], [])];
    const channels = [toyChannel('c', { ...stream, lanes: 2 }, '.in', 'p.in0')];
    const build = (): unknown => createEngine({ name: 'bad', nodes, channels, clockMhz: 1 }, toyUnits);
    expect(build).toThrow(/unknown unit/);
    expect(build).toThrow(/port out0 of p is not on one channel/);
    expect(build).toThrow(/port in0 of p has another stream type/);
  });
});

describe('comparison', () => {
  const hw = chain({}, { unit: 'fifo', depth: 2 });
  const engine = createEngine(hw, toyUnits);
  const run = (stalls?: number): EngineResult =>
    engine.run({ inputs: [dataFor(hw, 3)], stalls, trace: 'handshakes' });
  const named = (name: string, result: EngineResult): { name: string; result: EngineResult } => ({
    name,
    result,
  });
  const logged = (
    name: string,
    result: EngineResult,
  ): { name: string; log: NonNullable<EngineResult['log']> } => ({ name, log: result.log ?? [] });

  test('equal runs have no difference', () => {
    expect(compareValues(hw, named('a', run()), named('b', run()))).toBeNull();
    expect(compareCycles(hw, named('a', run()), named('b', run()))).toBeNull();
    expect(compareLogs(hw, logged('a', run()), logged('b', run()))).toBeNull();
  });

  test('a value is named by output, frame, element and cycle', () => {
    const changed = run();
    (changed.outputs[0] as Int32Array)[6] = 99;
    const found = compareValues(hw, named('engine', run()), named('verilator', changed));
    expect(found).toMatchObject({
      code: 'QCC5100',
      message: `engine and verilator differ at output c2, frame 1, element 2, cycle ${changed.outputCycles[0]?.[6]}`,
      expected: `engine: ${run().outputs[0]?.[6]}`,
      found: 'verilator: 99',
    });
  });

  test('a missing frame is a difference', () => {
    const short = { ...run(), outputs: [run().outputs[0]?.slice(0, 8) ?? new Int32Array()] };
    expect(compareValues(hw, named('a', run()), { name: 'b', result: short })).toMatchObject({
      code: 'QCC5102',
    });
  });

  test('a cycle is named by channel, frame and beat', () => {
    const changed = run();
    (changed.outputCycles[0] as Float64Array)[5] = 1000;
    expect(compareCycles(hw, named('a', run()), named('b', changed))).toMatchObject({
      code: 'QCC5101',
      message: 'a and b differ in the cycle of output c2, frame 1, beat 1',
      found: 'b: cycle 1000',
    });
    expect(compareLogs(hw, logged('a', run()), logged('b', run(3)))).toMatchObject({ code: 'QCC5101' });
  });

  test('the earliest differing beat of all channels is named', () => {
    const changed = run();
    const bytes = changed.log?.[1]?.data ?? new Uint8Array();
    bytes[4 * 8] = (bytes[4 * 8] ?? 0) ^ 1;
    const later = changed.log?.[0]?.data ?? new Uint8Array();
    later[4 * 11] = (later[4 * 11] ?? 0) ^ 1;
    const found = compareLogs(hw, logged('a', run()), logged('b', changed));
    expect(found).toMatchObject({
      code: 'QCC5100',
      message: expect.stringContaining('channel c1, frame 2, element 0, cycle') as string,
    });
    const stream = hw.channels[1]?.stream as StreamType;
    expect(found?.found).toBe(`b: ${unpackBeats(stream, bytes)[8]}`);
  });
});

describe('waveforms', () => {
  const hw = toyChain({ elem: int(4), elements: 3, lanes: 2 }, [
    { unit: 'pass', depth: 1, elements: 3, lanes: 2, weights: [] },
    { unit: 'fifo', depth: 1, elements: 3, lanes: 2, weights: [] },
  ]);
  const run = (stalls?: number): EngineResult =>
    createEngine(hw, toyUnits).run({ inputs: [[1, -2, 3, 4, 5, -6]], stalls, trace: 'full' });

  test('the dump reads as expected', async () => {
    const { waveform } = run();
    if (waveform === null) throw new Error('no waveform');
    await expect([...vcdText(hw, waveform)].join('')).toMatchFileSnapshot('golden/toy.vcd.txt');
  });

  test('the file is the text, and the same every time', () => {
    const folder = mkdtempSync(join(tmpdir(), 'qcc-vcd-'));
    try {
      const path = join(folder, 'out.vcd');
      for (const { waveform } of [run(7), run(7)]) {
        if (waveform === null) throw new Error('no waveform');
        writeVcd(path, hw, waveform);
        expect(readFileSync(path, 'utf8')).toBe([...vcdText(hw, waveform)].join(''));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
