import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Thresholds } from '../../compiler/hw/kernel.ts';
import { bipolar, fitInteger, int, ternary, uint, valueRange } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import { createKernelContext } from '../../sim/kernels.ts';
import { inputTypes, level, levelType, runKernel, thresholdsOf, valuesOf } from './kernel-cases.ts';

const weightTypes: readonly ElementType[] = [
  bipolar,
  ternary,
  int(3),
  uint(4),
  int(8),
  uint(16),
  int(16),
  int(20),
];

describe('matvec', () => {
  const cases = fc
    .record({
      x: fc.constantFrom(...inputTypes),
      w: fc.constantFrom(...weightTypes),
      inputs: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(63, 64, 65, 127, 128, 130, 200)),
      outputs: fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 1, max: 19 }) }, fc.constantFrom(16, 32)),
      frames: fc.integer({ min: 1, max: 5 }),
      rows: fc.oneof({ weight: 2, arbitrary: fc.constant(1) }, fc.integer({ min: 2, max: 6 })),
    })
    .chain((c) =>
      fc.record({
        ...(Object.fromEntries(Object.entries(c).map(([k, v]) => [k, fc.constant(v)])) as {
          [K in keyof typeof c]: fc.Arbitrary<(typeof c)[K]>;
        }),
        data: valuesOf(c.x, c.inputs * c.rows * c.frames),
        weights: valuesOf(c.w, c.inputs * c.outputs),
        bias: fc.option(
          fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: c.outputs, maxLength: c.outputs }),
        ),
      }),
    );

  type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;
  function naive(c: Case): bigint[] {
    const sums: bigint[] = [];
    for (let f = 0; f < c.frames * c.rows; f++) {
      for (let n = 0; n < c.outputs; n++) {
        let sum = BigInt(c.bias?.[n] ?? 0);
        for (let k = 0; k < c.inputs; k++) {
          sum += BigInt(c.weights[n * c.inputs + k] ?? 0) * BigInt(c.data[f * c.inputs + k] ?? 0);
        }
        sums.push(sum);
      }
    }
    return sums;
  }
  const common = (c: Case) => ({
    ...(c.rows === 1 ? {} : { rows: c.rows }),
    inputs: c.inputs,
    outputs: c.outputs,
    x: c.x,
    w: c.w,
    weights: c.weights,
    ...(c.bias === null ? {} : { bias: c.bias }),
  });

  test('sums equal naive arithmetic, in the narrowest type and modulo 2^32', () => {
    fc.assert(
      fc.property(cases, (c) => {
        const sums = naive(c);
        const min = Number(sums.reduce((a, b) => (a < b ? a : b), 0n));
        const max = Number(sums.reduce((a, b) => (a > b ? a : b), 0n));
        const fits = min >= -(2 ** 31) && max < 2 ** 31;
        const y = fits ? fitInteger(min, max) : int(32);
        const context = createKernelContext();
        const kernel = context.matvec({ ...common(c), y });
        const out = runKernel(
          context,
          kernel,
          { elem: c.x, elements: c.rows * c.inputs, data: c.data },
          { elem: y, elements: c.rows * c.outputs },
          c.frames,
        );
        expect(out).toEqual(sums.map((s) => Number(fits ? s : BigInt.asIntN(32, s))));
      }),
      { numRuns: 400 },
    );
  });

  test('fused thresholds equal thresholds on the sums', () => {
    const fused = cases
      .filter((c) => !['int', 'uint'].includes(c.x.kind) || (c.x as { bits: number }).bits <= 16)
      .filter((c) => !('bits' in c.w) || c.w.bits <= 8)
      .chain((c) => {
        const sums = naive(c).map(Number);
        return fc.boolean().chain((binary) =>
          thresholdsOf(c.outputs, Math.min(...sums), Math.max(...sums), binary).map((thresholds) => ({
            c,
            sums,
            thresholds,
          })),
        );
      });
    fc.assert(
      fc.property(fused, ({ c, sums, thresholds }) => {
        const y = levelType(thresholds);
        const context = createKernelContext();
        const kernel = context.matvec({ ...common(c), y, thresholds });
        const out = runKernel(
          context,
          kernel,
          { elem: c.x, elements: c.rows * c.inputs, data: c.data },
          { elem: y, elements: c.rows * c.outputs },
          c.frames,
        );
        expect(out).toEqual(sums.map((s, i) => level(s, i % c.outputs, thresholds)));
      }),
      { numRuns: 400 },
    );
  });

  test('many frames cross the blocks of scratch memory', () => {
    const context = createKernelContext();
    const frames = 203;
    const spec = { inputs: 70, outputs: 9, x: bipolar, w: bipolar, y: int(8) } as const;
    const [weights, data] = fc.sample(fc.tuple(valuesOf(bipolar, 630), valuesOf(bipolar, 70 * frames)), {
      seed: 1,
      numRuns: 1,
    })[0] ?? [[], []];
    const out = runKernel(
      context,
      context.matvec({ ...spec, weights }),
      { elem: bipolar, elements: 70, data },
      { elem: spec.y, elements: 9 },
      frames,
    );
    expect(out.length).toBe(9 * frames);
    for (let i = 0; i < out.length; i++) {
      const [f, n] = [Math.floor(i / 9), i % 9];
      let sum = 0;
      for (let k = 0; k < 70; k++) sum += (weights[n * 70 + k] ?? 0) * (data[f * 70 + k] ?? 0);
      expect(out[i]).toBe(sum);
    }
  });

  test('a thresholded sum beyond 32 bits is refused, not wrapped', () => {
    const thresholds: Thresholds = { values: [0], count: 1, flip: [0], base: -1, step: 2 };
    const spec = {
      inputs: 2,
      outputs: 1,
      x: int(32),
      w: int(8),
      weights: [100, 100],
      y: bipolar,
      thresholds,
    };
    expect(() => createKernelContext().matvec(spec)).toThrow(/QCC5000/);
  });
});

