import { describe, expect, test } from 'vitest';
import type { HwNode, LayerRequest } from '../../compiler/hw/index.ts';
import { bipolar, int, uint } from '../../compiler/qir/types.ts';
import type { TensorType } from '../../compiler/qir/types.ts';
import { unit } from '../../templates/combine/unit.ts';
import { randomSource, UnitFolder } from './icarus.ts';

function nodeOf(params: HwNode['params'], bias?: readonly number[]): HwNode {
  const consts = bias === undefined ? {} : { bias: { elem: int(16), shape: [bias.length], data: bias } };
  return { name: 'dut', unit: 'combine', params, consts, origin: { nodes: [] }, value: 'y' };
}

const good = {
  rows: 2,
  channels: 4,
  lanes: 3,
  terms: [
    { x: { ...int(8) }, coefficient: 1 },
    { x: { ...uint(4) }, coefficient: -3 },
  ],
  y: { ...int(9) },
};

describe('combine', () => {
  test('is clean in Verilator, Icarus and Yosys', () => {
    for (let seed = 1; seed <= Number(process.env['COMBINE_SEEDS'] ?? 10); seed++) {
      const { params, consts } = unit.sample(randomSource(seed));
      const folder = new UnitFolder(unit, { ...nodeOf(params), consts });
      expect(folder.lint(), `seed ${seed}: ${JSON.stringify(params)} in ${folder.path}`).toBe('');
      folder.remove();
    }
  });

  test('holds exactly the sums that can occur', () => {
    // -128 - 45 = -173 .. 127, which nine bits hold; a bias of -84 makes it -257, one of -83 still -256
    expect(unit.check(nodeOf(good))).toEqual([]);
    expect(unit.check(nodeOf(good, [0, 0, 0, -83]))).toEqual([]);
    expect(unit.check(nodeOf(good, [0, 0, 0, -84])).map(({ found }) => found)).toEqual([
      'does not hold the sums from -257 to 127',
    ]);
  });

  test('lets no input wait for another before its own register is full', () => {
    const model = unit.model(nodeOf(good));
    // only the first input offers beats: two are taken, and nothing is given
    for (const ready of [true, true, false, false]) {
      expect(model.ready(0)).toBe(ready);
      expect(model.ready(1)).toBe(true);
      expect(model.valid(0)).toBe(false);
      model.tick(ready ? 1 : 0, 0);
    }
    model.tick(2, 0);
    expect(model.ready(0)).toBe(false);
    model.tick(0, 0);
    expect(model.ready(0)).toBe(true);
  });

  test.each([
    ['lanes', { lanes: 5 }],
    ['terms', { terms: [] }],
    ['y', { y: { ...bipolar } }],
    ['y', { y: { ...int(8) } }],
  ] as const)('refuses by name: %s', (name, change) => {
    const [first] = unit.check(nodeOf({ ...good, ...change }));
    expect(first?.code).toBe('QCC4001');
    expect(first?.message).toContain(`'${name}`);
  });

  test('answers requests, and refuses coefficients that are too few', () => {
    const x: TensorType = { elem: int(8), shape: [2, 3, 8] };
    const asked = (coefficients: readonly number[]): LayerRequest => ({
      value: 'y',
      ops: [
        {
          op: 'combine',
          name: 'y',
          consts: new Map([[2, { type: { elem: int(4), shape: [8] }, data: new Int8Array(8).fill(3) }]]),
          attributes: { coefficients },
          result: { elem: int(12), shape: x.shape },
        },
      ],
      input: x,
      inputs: [x, { elem: uint(4), shape: x.shape }],
    });
    const [first] = unit.foldings?.(asked([2, -1]), 12, ['folded']) ?? [];
    if (first === undefined) throw new Error('no folding');
    const answer = unit.implement?.(asked([2, -1]), first);
    if (answer === undefined || 'refusal' in answer) throw new Error('refused');
    expect(answer.params).toMatchObject({ rows: 6, channels: 8, lanes: 4 });
    const node: HwNode = { ...nodeOf(answer.params), consts: answer.consts };
    expect(unit.check(node)).toEqual([]);
    expect(unit.timing(node).initiationInterval).toBe(12);
    expect(unit.ports(node).map(({ name, stream }) => [name, stream.elem])).toEqual([
      ['in0', int(8)],
      ['in1', uint(4)],
      ['out', int(12)],
    ]);
    expect(unit.implement?.(asked([2]), first)).toMatchObject({ refusal: { code: 'QCC4002' } });
  });
});
