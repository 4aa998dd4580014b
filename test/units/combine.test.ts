import { describe, expect, test } from 'vitest';
import type { HwNode, LayerRequest } from '../../compiler/hw/index.ts';
import { bipolar, int, uint } from '../../compiler/qir/types.ts';
import type { Tensor, TensorType } from '../../compiler/qir/types.ts';
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

  test('takes a factor for each channel of each input', () => {
    const terms = [{ x: { ...int(8) } }, { x: { ...uint(4) } }];
    const node = (data: readonly number[], change: HwNode['params'] = {}): HwNode => ({
      ...nodeOf({ ...good, y: { ...int(12) }, terms, ...change }),
      consts: { coefficients: { elem: int(8), shape: [2, 4], data } },
    });
    // channel by channel: -1280..1270, -15..0, -384..399, 0
    const factors = [10, 0, 3, 0, 0, -1, 1, 0];
    expect(unit.check(node(factors))).toEqual([]);
    expect(unit.check(node(factors, { y: { ...int(11) } })).map(({ found }) => found)).toEqual([
      'does not hold the sums from -1280 to 1270',
    ]);
    expect(unit.check(node([1, 2])).map(({ message }) => message)[0]).toContain("'coefficients'");
    const both = unit.check({ ...node(factors), params: { ...good, y: { ...int(12) } } });
    expect(both.map(({ found }) => found)).toEqual(['a coefficient each, or a constant of them, not both']);
    // lanes that do not see all channels at once read their factors from a memory and multiply, one stage later
    expect(unit.cost(node(factors)).dsp).toBe(3);
    expect(unit.timing(node(factors)).latency).toBe(4);
    expect(unit.cost(node(factors, { lanes: 4 })).dsp).toBe(0);
    expect(unit.timing(node(factors, { lanes: 4 })).latency).toBe(3);
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
    const [op] = asked([]).ops;
    if (op === undefined) throw new Error('no operation');
    const matrix = { type: { elem: int(8), shape: [2, 8] }, data: new Int8Array(16).fill(7) };
    const consts = new Map<number, Tensor>([...op.consts].map(([, bias]) => [3, bias]));
    consts.set(2, matrix);
    const perChannel = { ...asked([]), ops: [{ ...op, attributes: {}, consts }] };
    const made = unit.implement?.(perChannel, first);
    if (made === undefined || 'refusal' in made) throw new Error('refused');
    expect(made.params['terms']).toEqual([{ x: int(8) }, { x: uint(4) }]);
    expect(made.consts['coefficients']?.shape).toEqual([2, 8]);
    expect(made.consts['bias']?.shape).toEqual([8]);
    expect(unit.check({ ...nodeOf(made.params), consts: made.consts })).toEqual([]);
  });
});
