import { describe, expect, test } from 'vitest';
import type { HwNode, LayerRequest } from '../../compiler/hw/index.ts';
import { int, uint, valueRange } from '../../compiler/qir/types.ts';
import type { ElementType, TensorType } from '../../compiler/qir/types.ts';
import { planOf } from '../../templates/requantize/plan.ts';
import { unit } from '../../templates/requantize/unit.ts';
import { firstMismatch, randomSource, simulate, UnitFolder } from './icarus.ts';

interface Params {
  readonly rows: number;
  readonly channels: number;
  readonly x: ElementType;
  readonly shift: number;
  readonly biasShift: number;
  readonly min: number;
  readonly max: number;
}

function nodeOf(params: HwNode['params'], multipliers: readonly number[], biases: readonly number[]): HwNode {
  return {
    name: 'dut',
    unit: 'requantize',
    params,
    consts: {
      multipliers: { elem: int(32), shape: [multipliers.length], data: multipliers },
      biases: { elem: int(32), shape: [biases.length], data: biases },
    },
    origin: { nodes: [] },
    value: 'y',
  };
}

function reference(node: HwNode, frame: readonly number[]): number[] {
  const { channels, shift, biasShift, min, max } = node.params as unknown as Params;
  const at = (name: string, c: number): bigint => {
    const data = node.consts[name]?.data ?? [];
    return BigInt(data[data.length === 1 ? 0 : c] ?? 0);
  };
  return frame.map((x, e) => {
    const c = e % channels;
    const sum = BigInt(x) * at('multipliers', c) + (at('biases', c) << BigInt(biasShift));
    return Math.min(max, Math.max(min, Number(sum >> BigInt(shift))));
  });
}

/** All least, all greatest, around zero, and noise. */
function frames(node: HwNode, seed: number): number[][] {
  const { rows, channels, x } = node.params as unknown as Params;
  const { min, max } = valueRange(x);
  const random = randomSource(seed);
  const frame = (value: (e: number) => number): number[] =>
    Array.from({ length: rows * channels }, (_, e) => value(e));
  const inside = (value: number): number =>
    x.kind === 'bipolar' ? (value > 0 ? 1 : -1) : Math.min(max, Math.max(min, value));
  return [
    frame(() => min),
    frame(() => max),
    frame((e) => inside((e % 5) - 2)),
    frame(() => inside(random.integer(min, max))),
    frame((e) => (e % 2 === 0 ? min : max)),
  ];
}

function run(node: HwNode, seed: number): void {
  const where = `seed ${seed}: ${JSON.stringify(node.params)}`;
  expect(unit.check(node), where).toEqual([]);
  const inputs = frames(node, seed);
  const interval = unit.timing(node).initiationInterval;
  const random = randomSource(seed + 500);
  const chance = (): boolean => random.integer(0, 2) > 0;
  const half = Math.floor(interval * 1.5) + 4;
  const folder = new UnitFolder(unit, node);
  expect(folder.lint(), `${where} in ${folder.path}`).toBe('');
  const wires = simulate(unit, node, folder, inputs, {
    cycles: inputs.length * interval * 4 + 80 + half,
    offer: chance,
    ready: chance,
    reset: (c) => c < 2 || c === half,
  });
  const expected = inputs.map((frame) => reference(node, frame));
  expect(firstMismatch(unit, node, wires, expected), `${where} in ${folder.path}`).toBeUndefined();
  folder.remove();
}

const plain = {
  rows: 2,
  channels: 3,
  lanes: 2,
  x: { ...int(12) },
  y: { ...int(8) },
  shift: 6,
  biasShift: 0,
  min: -128,
  max: 127,
};

