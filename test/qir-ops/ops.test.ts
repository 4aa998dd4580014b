import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isProblem } from '../../compiler/qir/op.ts';
import { ops } from '../../compiler/qir/ops/index.ts';
import { carriedLattice, latticeOf } from '../../compiler/qir/ops/lattice.ts';
import { rationalOf, roundToFloat32, rational } from '../../compiler/qir/rational.ts';
import {
  bipolar,
  int,
  printType,
  ternary,
  uint,
  type ElementType,
  type TensorType,
} from '../../compiler/qir/types.ts';
import { numbers, real, run, scalar, whole } from './run.ts';

describe('every op', () => {
  it.each([...ops])('%s documents itself, its operands and attributes', (name, op) => {
    expect(op.name).toBe(name);
    expect(op.forms.length).toBeGreaterThan(0);
    for (const text of [
      op.summary,
      op.meaning,
      ...op.operands.map((o) => o.doc),
      ...Object.values(op.attributes).map((a) => a.doc),
    ]) {
      expect(text.length).toBeGreaterThan(3);
    }
  });
});

describe('quantizers', () => {
  const range = { min: -4, max: 3, rounding: 'HALF_EVEN' };

  it('quant rounds half to even, clamps, and broadcasts its scale', () => {
    const x = real([-9, -0.75, -0.25, 0.25, 0.75, 1.25, 9]);
    expect(numbers(run('quant', [x, scalar(0.5), scalar(0)], range))).toEqual([-2, -1, 0, 0, 1, 1, 1.5]);
    const perChannel = run('quant', [real([1, 1, 1, 1], [2, 2]), real([1, 0.5]), scalar(0)], range);
    expect(numbers(perChannel)).toEqual([1, 1, 1, 1]);
    expect(Array.from(carriedLattice(perChannel)!.levels)).toEqual([1, 2, 1, 2]);
  });

  it('quant adds the zero point before rounding (QONNX) or after (ONNX), which differs at ties', () => {
    const operands = [real([0.5, 1.5]), scalar(1), scalar(1)];
    const first = run('quant', operands, { min: 0, max: 7, rounding: 'HALF_EVEN', zero_point_first: true });
    const after = run('quant', operands, { min: 0, max: 7, rounding: 'HALF_EVEN', zero_point_first: false });
    expect([numbers(first), numbers(after)]).toEqual([
      [1, 1],
      [0, 2],
    ]);
  });

  it('quant divides in float32, as the source format does', () => {
    // 1.05 / 0.7 is 1.4999999659 exactly; as float32 it is 1.5, a tie
    const [x, s] = [Math.fround(1.05), Math.fround(0.7)];
    const q = Math.fround(x / s);
    expect(
      Array.from(carriedLattice(run('quant', [real([x]), scalar(s), scalar(0)], range))!.levels),
    ).toEqual([q === 1.5 ? 2 : Math.round(q)]);
  });

  it('bipolar_quant counts zero, also negative zero, as positive', () => {
    expect(numbers(run('bipolar_quant', [real([-1e-30, -0, 0, 3]), scalar(0.5)]))).toEqual([
      -0.5, 0.5, 0.5, 0.5,
    ]);
  });

  it('multithreshold counts by channel, scaled and shifted', () => {
    const t = real([0, 1, 10, 20], [2, 2]);
    expect(
      numbers(run('multithreshold', [real([1, 1, 0.5, 25], [2, 2]), t], { out_scale: 2, out_bias: -1 })),
    ).toEqual([3, -1, 1, 3]);
  });

  it('trunc version 1 divides by the dropped bits and keeps the scale', () => {
    const operands = [real([13, -13, 8]), scalar(1), scalar(0)];
    const attributes = { in_bits: 8, out_bits: 6, rounding: 'FLOOR', version: 1 };
    expect(numbers(run('trunc', operands, attributes))).toEqual([3, -4, 2]);
  });

  it('trunc version 2 clamps to the result range and takes the result scale', () => {
    const operands = [real([13, -13, 127]), scalar(1), scalar(0), scalar(4)];
    const attributes = {
      in_bits: 8,
      out_bits: 4,
      rounding: 'HALF_EVEN',
      signed: true,
      narrow: false,
      version: 2,
    };
    expect(numbers(run('trunc', operands, attributes))).toEqual([12, -12, 28]);
    const shifted = run('trunc', [real([10]), scalar(1), scalar(2), scalar(4)], {
      ...attributes,
      out_bits: 6,
    });
    // n = 12, q = 3, minus the zero point 2 / 4
    expect(numbers(shifted)).toEqual([10]);
  });

  it('carry exact levels: the numbers are the levels times the scale, rounded once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: 1 }),
        fc.float({ noNaN: true, min: Math.fround(0.01), max: 3 }),
        (xs, s) => {
          const y = run('quant', [real(xs), scalar(s), scalar(0)], {
            min: -128,
            max: 127,
            rounding: 'HALF_EVEN',
          });
          const { levels } = carriedLattice(y)!;
          expect(numbers(y)).toEqual(Array.from(levels, (level) => Math.fround(level * s) + 0));
        },
      ),
    );
  });
});

