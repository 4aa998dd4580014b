import { describe, expect, test } from 'vitest';
import type { HwConst, HwNode, LayerRequest, UnitDefinition } from '../../compiler/hw/index.ts';
import { bipolar, fitInteger, int, ternary, uint, valueRange } from '../../compiler/qir/types.ts';
import type { ElementType, Tensor, TensorType } from '../../compiler/qir/types.ts';
import { unit as depthwise } from '../../templates/depthwise/unit.ts';
import { unit as reduce } from '../../templates/reduce/unit.ts';
import { firstMismatch, randomSource, simulate, UnitFolder } from './icarus.ts';

interface Params {
  readonly rows: number;
  readonly taps: number;
  readonly channels: number;
  readonly x: ElementType;
  readonly y: ElementType;
  readonly base: number;
  readonly kind: 'max' | 'sum';
}

const paramsOf = (node: HwNode): Params => node.params as unknown as Params;

function nodeOf(
  unit: UnitDefinition,
  params: HwNode['params'],
  consts: Record<string, HwConst> = {},
): HwNode {
  return { name: 'dut', unit: unit.name, params, consts, origin: { nodes: [] }, value: 'y' };
}

/** What the README says a frame becomes, in plain arithmetic. */
function reference(node: HwNode, frame: readonly number[]): number[] {
  const { rows, taps, channels, y, base, kind } = paramsOf(node);
  const { weights, bias, thresholds, flip } = node.consts;
  const levels = thresholds?.shape[1] ?? 0;
  return Array.from({ length: rows * channels }, (_, at) => {
    const c = at % channels;
    const row = (at - c) / channels;
    const xs = Array.from({ length: taps }, (__, t) => frame[(row * taps + t) * channels + c] ?? 0);
    if (kind === 'max') return Math.max(...xs);
    let sum = bias?.data[c] ?? 0;
    xs.forEach((x, t) => (sum += x * (weights?.data[t * channels + c] ?? 1)));
    if (thresholds === undefined) return sum;
    const own = c % (thresholds.shape[0] ?? 1);
    let reached = 0;
    for (let j = 0; j < levels; j++) if (sum >= (thresholds.data[own * levels + j] ?? 0)) reached++;
    return base + (y.kind === 'bipolar' ? 2 : 1) * (flip?.data[own] === 1 ? levels - reached : reached);
  });
}

/** Frames that reach the sums' limits: all least, all greatest, each input at the end that its weight makes least or greatest of. */
function extremes(node: HwNode): number[][] {
  const { rows, taps, channels, x } = paramsOf(node);
  const { min, max } = valueRange(x);
  const size = rows * taps * channels;
  const weight = (e: number): number =>
    node.consts['weights']?.data[(Math.floor(e / channels) % taps) * channels + (e % channels)] ?? 1;
  const frame = (value: (e: number) => number): number[] => Array.from({ length: size }, (_, e) => value(e));
  return [
    frame(() => min),
    frame(() => max),
    frame((e) => (weight(e) > 0 ? max : min)),
    frame((e) => (weight(e) > 0 ? min : max)),
    frame((e) => (e % 2 === 0 ? min : max)),
  ];
}

function run(unit: UnitDefinition, node: HwNode, seed: number): void {
  const where = `seed ${seed}: ${JSON.stringify(node.params)}`;
  expect(unit.check(node), where).toEqual([]);
  const frames = extremes(node);
  const interval = unit.timing(node).initiationInterval;
  const random = randomSource(seed + 500);
  const chance = (): boolean => random.integer(0, 2) > 0;
  const half = Math.floor(interval * 1.5) + 4;
  const folder = new UnitFolder(unit, node);
  expect(folder.lint(), `${where} in ${folder.path}`).toBe('');
  const wires = simulate(unit, node, folder, frames, {
    cycles: frames.length * interval * 4 + 80 + half,
    offer: chance,
    ready: chance,
    reset: (c) => c < 2 || c === half,
  });
  const expected = frames.map((one) => reference(node, one));
  expect(firstMismatch(unit, node, wires, expected), `${where} in ${folder.path}`).toBeUndefined();
  folder.remove();
}

describe.each([
  ['depthwise', depthwise],
  ['reduce', reduce],
] as const)('%s', (_, unit) => {
  test('holds the extremes of its samples in Icarus, with stalls and a reset, and is clean', () => {
    for (let seed = 1; seed <= Number(process.env['DEPTHWISE_SEEDS'] ?? 12); seed++) {
      const { params, consts } = unit.sample(randomSource(seed));
      run(unit, nodeOf(unit, params, consts), seed);
    }
  });
});

