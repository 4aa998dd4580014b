import { bipolar, GraphBuilder, int, uint } from '../compiler/qir/index.ts';
import type { Graph } from '../compiler/qir/index.ts';
import type { Value } from '../compiler/qir/index.ts';

/** Numbers in [0, 1) from a linear congruential generator: the same network in every run. */
export function generator(seed = 12345): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Layers of random binary weights, and thresholds near the middle of what they sum. */
class RandomLayers {
  readonly g: GraphBuilder;
  readonly #next = generator();
  #layers = 0;
  #bits = 0;

  constructor(name: string) {
    this.g = new GraphBuilder(name);
  }

  #weights(shape: readonly number[]): { elem: typeof bipolar; shape: readonly number[]; data: Int8Array } {
    const count = shape.reduce((a, b) => a * b, 1);
    return {
      elem: bipolar,
      shape,
      data: Int8Array.from({ length: count }, () => (this.#next() < 0.5 ? -1 : 1)),
    };
  }

  matmul(x: Value, outputs: number): Value {
    const inputs = x.type.shape.at(-1) ?? 1;
    return this.g.matmul(x, this.#weights([outputs, inputs]), { name: `sum${this.#layers++}` });
  }

  conv(x: Value, outputs: number, kernel: number, stride = 1, pad = 0): Value {
    const channels = x.type.shape.at(-1) ?? 1;
    const weights = this.#weights([outputs, kernel, kernel, channels]);
    const attributes = { strides: [stride, stride], pads: [pad, pad, pad, pad] };
    return this.g.op('conv2d', [x, weights], attributes, { name: `sum${this.#layers++}` });
  }

  /** One threshold a channel, where the sums of `terms` terms have their middle. */
  bits(x: Value, terms: number): Value {
    const channels = x.type.shape.at(-1) ?? 1;
    const spread = 2 * Math.sqrt(terms);
    const data = Int32Array.from({ length: channels }, () => Math.round((this.#next() - 0.5) * spread));
    const thresholds = { elem: int(13), shape: [channels, 1], data };
    return this.g.threshold(x, thresholds, { result: bipolar, name: `bit${this.#bits++}` });
  }
}

/** A binary network of these layer sizes with random weights; bits or 8-bit pixels in, sums out. */
export function randomNetwork(
  name: string,
  sizes: readonly number[],
  input: 'bits' | 'pixels' = 'bits',
): Graph {
  const net = new RandomLayers(name);
  const [first = 1, ...rest] = sizes;
  let x =
    input === 'bits'
      ? net.g.input('x', bipolar, [first])
      : net.g.threshold(
          net.g.input('pixels', uint(8), [first]),
          { shape: [1, 1], data: [128] },
          { name: 'binarized', result: bipolar },
        );
  rest.forEach((outputs, i) => {
    const inputs = x.type.shape[0] ?? 1;
    const sums = net.matmul(x, outputs);
    x = i + 1 < rest.length ? net.bits(sums, inputs) : sums;
  });
  net.g.output(x);
  return net.g.build();
}

/** The shape of BNN-PYNQ's CNV: six convolutions of 3x3, two poolings, three matrices; 32x32 signed colours in, ten sums out. */
export function randomCnv(name: string): Graph {
  const net = new RandomLayers(name);
  let x = net.g.input('colours', int(8), [32, 32, 3]);
  [64, 64, 128, 128, 256, 256].forEach((channels, i) => {
    const terms = 9 * (x.type.shape[2] ?? 1) * (i === 0 ? 4000 : 1);
    x = net.bits(net.conv(x, channels, 3), terms);
    if (i === 1 || i === 3)
      x = net.g.op('maxpool', [x], { kernel: [2, 2], strides: [2, 2] }, { name: `pool${i}` });
  });
  x = net.g.reshape(x, [256]);
  for (const size of [512, 512]) x = net.bits(net.matmul(x, size), x.type.shape[0] ?? 1);
  net.g.output(net.matmul(x, 10));
  return net.g.build();
}

/**
 * The shape of ResNet-18 with `width` channels in its first stage (64 in the original), `size` x `size` pixels in and `classes` sums
 * out: four stages of two blocks, in each two convolutions of 3x3 and what goes round them added to their sums.
 */
export function randomResidual(name: string, width: number, size: number, classes: number): Graph {
  const net = new RandomLayers(name);
  let x = net.g.input('colours', int(8), [size, size, 3]);
  x = net.bits(net.conv(x, width, 3, 1, 1), 27 * 4000);
  for (let stage = 0; stage < 4; stage++) {
    const channels = width * 2 ** stage;
    for (let block = 0; block < 2; block++) {
      const stride = stage > 0 && block === 0 ? 2 : 1;
      const from = x.type.shape[2] ?? 1;
      const first = net.bits(net.conv(x, channels, 3, stride, 1), 9 * from);
      const second = net.conv(first, channels, 3, 1, 1);
      const round = stride === 1 ? x : net.conv(x, channels, 1, stride);
      const weight = stride === 1 ? 8 : 1;
      const joined = net.g.op(
        'combine',
        [second, round],
        { coefficients: [1, weight] },
        { name: `joined${stage}_${block}` },
      );
      x = net.bits(joined, 9 * channels);
    }
  }
  const [height = 1, across = 1, channels = 1] = x.type.shape;
  const sums = net.g.op('reduce_sum', [net.g.reshape(x, [height * across, channels])], {}, { name: 'total' });
  net.g.output(net.matmul(net.bits(sums, height * across), classes));
  return net.g.build();
}
