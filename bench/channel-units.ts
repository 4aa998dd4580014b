import type { HwConst, HwNode } from '../compiler/hw/index.ts';
import { bipolar, fitInteger, int, ternary, uint, valueRange } from '../compiler/qir/types.ts';
import type { ElementType } from '../compiler/qir/types.ts';

// Instances of the units that work channel by channel (depthwise, reduce, requantize, combine), for bench/unit-costs.ts.

interface Case {
  readonly unit: string;
  readonly title: string;
  readonly params: HwNode['params'];
  readonly consts?: HwNode['consts'];
}

let seed = 7;
/** An integer from `min` to `max`, from a linear congruential generator: the same constants in every run. */
function integer(min: number, max: number): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return min + Math.floor((seed / 2 ** 32) * (max - min + 1));
}

function noise(elem: ElementType, shape: readonly number[], one?: () => number): HwConst {
  const { min, max } = valueRange(elem);
  const length = shape.reduce((a, b) => a * b, 1);
  const draw = one ?? (() => (elem.kind === 'bipolar' ? 2 * integer(0, 1) - 1 : integer(min, max)));
  return { elem, shape, data: Int32Array.from({ length }, draw) };
}

function name(elem: ElementType): string {
  return elem.kind === 'int' || elem.kind === 'uint' ? `${elem.kind}${elem.bits}` : elem.kind;
}

function depthwise(
  x: ElementType,
  w: ElementType,
  size: readonly [taps: number, channels: number, lanes: number],
  levels: number,
  biased = false,
): Case {
  const [taps, channels, lanes] = size;
  const most = (elem: ElementType): number => Math.max(-valueRange(elem).min, valueRange(elem).max);
  const reach = taps * most(x) * most(w);
  const consts: Record<string, HwConst> = { weights: noise(w, [taps, channels]) };
  if (biased) consts['bias'] = noise(int(16), [channels], () => integer(-reach, reach));
  if (levels > 0) {
    const data = Int32Array.from({ length: channels * levels }, (_, i) =>
      Math.round((((i % levels) + 0.5) / levels - 0.5) * (reach / 2) + integer(-3, 3)),
    );
    consts['thresholds'] = { elem: int(20), shape: [channels, levels], data };
  }
  const whole = reach * (biased ? 2 : 1);
  const y = levels === 0 ? fitInteger(-whole, whole) : levels === 1 ? bipolar : uint(Math.log2(levels + 1));
  return {
    unit: 'depthwise',
    title: `${name(w)} x ${name(x)}, ${taps} taps, ${channels} channels, ${lanes} lanes${levels > 0 ? `, ${levels} levels` : ''}`,
    params: { rows: 16, taps, channels, lanes, x: { ...x }, y: { ...y }, base: levels === 1 ? -1 : 0 },
    consts,
  };
}

function reduce(kind: 'max' | 'sum', x: ElementType, taps: number, channels: number, lanes: number): Case {
  const { min, max } = valueRange(x);
  const y = kind === 'max' ? x : fitInteger(taps * min, taps * max);
  return {
    unit: 'reduce',
    title: `${kind} of ${name(x)}, ${taps} taps, ${channels} channels, ${lanes} lanes`,
    params: { kind, rows: 16, taps, channels, lanes, x: { ...x }, y: { ...y } },
  };
}

function requantize(
  bits: number,
  channels: number,
  lanes: number,
  title: string,
  multiplier: () => number,
  shift: number,
): Case {
  return {
    unit: 'requantize',
    title: `int${bits}, ${channels} channels, ${lanes} lanes, ${title}`,
    params: {
      rows: 16,
      channels,
      lanes,
      x: { ...int(bits) },
      y: { ...int(8) },
      shift,
      biasShift: 0,
      min: -128,
      max: 127,
    },
    consts: {
      multipliers: noise(int(32), [channels], multiplier),
      biases: noise(int(32), [channels], () => integer(-(2 ** (shift + 3)), 2 ** (shift + 3))),
    },
  };
}

/** `coefficients`: one an input, or the greatest size of random ones, one for each channel of each input. */
function combine(
  elems: readonly ElementType[],
  coefficients: readonly number[] | number,
  lanes: number,
): Case {
  const channels = 16;
  const given = typeof coefficients === 'number' ? undefined : coefficients;
  const most = typeof coefficients === 'number' ? coefficients : 0;
  const matrix = noise(int(16), [elems.length, channels], () => integer(-most, most));
  const [lows, highs] = [new Float64Array(channels), new Float64Array(channels)];
  const terms = elems.map((x, i) => {
    const range = valueRange(x);
    for (let c = 0; c < channels; c++) {
      const k = given?.[i] ?? matrix.data[i * channels + c] ?? 0;
      lows[c] = (lows[c] ?? 0) + Math.min(k * range.min, k * range.max);
      highs[c] = (highs[c] ?? 0) + Math.max(k * range.min, k * range.max);
    }
    return { x: { ...x }, ...(given === undefined ? {} : { coefficient: given[i] ?? 1 }) };
  });
  const factor = (i: number): string => (given === undefined ? '' : `${given[i] ?? 1} `);
  const sizes = given === undefined ? `, factors to ${most}` : '';
  return {
    unit: 'combine',
    title: `${elems.map((x, i) => `${factor(i)}${name(x)}`).join(' + ')}, ${lanes} lanes${sizes}`,
    params: { rows: 16, channels, lanes, terms, y: { ...fitInteger(Math.min(...lows), Math.max(...highs)) } },
    consts: given === undefined ? { coefficients: matrix } : {},
  };
}

/** Instances that the README files of these units quote. */
export const channelCases: readonly Case[] = [
  depthwise(uint(8), int(8), [9, 32, 4], 0, true),
  depthwise(uint(4), int(4), [9, 16, 16], 3),
  depthwise(int(8), int(8), [9, 8, 72], 0),
  depthwise(bipolar, bipolar, [9, 64, 16], 1),
  depthwise(uint(2), ternary, [9, 32, 8], 3),
  depthwise(bipolar, bipolar, [9, 16, 144], 1),
  depthwise(uint(4), int(4), [25, 48, 5], 0),
  reduce('max', bipolar, 4, 64, 16),
  reduce('max', int(8), 4, 32, 8),
  reduce('max', uint(4), 4, 16, 64),
  reduce('sum', uint(8), 49, 64, 4),
  reduce('sum', int(8), 16, 8, 8),
  requantize(16, 32, 4, '16-bit multipliers', () => integer(2 ** 14, 2 ** 15), 20),
  requantize(20, 32, 4, '31-bit multipliers', () => integer(2 ** 30, 2 ** 31 - 1), 40),
  requantize(20, 64, 8, 'one multiplier 1', () => 4, 8),
  requantize(16, 32, 4, 'powers of two', () => 2 ** integer(0, 5), 8),
  requantize(16, 16, 16, 'small constants', () => integer(1, 15), 10),
  combine([int(8), int(8)], [1, 1], 8),
  combine([uint(4), uint(4), uint(4)], [1, 1, 1], 16),
  combine([int(8), int(12)], [5, -3], 4),
  combine([int(8), int(8)], [181, 77], 4),
  combine([bipolar, int(6)], [1, 1], 16),
  combine([int(11), int(11), int(11)], 20000, 4),
  combine([int(11), int(11)], 20000, 16),
  combine([int(8), int(8)], 7, 16),
];
