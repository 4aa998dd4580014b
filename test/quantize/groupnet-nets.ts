import type {
  BinaryLayer,
  Block,
  GroupNet,
  Norm,
  Padding,
  Variant,
} from '../../compiler/quantize/groupnet/index.ts';
import { groupBlocks, groupSizes } from '../../compiler/quantize/groupnet/index.ts';
import { randomSource } from '../conformance/bench.ts';

export type Kind = Variant | 'layer-wise';

/** What a random network is to be. */
export interface Recipe {
  readonly seed: number;
  readonly kind: Kind;
  readonly k: number;
  readonly bits: number;
  readonly padding: Padding;
  /** All scales are powers of two, and all other numbers short binary fractions. */
  readonly dyadic: boolean;
  readonly stream?: { readonly bits: number; readonly fraction: number };
  /** Images, or vectors. */
  readonly image: boolean;
  /** The same in all branches. */
  readonly identical?: boolean;
  readonly lambdas?: readonly number[];
}

/** A random network of three blocks, the middle one in steps of two where it sees images. */
export function randomGroupNet(recipe: Recipe): GroupNet {
  const { seed, kind, k, bits, padding, dyadic, stream, image } = recipe;
  let random = randomSource(seed);
  const array = (count: number, of: () => number): number[] => Array.from({ length: count }, of);
  const power = (low: number, high: number): number => 2 ** random.integer(low, high);
  const scale = (low: number, high: number): number =>
    dyadic ? power(low, high) : power(low, high) * (1 + random.integer(0, 999) / 1000);
  const small = (): number => (dyadic ? random.integer(-16, 16) / 16 : random.integer(-1000, 1000) / 777);
  const norm = (channels: number): Norm => ({
    // falling channels, and one in eight that is constant
    gamma: array(channels, () => random.pick([-1, 1, 1, 1, 1, 1, 1, 0]) * scale(-1, 1)),
    beta: array(channels, small),
    mean: array(channels, small),
    variance: array(channels, () => scale(-1, 1) ** 2),
    epsilon: dyadic ? 0 : 1e-5,
  });
  const layer = (
    outputs: number,
    inputs: number,
    kernel: number,
    stride: number,
    bases: number,
  ): BinaryLayer => {
    const shape = image ? [outputs, kernel, kernel, inputs] : [outputs, inputs];
    const terms = (image ? kernel * kernel : 1) * inputs;
    return {
      shape,
      bases: array(bases, () => 0).map((_, i) => ({
        weights: array(outputs * terms, () => random.pick([-0.75, -0.25, 0.5, 1])),
        alpha: array(outputs, () => scale(-3, -1)),
        ...(bases > 1 ? { lambda: recipe.lambdas?.[i] ?? scale(-2, 0) } : {}),
      })),
      ...(image ? { stride, pad: (kernel - 1) / 2 } : {}),
      norm: norm(outputs),
    };
  };
  const block = (outputs: number, inputs: number, stride: number, bases: number): Block => {
    const layers = [layer(outputs, inputs, 3, stride, bases), layer(outputs, outputs, 3, 1, bases)];
    const same = outputs === inputs && stride === 1;
    return {
      layers,
      skip: same ? 'identity' : random.pick(['none', layer(outputs, inputs, 1, stride, bases)]),
    };
  };
  const step = image ? 2 : 1;
  const [branches, bases] = kind === 'layer-wise' ? [1, k] : [k, 1];
  const start = random.integer(0, 2 ** 30);
  const networks = array(branches, () => 0).map((_, i) => {
    // skips must have the same shape in all branches, so each block is drawn from a source of its own
    if (recipe.identical === true) random = randomSource(start);
    else random = randomSource(start + i);
    return [block(4, 4, 1, bases), block(5, 4, step, bases), block(5, 5, 1, bases)];
  });
  random = randomSource(start + 77);
  const sizes = groupSizes(kind === 'layer-wise' ? 'v1' : kind, 3);
  const lambdas = sizes.map(() =>
    array(branches, () => 0).map((_, i) => (branches === 1 ? 1 : (recipe.lambdas?.[i] ?? scale(-1, 0)))),
  );
  const unit = dyadic ? power(-3, -1) : 0.3;
  const top = bits === 1 ? 1 : 2 ** bits - 1;
  const limit = Math.max(unit * top, padding === 'one' ? 1 : 0);
  return {
    name: 'group',
    input: { shape: image ? [8, 8, 2] : [12], scale: dyadic ? 1 / 256 : { numerator: 1, denominator: 255 } },
    activation: { bits, limit },
    padding,
    ...(stream === undefined ? {} : { stream }),
    first: {
      shape: image ? [4, 3, 3, 2] : [4, 12],
      levels: array(image ? 72 : 48, () => random.integer(-128, 127)),
      scale: array(4, () => scale(-4, -2)),
      ...(image ? { pad: 1, pool: { kernel: 3, stride: 1, pad: 1 } } : {}),
      norm: norm(4),
    },
    groups: groupBlocks(networks, sizes, lambdas),
    last: {
      activation: { bits: 8, limit: 255 / 128 },
      shape: [3, 5],
      levels: array(15, () => random.integer(-128, 127)),
      scale: scale(-6, -4),
      bias: array(3, small),
    },
  };
}
