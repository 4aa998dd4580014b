import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isProblem } from '../../compiler/qir/op.ts';
import { ops } from '../../compiler/qir/ops/index.ts';
import { carriedLattice, latticeTensor } from '../../compiler/qir/ops/lattice.ts';
import { rational, rationalOf, roundToFloat32 } from '../../compiler/qir/rational.ts';
import {
  bipolar,
  fixed,
  holds,
  int,
  printElement,
  ternary,
  uint,
  valueRange,
  type ElementType,
  type Tensor,
} from '../../compiler/qir/types.ts';
import { anyElement } from '../qir/arbitrary.ts';
import { numbers, real, run, whole } from './run.ts';

function levelsOf(tensor: Tensor): number[] | undefined {
  const lattice = carriedLattice(tensor);
  return lattice && Array.from(lattice.levels);
}
/** A quantized tensor: levels and scales. */
function quantized(
  levels: readonly number[],
  shape: readonly number[],
  scales: readonly number[],
  scaleShape: readonly number[] = [],
): Tensor {
  return latticeTensor(shape, {
    levels: Int32Array.from(levels),
    scales: scales.map((s) => rationalOf(Math.fround(s))),
    scaleShape,
  });
}
const level = fc.integer({ min: -128, max: 127 });
const anyScale = fc.oneof(
  fc.constantFrom(0.5, 0.25, 1, 3, 0.1),
  fc.float({ noNaN: true, min: Math.fround(1e-3), max: 3 }),
);
const anyInteger = fc.constantFrom<ElementType>(bipolar, ternary, uint(1), uint(8), int(3), int(8), int(16));

describe('add and sub of quantized tensors', () => {
  it('are exact, and carry levels that say so', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(level, level), { minLength: 1, maxLength: 5 }),
        anyScale,
        anyScale,
        fc.constantFrom('add' as const, 'sub' as const),
        (pairs, s, t, op) => {
          const a = quantized(
            pairs.map(([m]) => m),
            [pairs.length],
            [s],
          );
          const b = quantized(
            pairs.map(([, n]) => n),
            [pairs.length],
            [t],
          );
          const y = run(op, [a, b]);
          const [p, q] = [rationalOf(Math.fround(s)), rationalOf(Math.fround(t))];
          const sums = pairs.map(([m, n]) => {
            const left = BigInt(m) * p.numerator * q.denominator;
            const right = BigInt(n) * q.numerator * p.denominator;
            return rational(op === 'add' ? left + right : left - right, p.denominator * q.denominator);
          });
          const lattice = carriedLattice(y);
          if (lattice === undefined) {
            expect(numbers(y)).toEqual(
              pairs.map((_, i) => {
                const [m, n] = [a.data[i]!, b.data[i]!];
                return Math.fround(op === 'add' ? m + n : m - n) + 0;
              }),
            );
            return;
          }
          expect(numbers(y)).toEqual(sums.map((sum) => roundToFloat32(sum) + 0));
          const scale = lattice.scales[0]!;
          sums.forEach((sum, i) =>
            expect(rational(BigInt(lattice.levels[i]!) * scale.numerator, scale.denominator)).toEqual(sum),
          );
        },
      ),
    );
  });

  it('keep levels with a scale for each channel', () => {
    const a = quantized([1, 2, 3, 4], [2, 2], [0.5, 0.25], [2]);
    const b = quantized([1, 1, 1, 1], [2, 2], [0.25]);
    const y = run('add', [a, b]);
    expect(numbers(y)).toEqual([0.75, 0.75, 1.75, 1.25]);
    expect(levelsOf(y)).toEqual([3, 3, 7, 5]);
  });

  it('drop the levels where those would not fit', () => {
    const y = run('add', [quantized([2 ** 20], [1], [1]), quantized([1], [1], [2 ** -20])]);
    expect(levelsOf(y)).toBeUndefined();
    expect(numbers(y)).toEqual([Math.fround(2 ** 20 + 2 ** -20)]);
  });
});

