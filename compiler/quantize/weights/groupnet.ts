import { roundHalfUp, type Matrix, type Scope } from './matrix.ts';
import type { BinaryWeights } from './representation.ts';
import { binarize } from './xnor.ts';

/**
 * Group-Net's activations of two bits and more (its equation 2): x clipped to 0..bound, in 2^bits - 1 steps.
 * Returns the level, 0 to 2^bits - 1; its value is bound * level / (2^bits - 1).
 */
export function groupNetActivation(x: number, bits: number, bound = 1): number {
  const steps = 2 ** bits - 1;
  return roundHalfUp((steps * Math.min(Math.max(x, 0), bound)) / bound);
}

/** The gradient that passes back through the activation: 1 inside the interval, 0 where it is clipped. */
export const groupNetGradient = (x: number, bound = 1): number => Number(x > 0 && x < bound);

/** The weights b(W_i) of the branches of a layer (equation 1), each binarized by itself. */
export function groupNetBranches(
  branches: readonly Matrix[],
  options: { scope?: Scope } = {},
): BinaryWeights[] {
  return branches.map((branch) => binarize(branch, options));
}
