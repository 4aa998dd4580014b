import { describe, expect, test } from 'vitest';
import { decodeElement } from '../../compiler/hw/index.ts';
import type { HwNode, LayerRequest } from '../../compiler/hw/index.ts';
import { bipolar, bitWidth, ternary } from '../../compiler/qir/types.ts';
import { windowParams } from '../../templates/window/plan.ts';
import type { WindowParams } from '../../templates/window/plan.ts';
import { unit } from '../../templates/window/unit.ts';
import { firstMismatch, randomSource, simulate, UnitFolder } from './icarus.ts';

function sampleNode(seed: number): HwNode {
  const { params, consts } = unit.sample(randomSource(seed));
  return { name: 'dut', unit: 'window', params, consts, origin: { nodes: [] }, value: 'y' };
}

/** The windows of an image, straight from the definition. */
function naive(params: WindowParams, x: readonly number[]): number[] {
  const { shape, kernel, strides, pads, dilations, fill } = params;
  const [h, w, c] = shape;
  const result: number[] = [];
  for (let y = -pads[0]; y + (kernel[0] - 1) * dilations[0] < h + pads[2]; y += strides[0])
    for (let z = -pads[1]; z + (kernel[1] - 1) * dilations[1] < w + pads[3]; z += strides[1])
      for (let tap = 0; tap < kernel[0] * kernel[1]; tap++) {
        const row = y + Math.floor(tap / kernel[1]) * dilations[0];
        const column = z + (tap % kernel[1]) * dilations[1];
        const inside = row >= 0 && row < h && column >= 0 && column < w;
        for (let k = 0; k < c; k++) result.push(inside ? (x[(row * w + column) * c + k] as number) : fill);
      }
  return result;
}

const request = (pad: number): LayerRequest => {
  const input = { elem: bipolar, shape: [6, 6, 4] };
  const attributes = {
    kernel: [3, 3],
    strides: [1, 1],
    pads: [pad, pad, pad, pad],
    dilations: [1, 1],
    pad_value: 0,
  };
  const result = { elem: ternary, shape: [4 + 2 * pad, 4 + 2 * pad, 9, 4] };
  return {
    value: 'y',
    ops: [{ op: 'windows', name: 'y', consts: new Map(), attributes, result }],
    input,
    inputs: [input],
  };
};

describe('window', () => {
  test('every sample gives its windows in Icarus, with stalls and a reset in mid-frame', () => {
    for (let seed = 1; seed <= Number(process.env['WINDOW_SEEDS'] ?? 25); seed++) {
      const node = sampleNode(seed);
      const where = `seed ${seed}: ${JSON.stringify(node.params)}`;
      expect(unit.check(node), where).toEqual([]);
      const params = windowParams(node);
      const random = randomSource(seed + 1000);
      const frames = Array.from({ length: 4 }, () =>
        Array.from({ length: params.shape[0] * params.shape[1] * params.shape[2] }, () =>
          decodeElement(params.x, random.integer(0, 2 ** bitWidth(params.x) - 1)),
        ),
      );
      const { initiationInterval } = unit.timing(node);
      const calm = seed % 3 === 0;
      const chance = (): boolean => calm || random.integer(0, 2) > 0;
      const half = Math.floor(initiationInterval * 1.5) + 4;
      const folder = new UnitFolder(unit, node);
      const wires = simulate(unit, node, folder, frames, {
        cycles: frames.length * initiationInterval * (calm ? 1 : 4) + 200 + half,
        offer: chance,
        ready: chance,
        reset: (c) => c < 2 || c === half,
      });
      const expected = frames.map((frame) => naive(params, frame));
      expect(firstMismatch(unit, node, wires, expected), `${where} in ${folder.path}`).toBeUndefined();
      folder.remove();
    }
  });

  test('a frame takes one cycle a pixel of the padded image, and that is what it proposes', () => {
    expect(unit.foldings?.(request(1), 64, ['folded'])).toEqual([
      { style: 'folded', pe: 36, simd: 4, order: 'output' },
    ]);
    expect(unit.foldings?.(request(0), 36, ['folded'])).toHaveLength(1);
    const answer = unit.implement?.(request(1), { style: 'folded', pe: 36, simd: 4, order: 'output' });
    if (answer === undefined || 'refusal' in answer) throw new Error('refused');
    const node: HwNode = { name: 'dut', unit: 'window', ...answer, origin: { nodes: [] }, value: 'y' };
    expect(unit.check(node)).toEqual([]);
    expect(unit.timing(node).initiationInterval).toBe(64);
  });

  test('where that is too slow it takes several pixels a cycle, the fewest and up to twice as many', () => {
    // 6 columns in 3 groups of two or 2 of three, and one of padding; 4 do not divide them, 6 at a time are not faster than needed
    const lanes = (cycles: number): unknown =>
      unit.foldings?.(request(1), cycles, ['folded']).map(({ pe, simd }) => [pe / 36, simd / 4]);
    expect(lanes(63)).toEqual([
      [2, 2],
      [3, 3],
    ]);
    expect(lanes(8 * 4)).toEqual([
      [2, 2],
      [3, 3],
    ]);
    expect(lanes(8 * 4 - 1)).toEqual([
      [3, 3],
      [6, 6],
    ]);
    expect(lanes(8 * 2)).toEqual([[6, 6]]);
    expect(lanes(8 * 2 - 1)).toEqual([]);
  });

  test('refuses other lanes, and a first window of padding alone', () => {
    const folding = { style: 'folded', pe: 36, simd: 4, order: 'output' } as const;
    for (const [asked, given] of [
      [request(1), { ...folding, simd: 2 }],
      [request(3), folding],
      [request(1), { ...folding, style: 'unrolled' }],
    ] as const) {
      const answer = unit.implement?.(asked, given);
      expect(answer !== undefined && 'refusal' in answer && answer.refusal.code).toBe('QCC4002');
    }
  });
});
