import { bipolar, fitInteger, fixed, int, ternary, uint, valueRange } from '../../compiler/qir/types.ts';
import type { ElementType } from '../../compiler/qir/types.ts';
import type { HwConst, Param, RandomSource, UnitDefinition } from '../../compiler/hw/index.ts';
import { fittingLanes } from '../lib/lanes.ts';

type Sample = ReturnType<UnitDefinition['sample']>;

/** A random value of an element type. */
export function sampleValue({ integer, pick }: RandomSource, elem: ElementType): number {
  if (elem.kind === 'bipolar') return pick([-1, 1]);
  return integer(valueRange(elem).min, valueRange(elem).max);
}

/** A random shape [rows, taps, channels] and a number of lanes for it: one, all, part of a pixel, several taps. */
export function sampleShape(random: RandomSource): {
  readonly rows: number;
  readonly taps: number;
  readonly channels: number;
  readonly lanes: number;
} {
  const { integer, pick } = random;
  const [rows, taps, channels] = [integer(1, 4), pick([1, 2, 3, 4, 6, 9]), integer(1, 9)];
  const wanted = pick([
    1,
    channels,
    integer(1, channels),
    integer(1, channels),
    taps * channels,
    2 * channels,
  ]);
  return { rows, taps, channels, lanes: fittingLanes(channels, taps, wanted) };
}

/** Random inputs' types, every form of the arithmetic. */
export function sampleInput({ integer, pick }: RandomSource): ElementType {
  return pick<ElementType>([
    bipolar,
    bipolar,
    ternary,
    uint(1),
    uint(integer(2, 6)),
    int(1),
    int(integer(2, 6)),
    fixed(integer(2, 6), 2),
  ]);
}

/** Random depthwise units: every pair of types, biases, thresholds that rise and fall, lanes that do not divide. */
export function sample(random: RandomSource): Sample {
  const { integer, pick } = random;
  const shape = sampleShape(random);
  const { taps, channels } = shape;
  const x = sampleInput(random);
  const w = pick<ElementType>([
    bipolar,
    ternary,
    uint(1),
    int(integer(2, 5)),
    int(integer(2, 5)),
    uint(integer(2, 4)),
  ]);
  const same = integer(0, 3) === 0;
  const one = sampleValue(random, w);
  const weights = Int32Array.from({ length: taps * channels }, () => (same ? one : sampleValue(random, w)));
  const consts: Record<string, HwConst> = { weights: { elem: w, shape: [taps, channels], data: weights } };
  const most = (elem: ElementType): number => Math.max(-valueRange(elem).min, valueRange(elem).max);
  const reach = taps * most(x) * most(w);
  const biased = integer(0, 1) === 0;
  if (biased) {
    const data = Int32Array.from({ length: channels }, () => integer(-reach, reach));
    consts['bias'] = { elem: int(24), shape: [channels], data };
  }
  const result =
    integer(0, 1) === 0
      ? { y: fitInteger(-reach * (biased ? 2 : 1) - 1, reach * (biased ? 2 : 1)), base: 0 }
      : sampleLevels(random, consts, channels, reach);
  const params: Record<string, Param> = { ...shape, x: { ...x }, y: { ...result.y }, base: result.base };
  return { params, consts };
}

function sampleLevels(
  { integer, pick }: RandomSource,
  consts: Record<string, HwConst>,
  channels: number,
  reach: number,
): { readonly y: ElementType; readonly base: number } {
  const { y, count, base } = pick<{ y: ElementType; count: number; base: number }>([
    { y: bipolar, count: 1, base: -1 },
    { y: bipolar, count: 1, base: -1 },
    { y: ternary, count: 2, base: -1 },
    { y: uint(2), count: 3, base: 0 },
    { y: uint(3), count: 5, base: 2 },
    { y: int(4), count: 7, base: -3 },
  ]);
  const rows = pick([1, channels]);
  // now and then a threshold that no sum reaches, or that every sum reaches
  const spread = Math.ceil(reach * pick([0.3, 1, 2])) + 1;
  const data = new Int32Array(rows * count);
  for (let c = 0; c < rows; c++)
    data.set(Int32Array.from({ length: count }, () => integer(-spread, spread)).sort(), c * count);
  consts['thresholds'] = { elem: int(24), shape: [rows, count], data };
  if (integer(0, 1) === 1) {
    const flip = Uint8Array.from({ length: rows }, () => integer(0, 1));
    consts['flip'] = { elem: uint(1), shape: [rows], data: flip };
  }
  return { y, base };
}
