import { describe, expect, test } from 'vitest';
import type { HwNode, LayerRequest } from '../../compiler/hw/index.ts';
import { int, uint } from '../../compiler/qir/types.ts';
import { unit as mvu } from '../../templates/mvu/unit.ts';
import { unit } from '../../templates/sparse/unit.ts';
import { randomSource } from './icarus.ts';

/** A product of a vector with a matrix of which `count` weights, spread at random, are not zero. */
function request(outputs: number, inputs: number, count: number): LayerRequest {
  const { integer } = randomSource(outputs + inputs);
  const data = new Int8Array(outputs * inputs);
  for (let left = count; left > 0;) {
    const at = integer(0, data.length - 1);
    if (data[at] !== 0) continue;
    data[at] = integer(1, 127);
    left--;
  }
  const x = { elem: uint(8), shape: [inputs] };
  const weights = { type: { elem: int(8), shape: [outputs, inputs] }, data };
  const result = { elem: int(32), shape: [outputs] };
  const op = { op: 'matmul', name: 'y', consts: new Map([[1, weights]]), attributes: {}, result };
  return { value: 'y', ops: [op], input: x, inputs: [x] };
}

function instance(asked: LayerRequest, pe: number, simd: number): HwNode {
  const answer = unit.implement?.(asked, { style: 'folded', pe, simd, order: 'output' });
  if (answer === undefined || 'refusal' in answer) throw new Error('refused');
  return { name: 'dut', unit: 'sparse', ...answer, origin: { nodes: [] }, value: 'y' };
}

describe('sparse', () => {
  // sizes and non-zeros of the fully connected layers of the published sparse LeNets
  test.each([
    [300, 784, 4351, 35],
    [100, 300, 552, 35],
    [500, 800, 2920, 15],
  ] as const)(
    '%i x %i with %i weights takes 1/%4$i of the dense cycles',
    (outputs, inputs, count, factor) => {
      const node = instance(request(outputs, inputs, count), 4, 8);
      expect(unit.check(node)).toEqual([]);
      const dense = (outputs * inputs) / 4;
      expect(unit.timing(node).initiationInterval * factor).toBeLessThanOrEqual(dense);
    },
  );

  test('stores the weights that are not zero and their places alone', () => {
    const node = instance(request(300, 784, 4351), 1, 1);
    const [memory] = unit.memories(node);
    // ten bits of a beat, one of its lane, seven of a weight that is positive, one that ends an output
    expect(memory?.width).toBe(10 + 1 + 7 + 1);
    expect(memory?.words.length).toBe(4351 + emptyRows(node));
  });

  test('proposes foldings that are as fast as wanted, and refuses dense weights', () => {
    const asked = request(100, 300, 552);
    const found = unit.foldings?.(asked, 300, ['folded']) ?? [];
    expect(found.length).toBeGreaterThan(0);
    for (const { pe, simd } of found)
      expect(unit.timing(instance(asked, pe, simd)).initiationInterval).toBeLessThanOrEqual(300);
    const dense = request(10, 10, 51);
    expect(unit.foldings?.(dense, 1000, ['folded'])).toEqual([]);
    const folding = { style: 'folded', pe: 1, simd: 1, order: 'output' } as const;
    expect(unit.implement?.(dense, folding)).toMatchObject({ refusal: { code: 'QCC4002' } });
    expect(mvu.implement?.(dense, folding)).not.toHaveProperty('refusal');
  });
});

function emptyRows({ consts, params }: HwNode): number {
  const inputs = Number(params['inputs']);
  const data = Array.from(consts['weights']?.data ?? []);
  let empty = 0;
  for (let at = 0; at < data.length; at += inputs)
    if (data.slice(at, at + inputs).every((w) => w === 0)) empty++;
  return empty;
}
