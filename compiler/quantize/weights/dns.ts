import { checkInteger, checkNumber, checkWeights, type Matrix } from './matrix.ts';
import { magnitudes, type SparseWeights } from './representation.ts';

/** Dynamic network surgery: a connection is pruned below `prune` and spliced back above `splice`; in between it stays what it is. */
export interface SurgeryThresholds {
  /** Mean and standard deviation of the magnitudes, of the parameters that are not zero. */
  readonly mean: number;
  readonly deviation: number;
  /** 0.9 and 1.1 times max(mean + rate * deviation, 0). */
  readonly prune: number;
  readonly splice: number;
}

/**
 * The thresholds of a layer, computed once, from its weights and biases pooled together. `rate` is any number: the higher, the sparser.
 */
export function surgeryThresholds(
  weights: ArrayLike<number>,
  biases: ArrayLike<number>,
  rate: number,
): SurgeryThresholds {
  const pooled = new Float64Array(weights.length + biases.length);
  pooled.set(weights);
  pooled.set(biases, weights.length);
  const { mean, deviation } = magnitudes(pooled, 'non-zero');
  const tau = Math.max(mean + rate * deviation, 0);
  return { mean, deviation, prune: 0.9 * tau, splice: 1.1 * tau };
}

/**
 * Updates a mask of 0 and 1 in place: 1 becomes 0 at magnitudes up to `prune`, 0 becomes 1 above `splice` (the boundaries of the authors' code).
 * Returns how many entries changed.
 */
export function updateMask(
  mask: Uint8Array,
  weights: ArrayLike<number>,
  { prune, splice }: Pick<SurgeryThresholds, 'prune' | 'splice'>,
): number {
  let changed = 0;
  for (let i = 0; i < mask.length; i++) {
    const magnitude = Math.abs(weights[i] as number);
    const kept = mask[i] === 1 ? magnitude > prune : magnitude > splice;
    if (kept !== (mask[i] === 1)) changed++;
    mask[i] = Number(kept);
  }
  return changed;
}

/** The probability of a mask update in iteration `iteration`: (1 + gamma * iteration)^-power, never increasing. */
export function updateProbability(iteration: number, gamma = 1e-4, power = 1): number {
  return (1 + gamma * iteration) ** -power;
}

/** The weights of a layer under surgery; biases are a layer of their own with the same thresholds. */
export interface SurgeryLayer {
  /** All weights, pruned ones too; they are trained in place. */
  readonly weights: Float64Array;
  readonly mask: Uint8Array;
  readonly momentum: Float64Array;
  readonly thresholds: Pick<SurgeryThresholds, 'prune' | 'splice'>;
}

export interface SurgeryOptions {
  readonly iteration: number;
  /** No mask changes from this iteration on. */
  readonly stop: number;
  readonly learningRate: number;
  readonly momentum?: number;
  readonly decay?: number;
  /** Of the update probability. */
  readonly gamma?: number;
  readonly power?: number;
  /** A draw from 0 to below 1, one for each layer and iteration. */
  readonly draw: number;
}

/**
 * One iteration on one layer, in its two halves. The first: the mask is updated, by chance and until `stop`, and the weights that the network
 * computes with, W (.) T, are returned. The second is `surgeryStep`.
 */
export function maskedWeights(layer: SurgeryLayer, options: SurgeryOptions): Float64Array {
  const { iteration, stop, gamma, power, draw } = options;
  if (iteration < stop && updateProbability(iteration, gamma, power) > draw)
    updateMask(layer.mask, layer.weights, layer.thresholds);
  return layer.weights.map((w, i) => w * (layer.mask[i] as number));
}

/**
 * The second half: gradient descent with momentum and decay on all weights, pruned ones included. The gradient is the one with respect to the
 * masked weights, dense; masking it would make the method greedy pruning.
 */
export function surgeryStep(layer: SurgeryLayer, gradient: ArrayLike<number>, options: SurgeryOptions): void {
  const { learningRate, momentum = 0, decay = 0 } = options;
  for (let i = 0; i < layer.weights.length; i++) {
    const w = layer.weights[i] as number;
    const v = momentum * (layer.momentum[i] as number) + learningRate * ((gradient[i] as number) + decay * w);
    layer.momentum[i] = v;
    layer.weights[i] = w - v;
  }
}

/** What magnitude pruning keeps. */
export type Pruning =
  /** Weights above mean + rate * deviation of the magnitudes: one surgery update without hysteresis. */
  | { readonly rate: number }
  /** This fraction of the weights, above 0 and up to 1, rounded half up to a number of at least one. */
  | { readonly keep: number }
  /** This many weights. */
  | { readonly count: number };

/** Magnitude pruning: the greatest weights stay; of equal magnitudes, the one with the lower index. */
export function prune(matrix: Matrix, pruning: Pruning): SparseWeights {
  checkWeights(matrix);
  const { data, where } = matrix;
  if ('rate' in pruning) {
    checkNumber('the rate', pruning.rate, true, 'a finite number', where);
    const { mean, deviation } = magnitudes(data, 'non-zero');
    const tau = Math.max(mean + pruning.rate * deviation, 0);
    return masked(
      matrix,
      Uint8Array.from(data, (w) => Number(Math.abs(w) > tau)),
    );
  }
  if ('keep' in pruning)
    checkNumber(
      'the fraction to keep',
      pruning.keep,
      pruning.keep > 0 && pruning.keep <= 1,
      'above 0 and at most 1',
      where,
    );
  const count = 'keep' in pruning ? Math.max(1, Math.floor(pruning.keep * data.length + 0.5)) : pruning.count;
  checkInteger('the number of weights to keep', count, 1, data.length, where);
  const order = Uint32Array.from(data, (_, i) => i);
  const magnitude = data.map(Math.abs);
  order.sort((a, b) => (magnitude[b] as number) - (magnitude[a] as number) || a - b);
  const mask = new Uint8Array(data.length);
  for (const i of order.subarray(0, count)) mask[i] = 1;
  return masked(matrix, mask);
}

/** The matrix with the mask laid on it. */
export function masked({ rows, columns, data }: Matrix, mask: Uint8Array): SparseWeights {
  return { kind: 'sparse', rows, columns, mask, values: data.map((w, i) => (mask[i] === 1 ? w : 0)) };
}

/** A matrix whose zeros are the pruned weights, as trained sparse networks come. */
export function sparseOf(matrix: Matrix): SparseWeights {
  checkWeights(matrix);
  return masked(
    matrix,
    Uint8Array.from(matrix.data, (w) => Number(w !== 0)),
  );
}
