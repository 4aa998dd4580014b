import { expect } from 'vitest';
import type { Attribute } from '../../compiler/qir/graph.ts';
import { isProblem } from '../../compiler/qir/op.ts';
import { ops } from '../../compiler/qir/ops/index.ts';
import {
  allocate,
  float32,
  type ElementType,
  type Tensor,
  type TensorType,
} from '../../compiler/qir/types.ts';

/** A float32 tensor. */
export function real(values: readonly number[], shape: readonly number[] = [values.length]): Tensor {
  return { type: { elem: float32, shape }, data: Float32Array.from(values) };
}
export const scalar = (x: number) => real([x], []);
/** A tensor of an integer type. */
export function whole(
  elem: ElementType,
  values: readonly number[],
  shape: readonly number[] = [values.length],
): Tensor {
  const data = allocate(elem, values.length);
  data.set(values);
  return { type: { elem, shape }, data };
}

/** Types the operation by its rule and evaluates it. */
export function run(
  name: string,
  operands: Tensor[],
  attributes: Record<string, Attribute> = {},
  declared?: TensorType,
): Tensor {
  const op = ops.get(name)!;
  for (const [key, spec] of Object.entries(op.attributes)) {
    if (key in attributes) expect(spec.check(attributes[key]!)).toBeUndefined();
    else expect(spec.optional).toBe(true);
  }
  const type = op.type(
    operands.map((tensor) => ({ type: tensor.type, tensor })),
    attributes,
    declared,
  );
  if (isProblem(type)) throw new Error(`${type.message}: ${type.found}, expected ${type.expected}`);
  const result = op.evaluate(operands, attributes, type);
  expect(result.type.shape).toEqual(type.shape);
  return result;
}
/** The elements, without negative zeros. */
export const numbers = (tensor: Tensor) => Array.from(tensor.data, (x) => x + 0);
