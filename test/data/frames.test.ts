import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readArray, toFrames, toIntegers, type NdArray } from '../../compiler/data/index.ts';
import type { GraphInput, Scale } from '../../compiler/qir/graph.ts';
import { bipolar, fixed, int, uint, type ElementType } from '../../compiler/qir/types.ts';

function input(elem: ElementType, shape: readonly number[], scale?: Scale, zeroPoint?: number): GraphInput {
  return {
    name: 'x',
    type: { elem, shape },
    boundary: { ...(scale && { scale }), ...(zeroPoint !== undefined && { zeroPoint }) },
    origin: { nodes: [] },
  };
}
const what = '--input';
const u8 = (shape: readonly number[], ...data: number[]): NdArray => ({
  dtype: 'uint8',
  shape,
  data: Uint8Array.from(data),
});
const f32 = (shape: readonly number[], ...data: number[]): NdArray => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(data),
});
const i8 = (shape: readonly number[], ...data: number[]): NdArray => ({
  dtype: 'int8',
  shape,
  data: Int8Array.from(data),
});
const code = (code: string) => expect.objectContaining({ diagnostics: [expect.objectContaining({ code })] });

test('integers are taken as they are, whatever the scale', () => {
  const x = input(uint(8), [2, 2], { numerator: 1, denominator: 255 });
  expect(toFrames(u8([2, 2, 2], 0, 1, 2, 3, 4, 5, 6, 255), x, { what })).toEqual({
    count: 2,
    elements: 4,
    data: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 255),
  });
});

test('every byte scaled by 1/255 in float32 comes back as that byte', () => {
  const x = input(uint(8), [256], { numerator: 1, denominator: 255 });
  const reals = f32([1, 256], ...Array.from({ length: 256 }, (_, k) => k / 255));
  expect([...toFrames(reals, x, { what }).data]).toEqual(Array.from({ length: 256 }, (_, k) => k));
});

test('float arrays: the integer whose real value is exactly the element, or a refusal', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 16 }),
      fc.integer({ min: 0, max: 12 }),
      fc.integer({ min: -40, max: 40 }),
      fc.nat(),
      (bits, frac, zeroPoint, seed) => {
        const k = (seed % 2 ** bits) - 2 ** (bits - 1);
        const x = input(fixed(bits, frac), [1], undefined, zeroPoint);
        const real = (k - zeroPoint) / 2 ** frac;
        expect([...toFrames(f32([1], real), x, { what }).data]).toEqual([k]);
        expect(() => toFrames(f32([1], real + 0.25 / 2 ** frac), x, { what })).toThrow(code('QCC6022'));
      },
    ),
  );
});

test('host quantization rounds half to even and clamps', () => {
  const x = input(int(4), [1], { numerator: 1, denominator: 2 });
  const got = toFrames(f32([6, 1], 0.25, 0.75, -0.25, -0.75, 100, -100), x, { what, quantize: true });
  expect([...got.data]).toEqual([0, 2, 0, -2, 7, -8]);
  expect(() => toFrames(f32([1], Number.NaN), x, { what, quantize: true })).toThrow(code('QCC6022'));
});

test('bipolar: -1 and +1, or booleans; 0 is refused', () => {
  const x = input(bipolar, [2]);
  expect([...toFrames(i8([1, 2], -1, 1), x, { what }).data]).toEqual([-1, 1]);
  expect([...toFrames({ dtype: 'bool', shape: [2], data: Uint8Array.of(0, 1) }, x, { what }).data]).toEqual([
    -1, 1,
  ]);
  expect([...toFrames(f32([2], -1, 1), x, { what }).data]).toEqual([-1, 1]);
  expect(() => toFrames(u8([2], 0, 1), x, { what })).toThrow(code('QCC6021'));
  expect(() => toFrames(f32([2], 0, 1), x, { what })).toThrow(code('QCC6022'));
});