describe('concat', () => {
  const anyParts = fc
    .tuple(
      fc.integer({ min: 0, max: 2 }),
      fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 3, maxLength: 3 }),
    )
    .chain(([axis, shape]) =>
      fc
        .array(
          fc.tuple(anyInteger, fc.integer({ min: 1, max: 3 })).chain(([elem, length]) => {
            const own = shape.map((n, i) => (i === axis ? length : n));
            const count = own.reduce((a, b) => a * b, 1);
            return fc
              .array(anyElement(elem), { minLength: count, maxLength: count })
              .map((values) => whole(elem, values, own));
          }),
          { minLength: 1, maxLength: 4 },
        )
        .map((parts) => ({ axis, parts })),
    );
  const at = (x: Tensor, [i, j, k]: readonly number[]): number => {
    const [, columns = 0, channels = 0] = x.type.shape;
    return x.data[(i! * columns + j!) * channels + k!]!;
  };

  it('puts every element where its axis says, in a type that holds all', () => {
    fc.assert(
      fc.property(anyParts, ({ axis, parts }) => {
        const y = run('concat', parts, axis === 2 ? {} : { axis });
        const expected: number[] = [];
        const [rows = 0, columns = 0, channels = 0] = y.type.shape;
        for (let i = 0; i < rows; i++)
          for (let j = 0; j < columns; j++)
            for (let k = 0; k < channels; k++) {
              const place = [i, j, k];
              const part = parts.find((x) => {
                if (place[axis]! < x.type.shape[axis]!) return true;
                place[axis]! -= x.type.shape[axis]!;
                return false;
              })!;
              expected.push(at(part, place));
            }
        expect(numbers(y)).toEqual(expected);
        expect(parts.every((x) => Array.from(x.data).every((value) => holds(y.type.elem, value)))).toBe(true);
      }),
    );
  });

  it('keeps a type that all have, and else takes the narrowest', () => {
    const of = (...elems: ElementType[]): string => {
      const type = ops.get('concat')!.type(
        elems.map((elem) => ({ type: { elem, shape: [2] } })),
        {},
        undefined,
      );
      return isProblem(type) ? type.message : printElement(type.elem);
    };
    expect(of(bipolar, bipolar)).toBe('bipolar');
    expect(of(bipolar, ternary)).toBe('ternary');
    expect(of(uint(4), int(3))).toBe('int5');
    expect(of(fixed(8, 4), fixed(6, 4))).toBe('fixed<8,4>');
    expect(of(fixed(8, 4), int(6))).toBe('no integer type holds the values of every operand');
    expect(of(uint(32), int(2))).toBe('no integer type holds the values of every operand');
  });

  it('keeps levels on a common scale, or one scale a channel', () => {
    const [a, b] = [quantized([1, 2], [1, 2], [0.5]), quantized([3, 4], [1, 2], [0.25])];
    const y = run('concat', [a, b]);
    expect([numbers(y), levelsOf(y)]).toEqual([
      [0.5, 1, 0.75, 1],
      [2, 4, 3, 4],
    ]);
    const far = run('concat', [quantized([2 ** 20, 1], [1, 2], [1]), quantized([3], [1, 1], [2 ** -20])]);
    expect(levelsOf(far)).toEqual([2 ** 20, 1, 3]);
    expect(carriedLattice(far)!.scaleShape).toEqual([1, 3]);
    expect(levelsOf(run('concat', [a, real([1, 2], [1, 2])]))).toBeUndefined();
    const rows = run(
      'concat',
      [quantized([1, 2], [1, 2], [0.5, 3], [2]), quantized([3, 4], [1, 2], [0.5, 3], [2])],
      { axis: 0 },
    );
    expect([numbers(rows), levelsOf(rows)]).toEqual([
      [0.5, 6, 1.5, 12],
      [1, 2, 3, 4],
    ]);
  });
});

