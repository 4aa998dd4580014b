import { describe, expect, test } from 'vitest';
import type { HwNode, LayerRequest, UnitDefinition } from '../../compiler/hw/index.ts';
import { int, uint } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import { unit as depthwise } from '../../templates/depthwise/unit.ts';
import { unit as mvu } from '../../templates/mvu/unit.ts';
import { unit as sparse } from '../../templates/sparse/unit.ts';
import { unit as unrolled } from '../../templates/unrolled/unit.ts';
import { randomSource } from './icarus.ts';

const [outputs, inputs] = [24, 32];
const [pe, simd] = [4, 8];

/** A product with weights that take in turn all the values of a method. */
function request(values: readonly number[], elem: ElementType): LayerRequest {
  const x = { elem: uint(8), shape: [inputs] };
  const { integer } = randomSource(values.length);
  const data = Int32Array.from(
    { length: outputs * inputs },
    (_, i) => values[i < values.length ? i : integer(0, values.length - 1)] ?? 0,
  );
  const weights = { type: { elem, shape: [outputs, inputs] }, data };
  const result = { elem: int(32), shape: [outputs] };
  const op = { op: 'matmul', name: 'y', consts: new Map([[1, weights]]), attributes: {}, result };
  return { value: 'y', ops: [op], input: x, inputs: [x] };
}

function instance(
  unit: UnitDefinition,
  asked: LayerRequest,
  folding: { readonly style: 'folded' | 'unrolled'; readonly pe: number; readonly simd: number },
): HwNode {
  const answer = unit.implement?.(asked, { ...folding, order: 'output' });
  if (answer === undefined || 'refusal' in answer) throw new Error('refused');
  return { name: 'dut', unit: unit.name, ...answer, origin: { nodes: [] }, value: 'y' };
}

/** Magnitudes 2^0 to 2^(count-1) with both signs, and 0. */
const powers = (count: number): number[] => [
  0,
  ...Array.from({ length: count }, (_, e) => [2 ** e, -(2 ** e)]).flat(),
];

describe('bits of memory that weights take', () => {
  // what the methods promise: one bit of a sign, two of a ternary weight, five of an INQ weight of 17 levels, eight of an integer
  test.each<{ name: string; values: readonly number[]; elem: ElementType; bits: number }>([
    { name: 'signs', values: [-1, 1], elem: { kind: 'bipolar' }, bits: 1 },
    { name: 'ternary', values: [-1, 0, 1], elem: { kind: 'ternary' }, bits: 2 },
    { name: 'inq:4', values: powers(4), elem: { kind: 'pow2', lo: 0, hi: 3 }, bits: 4 },
    { name: 'inq:5', values: powers(8), elem: { kind: 'pow2', lo: 0, hi: 7 }, bits: 5 },
    { name: 'int8', values: Array.from({ length: 255 }, (_, i) => i - 127), elem: int(8), bits: 8 },
  ])('$name: $bits a weight, as the memory has them', ({ values, elem, bits }) => {
    const asked = request(values, elem);
    const node = instance(mvu, asked, { style: 'folded', pe, simd });
    expect(mvu.storedBits?.(node)).toBe(bits * outputs * inputs);
    const memory = mvu.memories(node).find(({ file }) => file === 'dut_weights.mem');
    expect((memory?.width ?? 0) * (memory?.words.length ?? 0)).toBe(bits * outputs * inputs);
    // padding of a folding that does not divide is no weight
    const uneven = instance(mvu, asked, { style: 'folded', pe: 5, simd: 7 });
    expect(mvu.storedBits?.(uneven)).toBe(bits * outputs * inputs);
    const logic = instance(mvu, asked, { style: 'folded', pe: outputs, simd: inputs });
    expect(mvu.storedBits?.(logic)).toBe(0);
  });

  test('none unrolled', () => {
    const asked = request([-1, 0, 1], { kind: 'ternary' });
    const node = instance(unrolled, asked, { style: 'unrolled', pe: outputs, simd: inputs });
    expect(unrolled.storedBits?.(node)).toBe(0);
  });

  test('the whole schedule of a sparse product, indices too', () => {
    const asked = request([0, 0, 0, 0, 0, 0, 0, -100, 100], int(8));
    const node = instance(sparse, asked, { style: 'folded', pe: 2, simd: 4 });
    const [memory] = sparse.memories(node);
    // two pairs of a place among 32 inputs and a weight of 8 bits, and a bit that ends an output
    expect(memory?.width).toBe(2 * (5 + 8) + 1);
    expect(sparse.storedBits?.(node)).toBe((memory?.width ?? 0) * (memory?.words.length ?? 0));
  });

  test('of a depthwise product: those of its memory', () => {
    const random = randomSource(3);
    let memories = 0;
    for (let tries = 0; tries < 40; tries++) {
      const node = {
        name: 'dut',
        unit: 'depthwise',
        ...depthwise.sample(random),
        origin: { nodes: [] },
        value: 'y',
      };
      const memory = depthwise.memories(node).find(({ file }) => file === 'dut_weights.mem');
      const bits = depthwise.storedBits?.(node) ?? -1;
      const there = (memory?.width ?? 0) * (memory?.words.length ?? 0);
      expect(bits).toBeLessThanOrEqual(there);
      expect(bits > 0).toBe(memory !== undefined);
      if (memory !== undefined) memories++;
    }
    expect(memories).toBeGreaterThan(0);
  });
});
