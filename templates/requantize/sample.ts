import {
  bipolar,
  bitWidth,
  fitInteger,
  fixed,
  int,
  ternary,
  uint,
  valueRange,
} from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import type { Param, RandomSource, UnitDefinition } from '../../compiler/hw/index.ts';
import { fittingLanes } from '../lib/lanes.ts';

/** A random number that is far from zero as often as it is close to it. */
function spread({ integer }: RandomSource, bits: number): number {
  const reach = 2 ** integer(0, bits) - 1;
  return integer(-reach, reach);
}

/** Random multipliers: any, powers of two, few digits, all equal, none. */
function multipliersOf(random: RandomSource, count: number, bits: number): number[] {
  const { integer, pick } = random;
  const kind = pick(['any', 'any', 'wide', 'power', 'powers', 'equal', 'small']);
  const base = 2 ** integer(0, Math.min(8, bits));
  const equal = spread(random, bits);
  return Array.from({ length: count }, () => {
    switch (kind) {
      case 'power':
        return base;
      case 'powers':
        return 2 ** integer(0, Math.min(9, bits));
      case 'equal':
        return equal;
      case 'small':
        return integer(-3, 9) * base;
      case 'wide':
        return 2 ** bits - 1 - integer(0, 2 ** Math.max(0, bits - 1));
      default:
        return spread(random, bits);
    }
  });
}

/** Random requantizations: every way to multiply, clamped on both sides, on one, on none, with all shifts. */
export function sample(random: RandomSource): ReturnType<UnitDefinition['sample']> {
  const { integer, pick } = random;
  const [rows, channels] = [integer(1, 6), integer(1, 9)];
  const lanes = fittingLanes(
    channels,
    rows,
    pick([1, channels, integer(1, channels), integer(1, channels), 2 * channels]),
  );
  const x = pick<ElementType>([
    bipolar,
    ternary,
    uint(integer(1, 8)),
    int(integer(1, 12)),
    int(integer(8, 20)),
    int(32),
    fixed(9, 3),
  ]);
  const multiplierBits = Math.min(31, 50 - bitWidth(x), pick([3, 8, 12, 31]));
  const perChannel = pick([1, channels]);
  const multipliers = multipliersOf(random, perChannel, multiplierBits);
  const range = bitWidth(x) + multiplierBits;
  const shift = pick([0, 1, integer(0, Math.min(range, 40)), Math.max(0, range - 6), 45]);
  const plain = integer(0, 3) === 0;
  const biasBits = integer(0, Math.min(31, range));
  const biasShift = pick([0, 0, integer(0, Math.min(52, range) - biasBits)]);
  const biases = Array.from({ length: pick([1, channels]) }, () => (plain ? 0 : spread(random, biasBits)));
  const y = pick<ElementType>([
    int(8),
    int(8),
    uint(8),
    uint(integer(1, 5)),
    int(integer(2, 12)),
    ternary,
    int(32),
  ]);
  const most = valueRange(y);
  const [a, b] = [integer(most.min, most.max), integer(most.min, most.max)];
  const bounds = pick([most, most, { min: Math.min(a, b), max: Math.max(a, b) }]);
  const params: Record<string, Param> = {
    rows,
    channels,
    lanes,
    x: { ...x },
    y: { ...y },
    shift,
    biasShift,
    ...bounds,
  };
  return {
    params,
    consts: {
      multipliers: { elem: fitInteger(-(2 ** 31), 0), shape: [perChannel], data: multipliers },
      biases: { elem: fitInteger(-(2 ** 31), 0), shape: [biases.length], data: biases },
    },
  };
}
