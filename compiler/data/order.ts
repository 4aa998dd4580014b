import type { Boundary } from '../qir/graph.ts';
import { elementCount } from '../qir/types.ts';

/**
 * Shape of one sample in the order of the source model: for an image of a channels-first model (`nchw`) the channels of a channels-last
 * shape brought to the front, else the shape itself.
 */
export function sourceShape(shape: readonly number[], boundary: Boundary): readonly number[] {
  if (boundary.layout === undefined) return shape;
  return [...shape.slice(-1), ...shape.slice(0, -1)];
}

/**
 * For each element of one sample in the order of the source model, its index in the graph's tensor of this shape; undefined where
 * both orders are the same.
 */
export function sourceOrder(shape: readonly number[], boundary: Boundary): Int32Array | undefined {
  const channels = shape.at(-1) ?? 1;
  const count = elementCount(shape);
  const pixels = count / channels;
  if (boundary.layout === undefined || channels === 1 || pixels === 1) return undefined;
  return Int32Array.from({ length: count }, (_, i) => (i % pixels) * channels + Math.floor(i / pixels));
}

/**
 * Samples of the graph's tensor, one after the other, in the order of the source model; a copy, or the same array where nothing moves.
 *
 * @param shape of one sample in the graph
 */
export function toSourceOrder<T extends { [index: number]: number; readonly length: number; slice(): T }>(
  data: T,
  shape: readonly number[],
  boundary: Boundary,
): T {
  const order = sourceOrder(shape, boundary);
  if (order === undefined) return data;
  const turned = data.slice();
  for (let i = 0; i < data.length; i++) {
    const element = i % order.length;
    turned[i] = data[i - element + (order[element] ?? 0)] ?? 0;
  }
  return turned;
}

/** The converse of `toSourceOrder`. */
export function fromSourceOrder<T extends { [index: number]: number; readonly length: number; slice(): T }>(
  data: T,
  shape: readonly number[],
  boundary: Boundary,
): T {
  const order = sourceOrder(shape, boundary);
  if (order === undefined) return data;
  const turned = data.slice();
  for (let i = 0; i < data.length; i++) {
    const element = i % order.length;
    turned[i - element + (order[element] ?? 0)] = data[i] ?? 0;
  }
  return turned;
}
