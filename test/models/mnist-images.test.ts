import { expect, test } from 'vitest';
import type { ModelCase } from './cases.ts';
import { mnistTest } from './data.ts';
import { part, quantized } from './quantized.ts';
import { modelSuite } from './suite.ts';

/** How many more errors than the float network the quantized one may make of 10,000 images. */
const allowed = 5;

const network = (name: string, right: number): ModelCase => ({
  name,
  load: () =>
    quantized(
      `models/${name}.onnx`,
      part('datasets/mnist/train-images-idx3-ubyte.gz', undefined, 0, 64),
      'float32',
    ),
  fps: 20_000,
  inputs: () => mnistTest().images.slice(0, 20 * 784),
  right,
  classify: 'argmax',
  verilator: 'golden',
  watched: 3,
});

// Float networks, quantized to 8 bits by 64 of the training images: the errors of the float networks are published.
for (const [name, right, float] of [
  ['mnist-conv', 9891, 9891],
  ['lenet5_dense', 9910, 9909],
] as const)
  modelSuite(network(name, right), () => {
    test('makes hardly more errors than the float network', () => {
      expect(right).toBeGreaterThanOrEqual(float - allowed);
    });
  });
