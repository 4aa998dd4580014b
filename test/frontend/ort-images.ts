import { expect } from 'vitest';
import type { ElementName } from '../../compiler/frontend/onnx/elements.ts';
import { tensor } from './onnx-writer.ts';
import type { NodeSpec, TensorSpec } from './onnx-writer.ts';
import { both, spec } from './ort.ts';
import type { Outcome } from './ort.ts';

/** Small integers that repeat without a simple pattern: every sum of them is exact in float32. */
export function integers(count: number, seed = 1): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return (Math.floor(state / 65536) % 15) - 7;
  });
}

export const volume = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** A tensor of small integers. */
export function filled(dims: readonly number[], seed = 3): TensorSpec {
  return tensor(dims, integers(volume(dims), seed));
}

/** Runs nodes from x to y over small integers in qcc and in onnxruntime; the declared output shape is left open. */
export async function images(
  nodes: readonly NodeSpec[],
  dims: readonly number[],
  initializers: Readonly<Record<string, TensorSpec>> = {},
  opset = 13,
  type: ElementName = 'float32',
): Promise<Outcome> {
  const x = integers(volume(dims));
  return both(spec(nodes, dims, [], initializers, { opset, outputs: [{ name: 'y', type }] }), x);
}

/** Equal but for the rounding of sums, of which onnxruntime makes several in an order of its own. */
export function close({ ours, theirs }: Outcome, relative = 1e-5): void {
  const greatest = Math.max(1e-30, ...theirs.map(Math.abs));
  expect(ours.length).toBe(theirs.length);
  const worst = Math.max(...ours.map((v, i) => Math.abs(v - (theirs[i] ?? NaN))));
  expect(worst).toBeLessThanOrEqual(relative * greatest);
}
