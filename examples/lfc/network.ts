import { bipolar, GraphBuilder, strictlyGreater, uint } from 'qcc/qir';
import type { Graph } from 'qcc/qir';

/** One binary layer as BNN-PYNQ gives it. */
export interface BinaryLayer {
  /** Weights -1 and +1 in row-major order: [outputs, inputs], or [outputs, ky, kx, inputs] of a convolution. */
  readonly weights: ArrayLike<number>;
  readonly shape: readonly number[];
  /** One threshold a neuron: it gives +1 where its sum is strictly greater. */
  readonly thresholds: ArrayLike<number>;
}

/** What leaves the network: the last layer's sums, its bits, or the class. */
export const outputs = ['class', 'sums', 'bits'] as const;
export type LfcOutput = (typeof outputs)[number];

/** What enters it: 8-bit pixels, compared with 128 in hardware, or -1 and +1. */
export const inputs = ['pixels', 'bits'] as const;
export type LfcInput = (typeof inputs)[number];

/**
 * A network of fully connected binary layers, each with one threshold a neuron.
 *
 * The class is the number of the highest neuron of the last layer that gives +1, or 0 if none does, as BNN-PYNQ's host program has
 * it. In hardware it is one more matrix: neuron i's score is i * bit + i, so 2 * i where the bit is +1 and 0 where it is -1, and
 * the greatest score is that of the highest bit; on a tie, when no bit is set, the first one wins, which is 0.
 */
export function binaryNetwork(
  name: string,
  layers: readonly BinaryLayer[],
  options: { readonly input: LfcInput; readonly output: LfcOutput },
): Graph {
  const g = new GraphBuilder(name);
  const width = layers[0]?.shape[1] ?? 0;
  let x =
    options.input === 'bits'
      ? g.input('bits', bipolar, [width])
      : g.threshold(
          g.input('pixels', uint(8), [width]),
          { shape: [1, 1], data: [128] },
          {
            name: 'binarized',
            result: bipolar,
          },
        );
  let sums = x;
  layers.forEach(({ weights, shape, thresholds }, i) => {
    sums = g.matmul(x, { elem: bipolar, shape, data: weights }, { name: `sum${i}` });
    // the last sums leave as they are, if they are asked for
    if (i < layers.length - 1 || options.output !== 'sums')
      x = g.threshold(sums, strictlyGreater(thresholds), { name: `bit${i}`, result: bipolar });
  });
  if (options.output === 'sums') g.output(sums);
  if (options.output === 'bits') g.output(x);
  if (options.output === 'class') {
    const classes = layers.at(-1)?.shape[0] ?? 0;
    const diagonal = Array.from({ length: classes }, (_, row) =>
      Array.from({ length: classes }, (_, column) => (row === column ? row : 0)),
    );
    const bias = Array.from({ length: classes }, (_, i) => i);
    g.output(g.argmax(g.matmul(x, diagonal, { name: 'score', bias }), { name: 'class' }));
  }
  return g.build();
}
