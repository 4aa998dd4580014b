import { expect, test } from 'vitest';
import type { ModelCase } from './cases.ts';
import { cifarTest, large } from './data.ts';
import { part, quantized } from './quantized.ts';
import { modelSuite } from './suite.ts';

const size = 32 * 32 * 3;
/** Images right of 5,000 by the float network, and how many fewer are allowed: a point. */
const [float, allowed] = [4345, 50];
/** The images that are counted, and how many of them are right: all of them where there is time. */
const counted = large ? 5000 : 1000;
const right = large ? 4343 : 862;

const resnet8: ModelCase = {
  name: 'ResNet-8',
  // Only test images are at hand: 30 of them, three of each class, calibrate, the last ones, which the thousand do not reach.
  load: () =>
    quantized(
      'models/resnet8_float.onnx',
      part('datasets/cifar10/cifar10_test_a.npz', 'images', 4970, 30),
      'float32',
    ),
  fps: 40_000,
  style: 'folded',
  inputs: () => cifarTest().images.slice(0, (large ? 100 : 12) * size),
  right,
  classify: 'argmax',
  testSet: () => {
    const { images, labels } = cifarTest();
    return { images: images.slice(0, counted * size), labels: labels.slice(0, counted) };
  },
  verilator: 'golden',
  watched: 2,
};

// A float network, quantized to 8 bits: sums of branches with scales of their own, uneven padding, stride 2, a pool over the image.
modelSuite(resnet8, () => {
  test.runIf(large)('is within a point of the float network', () => {
    expect(right).toBeGreaterThanOrEqual(float - allowed);
  });
});
