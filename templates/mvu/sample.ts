import { bipolar, fitInteger, fixed, int, ternary, uint, valueRange } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import type { HwConst, Param, RandomSource, UnitDefinition } from '../../compiler/hw/index.ts';
import { rowsParam } from '../lib/rows.ts';

type Sample = ReturnType<UnitDefinition['sample']>;

/** Random matrix-vector units: all types, both orders, foldings that do not divide, with and without thresholds, several vectors. */
export function sample(random: RandomSource): Sample {
  const { integer, pick } = random;
  const inputs = integer(1, 30);
  const outputs = integer(1, 14);
  const x = pick<ElementType>([
    bipolar,
    bipolar,
    ternary,
    uint(1),
    uint(integer(2, 5)),
    int(integer(2, 5)),
    fixed(integer(2, 6), 2),
  ]);
  const w = pick<ElementType>([
    bipolar,
    bipolar,
    ternary,
    int(integer(2, 5)),
    uint(integer(1, 3)),
    powers(random),
  ]);
  const weights = Int32Array.from({ length: inputs * outputs }, () => value(random, w));
  const consts: Record<string, HwConst> = {
    weights: { elem: w, shape: [outputs, inputs], data: weights },
  };
  const most =
    Math.max(-valueRange(x).min, valueRange(x).max) * Math.max(-valueRange(w).min, valueRange(w).max);
  const reach = inputs * most;
  const biased = integer(0, 2) === 0;
  if (biased) {
    const data = Int32Array.from({ length: outputs }, () => integer(-reach, reach));
    consts['bias'] = { elem: int(24), shape: [outputs], data };
  }
  const result =
    integer(0, 3) === 0 ? sums(reach * (biased ? 2 : 1)) : levels(random, consts, outputs, reach);
  const params: Record<string, Param> = {
    inputs,
    outputs,
    simd: pick([1, inputs, integer(1, inputs), integer(1, inputs)]),
    pe: pick([1, outputs, integer(1, outputs), integer(1, outputs)]),
    order: pick(['output', 'input']),
    x: { ...x },
    y: { ...result.y },
    base: result.base,
    ...rowsParam(pick([1, 1, 2, integer(3, 5)])),
  };
  return { params, consts };
}

interface ResultChoice {
  readonly y: ElementType;
  readonly base: number;
}

function value({ integer, pick }: RandomSource, elem: ElementType): number {
  if (elem.kind === 'bipolar') return pick([-1, 1]);
  if (elem.kind === 'pow2') return pick([-1, 0, 1, 1, -1]) * 2 ** integer(elem.lo, elem.hi);
  return integer(valueRange(elem).min, valueRange(elem).max);
}

/** Powers of two of one to sixteen exponents. */
function powers({ integer }: RandomSource): ElementType {
  const lo = integer(0, 2);
  return { kind: 'pow2', lo, hi: lo + integer(0, 7) };
}

function sums(reach: number): ResultChoice {
  return { y: fitInteger(-reach - 1, reach), base: 0 };
}

function levels(
  { integer, pick }: RandomSource,
  consts: Record<string, HwConst>,
  outputs: number,
  reach: number,
): ResultChoice {
  const { y, count, base } = pick<ResultChoice & { count: number }>([
    { y: bipolar, count: 1, base: -1 },
    { y: bipolar, count: 1, base: -1 },
    { y: ternary, count: 2, base: -1 },
    { y: uint(2), count: 3, base: 0 },
    { y: uint(3), count: 5, base: 2 },
    { y: int(4), count: 7, base: -3 },
    { y: uint(1), count: 1, base: 0 },
  ]);
  const channels = pick([1, outputs]);
  // now and then a threshold that no sum reaches, or that every sum reaches
  const spread = Math.ceil(reach * pick([0.3, 1, 2])) + 1;
  const data = new Int32Array(channels * count);
  for (let c = 0; c < channels; c++) {
    const row = Int32Array.from({ length: count }, () => integer(-spread, spread)).sort();
    data.set(row, c * count);
  }
  consts['thresholds'] = { elem: int(24), shape: [channels, count], data };
  if (integer(0, 1) === 1) {
    consts['flip'] = {
      elem: uint(1),
      shape: [channels],
      data: Uint8Array.from({ length: channels }, () => integer(0, 1)),
    };
  }
  return { y, base };
}
