import { describe, expect, test } from 'vitest';
import { beats, sameBeats } from '../../compiler/hw/index.ts';
import type { Folding, HwNode, LayerRequest, StreamType, UnitDefinition } from '../../compiler/hw/index.ts';
import { allocate, bipolar, elementCount, int, ternary, uint } from '../../compiler/qir/types.ts';
import type { ElementType, Tensor, TensorType } from '../../compiler/qir/types.ts';
import { units } from '../../templates/registry.ts';

// What units answer to requests for feature maps: streams, rates and foldings.

function unitNamed(name: string): UnitDefinition {
  const unit = units.get(name);
  if (unit === undefined) throw new Error(`no unit ${name}`);
  return unit;
}

/** A constant tensor from a function of the element's index. */
function tensorOf(elem: ElementType, shape: readonly number[], value: (index: number) => number): Tensor {
  const data = allocate(elem, elementCount(shape));
  for (let i = 0; i < data.length; i++) data[i] = value(i);
  return { type: { elem, shape }, data };
}

interface Op {
  readonly op: string;
  readonly result: TensorType;
  readonly consts?: ReadonlyMap<number, Tensor>;
  readonly attributes?: LayerRequest['ops'][number]['attributes'];
}

function request(inputs: readonly TensorType[], ...ops: readonly Op[]): LayerRequest {
  const [input] = inputs;
  if (input === undefined) throw new Error('no input');
  return {
    value: 'y',
    input,
    inputs,
    ops: ops.map(({ op, result, consts = new Map<number, Tensor>(), attributes = {} }) => ({
      op,
      name: 'y',
      result,
      consts,
      attributes,
    })),
  };
}

function built(name: string, asked: LayerRequest, folding: Partial<Folding>): HwNode {
  const unit = unitNamed(name);
  const answer = unit.implement?.(asked, { style: 'folded', pe: 1, simd: 1, order: 'output', ...folding });
  if (answer === undefined || 'refusal' in answer)
    throw new Error(answer?.refusal.expected ?? 'no operations');
  const node: HwNode = { name: 'u', unit: name, ...answer, origin: { nodes: [] }, value: 'y' };
  expect(unit.check(node)).toEqual([]);
  return node;
}

function streams(node: HwNode): readonly StreamType[] {
  return unitNamed(node.unit)
    .ports(node)
    .map(({ stream }) => stream);
}

const type = (elem: ElementType, ...shape: readonly number[]): TensorType => ({ elem, shape });

describe('matrix products of several vectors', () => {
  const product = request([type(uint(4), 5, 6, 18)], {
    op: 'matmul',
    result: type(int(12), 5, 6, 12),
    consts: new Map([[1, tensorOf(ternary, [12, 18], (i) => (i % 3) - 1)]]),
  });

  test('every vector begins a new beat and takes its steps', () => {
    const node = built('mvu', product, { pe: 5, simd: 4 });
    expect(streams(node)).toEqual([
      { elem: uint(4), elements: 540, lanes: 4, rows: 30 },
      { elem: int(12), elements: 360, lanes: 5, rows: 30 },
    ]);
    expect(streams(node).map(beats)).toEqual([150, 90]);
    expect(unitNamed('mvu').timing(node)).toEqual({ initiationInterval: 30 * 5 * 3, latency: 3 });
    const whole = { style: 'unrolled', pe: 12, simd: 18 } as const;
    expect(unitNamed('unrolled').timing(built('unrolled', product, whole))).toEqual({
      initiationInterval: 30,
      latency: 3,
    });
  });

  test('foldings keep the budget of all vectors together', () => {
    const mvu = unitNamed('mvu');
    for (const cycles of [30, 100, 450, 1500, 6480]) {
      const found = mvu.foldings?.(product, cycles, ['folded']) ?? [];
      expect(found.length).toBeGreaterThan(0);
      for (const folding of found)
        expect(mvu.timing(built('mvu', product, folding)).initiationInterval).toBeLessThanOrEqual(cycles);
      const dividing = found.filter(({ pe, simd }) => 12 % pe === 0 && 18 % simd === 0);
      expect(dividing.length).toBeGreaterThan(0);
    }
    expect(mvu.foldings?.(product, 29, ['folded'])).toEqual([]);
    expect(mvu.foldings?.(product, 6480, ['unrolled'])).toEqual([]);
    expect(unitNamed('unrolled').foldings?.(product, 29, ['folded', 'unrolled'])).toEqual([]);
    expect(unitNamed('unrolled').foldings?.(product, 30, ['folded', 'unrolled'])).toEqual([
      { style: 'unrolled', pe: 12, simd: 18, order: 'output' },
    ]);
  });

  test('vectors of another length are refused', () => {
    const wrong = request([type(uint(4), 18, 5)], ...product.ops);
    expect(() => built('mvu', wrong, {})).toThrow('vectors of 18 elements');
  });
});