describe('combine', () => {
  const factor = fc.integer({ min: -40, max: 40 });
  /** A value [3, 2] with a factor for each of its two channels, or the same for both. */
  const column = (perChannel: boolean) =>
    fc.tuple(anyInteger, factor, factor).chain(([elem, a, b]) =>
      fc.record({
        k: fc.constant(perChannel ? [a, b] : [a, a]),
        x: fc.array(anyElement(elem), { minLength: 6, maxLength: 6 }).map((v) => whole(elem, v, [3, 2])),
      }),
    );
  const columns = fc
    .boolean()
    .chain((perChannel) =>
      fc.tuple(fc.constant(perChannel), fc.array(column(perChannel), { minLength: 1, maxLength: 4 })),
    );
  const typeOf = (
    values: readonly Tensor[],
    constants: readonly Tensor[],
    attributes: Record<string, number[]>,
  ) =>
    ops
      .get('combine')!
      .type(
        [...values.map(({ type }) => ({ type })), ...constants.map((t) => ({ type: t.type, tensor: t }))],
        attributes,
        undefined,
      );

  it('adds multiples and a bias, in a type that holds every sum', () => {
    const bias = fc.option(fc.tuple(fc.integer({ min: -99, max: 99 }), fc.integer({ min: -99, max: 99 })));
    fc.assert(
      fc.property(columns, bias, ([perChannel, values], b) => {
        const operands = values.map(({ x }) => x);
        const factors = values.map(({ k }) => k);
        const attributes = perChannel ? {} : { coefficients: factors.map(([k]) => k) };
        const constants = [
          ...(perChannel ? [whole(int(8), factors.flat(), [factors.length, 2])] : []),
          ...(b === null ? [] : [whole(int(8), b)]),
        ];
        const type = typeOf(operands, constants, attributes);
        if (isProblem(type)) throw new Error(type.message);
        const y = ops.get('combine')!.evaluate([...operands, ...constants], attributes, type);
        const sums = Array.from({ length: 6 }, (_, i) =>
          values.reduce((sum, { k, x }) => sum + k[i % 2]! * x.data[i]!, b?.[i % 2] ?? 0),
        );
        expect(numbers(y)).toEqual(sums.map((n) => n + 0));
        expect(sums.every((n) => holds(type.elem, n))).toBe(true);
      }),
    );
  });

  it('takes the range channel by channel', () => {
    const x = whole(uint(4), [0, 0, 0, 0, 0, 0], [3, 2]);
    const k = whole(int(8), [100, 0, 0, -2], [2, 2]);
    // channel 0 from 0 to 1500 and channel 1 from -30 to 0, each plus its bias
    expect(typeOf([x, x], [k, whole(int(8), [-100, 30])], {})).toEqual({ elem: int(12), shape: [3, 2] });
    expect(typeOf([x, x], [k, whole(int(8), [0, 30])], {})).toEqual({ elem: uint(11), shape: [3, 2] });
  });

  it('names factors that are missing, misshapen or too many', () => {
    const x = whole(uint(4), [1, 2], [2]);
    const k = whole(int(8), [1, 2], [2]);
    const square = whole(int(8), [1, 2, 3, 4], [2, 2]);
    expect(typeOf([x, x], [], {})).toMatchObject({ message: 'there are no factors' });
    expect(typeOf([x, x], [k], {})).toMatchObject({
      message: 'the factors do not fit the values',
      found: 'int8[2]',
    });
    expect(typeOf([x, x], [square, k, k], {})).toMatchObject({ found: 'a constant int8[2, 2] before them' });
    expect(typeOf([x, x], [square, k], { coefficients: [1, 2] })).toMatchObject({
      found: 'a constant int8[2, 2] before it',
    });
  });
});

/** floor(a / b) for b > 0. */
const floorDivide = (a: bigint, b: bigint): bigint => (a - (((a % b) + b) % b)) / b;
const clamp = (x: bigint, min: number, max: number): number => Math.min(Math.max(Number(x), min), max);

