import { expect, test } from 'vitest';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { compileGraph } from '../../compiler/driver.ts';
import { parseMethodSpec } from '../../compiler/quantize/index.ts';
import { createEngine } from '../../sim/index.ts';
import { units } from '../../templates/registry.ts';
import { haveData, large, mnistTest } from './data.ts';
import { part, quantizedBy } from './quantized.ts';

/** How many more or fewer errors than the float network the one with survivors of 8 bits may make. */
const allowed = 5;

// The published sparse LeNets keep their zeros; their survivors become integers, or powers of two in one step.
test.skipIf(!haveData).each([
  { name: 'lenet5_sparse', spec: 'prune', float: 91, errors: 93, bits: 0.18 },
  { name: 'lenet300100_sparse', spec: 'prune', float: 199, errors: 197, bits: 0.35 },
  { name: 'lenet5_sparse', spec: 'prune:survivors=inq', float: 91, errors: 188, bits: 0.15 },
  {
    name: 'lenet300100_sparse',
    spec: 'prune:survivors=inq',
    float: 199,
    errors: 462,
    bits: 0.29,
  },
])(
  '$name by $spec: errors of 10,000 images in integers',
  async ({ name, spec, float, errors, bits }) => {
    // LeNet-5 takes its time: one of its rows is enough for the usual run
    if (name === 'lenet5_sparse' && spec !== 'prune' && !large) return;
    const calibration = part('datasets/mnist/train-images-idx3-ubyte.gz', undefined, 0, 64);
    const { graph, layers } = await quantizedBy(`models/${name}.onnx`, calibration, parseMethodSpec(spec));
    const stored = layers.reduce((sum, layer) => sum + layer.bitsPerWeight * layer.weights, 0);
    expect(stored / layers.reduce((sum, { weights }) => sum + weights, 0)).toBeLessThan(bits);
    const { images, labels } = mnistTest();
    const { hw } = compileGraph(graph, { diagnostics: new Diagnostics(), style: 'folded' });
    const { outputs } = createEngine(hw, units).run({ inputs: [Uint8Array.from(images)] });
    const [logits = new Int32Array()] = outputs;
    const wrong = labels.filter((label, i) => {
      const frame = Array.from(logits.subarray(i * 10, (i + 1) * 10));
      return frame.indexOf(Math.max(...frame)) !== label;
    });
    expect(wrong.length).toBe(errors);
    if (spec === 'prune') expect(Math.abs(errors - float)).toBeLessThanOrEqual(allowed);
  },
  240_000,
);
