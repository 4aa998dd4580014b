import { describe, expect, test } from 'vitest';
import { decodeElement } from '../../compiler/hw/index.ts';
import type { HwNode } from '../../compiler/hw/index.ts';
import { bitWidth, fixed, int, uint, valueRange } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import { unit } from '../../templates/threshold/unit.ts';
import { firstMismatch, randomSource, simulate, UnitFolder } from './icarus.ts';

interface Params {
  readonly elements: number;
  readonly channels: number;
  readonly x: ElementType;
  readonly y: ElementType;
  readonly base: number;
}

function sampleNode(seed: number): HwNode {
  const { params, consts } = unit.sample(randomSource(seed));
  return { name: 'dut', unit: 'threshold', params, consts, origin: { nodes: [] }, value: 'y' };
}

interface LevelCase {
  readonly x: ElementType;
  readonly count: number;
  readonly channels: number;
  readonly lanes: number;
  readonly pixels: number;
  readonly form: 'parallel' | 'search';
}

/** An instance whose thresholds lie all over the input's range and a little beyond it; every third channel falls. */
function levelNode(
  random: ReturnType<typeof randomSource>,
  { x, count, channels, lanes, pixels, form }: LevelCase,
): HwNode {
  const { min, max } = valueRange(x);
  const rows = Array.from({ length: channels }, () =>
    Array.from({ length: count }, () => random.integer(min - 1, max + 2)).sort((a, b) => a - b),
  );
  const row = Math.max(channels, lanes);
  return {
    name: 'dut',
    unit: 'threshold',
    params: {
      ...(pixels * channels === row ? {} : { rows: (pixels * channels) / row }),
      elements: pixels * channels,
      channels,
      lanes,
      x: { ...x },
      y: { ...int(Math.ceil(Math.log2(count + 1)) + 2) },
      base: -count,
      form,
    },
    consts: {
      thresholds: { elem: int(32), shape: [channels, count], data: Int32Array.from(rows.flat()) },
      flip: {
        elem: uint(1),
        shape: [channels],
        data: Uint8Array.from({ length: channels }, (_, c) => (c % 3 === 1 ? 1 : 0)),
      },
    },
    origin: { nodes: [] },
    value: 'y',
  };
}

function reference(node: HwNode, frame: readonly number[]): number[] {
  const { channels, y, base } = node.params as unknown as Params;
  const { thresholds, flip } = node.consts;
  const count = thresholds?.shape[1] ?? 0;
  return frame.map((value, e) => {
    const c = e % channels;
    let reached = 0;
    for (let j = 0; j < count; j++) if (value >= (thresholds?.data[c * count + j] ?? 0)) reached++;
    return base + (y.kind === 'bipolar' ? 2 : 1) * (flip?.data[c] === 1 ? count - reached : reached);
  });
}

