import fc from 'fast-check';
import { matrixOf, type Matrix } from '../../../compiler/quantize/weights/index.ts';

/** Weights of usual size, none of them denormal; zeros now and then. */
export const weight = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .double({ min: -4, max: 4, noNaN: true })
      .map((w) => Math.fround(w) * (Math.abs(w) > 1e-6 ? 1 : 0)),
  },
  { weight: 1, arbitrary: fc.integer({ min: -3, max: 3 }) },
);

/** Matrices of up to `rows` x `columns`, not all zero. */
export function matrices(
  rows: number,
  columns: number,
  entry: fc.Arbitrary<number> = weight,
): fc.Arbitrary<Matrix> {
  return fc.tuple(fc.integer({ min: 1, max: rows }), fc.integer({ min: 1, max: columns })).chain(([m, n]) =>
    fc
      .array(entry, { minLength: m * n, maxLength: m * n })
      .filter((data) => data.some((w) => w !== 0))
      .map((data) => matrixOf(m, n, data)),
  );
}
