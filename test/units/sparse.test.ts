import { describe, expect, test } from 'vitest';
import type { Folding, HwNode, LayerRequest } from '../../compiler/hw/index.ts';
import { int, uint } from '../../compiler/qir/types.ts';
import { unit as mvu } from '../../templates/mvu/unit.ts';
import { EMPTY, NONE, schedule } from '../../templates/sparse/schedule.ts';
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

function instance(asked: LayerRequest, folding: Pick<Folding, 'pe' | 'simd' | 'variant'>): HwNode {
  const answer = unit.implement?.(asked, { style: 'folded', order: 'output', ...folding });
  if (answer === undefined || 'refusal' in answer) throw new Error('refused');
  return { name: 'dut', unit: 'sparse', ...answer, origin: { nodes: [] }, value: 'y' };
}

describe('sparse', () => {
  // sizes and non-zeros of the fully connected layers of the published sparse LeNets
  test.each([
    [300, 784, 4351, 35],
    [100, 300, 552, 35],
    [500, 800, 2920, 15],
  ] as const)('%i x %i with %i weights takes 1/%i of the dense cycles', (outputs, inputs, count, factor) => {
    const node = instance(request(outputs, inputs, count), { pe: 4, simd: 8 });
    expect(unit.check(node)).toEqual([]);
    const dense = (outputs * inputs) / 4;
    expect(unit.timing(node).initiationInterval * factor).toBeLessThanOrEqual(dense);
  });

  test('stores the weights that are not zero and their places alone', () => {
    const node = instance(request(300, 784, 4351), { pe: 1, simd: 1 });
    const [memory] = unit.memories(node);
    // ten bits of a place, seven of a weight that is positive, one that ends an output
    expect(memory?.width).toBe(10 + 7 + 1);
    expect(memory?.words.length).toBe(4351 + emptyRows(node));
  });

  test('proposes foldings that are as fast as wanted, and refuses dense weights', () => {
    const asked = request(100, 300, 552);
    const found = unit.foldings?.(asked, 300, ['folded']) ?? [];
    expect(new Set(found.map(({ variant }) => variant))).toEqual(
      new Set([undefined, ...(unit.variants ?? [])]),
    );
    for (const folding of found)
      expect(unit.timing(instance(asked, folding)).initiationInterval).toBeLessThanOrEqual(300);
    // with the same inputs a beat a variant is there for its fewer products a step
    for (const { variant, pe, simd } of found)
      for (const other of found)
        if (variant !== undefined && other.variant === undefined && other.simd === simd)
          expect(pe).toBeLessThan(other.pe);
    const dense = request(10, 10, 51);
    expect(unit.foldings?.(dense, 1000, ['folded'])).toEqual([]);
    const folding = { style: 'folded', pe: 1, simd: 1, order: 'output' } as const;
    expect(unit.implement?.(dense, folding)).toMatchObject({ refusal: { code: 'QCC4002' } });
    expect(mvu.implement?.(dense, folding)).not.toHaveProperty('refusal');
  });
});

describe('the steps of a vector', () => {
  // how many weights of each output are not zero in the first convolution of the published sparse LeNet-5
  const convolution = [0, 0, 14, 0, 10, 0, 9, 0, 4, 11, 7, 0, 0, 7, 10, 0, 0, 0, 0, 0];

  test.each([
    [1, 84, 77],
    [2, 50, 41],
    [3, 40, 30],
    [4, 33, 25],
    [25, 20, 20],
  ])('with %i products a step: %i with outputs apart, %i packed', (pe, apart, together) => {
    expect([...schedule(convolution, pe, false)]).toHaveLength(apart);
    expect([...schedule(convolution, pe, true)]).toHaveLength(together);
  });

  test('complete the outputs in their order, each with all of its products', () => {
    const { integer, pick } = randomSource(9);
    for (let tries = 0; tries < 500; tries++) {
      const most = pick([0, 1, 3, 20]);
      const counts = Array.from({ length: integer(1, 12) }, () => integer(0, 2) * integer(0, most));
      const pe = integer(1, 6);
      for (const pack of [false, true]) {
        const sums: number[] = [];
        let open = 0;
        for (const { taken, ends } of schedule(counts, pe, pack)) {
          expect(taken).toBeLessThanOrEqual(pe);
          if (ends >= 0) sums.push(open + ends + 1);
          else if (ends === EMPTY) sums.push(0);
          // what lies behind the last product of an output is of one that comes later
          open = ends >= 0 ? taken - ends - 1 : ends === NONE || pack ? open + taken : 0;
          if (!pack && ends >= 0) expect(open).toBe(0);
        }
        expect(sums).toEqual(counts);
        expect(open).toBe(0);
      }
      const [apart, together] = [false, true].map((pack) => [...schedule(counts, pe, pack)].length);
      expect(together).toBeLessThanOrEqual(apart ?? 0);
    }
  });
});

test('one vector is loaded while another one is computed with', () => {
  const asked = request(100, 300, 552);
  const interval = (folding: Pick<Folding, 'pe' | 'simd' | 'variant'>): number =>
    unit.timing(instance(asked, folding)).initiationInterval;
  for (const [pe, simd] of [
    [1, 1],
    [2, 1],
    [4, 8],
  ] as const) {
    const beats = Math.ceil(300 / simd);
    for (const packed of [undefined, 'packed'] as const) {
      const steps = interval({ pe, simd, ...(packed === undefined ? {} : { variant: packed }) }) - beats;
      const variant = packed === undefined ? 'double' : 'packed-double';
      expect(interval({ pe, simd, variant })).toBe(Math.max(beats, steps));
    }
  }
});

function emptyRows({ consts, params }: HwNode): number {
  const inputs = Number(params['inputs']);
  const data = Array.from(consts['weights']?.data ?? []);
  let empty = 0;
  for (let at = 0; at < data.length; at += inputs)
    if (data.slice(at, at + inputs).every((w) => w === 0)) empty++;
  return empty;
}