describe('threshold', () => {
  test('every sample is legal and its RTL equals model and arithmetic, with stalls and a reset in mid-frame', () => {
    for (let seed = 1; seed <= Number(process.env['THRESHOLD_SEEDS'] ?? 40); seed++) {
      const node = sampleNode(seed);
      const where = `seed ${seed}: ${JSON.stringify(node.params)}`;
      expect(unit.check(node), where).toEqual([]);
      const random = randomSource(seed + 1000);
      const { elements, x } = node.params as unknown as Params;
      const frames = Array.from({ length: 5 }, () =>
        Array.from({ length: elements }, () =>
          x.kind === 'ternary'
            ? random.integer(-1, 1)
            : decodeElement(x, random.integer(0, 2 ** bitWidth(x) - 1)),
        ),
      );
      const interval = unit.timing(node).initiationInterval;
      const calm = seed % 3 === 0;
      const chance = (): boolean => calm || random.integer(0, 2) > 0;
      const half = Math.floor(interval * 1.5) + 4;
      const folder = new UnitFolder(unit, node);
      const wires = simulate(unit, node, folder, frames, {
        cycles: frames.length * interval * (calm ? 1 : 4) + 80 + half,
        offer: chance,
        ready: chance,
        reset: (c) => c < 2 || c === half,
      });
      const expected = frames.map((frame) => reference(node, frame));
      expect(firstMismatch(unit, node, wires, expected), `${where} in ${folder.path}`).toBeUndefined();
      folder.remove();
    }
  }, 120_000);

  test('is clean in Verilator, Icarus and Yosys', () => {
    for (let seed = 1; seed <= Number(process.env['THRESHOLD_LINT_SEEDS'] ?? 20); seed++) {
      const node = sampleNode(seed);
      const folder = new UnitFolder(unit, node);
      expect(folder.lint(), `seed ${seed}: ${JSON.stringify(node.params)} in ${folder.path}`).toBe('');
      folder.remove();
    }
  }, 120_000);

  test.each(['parallel', 'search'] as const)('%s: every input of every channel has its level', (form) => {
    const cases: readonly (readonly [x: ElementType, count: number, channels: number, lanes: number])[] = [
      [uint(6), 1, 3, 3],
      [uint(6), 2, 1, 1],
      [int(7), 7, 3, 2],
      [fixed(7, 3), 8, 5, 10],
      [int(8), 100, 3, 1],
      [uint(8), 255, 5, 2],
      [int(9), 300, 2, 2],
    ];
    // hundreds of comparisons side by side take Icarus minutes
    for (const [x, count, channels, lanes] of form === 'search' ? cases : cases.slice(0, 5)) {
      const random = randomSource(count);
      const { min, max } = valueRange(x);
      const values = Array.from({ length: max - min + 1 }, (_, i) => min + i);
      const node = levelNode(random, { x, count, channels, lanes, pixels: values.length, form });
      const where = JSON.stringify(node.params);
      expect(unit.check(node), where).toEqual([]);
      const frame = values.flatMap((value) => Array.from({ length: channels }, () => value));
      const { initiationInterval, latency } = unit.timing(node);
      const folder = new UnitFolder(unit, node);
      const wires = simulate(unit, node, folder, [frame], {
        cycles: initiationInterval + latency + 4,
        offer: () => true,
        ready: () => true,
        reset: (cycle) => cycle < 2,
      });
      expect(firstMismatch(unit, node, wires, [reference(node, frame)]), where).toBeUndefined();
      // the first result comes out as many cycles after the first input as is promised
      expect(
        wires.findIndex(({ outValid }) => outValid === '1'),
        where,
      ).toBe(2 + latency);
      folder.remove();
    }
  });

  test.each(['parallel', 'search'] as const)('%s: the least and greatest 32-bit integers', (form) => {
    const x = int(32);
    const { min, max } = valueRange(x);
    const data = [min, min, min + 1, -1, 0, 1, max - 1, max, max];
    const thresholds = { elem: x, shape: [2, 9], data: Int32Array.from([...data, ...data]) };
    const flip = { elem: uint(1), shape: [2], data: Uint8Array.of(0, 1) };
    const levels = { x: { ...x }, y: { ...int(5) }, base: -9 };
    for (const lanes of [1, 2]) {
      const node: HwNode = {
        name: 'dut',
        unit: 'threshold',
        params: { rows: 8 / lanes, elements: 2 * (8 / lanes), channels: 2, lanes, ...levels, form },
        consts: { thresholds, flip },
        origin: { nodes: [] },
        value: 'y',
      };
      const all = [min, min + 1, min + 2, -1, 0, max - 2, max - 1, max].slice(0, 8 / lanes);
      const frame = all.flatMap((value) => [value, value]);
      const folder = new UnitFolder(unit, node);
      const wires = simulate(unit, node, folder, [frame], {
        cycles: 60,
        offer: () => true,
        ready: () => true,
        reset: (cycle) => cycle < 2,
      });
      expect(firstMismatch(unit, node, wires, [reference(node, frame)])).toBeUndefined();
      folder.remove();
    }
  });

  test('a search takes a stage a bit of the level, and one more where a table lies in block RAM', () => {
    const latency = (count: number, channels: number): number => {
      const form = { x: int(20), channels, lanes: 1, pixels: 2, form: 'search' } as const;
      return unit.timing(levelNode(randomSource(1), { ...form, count })).latency;
    };
    expect([1, 2, 3, 4, 7, 8, 255, 256].map((count) => latency(count, 1))).toEqual([1, 2, 2, 3, 3, 4, 8, 9]);
    // 64 channels: tables of 64, 128, 256, 512 ... 8192 words, from 512 words of 20 bits on in block RAM
    expect([1, 7, 8, 255].map((count) => latency(count, 64))).toEqual([1, 3, 5, 13]);
  });

  test('a lane holds the thresholds of its channels only', () => {
    const bits = (lanes: number): number => {
      const form = { x: int(20), count: 255, channels: 64, pixels: 2, form: 'search' } as const;
      const node = levelNode(randomSource(2), { ...form, lanes });
      return unit.memories(node).reduce((sum, { width, words }) => sum + width * words.length, 0);
    };
    // what is not in the text: tables of more than 64 words
    expect(bits(1)).toBe(20 * 64 * (255 - 1));
    expect(bits(4)).toBe(20 * 64 * (255 - 7));
  });

  test('more thresholds than a pipeline has stages for are refused in a search', () => {
    const form = { x: int(20), channels: 1, lanes: 1, pixels: 1 } as const;
    const many = levelNode(randomSource(3), { ...form, count: 2 ** 15, form: 'search' });
    expect(unit.check(many).map(({ message }) => message)).toHaveLength(1);
    expect(unit.check(levelNode(randomSource(3), { ...form, count: 2 ** 15, form: 'parallel' }))).toEqual([]);
  });
});
