import type { OpDefinition } from '../op.ts';
import { divide, float32Multiplier, rational, type Rational } from '../rational.ts';
import { elementCount, type Tensor, type TensorType } from '../types.ts';
import { booleanAttribute, getFlag } from './attributes.ts';
import {
  checkedShape,
  emptyWindow,
  poolAttributes,
  typedWindows,
  windowPixels,
  windows,
} from './geometry.ts';
import { carriedLattice, channelScales, latticeTensor } from './lattice.ts';
import { operand, realResult } from './real.ts';

/** The mean of each window. */
export const avgpool: OpDefinition = {
  name: 'avgpool',
  forms: ['real'],
  summary: 'The mean of each window, channel by channel.',
  meaning:
    'y[oy, ox, c] = float32(sum / n) in double precision up to the last rounding, sum over ky, kx of x[oy * sy + ky - top, ox * sx + kx - left, c] of the taps inside the ' +
    'image, n their number, or with count_include_pad KH * KW. Of a quantized x the sum is that of the levels, exact; where n is ' +
    'the same for all windows the result is known exactly: that sum times scale / n',
  operands: [{ name: 'x', doc: 'An image [H, W, C].', kind: 'any' }],
  attributes: {
    ...poolAttributes,
    count_include_pad: booleanAttribute('Whether padded positions count as zeros; false if absent.', {
      optional: true,
    }),
  },
  type: (operands, attributes, declared) => {
    const geometry = windows(operand(operands, 0).type.shape, attributes);
    if ('message' in geometry) return geometry;
    const problem = emptyWindow(geometry);
    if (problem !== undefined) return problem;
    const shape = checkedShape([geometry.y.out, geometry.x.out, geometry.channels]);
    return 'message' in shape ? shape : realResult(shape, declared);
  },
  evaluate: (operands, attributes, result) => {
    const x = operand(operands, 0);
    const geometry = typedWindows(x.type.shape, attributes);
    const { channels } = geometry;
    const pixels = windowPixels(geometry);
    const taps = geometry.y.kernel * geometry.x.kernel;
    const lattice = carriedLattice(x);
    const scales = lattice && channelScales(lattice);
    const levels = scales && lattice?.levels;
    const { sums, counts } = sumWindows(levels ?? x.data, pixels, taps, channels);
    if (getFlag(attributes, 'count_include_pad')) counts.fill(taps);
    if (scales !== undefined) return scaledMeans(sums, counts, scales, result);
    const data = Float32Array.from(sums, (sum, i) => sum / (counts[Math.floor(i / channels)] ?? 1));
    return { type: result, data };
  },
};

/** Sums of the taps inside the image, and for each window how many they are. */
function sumWindows(
  x: ArrayLike<number>,
  pixels: Int32Array,
  taps: number,
  channels: number,
): { readonly sums: Float64Array; readonly counts: Int32Array } {
  const counts = new Int32Array(pixels.length / taps);
  const sums = new Float64Array(counts.length * channels);
  for (let t = 0; t < pixels.length; t++) {
    const pixel = pixels[t] ?? -1;
    if (pixel < 0) continue;
    const window = Math.floor(t / taps);
    counts[window] = (counts[window] ?? 0) + 1;
    for (let c = 0; c < channels; c++) {
      const at = window * channels + c;
      sums[at] = (sums[at] ?? 0) + (x[pixel * channels + c] ?? 0);
    }
  }
  return { sums, counts };
}

/** sum * scale / n, rounded once; levels again where every window has the same n. `scales`: one, or one a channel. */
function scaledMeans(
  sums: Float64Array,
  counts: Int32Array,
  scales: readonly Rational[],
  result: TensorType,
): Tensor {
  const channels = sums.length / counts.length;
  const by = (n: number): Rational[] => scales.map((scale) => divide(scale, rational(BigInt(n), 1n)));
  const first = counts[0] ?? 1;
  const fits = sums.every((sum) => Math.abs(sum) < 2 ** 31);
  if (fits && counts.every((n) => n === first)) {
    const scaleShape = scales.length === 1 ? [] : [scales.length];
    return latticeTensor(result.shape, { levels: Int32Array.from(sums), scales: by(first), scaleShape });
  }
  const multipliers = new Map([...new Set(counts)].map((n) => [n, by(n).map(float32Multiplier)]));
  const data = new Float32Array(elementCount(result.shape));
  for (let i = 0; i < data.length; i++) {
    const times = multipliers.get(counts[Math.floor(i / channels)] ?? 1);
    data[i] = times?.[scales.length === 1 ? 0 : i % channels]?.(sums[i] ?? 0) ?? 0;
  }
  return { type: result, data };
}
