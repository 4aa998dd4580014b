import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  beatHex,
  beatWidth,
  decodeElement,
  encodeElement,
  packBeats,
  unpackBeats,
} from '../../compiler/hw/index.ts';
import { bitWidth, holds, valueRange, type ElementType } from '../../compiler/qir/types.ts';

const elements: fc.Arbitrary<ElementType> = fc.oneof(
  fc.constantFrom<ElementType>(
    { kind: 'bipolar' },
    { kind: 'ternary' },
    { kind: 'pow2', lo: 0, hi: 6 },
    { kind: 'pow2', lo: 2, hi: 30 },
  ),
  fc.record({
    kind: fc.constantFrom('uint' as const, 'int' as const),
    bits: fc.integer({ min: 1, max: 32 }),
  }),
  fc.record({
    kind: fc.constant('fixed' as const),
    bits: fc.integer({ min: 1, max: 32 }),
    frac: fc.integer({ min: 0, max: 8 }),
  }),
);

function valueOf(elem: ElementType): fc.Arbitrary<number> {
  const { min, max } = valueRange(elem);
  if (elem.kind === 'bipolar') return fc.constantFrom(-1, 1);
  if (elem.kind !== 'pow2') return fc.integer({ min, max });
  const powers = Array.from({ length: elem.hi - elem.lo + 1 }, (_, k) => 2 ** (elem.lo + k));
  return fc.constantFrom(0, ...powers, ...powers.map((power) => -power));
}

describe('beats on the wire', () => {
  test('law: an element survives encoding, within its width', () => {
    const cases = elements.chain((elem) => fc.tuple(fc.constant(elem), valueOf(elem)));
    fc.assert(
      fc.property(cases, ([elem, value]) => {
        expect(holds(elem, value)).toBe(true);
        const code = encodeElement(elem, value);
        expect(code).toBeGreaterThanOrEqual(0);
        expect(code).toBeLessThan(2 ** bitWidth(elem));
        expect(decodeElement(elem, code)).toBe(value);
      }),
    );
  });

  test('law: frames survive packing, and padding is zero', () => {
    const cases = elements.chain((elem) =>
      fc
        .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 3 }))
        .chain(([count, lanes, frames]) =>
          fc.tuple(
            fc.constant({ elem, elements: count, lanes }),
            fc.array(valueOf(elem), { minLength: count * frames, maxLength: count * frames }),
          ),
        ),
    );
    fc.assert(
      fc.property(cases, ([stream, values]) => {
        const packed = packBeats(stream, values);
        expect([...unpackBeats(stream, packed)]).toEqual(values);
        const zeros = packBeats(stream, [...unpackBeats(stream, packed)]);
        expect(zeros).toEqual(packed);
      }),
    );
  });

  test('element 0 stands lowest, the last beat is padded with zeros', () => {
    const stream = { elem: { kind: 'int', bits: 5 } as const, elements: 4, lanes: 3 };
    const packed = packBeats(stream, [1, -1, 2, -16]);
    expect(beatHex(packed.subarray(0, 2), beatWidth(stream))).toBe(
      ((2 << 10) | (31 << 5) | 1).toString(16).padStart(4, '0'),
    );
    expect(beatHex(packed.subarray(2, 4), beatWidth(stream))).toBe('0010');
  });
});
