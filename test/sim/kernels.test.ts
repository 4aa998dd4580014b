import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { frameStride } from '../../compiler/hw/kernel.ts';
import type { KernelContext, Thresholds } from '../../compiler/hw/kernel.ts';
import { bipolar, fitInteger, fixed, int, ternary, uint, valueRange } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import { createKernelContext } from '../../sim/kernels.ts';
import { frameArray, packFrames, unpackFrames } from '../../sim/pack.ts';

const inputTypes: readonly ElementType[] = [
  bipolar,
  ternary,
  uint(1),
  uint(8),
  int(2),
  int(8),
  fixed(6, 3),
  uint(9),
  uint(16),
  int(12),
  int(16),
  int(24),
  uint(32),
  int(32),
  { kind: 'pow2', lo: 0, hi: 7 },
];
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

/** Values of a type, its extremes often among them. */
function valuesOf(elem: ElementType, count: number): fc.Arbitrary<number[]> {
  const { min, max } = valueRange(elem);
  const one =
    elem.kind === 'bipolar'
      ? fc.constantFrom(-1, 1)
      : elem.kind === 'pow2'
        ? fc.constantFrom(0, 1, -1, 4, -64, 2 ** elem.hi, -(2 ** elem.hi))
        : fc.oneof({ weight: 4, arbitrary: fc.integer({ min, max }) }, fc.constantFrom(min, max));
  return fc.array(one, { minLength: count, maxLength: count });
}

/** Runs a kernel over packed frames and gives back its output; the bytes behind the elements must stay zero. */
function runKernel(
  context: KernelContext,
  kernel: (x: number, y: number, frames: number) => void,
  x: { elem: ElementType; elements: number; data: number[] },
  y: { elem: ElementType; elements: number },
  frames: number,
): number[] {
  const from = { elem: x.elem, elements: x.elements, lanes: 1 };
  const to = { elem: y.elem, elements: y.elements, lanes: 1 };
  const a = context.reserve(frameStride(from) * frames);
  const bytes = frameStride(to) * frames;
  const b = context.reserve(bytes);
  const guard = context.reserve(16);
  packFrames(from, x.data, 0, frames, context.memory(), a);
  kernel(a, b, frames);
  const out = frameArray(to, frames);
  unpackFrames(to, context.memory(), b, frames, out, 0);
  const again = new ArrayBuffer(bytes);
  packFrames(to, out, 0, frames, again, 0);
  expect(new Uint8Array(context.memory(), b, bytes)).toEqual(new Uint8Array(again));
  expect(new Uint8Array(context.memory(), guard, 16).every((byte) => byte === 0)).toBe(true);
  return Array.from(out);
}

function level(x: number, channel: number, t: Thresholds): number {
  let count = 0;
  for (let k = 0; k < t.count; k++) {
    const value = t.values[channel * t.count + k] ?? 0;
    if (t.flip[channel] ? x < value : x >= value) count++;
  }
  return t.base + t.step * count;
}

/** Thresholds around the range [min, max], some outside. */
function thresholdsOf(channels: number, min: number, max: number, binary: boolean): fc.Arbitrary<Thresholds> {
  const one = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min, max }) },
    fc.constantFrom(min, max, min - 1, max + 1, min - 1000, max + 1000),
  );
  return fc
    .record({
      count: binary ? fc.constant(1) : fc.constantFrom(0, 1, 2, 3, 7, 12, 13, 31),
      base: fc.integer({ min: -4, max: 4 }),
    })
    .chain(({ count, base }) =>
      fc.record({
        values: fc
          .array(fc.array(one, { minLength: count, maxLength: count }), {
            minLength: channels,
            maxLength: channels,
          })
          .map((rows) => rows.flatMap((row) => row.sort((a, b) => a - b))),
        count: fc.constant(count),
        flip: fc.array(fc.constantFrom(0, 1), { minLength: channels, maxLength: channels }),
        base: fc.constant(binary ? -1 : base),
        step: fc.constant(binary ? 2 : 1),
      }),
    );
}

const levelType = (t: Thresholds): ElementType =>
  t.step === 2 ? bipolar : fitInteger(Math.min(t.base, 0), Math.max(t.base + t.count, 1));

describe('matvec', () => {
  const cases = fc
    .record({
      x: fc.constantFrom(...inputTypes),
      w: fc.constantFrom(...weightTypes),
      inputs: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(63, 64, 65, 127, 128, 130, 200)),
      outputs: fc.integer({ min: 1, max: 19 }),
      frames: fc.integer({ min: 1, max: 5 }),
    })
    .chain((c) =>
      fc.record({
        ...(Object.fromEntries(Object.entries(c).map(([k, v]) => [k, fc.constant(v)])) as {
          [K in keyof typeof c]: fc.Arbitrary<(typeof c)[K]>;
        }),
        data: valuesOf(c.x, c.inputs * c.frames),
        weights: valuesOf(c.w, c.inputs * c.outputs),
        bias: fc.option(
          fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: c.outputs, maxLength: c.outputs }),
        ),
      }),
    );

  type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;
  function naive(c: Case): bigint[] {
    const sums: bigint[] = [];
    for (let f = 0; f < c.frames; f++) {
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
          { elem: c.x, elements: c.inputs, data: c.data },
          { elem: y, elements: c.outputs },
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
          { elem: c.x, elements: c.inputs, data: c.data },
          { elem: y, elements: c.outputs },
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
        pixels: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(16, 33)),
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
