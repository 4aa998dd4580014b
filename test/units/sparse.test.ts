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
    const form = ({ variant = '' }: Folding): string => variant.replace(/-?gap\d+$/, '');
    expect(new Set(found.map(form))).toEqual(new Set(['', 'packed', 'double', 'packed-double']));
    for (const { variant } of found) if (variant !== undefined) expect(unit.variants).toContain(variant);
    for (const folding of found)
      expect(unit.timing(instance(asked, folding)).initiationInterval).toBeLessThanOrEqual(300);
    // with the same inputs a beat a variant is there for its fewer products a step
    for (const folding of found)
      for (const other of found)
        if (form(folding) !== '' && form(other) === '' && other.simd === folding.simd)
          expect(folding.pe).toBeLessThan(other.pe);
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

/** The matrix that a memory of one pair a word stands for, its index the place or the distance, its weights of 7 bits and positive. */
function decoded(node: HwNode, indexBits: number, distances: boolean): readonly number[] {
  const [memory] = unit.memories(node);
  expect(memory?.width).toBe(indexBits + 7 + 1);
  const data: number[] = [];
  let row = new Float64Array(Number(node.params['inputs']));
  let place = 0;
  for (const text of memory?.words ?? []) {
    const value = Number.parseInt(text, 16);
    const index = value % 2 ** indexBits;
    place = distances ? place + index : index;
    const weight = Math.floor(value / 2 ** indexBits) % 2 ** 7;
    if (weight !== 0) row[place] = weight;
    if (value < 2 ** (indexBits + 7)) continue;
    data.push(...row);
    row = new Float64Array(row.length);
    place = 0;
  }
  return data;
}

describe('the index of a weight', () => {
  const asked = request(100, 300, 552);
  const matrix = Array.from(asked.ops[0]?.consts.get(1)?.data ?? []);

  test('is its place', () => {
    expect(decoded(instance(asked, { pe: 1, simd: 1 }), 9, false)).toEqual(matrix);
  });

  test.each([2, 5, 8])('or is how far it is from the one before, in %i bits, with fillers', (gap) => {
    expect(decoded(instance(asked, { pe: 1, simd: 1, variant: `gap${gap}` }), gap, true)).toEqual(matrix);
  });

  test('is proposed as the distance where that takes fewer bits, the width that takes the fewest', () => {
    const bits = (folding: Pick<Folding, 'pe' | 'simd' | 'variant'>): number =>
      unit.storedBits?.(instance(asked, folding)) ?? NaN;
    const found = unit.foldings?.(asked, 1000, ['folded']) ?? [];
    const gaps = found.filter(({ variant }) => variant?.includes('gap') === true);
    expect(gaps.length).toBeGreaterThan(0);
    for (const { pe, simd, variant = '' } of gaps) {
      const [, form, chosen] = /^(.*?)-?gap(\d+)$/.exec(variant) ?? [];
      const others = Array.from({ length: 8 }, (_, i) => (form === '' ? '' : `${form}-`) + `gap${i + 1}`);
      const least = Math.min(...others.map((other) => bits({ pe, simd, variant: other })));
      expect(bits({ pe, simd, variant })).toBe(least);
      expect(Number(chosen)).toBeGreaterThan(0);
      expect(least).toBeLessThan(bits({ pe, simd, ...(form === '' ? {} : { variant: form ?? '' }) }));
    }
    // three inputs are told apart by two bits, and one of distance needs more fillers than it saves
    const few = request(9, 4, 9);
    expect(unit.foldings?.(few, 1000, ['folded']).some(({ variant }) => variant?.includes('gap'))).toBe(
      false,
    );
  });

  test('is refused as a distance of more bits than the place has', () => {
    const folding = { style: 'folded', pe: 1, simd: 1, order: 'output', variant: 'gap9' } as const;
    expect(unit.implement?.(asked, folding)).toMatchObject({ refusal: { code: 'QCC4002' } });
    const node = instance(asked, { pe: 1, simd: 1 });
    expect(unit.check({ ...node, params: { ...node.params, gap: 9 } })).toMatchObject([{ code: 'QCC4001' }]);
  });
});

describe('weights that are powers of two', () => {
  /** The same places, weights of both signs and these exponents. */
  function powers(least: number, most: number): LayerRequest {
    const asked = request(40, 60, 300);
    const { integer } = randomSource(most);
    const [op] = asked.ops;
    const weights = op?.consts.get(1);
    if (op === undefined || weights === undefined) throw new Error('a product expected');
    const data = Int32Array.from(weights.data, (w) =>
      w === 0 ? 0 : 2 ** integer(least, most) * (integer(0, 1) === 0 ? 1 : -1),
    );
    const consts = new Map([[1, { type: { ...weights.type, elem: int(16) }, data }]]);
    return { ...asked, ops: [{ ...op, consts }] };
  }

  test.each([
    ['ternary', 0, 0, 2],
    ['INQ of 4 bits', 0, 3, 4],
    ['INQ of 5 bits', 2, 9, 5],
  ])('%s: 2^%i to 2^%i take %i bits and no multiplier', (_, least, most, bits) => {
    const node = instance(powers(least, most), { pe: 3, simd: 4 });
    expect(unit.check(node)).toEqual([]);
    expect(unit.cost(node).dsp).toBe(0);
    expect(unit.memories(node)[0]?.width).toBe(3 * (6 + bits) + 1);
    // a weight beside them is none, and all are multiplied
    const mixed = powers(least, most);
    const data = mixed.ops[0]?.consts.get(1)?.data;
    if (data === undefined) throw new Error('weights expected');
    data[data.findIndex((w) => w !== 0)] = 3;
    expect(unit.cost(instance(mixed, { pe: 3, simd: 4 })).dsp).toBe(3);
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
