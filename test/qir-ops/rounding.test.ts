import { describe, expect, it } from 'vitest';
import { round, roundingModes } from '../../compiler/qir/ops/rounding.ts';

const values = [-2.5, -1.5, -1.2, -0.5, 0.4999999701976776, 0.5, 1.5, 2.5, 1.8, 8388607.5, 3];

describe('round', () => {
  it.each([
    ['HALF_EVEN', [-2, -2, -1, 0, 0, 0, 2, 2, 2, 8388608, 3]],
    ['HALF_UP', [-3, -2, -1, -1, 0, 1, 2, 3, 2, 8388608, 3]],
    ['HALF_DOWN', [-2, -1, -1, 0, 0, 0, 1, 2, 2, 8388607, 3]],
    ['CEIL', [-2, -1, -1, 0, 1, 1, 2, 3, 2, 8388608, 3]],
    ['FLOOR', [-3, -2, -2, -1, 0, 0, 1, 2, 1, 8388607, 3]],
    ['UP', [-3, -2, -2, -1, 1, 1, 2, 3, 2, 8388608, 3]],
    ['DOWN', [-2, -1, -1, 0, 0, 0, 1, 2, 1, 8388607, 3]],
  ] as const)('%s', (mode, expected) => {
    expect(values.map((x) => round(x, mode) + 0)).toEqual(expected.map((x) => x + 0));
  });

  it('keeps infinities in every mode', () => {
    for (const mode of roundingModes)
      expect([round(Infinity, mode), round(-Infinity, mode)]).toEqual([Infinity, -Infinity]);
  });
});