describe('matmul', () => {
  it('of integers is exact, with a bias, over the last axis', () => {
    const y = run('matmul', [
      whole(int(8), [1, 2, 3, -4, -5, -6], [2, 3]),
      whole(ternary, [1, 0, -1, 1, 1, 1], [2, 3]),
      whole(int(4), [7, -1]),
    ]);
    expect(numbers(y)).toEqual([5, 5, 9, -16]);
  });

  it('of integers is as wide as its weights can make it, and refuses a narrower declared type', () => {
    const op = ops.get('matmul')!;
    const w = whole(bipolar, [1, -1, 1, 1], [2, 2]);
    const infos = [{ type: { elem: uint(4), shape: [2] } }, { type: w.type, tensor: w }];
    expect(printType(op.type(infos, {}, undefined) as TensorType)).toBe('int6[2]');
    expect(printType(op.type(infos, {}, { elem: int(9), shape: [2] }) as TensorType)).toBe('int9[2]');
    expect(isProblem(op.type(infos, {}, { elem: int(5), shape: [2] }))).toBe(true);
  });

  it('of signs is what the same numbers give as integers, at any length', () => {
    const signs = (length: number) =>
      fc.array(fc.constantFrom(-1, 1), { minLength: length, maxLength: length });
    const sizes = fc.record({
      vectors: fc.integer({ min: 1, max: 3 }),
      inputs: fc.integer({ min: 1, max: 130 }),
    });
    const drawn = sizes.chain(({ vectors, inputs }) =>
      fc.record({
        inputs: fc.constant(inputs),
        x: signs(vectors * inputs),
        w: signs(5 * inputs),
        bias: fc.array(fc.integer({ min: -8, max: 7 }), { minLength: 5, maxLength: 5 }),
      }),
    );
    fc.assert(
      fc.property(drawn, ({ inputs, x, w, bias }) => {
        const product = (elem: ElementType) =>
          run('matmul', [
            whole(elem, x, [x.length / inputs, inputs]),
            whole(elem, w, [5, inputs]),
            whole(int(4), bias),
          ]);
        const sums = numbers(product(int(2)));
        expect(numbers(product(bipolar))).toEqual(sums);
        const plain = (v: number, n: number): number =>
          w
            .slice(n * inputs, (n + 1) * inputs)
            .reduce((sum, each, i) => sum + each * x[v * inputs + i]!, bias[n]!);
        expect(sums).toEqual(sums.map((_, i) => plain(Math.floor(i / 5), i % 5)));
      }),
    );
  });

  it('of signs is right where matrices of two shapes share their elements', () => {
    const w = whole(bipolar, [1, -1, 1, 1, -1, -1], [2, 3]);
    const other = { ...w, type: { ...w.type, shape: [3, 2] } };
    expect(numbers(run('matmul', [whole(bipolar, [1, 1, 1]), w]))).toEqual([1, -1]);
    expect(numbers(run('matmul', [whole(bipolar, [1, 1]), other]))).toEqual([0, 2, -2]);
    expect(numbers(run('matmul', [whole(bipolar, [1, 1, 1]), w]))).toEqual([1, -1]);
  });

  it('of numbers rounds the exact sum once, however it cancels', () => {
    const one = fc.float({ noNaN: true, noDefaultInfinity: true, min: -(2 ** 60), max: 2 ** 60 });
    fc.assert(
      fc.property(fc.array(fc.tuple(one, one), { minLength: 1, maxLength: 12 }), (pairs) => {
        let [numerator, denominator] = [0n, 1n];
        for (const [a, b] of pairs) {
          const [x, w] = [rationalOf(a), rationalOf(b)];
          const d = x.denominator * w.denominator;
          numerator = numerator * d + x.numerator * w.numerator * denominator;
          denominator *= d;
        }
        const y = run('matmul', [
          real(pairs.map(([a]) => a)),
          real(
            pairs.map(([, b]) => b),
            [1, pairs.length],
          ),
        ]);
        const exact = Math.abs(Number(numerator) / Number(denominator));
        const largest = Math.max(...pairs.map(([a, b]) => Math.abs(a * b)));
        // two doubles hold a sum of products to about 2^-100 of the largest: cancellation beyond that is not promised
        fc.pre(numerator === 0n || exact > largest * 2 ** -60);
        expect(numbers(y)).toEqual([roundToFloat32(rational(numerator, denominator)) + 0]);
      }),
    );
    expect(numbers(run('matmul', [real([2 ** 24, 1, 2 ** -60]), real([1, 1, 1], [1, 3])]))).toEqual([
      2 ** 24 + 2,
    ]);
  });

  it('of quantized tensors uses levels and scales, not the rounded numbers', () => {
    const s = Math.fround(0.1);
    const attributes = { min: -128, max: 127, rounding: 'HALF_EVEN' };
    const x = run('quant', [real([0.3, 0.7, 12.7, -0.3]), scalar(s), scalar(0)], attributes);
    const w = run('quant', [real([0.3, 0.7, 12.7, 0.9], [1, 4]), scalar(s), scalar(0)], attributes);
    const sum = 3 * 3 + 7 * 7 + 127 * 127 - 3 * 9;
    const exact = rational(BigInt(sum) * rationalOf(s).numerator ** 2n, rationalOf(s).denominator ** 2n);
    expect(numbers(run('matmul', [x, w]))).toEqual([roundToFloat32(exact)]);
  });
});