describe('threshold', () => {
  test('levels equal the definition for every layout, flipped and shared thresholds included', () => {
    const cases = fc
      .record({
        x: fc.constantFrom(...inputTypes),
        channels: fc.integer({ min: 1, max: 7 }),
        pixels: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(16, 33, 128, 256)),
        frames: fc.integer({ min: 1, max: 4 }),
        binary: fc.boolean(),
      })
      .chain((c) => {
        const { min, max } = valueRange(c.x);
        return fc
          .tuple(
            valuesOf(c.x, c.channels * c.pixels * c.frames),
            thresholdsOf(c.channels, min, max, c.binary),
          )
          .map(([data, thresholds]) => ({ ...c, data, thresholds }));
      });
    fc.assert(
      fc.property(cases, ({ x, channels, pixels, frames, data, thresholds }) => {
        const y = levelType(thresholds);
        const elements = channels * pixels;
        const context = createKernelContext();
        const kernel = context.threshold({ elements, x, y, thresholds, channels });
        const out = runKernel(context, kernel, { elem: x, elements, data }, { elem: y, elements }, frames);
        expect(out).toEqual(data.map((v, i) => level(v, (i % elements) % channels, thresholds)));
      }),
      { numRuns: 600 },
    );
  });
});

test('copy moves whole frames', () => {
  const context = createKernelContext();
  const stream = { elem: int(5), elements: 21, lanes: 4 };
  const kernel = context.copy(stream);
  const data = Array.from({ length: 42 }, (_, i) => (i % 32) - 16);
  const out = runKernel(
    context,
    (x, y, n) => kernel([x], [y], n),
    { elem: stream.elem, elements: 21, data },
    { elem: stream.elem, elements: 21 },
    2,
  );
  expect(out).toEqual(data);
});

describe('gather', () => {
  test('equals the definition for every layout, widening and filling included', () => {
    const pairs: readonly (readonly [ElementType, ElementType, number])[] = [
      ...inputTypes.map((x) => [x, x, 0] as const),
      [bipolar, bipolar, 1],
      [bipolar, ternary, 0],
      [uint(4), int(6), -3],
      [int(8), int(8), -128],
      [int(16), int(16), 300],
      [uint(8), int(9), -1],
    ];
    const cases = fc
      .record({
        types: fc.constantFrom(...pairs),
        inputElements: fc.integer({ min: 1, max: 90 }),
        outputElements: fc.integer({ min: 1, max: 200 }),
        frames: fc.integer({ min: 1, max: 4 }),
        // runs in multiples of it, so that bits come to whole bytes as well
        unit: fc.constantFrom(1, 2, 8, 16),
      })
      .chain((c) => {
        const [x, y, fill] = c.types;
        const fills = y.kind !== 'bipolar' || fill !== 0;
        const sources = fc.integer({ min: fills ? -1 : 0, max: c.inputElements - 1 });
        return fc
          .tuple(
            valuesOf(x, c.inputElements * c.unit * c.frames),
            fc.array(
              fc.oneof(fc.tuple(sources, fc.integer({ min: 1, max: 5 })), fc.tuple(sources, fc.constant(1))),
              { minLength: 1, maxLength: c.outputElements },
            ),
          )
          .map(([data, pieces]) => {
            const index = pieces.flatMap(([from, length]) =>
              Array.from({ length: length * c.unit }, (_, i) =>
                from < 0 ? -1 : Math.min(from * c.unit + i, c.inputElements * c.unit - 1),
              ),
            );
            return { ...c, data, index: Int32Array.from(index) };
          });
      });
    fc.assert(
      fc.property(cases, ({ types: [x, y, fill], inputElements, unit, frames, data, index }) => {
        const context = createKernelContext();
        const elements = inputElements * unit;
        const kernel = context.gather({
          inputElements: elements,
          outputElements: index.length,
          x,
          y,
          index,
          fill,
        });
        const out = runKernel(
          context,
          kernel,
          { elem: x, elements, data },
          { elem: y, elements: index.length },
          frames,
        );
        const expected = Array.from({ length: frames }, (_, f) =>
          Array.from(index, (i) => (i < 0 ? fill : (data[f * elements + i] ?? NaN))),
        );
        expect(out).toEqual(expected.flat());
      }),
      { numRuns: 500 },
    );
  });
});