test('integers outside the type name the element', () => {
  expect(() => toFrames(u8([2, 2], 0, 1, 2, 16), input(uint(4), [2]), { what })).toThrow(
    expect.objectContaining({
      diagnostics: [expect.objectContaining({ message: 'element [1, 1] of --input is no uint4' })],
    }),
  );
});

test('shapes: frames lead, ones do not matter, axes in another order are refused', () => {
  const image = input(uint(8), [2, 3, 3]);
  const zeros = (...shape: number[]): NdArray =>
    u8(shape, ...Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 0));
  expect(toFrames(zeros(2, 3, 3), image, { what }).count).toBe(1);
  expect(toFrames(zeros(5, 2, 3, 3), image, { what }).count).toBe(5);
  expect(toFrames(zeros(5, 2, 1, 3, 3), image, { what }).count).toBe(5);
  expect(toFrames(zeros(5, 18), image, { what }).count).toBe(5);
  expect(toFrames(zeros(5, 18), image, { what, limit: 3 }).count).toBe(3);
  expect(toFrames(zeros(18), image, { what }).count).toBe(1);
  expect(toFrames(zeros(4, 2, 9), input(uint(8), [18]), { what }).count).toBe(4);
  expect(() => toFrames(zeros(5, 3, 3, 2), image, { what })).toThrow(code('QCC6020'));
  expect(() => toFrames(zeros(5, 17), image, { what })).toThrow(code('QCC6020'));
  // a flat input has one shape, not the same one twice
  expect(() => toFrames(zeros(5, 4), input(uint(8), [3]), { what })).toThrow(
    expect.objectContaining({ diagnostics: [expect.objectContaining({ expected: '[frames, 3]' })] }),
  );
  expect(() => toFrames(zeros(0, 18), image, { what })).toThrow(code('QCC6023'));
});

test('expected values: integers of any type, floats only if integer', () => {
  expect([
    ...toIntegers({ dtype: 'int64', shape: [2], data: BigInt64Array.of(-5n, 7n) }, '--expect'),
  ]).toEqual([-5, 7]);
  expect([...toIntegers(f32([2], -0, 3), '--expect')]).toEqual([0, 3]);
  expect(() => toIntegers(f32([2], 0, 3.5), '--expect')).toThrow(code('QCC6024'));
  expect(() =>
    toIntegers({ dtype: 'int64', shape: [1], data: BigInt64Array.of(2n ** 60n) }, '--expect'),
  ).toThrow(code('QCC6024'));
});

test("the project's own digits, written by numpy", async () => {
  const pixels = await readArray('examples/digits/digits.npz:pixels');
  expect([pixels.dtype, pixels.shape]).toEqual(['uint8', [12, 16, 16]]);
  const sums = await readArray('examples/digits/digits.npz:accumulators');
  expect([sums.dtype, sums.shape, (sums.data as Int32Array).every((sum) => Math.abs(sum) <= 64)]).toEqual([
    'int32',
    [12, 10],
    true,
  ]);
  await expect(readArray('examples/digits/digits.npz')).rejects.toThrow(code('QCC6008'));
  await expect(readArray('examples/digits/none.npz:pixels')).rejects.toThrow(code('QCC6001'));
});

describe('a quantizer that the host takes over', () => {
  test('rounds the quotient to float32 before it rounds to a level, as the model does', () => {
    // In float64 this quotient lies just below 2.5, in float32 it is the tie itself.
    const scale = Math.fround(0.1);
    const x = Math.fround(2.5 * scale);
    expect(x / scale).not.toBe(2.5);
    expect(Math.fround(x / scale)).toBe(2.5);
    const input = {
      name: 'x',
      type: { elem: { kind: 'int' as const, bits: 8 }, shape: [1] },
      boundary: { scale: { numerator: scale, denominator: 1 } },
      origin: { nodes: [] },
    };
    const array = { dtype: 'float32' as const, shape: [1], data: Float32Array.of(x) };
    expect([...toFrames(array, input, { what: 'x', quantize: true }).data]).toEqual([2]);
  });
});
