import { describe, expect, test } from 'vitest';
import { quantizePowers, reconstruct } from '../../compiler/quantize/weights/index.ts';
import { haveData, large } from '../models/data.ts';
import { countErrors, networkError, readLenet, type LenetName } from './lenet.ts';

/** By network and bits: errors of 10,000 images (float: 91 and 228), and the relative squared error of all weights. */
const published: readonly (readonly [LenetName, number, number, string])[] = [
  ['lenet5_dense', 5, 104, '.0396'],
  ['lenet5_dense', 4, 108, '.0497'],
  ['lenet5_dense', 3, 181, '.550'],
  ['lenet5_dense', 2, 8251, '.945'],
  ['lenet300100_dense', 5, 226, '.0371'],
  ['lenet300100_dense', 4, 244, '.0711'],
  ['lenet300100_dense', 3, 2817, '.656'],
  ['lenet300100_dense', 2, 8540, '.947'],
];

// All layers rounded at once, biases and activations float. The order of float sums may turn two images.
describe.skipIf(!haveData).each(published)('%s, %i bits in one step', (name, bits, errors, weightError) => {
  test('loses what it is known to lose', async () => {
    const lenet = readLenet(name);
    const replaced = new Map(
      [...lenet.layers].map(([layer, matrix]) => [layer, reconstruct(quantizePowers(matrix, { bits }))]),
    );
    // printed digits, of which the last has been rounded twice in some
    const unit = 10 ** -(weightError.length - 1);
    expect(Math.abs(networkError(lenet, replaced) - Number(weightError)) / unit).toBeLessThan(0.55);
    // LeNet-5 takes its time: one of its rows is enough for the usual run
    if (name === 'lenet5_dense' && bits !== 5 && !large) return;
    expect(Math.abs((await countErrors(lenet, replaced)) - errors)).toBeLessThanOrEqual(2);
  });
});