describe('units that pass a feature map through', () => {
  const levels = request([type(int(6), 4, 5, 6)], {
    op: 'threshold',
    result: type(uint(2), 4, 5, 6),
    consts: new Map([[1, tensorOf(int(6), [6, 3], (i) => i)]]),
    attributes: { base: 0 },
  });

  test.each([
    [1, 1, 20, 120],
    [4, 4, 20, 40],
    [6, 6, 20, 20],
    [13, 12, 10, 10],
    [500, 120, 1, 1],
  ])('threshold asked for %i lanes', (asked, lanes, rows, cycles) => {
    const node = built('threshold', levels, { pe: asked });
    const stream = { elem: int(6), elements: 120, lanes, ...(rows === 1 ? {} : { rows }) };
    expect(streams(node)[0]).toEqual(stream);
    expect(unitNamed('threshold').timing(node).initiationInterval).toBe(cycles);
  });

  test('one index for every vector', () => {
    const best = request([type(int(8), 3, 4, 10)], { op: 'argmax', result: type(uint(4), 3, 4, 1) });
    const node = built('label_select', best, { simd: 4 });
    expect(streams(node)).toEqual([
      { elem: int(8), elements: 120, lanes: 4, rows: 12 },
      { elem: uint(4), elements: 12, lanes: 1, rows: 12 },
    ]);
    expect(unitNamed('label_select').timing(node).initiationInterval).toBe(36);
  });
});

describe('width_converter', () => {
  const unit = unitNamed('width_converter');
  const convert = (elements: number, from: readonly number[], to: readonly number[]): HwNode => {
    const stream = ([rows = 1, lanes = 1]: readonly number[]): StreamType => ({
      elem: uint(3),
      elements,
      lanes,
      rows,
    });
    const params = unit.plumbing?.make({ input: stream(from), output: stream(to) }) ?? {};
    const node: HwNode = { name: 'w', unit: unit.name, params, consts: {}, origin: { nodes: [] }, value: '' };
    expect(unit.check(node)).toEqual([]);
    const [input, output] = streams(node);
    expect(input !== undefined && sameBeats(input, stream(from))).toBe(true);
    expect(output !== undefined && sameBeats(output, stream(to))).toBe(true);
    return node;
  };

  test.each([
    // rows without padding are no rows
    [96, [16, 3], [4, 6], 32],
    // padded rows that both sides share, wider and narrower
    [70, [10, 2], [10, 4], 40],
    [70, [10, 4], [10, 2], 40],
    // padding that one side only has
    [120, [20, 4], [1, 4], 40],
    [120, [1, 4], [20, 4], 40],
    // padding on both sides at different places: of 30 elements 10 beats come and 9 go, in 11 steps
    [60, [10, 4], [6, 4], 22],
  ])('%i elements, %j to %j', (elements, from, to, cycles) => {
    expect(unit.timing(convert(elements, from, to)).initiationInterval).toBe(cycles);
  });

  test('rows that do not divide the frame are a diagnostic', () => {
    const node = convert(60, [10, 4], [6, 4]);
    const wrong = { ...node, params: { ...node.params, toRows: 7 } };
    expect(unit.check(wrong).map(({ message }) => message)).toEqual([expect.stringContaining('toRows')]);
  });
});

describe('concat', () => {
  const unit = unitNamed('concat');
  const along = (
    axis: number | undefined,
    result: TensorType,
    ...inputs: readonly TensorType[]
  ): LayerRequest =>
    request(inputs, { op: 'concat', result, attributes: axis === undefined ? {} : { axis } });

  test('takes the channels of one input after those of the other', () => {
    const asked = along(undefined, type(int(5), 2, 3, 10), type(uint(4), 2, 3, 6), type(ternary, 2, 3, 4));
    const node = built('concat', asked, { pe: 3 });
    expect(streams(node)).toEqual([
      { elem: uint(4), elements: 36, lanes: 2, rows: 6 },
      { elem: ternary, elements: 24, lanes: 2, rows: 6 },
      { elem: int(5), elements: 60, lanes: 2, rows: 6 },
    ]);
    expect(unit.timing(node).initiationInterval).toBe(30);
    expect(unit.foldings?.(asked, 59, ['folded'])).toEqual([
      { style: 'folded', pe: 2, simd: 2, order: 'output' },
    ]);
    expect(unit.foldings?.(asked, 29, ['folded'])).toEqual([]);
  });

  test('takes one frame after the other along the first axis', () => {
    const node = built(
      'concat',
      along(0, type(uint(4), 5, 3, 2), type(uint(4), 2, 3, 2), type(uint(4), 3, 3, 2)),
      {
        pe: 6,
      },
    );
    expect(streams(node)[2]).toEqual({ elem: uint(4), elements: 30, lanes: 6 });
    expect(unit.timing(node).initiationInterval).toBe(5);
  });

  test('refuses types that the result cannot hold', () => {
    expect(() => built('concat', along(0, type(bipolar, 4), type(bipolar, 2), type(ternary, 2)), {})).toThrow(
      'integers that the result holds',
    );
  });
});

describe('fork', () => {
  test('a reader that stalls holds the others up after two beats', () => {
    const unit = unitNamed('fork');
    const stream = { elem: uint(3), elements: 8, lanes: 2, rows: 2 };
    const params = unit.plumbing?.make({ input: stream, output: stream, count: 3 }) ?? {};
    const node: HwNode = { name: 'f', unit: 'fork', params, consts: {}, origin: { nodes: [] }, value: '' };
    expect(unit.ports(node).map(({ name }) => name)).toEqual(['in', 'out0', 'out1', 'out2']);
    const model = unit.model(node);
    let taken = 0;
    for (let cycle = 0; cycle < 10; cycle++) {
      const inputs = model.ready(0) ? 1 : 0;
      taken += inputs;
      // the last reader never takes a beat
      model.tick(inputs, (model.valid(0) ? 1 : 0) | (model.valid(1) ? 2 : 0));
    }
    expect(taken).toBe(2);
    expect([0, 1, 2].map((port) => model.valid(port))).toEqual([false, false, true]);
  });
});