describe('requantize', () => {
  test('holds the extremes of its samples in Icarus, with stalls and a reset, and is clean', () => {
    for (let seed = 1; seed <= Number(process.env['REQUANTIZE_SEEDS'] ?? 12); seed++) {
      const { params, consts } = unit.sample(randomSource(seed));
      run({ name: 'dut', unit: 'requantize', params, consts, origin: { nodes: [] }, value: 'y' }, seed);
    }
  });

  test.each([
    ['none', [8], [0]],
    ['none', [64, 64, 64], [5, -3, 100]],
    ['shifts', [2, 8, 64], [0, 1, 2]],
    ['digits', [21, 21, 21], [1, 2, 3]],
    ['product', [21, 1001, -7], [1, 2, 3]],
    ['parts', [1073741824 + 3, 1500000001, 2147483647], [-1, 0, 1]],
  ] as const)('takes the cheapest form (%s) for multipliers %j', (form, multipliers, biases) => {
    const node = nodeOf(plain, multipliers, biases);
    expect(planOf(node).form).toBe(form);
    expect(unit.cost(node).dsp > 0).toBe(form === 'product' || form === 'parts');
    run(node, 77);
  });

  test('floors and saturates at both ends, exactly', () => {
    const node = nodeOf({ ...plain, rows: 1, channels: 1, lanes: 1 }, [3], [-1]);
    const frame = [-2048, -2731, 0, 1, 21, 22, 2047];
    // (3 * 0 - 1) / 64 is floored to -1
    expect(reference(node, frame.slice(2, 6))).toEqual([-1, 0, 0, 1]);
    expect(reference(node, [-2048, 2047])).toEqual([-97, 95]);
    run(node, 5);
  });

  test('refuses what it cannot compute exactly', () => {
    const problem = (change: HwNode['params'], multipliers: readonly number[] = [3]): unknown =>
      unit
        .check(nodeOf({ ...plain, ...change }, multipliers, [0]))
        .map(({ code, message }) => [code, /'(\w+)'/.exec(message)?.[1]]);
    expect(problem({})).toEqual([]);
    expect(problem({ lanes: 4 })).toEqual([['QCC4001', 'lanes']]);
    expect(problem({ min: 5, max: 4 })).toEqual([['QCC4001', 'min']]);
    expect(problem({ y: { ...uint(8) } })).toEqual([['QCC4001', 'y']]);
    expect(problem({ shift: 63 })).toEqual([['QCC4001', 'shift']]);
    expect(problem({}, [1, 2])).toEqual([['QCC4001', 'multipliers']]);
    expect(problem({ x: { ...int(32) } }, [2 ** 22])).toEqual([]);
    expect(problem({ x: { ...int(32) } }, [2 ** 22 + 1])).toEqual([['QCC4001', 'multipliers']]);
  });

  test('answers requests, and refuses operands that are no constants', () => {
    const x: TensorType = { elem: int(12), shape: [4, 6, 8] };
    const constant = (value: number) => ({ type: { elem: int(16), shape: [1] }, data: Int16Array.of(value) });
    const asked = (consts: LayerRequest['ops'][number]['consts']): LayerRequest => ({
      value: 'y',
      ops: [
        {
          op: 'requantize',
          name: 'y',
          consts,
          attributes: { shift: 4, bias_shift: 2, min: -8, max: 7 },
          result: { elem: int(4), shape: x.shape },
        },
      ],
      input: x,
      inputs: [x],
    });
    const both = asked(
      new Map([
        [1, constant(5)],
        [2, constant(-9)],
      ]),
    );
    const foldings = unit.foldings?.(both, 48, ['folded']) ?? [];
    expect(foldings.map(({ pe }) => pe)).toEqual([4, 8, 16, 24, 32]);
    const [first] = foldings;
    if (first === undefined) throw new Error('no folding');
    const answer = unit.implement?.(both, first);
    if (answer === undefined || 'refusal' in answer) throw new Error('refused');
    expect(answer.params).toMatchObject({
      rows: 24,
      channels: 8,
      lanes: 4,
      shift: 4,
      biasShift: 2,
      min: -8,
      max: 7,
    });
    const one = unit.implement?.(asked(new Map([[1, constant(5)]])), first);
    expect(one).toMatchObject({ refusal: { code: 'QCC4002' } });
  });
});
