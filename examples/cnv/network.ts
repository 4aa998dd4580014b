import { bipolar, GraphBuilder, int, strictlyGreater, uint } from 'qcc/qir';
import type { Graph } from 'qcc/qir';
import type { BinaryLayer } from '../lfc/network.ts';

/** What leaves the network: the ten sums of the last layer, or the class. */
export const outputs = ['class', 'sums'] as const;
export type CnvOutput = (typeof outputs)[number];

/** What enters it: 8-bit colours, or the signed numbers that they stand for. */
export const inputs = ['pixels', 'signed'] as const;
export type CnvInput = (typeof inputs)[number];

/**
 * The signed 8-bit number that BNN-PYNQ's host program makes of a colour p from 0 to 255: p * 256 / 255 - 128, rounded, and at most
 * 127.
 */
export function signedColour(p: number): number {
  return Math.min(127, Math.floor((p * 256) / 255 - 128 + 0.5));
}

/** Numbers of the convolutions behind which a 2x2 pooling stands. */
const pooled = [1, 3];

/**
 * BNN-PYNQ's CNV: convolutions of 3x3 without padding, then fully connected layers, all weights and activations of one bit but the
 * 32x32 colours that come in. Weights of rank four are a convolution. A layer without thresholds gives its sums.
 */
export function cnv(
  name: string,
  layers: readonly BinaryLayer[],
  options: { readonly input: CnvInput; readonly output: CnvOutput },
): Graph {
  const g = new GraphBuilder(name);
  const shape = [32, 32, 3];
  let x =
    options.input === 'signed'
      ? g.input('colours', int(8), shape)
      : g.lookup(
          g.input('pixels', uint(8), shape),
          { shape: [1, 256], data: Array.from({ length: 256 }, (_, p) => signedColour(p)) },
          { name: 'colours', result: int(8) },
        );
  layers.forEach(({ weights, shape: size, thresholds }, i) => {
    const w = { elem: bipolar, shape: size, data: weights };
    if (size.length === 2 && x.type.shape.length > 1) x = g.reshape(x, [size[1] ?? 0]);
    x =
      size.length === 2
        ? g.matmul(x, w, { name: `sum${i}` })
        : g.op('conv2d', [x, w], {}, { name: `sum${i}` });
    if (thresholds.length > 0)
      x = g.threshold(x, strictlyGreater(thresholds), { name: `bit${i}`, result: bipolar });
    if (pooled.includes(i))
      x = g.op('maxpool', [x], { kernel: [2, 2], strides: [2, 2] }, { name: `pool${i}` });
  });
  g.output(options.output === 'class' ? g.argmax(x, { name: 'class' }) : x);
  return g.build();
}
