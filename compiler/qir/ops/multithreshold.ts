import type { OpDefinition } from '../op.ts';
import { float32, type Tensor } from '../types.ts';
import { getNumber, numberAttribute } from './attributes.ts';
import { commonScale, latticeTensor } from './lattice.ts';
import { operand, realResult } from './real.ts';
import { lastAxis, printShape } from './shapes.ts';

/** FINN's MultiThreshold on real numbers. */
export const multithreshold: OpDefinition = {
  name: 'multithreshold',
  forms: ['real'],
  summary: 'Counts the thresholds that x reaches.',
  meaning:
    'y = (number of j with x >= thresholds[c][j]) * out_scale + out_bias, c the position along the last axis. ' +
    'y is known exactly by the count; as a number it is rounded to float32',
  operands: [
    { name: 'x', doc: 'Any tensor.', kind: 'any' },
    { name: 'thresholds', doc: '[C, n] with C the last axis of x, or [1, n] for all.', kind: 'const' },
  ],
  attributes: {
    out_scale: numberAttribute('Distance of neighbouring results, a float32.'),
    out_bias: numberAttribute('Result where no threshold is reached, a float32.'),
  },
  type: (operands, _attributes, declared) => {
    const { shape } = operand(operands, 0).type;
    const t = operand(operands, 1).type.shape;
    if (t.length !== 2 || (t[0] !== 1 && t[0] !== lastAxis(shape)) || (t[1] ?? 0) < 1) {
      return {
        message: 'the thresholds do not fit the operand',
        found: `shape ${printShape(t)}`,
        expected: `[${lastAxis(shape)}, n] or [1, n], n at least 1`,
      };
    }
    return realResult(shape, declared);
  },
  evaluate: (operands, attributes) => {
    const x = operand(operands, 0);
    const counts = countReached(x, operand(operands, 1));
    const outScale = getNumber(attributes, 'out_scale');
    const outBias = getNumber(attributes, 'out_bias');
    const common = commonScale(outScale, outBias);
    const [step = 0, bias = 0] = common?.levels ?? [];
    const most = Math.abs(step) * (operand(operands, 1).type.shape[1] ?? 1) + Math.abs(bias);
    if (common !== undefined && most < 2 ** 31) {
      const levels = Int32Array.from(counts, (count) => count * step + bias);
      return latticeTensor(x.type.shape, { levels, scales: [common.scale], scaleShape: [] });
    }
    return {
      type: { elem: float32, shape: x.type.shape },
      data: Float32Array.from(counts, (count) => count * outScale + outBias),
    };
  },
};

function countReached(x: Tensor, thresholds: Tensor): Int32Array {
  const channels = lastAxis(x.type.shape);
  const [rows, n] = [thresholds.type.shape[0] ?? 1, thresholds.type.shape[1] ?? 0];
  const counts = new Int32Array(x.data.length);
  for (let i = 0; i < counts.length; i++) {
    const row = rows === 1 ? 0 : i % channels;
    const value = x.data[i] ?? 0;
    let count = 0;
    for (let j = row * n; j < (row + 1) * n; j++) if (value >= (thresholds.data[j] ?? 0)) count++;
    counts[i] = count;
  }
  return counts;
}