describe('requantize', () => {
  it('is a product, a sum, a shift towards minus infinity and a clamp', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -(2 ** 19), max: 2 ** 19 - 1 }), { minLength: 4, maxLength: 4 }),
        fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { minLength: 2, maxLength: 2 }),
        fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { minLength: 2, maxLength: 2 }),
        fc.integer({ min: 0, max: 62 }),
        fc.integer({ min: 0, max: 20 }),
        (xs, m, b, shift, bias) => {
          const operands = [whole(int(20), xs, [2, 2]), whole(int(32), m), whole(int(32), b)];
          const y = run('requantize', operands, { shift, bias_shift: bias, min: -128, max: 127 });
          const exact = xs.map((x, i) => {
            const sum = BigInt(x) * BigInt(m[i % 2]!) + (BigInt(b[i % 2]!) << BigInt(bias));
            return clamp(floorDivide(sum, 1n << BigInt(shift)), -128, 127);
          });
          expect(numbers(y)).toEqual(exact.map((n) => n + 0));
          expect(y.type.elem).toEqual(int(8));
        },
      ),
    );
  });

  it('refuses what a double would not hold', () => {
    const m = whole(int(32), [2 ** 31 - 1]);
    const b = whole(int(2), [0]);
    const infos = [
      { type: { elem: int(32), shape: [3] } },
      { type: m.type, tensor: m },
      { type: b.type, tensor: b },
    ];
    const found = ops.get('requantize')!.type(infos, { shift: 1, min: 0, max: 1 }, undefined);
    expect(found).toMatchObject({ message: 'a product or sum exceeds 2^53' });
  });
});

