import { describe, expect, test } from 'vitest';
import { decodeElement } from '../../compiler/hw/index.ts';
import type { HwNode } from '../../compiler/hw/index.ts';
import { bitWidth } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import { unit } from '../../templates/mvu/unit.ts';
import { firstMismatch, randomSource, simulate, UnitFolder } from './icarus.ts';

interface Params {
  readonly rows?: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly pe: number;
  readonly simd: number;
  readonly x: ElementType;
  readonly y: ElementType;
  readonly base: number;
}

function sampleNode(seed: number): HwNode {
  const { params, consts } = unit.sample(randomSource(seed));
  return { name: 'dut', unit: 'mvu', params, consts, origin: { nodes: [] }, value: 'y' };
}

function randomFrame(random: ReturnType<typeof randomSource>, elem: ElementType, count: number): number[] {
  return Array.from({ length: count }, () => {
    if (elem.kind === 'ternary') return random.integer(-1, 1);
    return decodeElement(elem, random.integer(0, 2 ** bitWidth(elem) - 1));
  });
}

/** The layer by the book: integers, nothing else; vector after vector. */
function reference(node: HwNode, frame: readonly number[]): number[] {
  const { inputs } = node.params as unknown as Params;
  return Array.from({ length: frame.length / inputs }, (_, row) =>
    vectorReference(node, frame.slice(row * inputs, (row + 1) * inputs)),
  ).flat();
}

function vectorReference(node: HwNode, frame: readonly number[]): number[] {
  const { inputs, outputs, y, base } = node.params as unknown as Params;
  const { weights, bias, thresholds, flip } = node.consts;
  return Array.from({ length: outputs }, (_, n) => {
    let sum = bias?.data[n] ?? 0;
    for (let k = 0; k < inputs; k++) sum += (weights?.data[n * inputs + k] ?? 0) * (frame[k] ?? 0);
    if (thresholds === undefined) return sum;
    const [channels = 1, count = 0] = thresholds.shape;
    const row = n % channels;
    let reached = 0;
    for (let j = 0; j < count; j++) if (sum >= (thresholds.data[row * count + j] ?? 0)) reached++;
    const level = flip?.data[row] === 1 ? count - reached : reached;
    return base + (y.kind === 'bipolar' ? 2 : 1) * level;
  });
}

function describeNode(node: HwNode): string {
  const count = node.consts['thresholds']?.shape.join('x') ?? 'none';
  return `${JSON.stringify(node.params)} weights ${JSON.stringify(node.consts['weights']?.elem)} thresholds ${count}`;
}

describe('mvu', () => {
  test('every sample is legal and its RTL equals model and arithmetic, with stalls and a reset in mid-frame', () => {
    for (let seed = 1; seed <= Number(process.env['MVU_SEEDS'] ?? 60); seed++) {
      const node = sampleNode(seed);
      expect(unit.check(node), describeNode(node)).toEqual([]);
      const random = randomSource(seed + 1000);
      const { rows = 1, inputs, x } = node.params as unknown as Params;
      const frames = Array.from({ length: 4 }, () => randomFrame(random, x, rows * inputs));
      const interval = unit.timing(node).initiationInterval;
      const calm = seed % 3 === 0;
      const chance = (): boolean => calm || random.integer(0, 2) > 0;
      const cycles = Math.ceil(frames.length * interval * (calm ? 1 : 4)) + 80;
      const half = Math.floor(interval * 1.5) + 5;
      const folder = new UnitFolder(unit, node);
      const wires = simulate(unit, node, folder, frames, {
        cycles: cycles + half,
        offer: chance,
        ready: chance,
        reset: (c) => c < 2 || c === half,
      });
      const expected = frames.map((frame) => reference(node, frame));
      expect(
        firstMismatch(unit, node, wires, expected),
        `seed ${seed}: ${describeNode(node)} in ${folder.path}`,
      ).toBeUndefined();
      folder.remove();
    }
  });
});

describe('mvu Verilog', () => {
  test('is clean in Verilator, Icarus and Yosys', () => {
    for (let seed = 1; seed <= Number(process.env['MVU_LINT_SEEDS'] ?? 24); seed++) {
      const node = sampleNode(seed);
      const folder = new UnitFolder(unit, node);
      const where = `seed ${seed}: ${describeNode(node)} in ${folder.path}`;
      expect(folder.lint(), where).toBe('');
      folder.remove();
    }
  });
});