const request = (
  op: string,
  x: TensorType,
  y: ElementType,
  weights: { readonly elem: ElementType; readonly value: number } | undefined,
): LayerRequest => {
  const [taps = 1, channels = 1] = x.shape.slice(-2);
  const constant: Tensor | undefined =
    weights === undefined
      ? undefined
      : {
          type: { elem: weights.elem, shape: [taps, channels] },
          data: new Int8Array(taps * channels).fill(weights.value),
        };
  const result = { elem: y, shape: [...x.shape.slice(0, -2), channels] };
  const consts = new Map(constant === undefined ? [] : [[1, constant]]);
  return { value: 'y', ops: [{ op, name: 'y', consts, attributes: {}, result }], input: x, inputs: [x] };
};

const folding = { style: 'folded', pe: 4, simd: 4, order: 'input' } as const;

describe('a request', () => {
  const x: TensorType = { elem: int(8), shape: [3, 5, 9, 8] };

  test('becomes an instance whose sums are exactly as wide as the extremes', () => {
    const answer = depthwise.implement?.(
      request('depthwise', x, int(19), { elem: int(8), value: -128 }),
      folding,
    );
    if (answer === undefined || 'refusal' in answer) throw new Error('refused');
    const node = nodeOf(depthwise, answer.params, { ...answer.consts });
    expect(node.params).toMatchObject({ rows: 15, taps: 9, channels: 8, lanes: 4 });
    // 9 * 128 * 128 = 147456 needs 19 bits, 18 hold up to 131071
    expect(depthwise.check(node)).toEqual([]);
    const narrow = nodeOf(depthwise, { ...node.params, y: { ...int(18) } }, node.consts);
    expect(depthwise.check(narrow).map(({ found }) => found)).toEqual([
      'does not hold channel 0, which ranges from -146304 to 147456',
    ]);
  });

  test('is folded to every rate that the lanes allow, within the cycles asked for', () => {
    const asked = request('reduce_max', x, int(8), undefined);
    for (const cycles of [15 * 9 * 8, 1000, 15 * 9, 100, 45, 15]) {
      const found = reduce.foldings?.(asked, cycles, ['folded']) ?? [];
      expect(found.length, String(cycles)).toBeGreaterThan(0);
      for (const one of found) {
        const answer = reduce.implement?.(asked, one);
        if (answer === undefined || 'refusal' in answer) throw new Error('refused');
        const node = nodeOf(reduce, answer.params);
        expect(reduce.check(node)).toEqual([]);
        expect(reduce.timing(node).initiationInterval).toBeLessThanOrEqual(cycles);
      }
    }
    expect(reduce.foldings?.(asked, 14, ['folded'])).toEqual([]);
    expect(reduce.foldings?.(asked, 1000, ['unrolled'])).toEqual([]);
  });

  test.each([
    ['another operation', request('matmul', x, int(19), { elem: int(8), value: 1 }), folding],
    ['weights that are no constant', request('depthwise', x, int(19), undefined), folding],
    [
      'another style',
      request('depthwise', x, int(19), { elem: int(8), value: 1 }),
      { ...folding, style: 'unrolled' },
    ],
    [
      'powers of two',
      request('depthwise', { ...x, elem: { kind: 'pow2', lo: 0, hi: 3 } }, int(19), {
        elem: bipolar,
        value: 1,
      }),
      folding,
    ],
  ] as const)('is refused for %s', (_, asked, how) => {
    const answer = depthwise.implement?.(asked, how);
    expect(answer).toMatchObject({ refusal: { code: 'QCC4002' } });
  });
});

describe('parameters that cannot be built', () => {
  const good = {
    kind: 'sum',
    rows: 2,
    taps: 6,
    channels: 4,
    lanes: 12,
    x: { ...uint(4) },
    y: { ...uint(7) },
  };

  test.each([
    ['lanes', { lanes: 5 }],
    ['lanes', { lanes: 16 }],
    ['y', { y: { ...uint(6) } }],
    ['y', { kind: 'max', x: { ...bipolar }, y: { ...ternary } }],
    ['taps', { taps: 0 }],
  ] as const)('are refused by name: %s', (name, change) => {
    expect(reduce.check(nodeOf(reduce, good))).toEqual([]);
    const [first] = reduce.check(nodeOf(reduce, { ...good, ...change }));
    expect(first?.code).toBe('QCC4001');
    expect(first?.message).toContain(`'${name}'`);
  });

  test('a sum is one bit wider only where it must be', () => {
    expect(fitInteger(0, 6 * 15)).toEqual(uint(7));
    expect(reduce.check(nodeOf(reduce, { ...good, taps: 8, lanes: 4, y: { ...uint(7) } }))).toEqual([]);
    expect(reduce.check(nodeOf(reduce, { ...good, taps: 9, lanes: 4, y: { ...uint(7) } }))).toHaveLength(1);
  });
});