describe('mbqm', () => {
  /** The C++ of the reference kernels in 64-bit integers. */
  function reference(x: number, m: number, shift: number): bigint {
    const a = BigInt(x) << BigInt(Math.max(shift, 0));
    const least = -(2n ** 31n);
    const product = a * BigInt(m);
    const nudge = product >= 0n ? 1n << 30n : 1n - (1n << 30n);
    // BigInt division truncates as that of C does
    const high = a === least && BigInt(m) === least ? 2n ** 31n - 1n : (product + nudge) / (1n << 31n);
    const exponent = BigInt(Math.max(-shift, 0));
    const mask = (1n << exponent) - 1n;
    const remainder = high & mask;
    const threshold = (mask >> 1n) + (high < 0n ? 1n : 0n);
    return (high >> exponent) + (remainder > threshold ? 1n : 0n);
  }
  const edge = (min: number, max: number) =>
    fc.oneof(fc.constantFrom(min, max, 0, 1, -1, 2 ** 30, -(2 ** 30)), fc.integer({ min, max }));

  it('rounds twice as the reference kernels do', () => {
    const word = edge(-(2 ** 31), 2 ** 31 - 1);
    fc.assert(
      fc.property(word, word, fc.integer({ min: -31, max: 0 }), (x, m, shift) => {
        const operands = [whole(int(32), [x]), whole(int(32), [m]), whole(int(6), [shift])];
        const y = run('mbqm', operands, { zero_point: 3, min: -(2 ** 31), max: 2 ** 31 - 1 });
        expect(numbers(y)).toEqual([clamp(reference(x, m, shift) + 3n, -(2 ** 31), 2 ** 31 - 1) + 0]);
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(edge(-128, 127), word, fc.integer({ min: 0, max: 24 }), (x, m, shift) => {
        fc.pre(Math.abs(x) <= 128);
        const operands = [whole(int(8), [x]), whole(int(32), [m]), whole(int(6), [shift])];
        const y = run('mbqm', operands, { zero_point: 0, min: -128, max: 127 });
        expect(numbers(y)).toEqual([clamp(reference(x, m, shift), -128, 127) + 0]);
      }),
    );
  });

  it('takes a multiplier and a shift for each channel', () => {
    const operands = [
      whole(int(8), [100, 100, -3, -3], [2, 2]),
      whole(int(32), [2 ** 30, 2 ** 30]),
      whole(int(6), [0, -1]),
    ];
    expect(numbers(run('mbqm', operands, { zero_point: -5, min: -128, max: 127 }))).toEqual([45, 20, -6, -6]);
  });

  it('refuses an operand that leaves 32 bits when shifted, and shifts out of range', () => {
    const tensors = (x: ElementType, shift: number) => {
      const [m, s] = [whole(int(32), [2 ** 30]), whole(int(8), [shift])];
      return [{ type: { elem: x, shape: [1] } }, { type: m.type, tensor: m }, { type: s.type, tensor: s }];
    };
    const attributes = { zero_point: 0, min: 0, max: 1 };
    const problem = (x: ElementType, shift: number) => {
      const found = ops.get('mbqm')!.type(tensors(x, shift), attributes, undefined);
      return isProblem(found) ? found.message : undefined;
    };
    expect(problem(int(8), 24)).toBeUndefined();
    expect(problem(uint(8), 24)).toBe('the operand shifted left leaves 32 bits');
    expect(problem(int(8), 31)).toBe('a shift is out of range');
    expect(problem(int(8), -32)).toBe('a shift is out of range');
  });
});

describe('activations', () => {
  it('leaky_relu and prelu round the product of the negative side', () => {
    const x = real([-3, 0, 2, -0.7], [2, 2]);
    const alpha = Math.fround(0.1);
    expect(numbers(run('leaky_relu', [x], { alpha }))).toEqual(
      [-3 * alpha, 0, 2, Math.fround(-0.7) * alpha].map((n) => Math.fround(n) + 0),
    );
    expect(numbers(run('prelu', [x, real([2, 0.5])]))).toEqual([
      -6,
      0,
      2,
      Math.fround(Math.fround(-0.7) * 0.5),
    ]);
  });

  it('sigmoid and tanh are monotone, odd about their middle, and know their limits', () => {
    expect(numbers(run('sigmoid', [real([0, 200, -200])]))).toEqual([
      0.5,
      1,
      Math.fround(Math.exp(-200)) + 0,
    ]);
    expect(numbers(run('tanh', [real([0, 200, -200])]))).toEqual([0, 1, -1]);
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: -30, max: 30 }), (x) => {
        const [up, down] = numbers(run('sigmoid', [real([x, -x])]));
        expect(Math.abs(up! + down! - 1)).toBeLessThan(1e-6);
        const [t, minus] = numbers(run('tanh', [real([x, -x])]));
        expect(t! + minus!).toBe(0);
        const e = Math.exp(2 * x);
        if (x < 20) expect(Math.abs(t! - (e - 1) / (e + 1))).toBeLessThan(1e-6);
      }),
    );
  });
});

describe('ops of vectors on feature maps', () => {
  const map = fc.array(fc.integer({ min: -8, max: 7 }), { minLength: 12, maxLength: 12 });

  it('treat every pixel as matmul, threshold, lookup and argmax treat one vector', () => {
    fc.assert(
      fc.property(map, (values) => {
        const x = whole(int(4), values, [2, 2, 3]);
        const pixels = [0, 3, 6, 9].map((from) => whole(int(4), values.slice(from, from + 3)));
        const { max } = valueRange(int(4));
        const table = whole(
          uint(5),
          Array.from({ length: 48 }, (_, i) => (i * 7) % 32),
          [3, 16],
        );
        const cases: [string, Tensor[], Record<string, number>][] = [
          ['matmul', [whole(int(3), [1, -2, 3, 0, 1, -4], [2, 3]), whole(int(3), [1, -1])], {}],
          ['threshold', [whole(int(4), [-3, 0, 1, 2, -8, max], [3, 2])], { base: 0 }],
          ['lookup', [table], { offset: -8 }],
          ['argmax', [], {}],
        ];
        for (const [name, consts, attributes] of cases) {
          const each = pixels.flatMap((pixel) => numbers(run(name, [pixel, ...consts], attributes)));
          expect(numbers(run(name, [x, ...consts], attributes))).toEqual(each);
        }
      }),
    );
  });
});