describe('integer ops', () => {
  it('threshold counts reached thresholds, flipped ones not reached, and makes bipolar of one', () => {
    const t = whole(int(8), [0, 5, -3, 2], [2, 2]);
    const x = whole(int(8), [0, 2, 7, -9, -1, -3], [3, 2]);
    expect(numbers(run('threshold', [x, t], { base: 0 }))).toEqual([1, 2, 2, 0, 0, 1]);
    expect(numbers(run('threshold', [x, t, whole(uint(1), [1, 0])], { base: -1 }))).toEqual([
      0, 1, -1, -1, 1, 0,
    ]);
    const one = run(
      'threshold',
      [whole(int(4), [-1, 0, 1]), whole(int(4), [0], [1, 1])],
      { base: -1 },
      { elem: bipolar, shape: [3] },
    );
    expect(numbers(one)).toEqual([-1, 1, 1]);
  });

  it('threshold refuses a row that is not ascending', () => {
    const t = whole(int(8), [5, 0], [1, 2]);
    const infos = [{ type: { elem: int(8), shape: [2] } }, { type: t.type, tensor: t }];
    expect(ops.get('threshold')!.type(infos, { base: 0 }, undefined)).toMatchObject({ found: 'row 0' });
  });

  it('lookup reads from its offset and must cover the operand', () => {
    const table = whole(uint(4), [9, 8, 7, 6, 5, 4, 3, 2], [1, 8]);
    expect(numbers(run('lookup', [whole(int(3), [-4, 0, 3]), table], { offset: -4 }))).toEqual([9, 5, 2]);
    const infos = [{ type: { elem: int(4), shape: [1] } }, { type: table.type, tensor: table }];
    expect(ops.get('lookup')!.type(infos, { offset: -4 }, undefined)).toMatchObject({
      found: 'entries for -4 to 3',
    });
  });

  it('argmax takes the first of equals, topk orders equals by index', () => {
    expect(numbers(run('argmax', [whole(int(8), [1, 7, 7, 0, 3, 3, 3, 3], [2, 4])]))).toEqual([1, 0]);
    expect(numbers(run('topk', [whole(int(8), [1, 7, 7, 0])], { k: 3, largest: true }))).toEqual([1, 2, 0]);
    expect(numbers(run('topk', [whole(int(8), [1, 7, 0, 0])], { k: 2, largest: false }))).toEqual([2, 3]);
  });
});

