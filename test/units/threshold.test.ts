import { describe, expect, test } from 'vitest';
import { decodeElement } from '../../compiler/hw/index.ts';
import type { HwNode } from '../../compiler/hw/index.ts';
import { bitWidth } from '../../compiler/qir/types.ts';
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
  });

  test('is clean in Verilator, Icarus and Yosys', () => {
    for (let seed = 1; seed <= Number(process.env['THRESHOLD_LINT_SEEDS'] ?? 20); seed++) {
      const node = sampleNode(seed);
      const folder = new UnitFolder(unit, node);
      expect(folder.lint(), `seed ${seed}: ${JSON.stringify(node.params)} in ${folder.path}`).toBe('');
      folder.remove();
    }
  });
});
