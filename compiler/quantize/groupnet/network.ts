import type { Scale } from '../../qir/graph.ts';

type Numbers = ArrayLike<number>;

/** Batch normalization at inference, one number a channel: gamma (x - mean) / sqrt(variance + epsilon) + beta. */
export interface Norm {
  readonly gamma: Numbers;
  readonly beta: Numbers;
  readonly mean: Numbers;
  readonly variance: Numbers;
  /** 1e-5 unless given. */
  readonly epsilon?: number;
}

/** One binary base of a layer: b(W) = alpha * sgn(W), sgn(0) = +1. */
export interface Base {
  /** The trained (or the binary) weights in the order of the layer's shape; only their signs are used, and their mean size if `alpha` is absent. */
  readonly weights: Numbers;
  /** One positive number for each filter, or one for all; absent: the mean of |w| of each filter. */
  readonly alpha?: Numbers;
  /** The factor of this base in the sum of all; 1 unless given. */
  readonly lambda?: number;
}

/**
 * A layer of K >= 1 binary bases: y = norm(sum_i lambda_i * (b(W_i) conv q(x))). What is in front of it is quantized; its sum is quantized by
 * what follows.
 */
export interface BinaryLayer {
  /** [outputs, inputs], or of a convolution [outputs, kernel height, kernel width, inputs]. */
  readonly shape: readonly number[];
  readonly bases: readonly Base[];
  /** Steps of a convolution, down and right; 1 unless given. */
  readonly stride?: number;
  /** Rows and columns around the image; 0 unless given. What they hold is the network's `padding`. */
  readonly pad?: number;
  readonly norm: Norm;
}

/** A low-precision residual block: its layers, and what goes round them and is added to the last one's result. */
export interface Block {
  readonly layers: readonly BinaryLayer[];
  readonly skip: 'identity' | 'none' | BinaryLayer;
}

/** One of the parallel branches of a group, the blocks one after the other, and its factor in the group's sum. */
export interface Branch {
  readonly lambda: number;
  readonly blocks: readonly Block[];
}

/** All branches read the group's input; F(x) = sum_i lambda_i H_i(x). */
export interface Group {
  readonly branches: readonly Branch[];
}

/**
 * A quantizer of activations. One bit: the sign, times `limit`. k bits, 2 to 8: rnd((2^k - 1) clip(x, 0, limit) / limit) levels of
 * limit / (2^k - 1), rnd(v) = floor(v + 0.5).
 */
export interface Activation {
  readonly bits: number;
  /** 1 unless given. */
  readonly limit?: number;
}

/** The first layer: 8-bit weights on the pixels. */
export interface FirstLayer {
  /** As in BinaryLayer. */
  readonly shape: readonly number[];
  /** Integers -128 to 127. */
  readonly levels: Numbers;
  /** weight = level * scale; one positive number for each filter, or one for all. */
  readonly scale: Numbers;
  readonly stride?: number;
  /** Padding holds 0. */
  readonly pad?: number;
  readonly norm: Norm;
  /** A maximum pooling behind it. */
  readonly pool?: { readonly kernel: number; readonly stride: number; readonly pad: number };
}

/** The last layer: an average over the pixels of an image, and 8-bit weights. */
export interface LastLayer {
  /** The quantizer in front of it. */
  readonly activation: Activation;
  /** [classes, inputs]. */
  readonly shape: readonly number[];
  /** Integers -128 to 127. */
  readonly levels: Numbers;
  /** weight = level * scale. */
  readonly scale: number;
  /** One number a class; none unless given. */
  readonly bias?: Numbers;
}

/** What padding of binary convolutions holds: the real number 0, or +1. */
export const paddings = ['zero', 'one'] as const;
export type Padding = (typeof paddings)[number];

/** What leaves the network: the last layer's sums, or the index of the greatest. */
export const groupNetOutputs = ['class', 'sums'] as const;
export type GroupNetOutput = (typeof groupNetOutputs)[number];

/**
 * A trained Group-Net. Its variant is the shape of its groups: layer-wise, one branch a group and K bases a layer; v1, one block a group and K
 * branches; v2, two blocks; v3, one group of all blocks.
 */
export interface GroupNet {
  readonly name: string;
  /** uint8: real = pixel * scale. */
  readonly input: { readonly shape: readonly number[]; readonly scale: number | Scale };
  /** The quantizer in front of every binary layer. */
  readonly activation: Activation;
  readonly padding: Padding;
  /**
   * What goes round a block. Absent: its quantized input. Present: the sums of the block before, in fixed point: `bits` in all, `fraction` behind
   * the point, rounded half up and saturated.
   */
  readonly stream?: { readonly bits: number; readonly fraction: number };
  readonly first: FirstLayer;
  readonly groups: readonly Group[];
  readonly last: LastLayer;
}
