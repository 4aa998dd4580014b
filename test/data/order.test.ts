import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  fromSourceOrder,
  samplesOf,
  sourceShape,
  toFrames,
  toSourceOrder,
  type NdArray,
} from '../../compiler/data/index.ts';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { checkExpected } from '../../compiler/expect.ts';
import type { GraphInput } from '../../compiler/qir/graph.ts';
import { uint } from '../../compiler/qir/types.ts';

const nchw = { layout: 'nchw' } as const;
const what = '--input';

function image(shape: readonly number[]): GraphInput {
  return { name: 'x', type: { elem: uint(8), shape }, boundary: nchw, origin: { nodes: [] } };
}

function bytes(shape: readonly number[]): NdArray {
  const count = shape.reduce((a, b) => a * b, 1);
  return { dtype: 'uint8', shape, data: Uint8Array.from({ length: count }, (_, i) => i) };
}

/** Element [h, w, c] of each frame of a channels-first array. */
function turned(array: NdArray, frames: number, [h = 1, w = 1, c = 1]: readonly number[]): number[] {
  return Array.from({ length: frames * h * w * c }, (_, i) => {
    const [frame, y, x, k] = [
      Math.floor(i / (h * w * c)),
      Math.floor(i / (w * c)) % h,
      Math.floor(i / c) % w,
      i % c,
    ];
    return Number(array.data[((frame * c + k) * h + y) * w + x]);
  });
}

describe('images of a channels-first model', () => {
  const x = image([2, 4, 3]);

  test('arrays in the order of the model are turned', () => {
    for (const [shape, frames] of [
      [[2, 3, 2, 4], 2],
      [[3, 2, 4], 1],
      [[1, 3, 2, 4], 1],
      [[2, 24], 2],
      [[24], 1],
    ] as const) {
      const array = bytes(shape);
      const found = toFrames(array, x, { what });
      expect([found.count, [...found.data]]).toEqual([frames, turned(array, frames, [2, 4, 3])]);
    }
  });

  test('arrays channels last are taken as they are', () => {
    for (const shape of [
      [2, 2, 4, 3],
      [2, 4, 3],
      [1, 2, 4, 3],
    ]) {
      const array = bytes(shape);
      expect([...toFrames(array, x, { what }).data]).toEqual([...array.data]);
    }
  });

  test('where both orders fit it is the order of the model', () => {
    const array = bytes([1, 3, 3, 3]);
    expect([...toFrames(array, image([3, 3, 3]), { what }).data]).toEqual(turned(array, 1, [3, 3, 3]));
  });

  test('other orders are refused, with both that would do', () => {
    expect(() => toFrames(bytes([2, 4, 2, 3]), x, { what })).toThrow(
      expect.objectContaining({
        diagnostics: [
          expect.objectContaining({
            code: 'QCC6020',
            expected: '[frames, 3, 2, 4] or [frames, 2, 4, 3] or [frames, 24]',
          }),
        ],
      }),
    );
  });

  test('a value out of range is named at its place in the array', () => {
    const array: NdArray = { dtype: 'int16', shape: [1, 2, 1, 2], data: Int16Array.of(1, 2, 3, 300) };
    expect(() => toFrames(array, image([1, 2, 2]), { what })).toThrow(
      expect.objectContaining({ diagnostics: [expect.objectContaining({ code: 'QCC6021' })] }),
    );
    try {
      toFrames(array, image([1, 2, 2]), { what });
    } catch (error) {
      expect(JSON.stringify((error as { diagnostics: unknown }).diagnostics)).toContain('[0, 1, 0, 1]');
    }
  });

  test('there and back', () => {
    const side = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(side, side, side, side, (frames, h, w, c) => {
        const data = Int32Array.from({ length: frames * h * w * c }, (_, i) => i);
        const first = toSourceOrder(data, [h, w, c], nchw);
        expect([...fromSourceOrder(first, [h, w, c], nchw)]).toEqual([...data]);
        const array: NdArray = { dtype: 'int32', shape: [frames, c, h, w], data: first };
        expect(turned(array, frames, [h, w, c])).toEqual([...data]);
        expect(sourceShape([h, w, c], nchw)).toEqual([c, h, w]);
      }),
    );
  });

  test('without a layout nothing moves', () => {
    const data = Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    expect(toSourceOrder(data, [2, 2, 2], {})).toBe(data);
    expect(samplesOf(bytes([1, 3, 2, 4]), [2, 4, 3], {})).toBeUndefined();
  });
});

describe('expected images', () => {
  const shape = [2, 3, 2];
  const data = Int32Array.from({ length: 24 }, (_, i) => i - 5);
  const output = { frames: 2, elements: 12, data, shape, boundary: nchw };
  const array = (axes: readonly number[], values: Int32Array): NdArray => ({
    dtype: 'int32',
    shape: axes,
    data: values,
  });

  test('equal in either order, and a difference is found', () => {
    const first = toSourceOrder(data, shape, nchw);
    const found = new Diagnostics();
    expect(checkExpected(output, array([2, 2, 2, 3], first), '--expect', found).equal).toBe(true);
    expect(checkExpected(output, array([2, 2, 3, 2], data), '--expect', found).equal).toBe(true);
    expect(found.all).toEqual([]);
    const wrong = first.slice();
    wrong[13] = 100;
    expect(checkExpected(output, array([2, 2, 2, 3], wrong), '--expect', found).equal).toBe(false);
    expect(found.all.map((d) => d.code)).toEqual(['QCC6031']);
  });

  test('another order is refused', () => {
    const found = new Diagnostics();
    expect(() => checkExpected(output, array([2, 3, 2, 2], data), '--expect', found)).toThrow(
      expect.objectContaining({ diagnostics: [expect.objectContaining({ code: 'QCC6030' })] }),
    );
  });
});
