import fc from 'fast-check';
import { expect, test } from 'vitest';
import { frameStride } from '../../compiler/hw/kernel.ts';
import { bipolar, fitInteger, int, ternary, uint, valueRange } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import { createKernelContext } from '../../sim/kernels.ts';
import { packFrames } from '../../sim/pack.ts';
import { inputTypes, level, levelType, runKernel, thresholdsOf, valuesOf } from './kernel-cases.ts';

const shapes = {
  frames: fc.integer({ min: 1, max: 3 }),
  rows: fc.integer({ min: 1, max: 5 }),
  taps: fc.integer({ min: 1, max: 10 }),
  channels: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(16, 17)),
};

/** x[frame][row][tap][channel] of a flat array. */
type Reader = (f: number, r: number, t: number, c: number) => number;

function each<T>(
  frames: number,
  rows: number,
  channels: number,
  of: (f: number, r: number, c: number) => T,
): T[] {
  const out: T[] = [];
  for (let f = 0; f < frames; f++)
    for (let r = 0; r < rows; r++) for (let c = 0; c < channels; c++) out.push(of(f, r, c));
  return out;
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

test('depthwise products equal naive arithmetic, with thresholds and without', () => {
  const cases = fc
    .record({
      ...shapes,
      x: fc.constantFrom(...inputTypes.filter((x) => valueRange(x).max < 2 ** 20)),
      w: fc.constantFrom<ElementType>(bipolar, ternary, int(4), int(8)),
      levels: fc.constantFrom('none', 'one', 'many'),
    })
    .chain((c) =>
      fc
        .record({
          data: valuesOf(c.x, c.frames * c.rows * c.taps * c.channels),
          weights: valuesOf(c.w, c.taps * c.channels),
          bias: fc.option(
            fc.array(fc.integer({ min: -99, max: 99 }), { minLength: c.channels, maxLength: c.channels }),
          ),
        })
        .map((d) => {
          const x: Reader = (f, r, t, k) => d.data[((f * c.rows + r) * c.taps + t) * c.channels + k] ?? NaN;
          const sums = each(c.frames, c.rows, c.channels, (f, r, k) =>
            range(c.taps).reduce(
              (s, t) => s + x(f, r, t, k) * (d.weights[t * c.channels + k] ?? NaN),
              d.bias?.[k] ?? 0,
            ),
          );
          return { ...c, ...d, sums };
        }),
    )
    .chain((c) =>
      thresholdsOf(c.channels, Math.min(...c.sums), Math.max(...c.sums), c.levels === 'one').map(
        (thresholds) => ({
          ...c,
          thresholds,
        }),
      ),
    );
  fc.assert(
    fc.property(
      cases,
      ({ frames, rows, taps, channels, x, w, data, weights, bias, sums, levels, thresholds }) => {
        const context = createKernelContext();
        const y =
          levels === 'none' ? fitInteger(Math.min(0, ...sums), Math.max(1, ...sums)) : levelType(thresholds);
        const kernel = context.depthwise({
          rows,
          taps,
          channels,
          x,
          w,
          weights,
          ...(bias === null ? {} : { bias }),
          y,
          ...(levels === 'none' ? {} : { thresholds }),
        });
        const from = { elem: x, elements: rows * taps * channels, data };
        const out = runKernel(context, kernel, from, { elem: y, elements: rows * channels }, frames);
        expect(out).toEqual(
          levels === 'none' ? sums : sums.map((s, i) => level(s, i % channels, thresholds)),
        );
      },
    ),
    { numRuns: 400 },
  );
});

test('reductions equal the definition', () => {
  const cases = fc
    .record({
      ...shapes,
      x: fc.constantFrom(...inputTypes.filter((x) => x.kind !== 'uint' || x.bits < 32)),
      max: fc.boolean(),
    })
    .filter((c) => c.max || valueRange(c.x).max < 2 ** 24)
    .chain((c) => valuesOf(c.x, c.frames * c.rows * c.taps * c.channels).map((data) => ({ ...c, data })));
  fc.assert(
    fc.property(cases, ({ frames, rows, taps, channels, x, max, data }) => {
      const context = createKernelContext();
      const expected = each(frames, rows, channels, (f, r, c) => {
        const taken = range(taps).map((t) => data[((f * rows + r) * taps + t) * channels + c] ?? NaN);
        return max ? Math.max(...taken) : taken.reduce((a, b) => a + b);
      });
      const y = max ? x : fitInteger(Math.min(0, ...expected), Math.max(1, ...expected));
      const kernel = context.reduce({ rows, taps, channels, kind: max ? 'max' : 'sum', x, y });
      const from = { elem: x, elements: rows * taps * channels, data };
      expect(runKernel(context, kernel, from, { elem: y, elements: rows * channels }, frames)).toEqual(
        expected,
      );
    }),
    { numRuns: 400 },
  );
});

test('scaled sums equal the definition', () => {
  const operand = fc.record({
    x: fc.constantFrom(...inputTypes.filter((x) => valueRange(x).max < 2 ** 16)),
    coefficient: fc.oneof(
      fc.integer({ min: -9, max: 9 }),
      fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 6, maxLength: 6 }),
    ),
  });
  const cases = fc
    .record({
      frames: fc.integer({ min: 1, max: 3 }),
      pixels: fc.integer({ min: 1, max: 9 }),
      channels: fc.integer({ min: 1, max: 6 }),
      inputs: fc.array(operand, { minLength: 1, maxLength: 4 }),
    })
    .chain((c) =>
      fc
        .tuple(
          fc.tuple(...c.inputs.map(({ x }) => valuesOf(x, c.frames * c.pixels * c.channels))),
          fc.option(
            fc.array(fc.integer({ min: -999, max: 999 }), { minLength: c.channels, maxLength: c.channels }),
          ),
        )
        .map(([data, bias]) => ({ ...c, data, bias })),
    );
  fc.assert(
    fc.property(cases, ({ frames, pixels, channels, inputs, data, bias }) => {
      const context = createKernelContext();
      const elements = pixels * channels;
      const expected = range(frames * elements).map((e) =>
        inputs.reduce(
          (s, { coefficient: k }, i) =>
            s + (typeof k === 'number' ? k : (k[e % channels] ?? NaN)) * (data[i]?.[e] ?? NaN),
          bias?.[e % channels] ?? 0,
        ),
      );
      const y = fitInteger(Math.min(0, ...expected), Math.max(1, ...expected));
      const kernel = context.combine({ elements, inputs, channels, ...(bias === null ? {} : { bias }), y });
      const others = inputs.slice(1).map(({ x }, i) => {
        const stream = { elem: x, elements, lanes: 1 };
        const at = context.reserve(frameStride(stream) * frames);
        return { stream, at, data: data[i + 1] ?? [] };
      });
      for (const { stream, at, data: values } of others)
        packFrames(stream, values, 0, frames, context.memory(), at);
      const run = (x: number, out: number, n: number): void =>
        kernel([x, ...others.map(({ at }) => at)], out, n);
      const from = { elem: inputs[0]?.x ?? bipolar, elements, data: data[0] ?? [] };
      expect(runKernel(context, run, from, { elem: y, elements }, frames)).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});

test('requantization equals the definition in big integers, saturation included', () => {
  const cases = fc
    .record({
      frames: fc.integer({ min: 1, max: 3 }),
      pixels: fc.integer({ min: 1, max: 9 }),
      channels: fc.integer({ min: 1, max: 6 }),
      x: fc.constantFrom(...inputTypes),
      y: fc.constantFrom<ElementType>(int(8), uint(8), uint(3), int(16), int(20), ternary),
      shift: fc.integer({ min: 0, max: 30 }),
    })
    .chain((c) =>
      fc
        .tuple(
          valuesOf(c.x, c.frames * c.pixels * c.channels),
          fc.array(fc.integer({ min: -(2 ** 20), max: 2 ** 20 }), {
            minLength: c.channels,
            maxLength: c.channels,
          }),
          fc.array(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), {
            minLength: c.channels,
            maxLength: c.channels,
          }),
        )
        .map(([data, multipliers, biases]) => ({ ...c, data, multipliers, biases })),
    );
  fc.assert(
    fc.property(cases, ({ frames, pixels, channels, x, y, shift, data, multipliers, biases }) => {
      const { min, max } = valueRange(y);
      const expected = data.map((value, e) => {
        const c = e % channels;
        const exact = BigInt(value) * BigInt(multipliers[c] ?? 0) + BigInt(biases[c] ?? 0);
        return Math.max(min, Math.min(max, Number(exact >> BigInt(shift))));
      });
      const context = createKernelContext();
      const elements = pixels * channels;
      const kernel = context.requantize({ elements, channels, x, y, multipliers, biases, shift, min, max });
      const out = runKernel(context, kernel, { elem: x, elements, data }, { elem: y, elements }, frames);
      expect(out).toEqual(expected);
    }),
    { numRuns: 400 },
  );
});

test('unsigned 32-bit values are not reduced to their greatest as signed ones', () => {
  const spec = { rows: 1, taps: 2, channels: 1, kind: 'max', x: uint(32), y: uint(32) } as const;
  expect(() => createKernelContext().reduce(spec)).toThrow(/uint32/);
});
