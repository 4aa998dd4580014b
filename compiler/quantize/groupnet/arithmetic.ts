import { groupNetActivation } from '../weights/groupnet.ts';
import type { Activation, Base, BinaryLayer, Norm } from './network.ts';

/** The greatest level of a quantizer of activations. One bit has the levels -1 and +1. */
export function topLevel({ bits }: Activation): number {
  return bits === 1 ? 1 : 2 ** bits - 1;
}

/** The real number that one level stands for. */
export function levelUnit(activation: Activation): number {
  return (activation.limit ?? 1) / topLevel(activation);
}

/** The level of a real number: -1 or +1 of one bit, else 0 to 2^bits - 1. */
export function levelOf(y: number, activation: Activation): number {
  if (activation.bits === 1) return y >= 0 ? 1 : -1;
  return groupNetActivation(y, activation.bits, activation.limit);
}

/** The norm of one channel, in double precision. */
export function normOf(norm: Norm, channel: number): (z: number) => number {
  const at = (numbers: ArrayLike<number>): number => numbers[channel] ?? 0;
  const [gamma, beta, mean] = [at(norm.gamma), at(norm.beta), at(norm.mean)];
  const deviation = deviationOf(norm, channel);
  return (z) => (gamma * (z - mean)) / deviation + beta;
}

/** sqrt(variance + epsilon) of one channel. */
export function deviationOf(norm: Norm, channel: number): number {
  return Math.sqrt((norm.variance[channel] ?? 0) + (norm.epsilon ?? 1e-5));
}

/** The norm of one channel as a straight line: slope * z + offset. */
export function lineOf(norm: Norm, channel: number): { readonly slope: number; readonly offset: number } {
  const slope = (norm.gamma[channel] ?? 0) / deviationOf(norm, channel);
  return { slope, offset: (norm.beta[channel] ?? 0) - slope * (norm.mean[channel] ?? 0) };
}

/** lambda * alpha of a base, one number for each of `filters` filters. */
export function factorsOf(base: Base, filters: number): Float64Array {
  const { weights, alpha, lambda = 1 } = base;
  const size = weights.length / filters;
  return Float64Array.from({ length: filters }, (_, o) => {
    if (alpha !== undefined) return lambda * (alpha[alpha.length === 1 ? 0 : o] ?? 0);
    let sum = 0;
    for (let i = o * size; i < (o + 1) * size; i++) sum += Math.abs(weights[i] ?? 0);
    return (lambda * sum) / size;
  });
}

/** The signs of a base's weights. */
export function signsOf(base: Base): Int8Array {
  return Int8Array.from({ length: base.weights.length }, (_, i) => ((base.weights[i] ?? 0) >= 0 ? 1 : -1));
}

/** How many filters a layer has. */
export function filtersOf(layer: Pick<BinaryLayer, 'shape'>): number {
  return layer.shape[0] ?? 1;
}
