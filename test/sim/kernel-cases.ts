import fc from 'fast-check';
import { expect } from 'vitest';
import { frameStride } from '../../compiler/hw/kernel.ts';
import type { KernelContext, Thresholds } from '../../compiler/hw/kernel.ts';
import { bipolar, fitInteger, fixed, int, ternary, uint, valueRange } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import { frameArray, packFrames, unpackFrames } from '../../sim/pack.ts';

/** Types of every layout. */
export const inputTypes: readonly ElementType[] = [
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
/** Values of a type, its extremes often among them. */
export function valuesOf(elem: ElementType, count: number): fc.Arbitrary<number[]> {
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
export function runKernel(
  context: KernelContext,
  kernel: (x: number, y: number, frames: number) => void,
  x: { elem: ElementType; elements: number; data: readonly number[] },
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

/** The level of x in a channel, by the definition. */
export function level(x: number, channel: number, t: Thresholds): number {
  let count = 0;
  for (let k = 0; k < t.count; k++) {
    const value = t.values[channel * t.count + k] ?? 0;
    if (t.flip[channel] ? x < value : x >= value) count++;
  }
  return t.base + t.step * count;
}

/** Thresholds around the range [min, max], some outside. */
export function thresholdsOf(
  channels: number,
  min: number,
  max: number,
  binary: boolean,
): fc.Arbitrary<Thresholds> {
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

/** The type that holds every level. */
export const levelType = (t: Thresholds): ElementType =>
  t.step === 2 ? bipolar : fitInteger(Math.min(t.base, 0), Math.max(t.base + t.count, 1));
