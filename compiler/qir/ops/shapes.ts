import type { TypeProblem } from '../op.ts';
import { elementCount } from '../types.ts';

/** The numpy-style broadcast of two shapes (aligned at the trailing axes), or undefined if they do not fit. */
export function broadcastShapes(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const result: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const m = a[axis - (rank - a.length)] ?? 1;
    const n = b[axis - (rank - b.length)] ?? 1;
    if (m !== n && m !== 1 && n !== 1) return undefined;
    result.push(m === 1 ? n : m);
  }
  return result;
}

/** Whether a tensor of shape `from` broadcasts to exactly `to`. */
export function broadcastsTo(from: readonly number[], to: readonly number[]): boolean {
  const shape = broadcastShapes(from, to);
  return shape !== undefined && sameShape(shape, to);
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

/** For each element of `to` (row-major) the index of the element of `from` that broadcasting puts there. */
export function broadcastIndices(from: readonly number[], to: readonly number[]): Int32Array {
  const count = elementCount(to);
  const indices = new Int32Array(count);
  if (elementCount(from) === 1) return indices;
  let strideFrom = 1;
  let strideTo = 1;
  for (let back = 1; back <= to.length; back++) {
    const size = to[to.length - back] ?? 1;
    const own = from[from.length - back] ?? 1;
    if (own !== 1) {
      for (let i = 0; i < count; i++) {
        indices[i] = (indices[i] ?? 0) + (Math.floor(i / strideTo) % size) * strideFrom;
      }
    }
    strideFrom *= own;
    strideTo *= size;
  }
  return indices;
}

/** The length of the last axis; 1 for a scalar. */
export function lastAxis(shape: readonly number[]): number {
  return shape.at(-1) ?? 1;
}

/** The shape with its last axis replaced; a scalar counts as [1]. */
export function withLastAxis(shape: readonly number[], length: number): number[] {
  return [...shape.slice(0, -1), length];
}

/** The shape as messages spell it. */
export function printShape(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

/** The problem of an operand that does not broadcast to the tensor it parametrises. */
export function broadcastProblem(what: string, found: readonly number[], to: readonly number[]): TypeProblem {
  return {
    message: `${what} does not broadcast to the operand`,
    found: `shape ${printShape(found)}`,
    expected: `a shape that broadcasts to ${printShape(to)}`,
  };
}

/** What is wrong with an axis counted from 0. */
export function axisProblem(axis: number, shape: readonly number[]): TypeProblem | undefined {
  if (axis < shape.length) return undefined;
  return {
    message: 'there is no such axis',
    found: `${axis} of ${printShape(shape)}`,
    expected: shape.length === 0 ? 'a tensor with at least one axis' : `0 to ${shape.length - 1}`,
  };
}
