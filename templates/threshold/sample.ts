import { bitWidth, bipolar, fixed, int, ternary, uint, valueRange } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import type { HwConst, Param, RandomSource } from '../../compiler/hw/index.ts';
import { rowsParam } from '../lib/rows.ts';

interface Levels {
  readonly y: ElementType;
  readonly count: number;
  readonly base: number;
}

/** Levels of common types, or any number of them. */
function levels({ integer, pick }: RandomSource): Levels {
  const count = integer(1, 300);
  return pick<Levels>([
    { y: bipolar, count: 1, base: -1 },
    { y: ternary, count: 2, base: -1 },
    { y: uint(1), count: 1, base: 0 },
    { y: uint(2), count: 3, base: 0 },
    { y: uint(3), count: 5, base: 1 },
    { y: int(4), count: 11, base: -5 },
    { y: uint(6), count: 63, base: 0 },
    { y: int(8), count: 255, base: -128 },
    { y: uint(9), count, base: 0 },
    { y: int(10), count, base: -integer(0, 400) },
  ]);
}

/** One or many channels, lanes that do not divide, thresholds that are always or never reached, flips, rows, both forms. */
export function sample(random: RandomSource): {
  readonly params: Readonly<Record<string, Param>>;
  readonly consts: Readonly<Record<string, HwConst>>;
} {
  const { integer, pick } = random;
  const { y, count, base } = levels(random);
  const x = pick<ElementType>([
    bipolar,
    ternary,
    uint(integer(1, 8)),
    int(integer(2, 8)),
    fixed(integer(2, 7), 3),
    ...(count > 5 ? [uint(integer(8, 16)), int(integer(8, 20))] : []),
  ]);
  // now and then so many that the tables of a search fill block RAM
  const channels = pick([1, 1, integer(1, 12), integer(1, 12), count > 100 ? integer(13, 40) : 3]);
  const elements = channels === 1 ? integer(1, 40) : channels * pick([1, 1, 2, 3]);
  const { min, max } = valueRange(x);
  const beyond = pick([0, 1, Math.ceil((max - min) / 8)]);
  const sorted = Array.from({ length: channels }, () =>
    Int32Array.from({ length: count }, () => integer(min - beyond, max + 1 + beyond)).sort(),
  );
  const consts: Record<string, HwConst> = {
    thresholds: {
      elem: int(bitWidth(x) + 3),
      shape: [channels, count],
      data: sorted.flatMap((row) => Array.from(row)),
    },
  };
  if (integer(0, 1) === 1) {
    const data = Uint8Array.from({ length: channels }, () => integer(0, 1));
    consts['flip'] = { elem: uint(1), shape: [channels], data };
  }
  const lanes = Math.min(elements, pick([1, elements, integer(1, elements), channels]));
  const rows = pick([1, 1, 2, 4]);
  // hundreds of comparisons in many lanes are what the search is there to avoid; simulators take minutes for them
  const form = lanes * count > 400 ? 'search' : pick(['parallel', 'search', 'search']);
  const params = { elements: rows * elements, channels, lanes, x: { ...x }, y: { ...y }, base };
  return { params: { ...params, ...rowsParam(rows), ...(form === 'search' ? { form } : {}) }, consts };
}