describe('real ops', () => {
  it('elementwise ones broadcast and round to float32 once', () => {
    const a = real([1, 2, 3, 4], [2, 2]);
    expect(numbers(run('add', [a, real([10, 20])]))).toEqual([11, 22, 13, 24]);
    expect(numbers(run('sub', [real([1, 2], [2, 1]), real([10, 20])]))).toEqual([-9, -19, -8, -18]);
    expect(numbers(run('div', [a, scalar(3)]))).toEqual([1 / 3, 2 / 3, 1, 4 / 3].map(Math.fround));
    expect(numbers(run('pow', [a, scalar(0.5)]))).toEqual([1, 2, 3, 4].map((x) => Math.fround(Math.sqrt(x))));
    expect(numbers(run('clip', [real([-5, 0.5, 5])], { min: -1, max: 1 }))).toEqual([-1, 0.5, 1]);
    expect(
      isProblem(ops.get('add')!.type([{ type: a.type }, { type: real([1, 2, 3]).type }], {}, undefined)),
    ).toBe(true);
  });

  it('batchnorm normalizes by channel', () => {
    const y = run('batchnorm', [real([3, 3]), real([2, -1]), real([1, 0]), real([1, 1]), real([4, 0])], {
      epsilon: 0 + 1e-5,
    });
    expect(numbers(y)).toEqual([
      Math.fround((2 / Math.sqrt(4 + 1e-5)) * 2 + 1),
      Math.fround((2 / Math.sqrt(1e-5)) * -1),
    ]);
  });

  it('softmax sums to one along its axis', () => {
    const y = numbers(run('softmax', [real([0, Math.log(3), 0, 0], [2, 2])], { axis: 1 }));
    expect(y).toEqual([0.25, 0.75, 0.5, 0.5]);
    expect(numbers(run('softmax', [real([5, 1, 5, 1], [2, 2])], { axis: 0 }))).toEqual([0.5, 0.5, 0.5, 0.5]);
  });

  it('transpose and reshape move the levels of a quantized tensor with its numbers', () => {
    const attributes = { min: -8, max: 7, rounding: 'HALF_EVEN' };
    const q = run('quant', [real([1, 2, 3, 4, 5, 6], [2, 3]), real([1, 0.5], [2, 1]), scalar(0)], attributes);
    const turned = run('transpose', [q], { perm: [1, 0] });
    const flat = run('reshape', [turned], { shape: [6] });
    for (const tensor of [turned, flat]) {
      const lattice = carriedLattice(tensor)!;
      expect(Array.from(lattice.levels)).toEqual([1, 7, 2, 7, 3, 7]);
      const again = { ...tensor, lattice: undefined };
      expect(numbers(tensor)).toEqual([1, 3.5, 2, 3.5, 3, 3.5]);
      expect(again.type.shape).toEqual(tensor.type.shape);
    }
    expect(carriedLattice(turned)?.scaleShape).toEqual([1, 2]);
  });
});

describe('latticeOf', () => {
  it('keeps integers at scale 1 and finds the common scale of others', () => {
    expect(latticeOf(real([2, -4]))).toMatchObject({
      scales: [rational(1n, 1n)],
      levels: Int32Array.of(2, -4),
    });
    const s = Math.fround(0.3);
    expect(latticeOf(real([s, -s, 0]))).toMatchObject({
      scales: [rationalOf(s)],
      levels: Int32Array.of(1, -1, 0),
    });
    expect(latticeOf(real([1, 1e-12]))).toBeUndefined();
  });
});
