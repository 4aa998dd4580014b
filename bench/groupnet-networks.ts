import type {
  BinaryLayer,
  Block,
  Branch,
  Group,
  GroupNet,
  Norm,
} from '../compiler/quantize/groupnet/index.ts';
import { generator } from './networks.ts';

/** What the random ResNet is to look like. */
export interface ResnetShape {
  /** Pixels of the square image. */
  readonly size: number;
  /** Channels of the first stage, which double three times. */
  readonly width: number;
  readonly branches: number;
  /** Blocks of each of the four stages; two in ResNet-18. */
  readonly blocks: number;
  readonly bits: number;
  readonly classes: number;
  /** The first layer of the original, 7x7 in steps of two and a pooling; else 3x3. */
  readonly large: boolean;
}

/**
 * The shape of ResNet-18 as Group-Net v1: eight groups of one block in K branches, all convolutions but the first binary, also those that go
 * round the blocks in steps of two. Random weights, and norms that keep the levels busy.
 */
export function randomResnet(
  name: string,
  { size, width, branches, blocks, bits, classes, large }: ResnetShape,
): GroupNet {
  const next = generator();
  const normal = (): number => next() + next() + next() + next() - 2;
  const array = (count: number, of: () => number): Float64Array => Float64Array.from({ length: count }, of);
  /** Norms of sums whose standard deviation is `spread`: the quantizer's range, 0 to 1, holds most of what comes out. */
  const norm = (channels: number, spread: number): Norm => ({
    gamma: array(channels, () => 0.3 + 0.2 * next()),
    beta: array(channels, () => 0.4 + 0.2 * normal()),
    mean: array(channels, () => 0.2 * spread * normal()),
    variance: array(channels, () => spread ** 2 * (0.7 + 0.6 * next())),
  });
  const layer = (outputs: number, inputs: number, kernel: number, stride: number): BinaryLayer => {
    const terms = kernel * kernel * inputs;
    return {
      shape: [outputs, kernel, kernel, inputs],
      bases: [
        {
          weights: Int8Array.from({ length: outputs * terms }, () => (next() < 0.5 ? -1 : 1)),
          alpha: array(outputs, () => 0.02 + 0.02 * next()),
        },
      ],
      stride,
      pad: (kernel - 1) / 2,
      norm: norm(outputs, 0.03 * 0.6 * Math.sqrt(terms)),
    };
  };
  const block = (outputs: number, inputs: number, stride: number): Block => ({
    layers: [layer(outputs, inputs, 3, stride), layer(outputs, outputs, 3, 1)],
    skip: stride === 1 ? 'identity' : layer(outputs, inputs, 1, stride),
  });
  const groups: Group[] = [0, 1, 2, 3].flatMap((stage) =>
    Array.from({ length: blocks }, (_, i) => {
      const outputs = width * 2 ** stage;
      const stride = stage > 0 && i === 0 ? 2 : 1;
      const branch = (): Branch => ({
        lambda: (0.5 + next()) / branches,
        blocks: [block(outputs, stride === 1 ? outputs : outputs / 2, stride)],
      });
      return { branches: Array.from({ length: branches }, branch) };
    }),
  );
  const kernel = large ? 7 : 3;
  const last = width * 8;
  return {
    name,
    input: { shape: [size, size, 3], scale: { numerator: 1, denominator: 255 } },
    activation: { bits },
    padding: 'zero',
    first: {
      shape: [width, kernel, kernel, 3],
      levels: array(width * kernel * kernel * 3, () => Math.floor(255 * next()) - 127),
      scale: array(width, () => 0.001 + 0.001 * next()),
      stride: large ? 2 : 1,
      pad: (kernel - 1) / 2,
      norm: norm(width, 0.1 * 0.6 * Math.sqrt(kernel * kernel * 3)),
      ...(large ? { pool: { kernel: 3, stride: 2, pad: 1 } } : {}),
    },
    groups,
    last: {
      activation: { bits: 8, limit: 2 },
      shape: [classes, last],
      levels: array(classes * last, () => Math.floor(255 * next()) - 127),
      scale: 0.001,
      bias: array(classes, normal),
    },
  };
}
