/**
 * TensorFlow Lite's int8 reference kernels, written down naively from their definition: position by position, with the zero points
 * subtracted, and padding as an index outside. The second opinion on what the front-end emits.
 */

export interface Affine {
  readonly scale: number;
  readonly zeroPoint: number;
}
export interface Image {
  readonly size: readonly [number, number, number];
  readonly data: ArrayLike<number>;
}

/** The two roundings of the C code: upper half of the doubled product, then a rounding shift. */
export function scaleSum(sum: number, factor: number): number {
  if (factor === 0) return 0;
  let exponent = 0;
  let fraction = factor;
  for (; fraction >= 1; fraction /= 2) exponent++;
  for (; fraction < 0.5; fraction *= 2) exponent--;
  let quantized = Math.round(fraction * 2 ** 31);
  if (quantized === 2 ** 31) {
    quantized /= 2;
    exponent++;
  }
  if (exponent < -31) return 0;
  const left = BigInt.asIntN(32, BigInt(sum) << BigInt(Math.max(exponent, 0)));
  const high = Number((left * BigInt(quantized) + (1n << 30n)) >> 31n);
  const right = Math.max(-exponent, 0);
  if (right === 0) return high;
  const scaled = Math.floor(high / 2 ** right);
  const remainder = high - scaled * 2 ** right;
  const half = Math.floor((2 ** right - 1) / 2) + (high < 0 ? 1 : 0);
  return scaled + (remainder > half ? 1 : 0);
}

export function clampTo(x: number, activation: number, { scale, zeroPoint }: Affine): number {
  const level = (real: number): number => zeroPoint + Math.round(Math.fround(real / scale));
  const low = activation === 1 || activation === 3 ? Math.max(-128, level(0)) : -128;
  const high = activation === 3 ? Math.min(127, level(6)) : 127;
  return Math.max(low, Math.min(high, x));
}

/** Positions of a window along an axis: outputs, and where the first window begins. */
export function along(
  size: number,
  kernel: number,
  stride: number,
  dilation: number,
  same: boolean,
): [number, number] {
  const extent = (kernel - 1) * dilation + 1;
  if (!same) return [Math.floor((size - extent) / stride) + 1, 0];
  const out = Math.floor((size + stride - 1) / stride);
  return [out, -Math.floor(Math.max(0, (out - 1) * stride + extent - size) / 2)];
}

export interface Window {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly same: boolean;
}

/** Calls `visit` for each output position and channel with the elements of its window that lie inside the image. */
export function slide(
  x: Image,
  { kernel, strides, dilations, same }: Window,
  visit: (inside: readonly { readonly value: number; readonly tap: number }[], channel: number) => void,
): [number, number] {
  const [height, width, channels] = x.size;
  const [rows, top] = along(height, kernel[0], strides[0], dilations[0], same);
  const [columns, left] = along(width, kernel[1], strides[1], dilations[1], same);
  for (let oy = 0; oy < rows; oy++) {
    for (let ox = 0; ox < columns; ox++) {
      for (let c = 0; c < channels; c++) {
        const inside: { value: number; tap: number }[] = [];
        for (let ky = 0; ky < kernel[0]; ky++) {
          for (let kx = 0; kx < kernel[1]; kx++) {
            const iy = top + oy * strides[0] + ky * dilations[0];
            const ix = left + ox * strides[1] + kx * dilations[1];
            if (iy < 0 || ix < 0 || iy >= height || ix >= width) continue;
            inside.push({ value: x.data[(iy * width + ix) * channels + c] ?? 0, tap: ky * kernel[1] + kx });
          }
        }
        visit(inside, c);
      }
    }
  }
  return [rows, columns];
}

export interface Layer extends Window {
  readonly outputs: number;
  readonly groups: number;
  /** Weight of output o at tap t for channel i of its group. */
  readonly weight: (o: number, t: number, i: number) => number;
  readonly bias: readonly number[];
  readonly scales: readonly number[];
  readonly activation: number;
}

export function convolution(x: Image, from: Affine, to: Affine, layer: Layer): number[] {
  const { outputs, groups, weight, bias, scales } = layer;
  const channels = x.size[2];
  const [depth, each] = [channels / groups, outputs / groups];
  const result: number[] = [];
  let sums: number[] = [];
  slide(x, layer, (inside, channel) => {
    if (channel === 0) sums = [...bias];
    const group = Math.floor(channel / depth);
    for (let o = group * each; o < (group + 1) * each; o++) {
      for (const { value, tap } of inside) {
        sums[o] = (sums[o] ?? 0) + (value - from.zeroPoint) * weight(o, tap, channel % depth);
      }
    }
    if (channel < channels - 1) return;
    for (const [o, sum] of sums.entries()) {
      const scale = scales[scales.length === 1 ? 0 : o] ?? 0;
      const scaled = scaleSum(sum, (from.scale * scale) / to.scale) + to.zeroPoint;
      result.push(clampTo(scaled, layer.activation, to));
    }
  });
  return result;
}

export function pool(
  x: Image,
  kind: 'max' | 'average',
  window: Window,
  activation: number,
  p: Affine,
): number[] {
  const result: number[] = [];
  slide(x, window, (inside) => {
    const values = inside.map(({ value }) => value);
    const sum = values.reduce((a, b) => a + b, 0);
    const half = Math.trunc(values.length / 2);
    // integers know no negative zero
    const mean = Math.trunc((sum > 0 ? sum + half : sum - half) / values.length) + 0;
    result.push(clampTo(kind === 'max' ? Math.max(...values) : mean, activation, p));
  });
  return result;
}

export function addition(
  a: number,
  b: number,
  pa: Affine,
  pb: Affine,
  to: Affine,
  activation: number,
): number {
  const common = 2 * Math.max(pa.scale, pb.scale);
  const scaled = (x: number, p: Affine): number => scaleSum((x - p.zeroPoint) * (1 << 20), p.scale / common);
  const sum = scaled(a, pa) + scaled(b, pb);
  return clampTo(scaleSum(sum, common / ((1 << 20) * to.scale)) + to.zeroPoint, activation, to);
}
