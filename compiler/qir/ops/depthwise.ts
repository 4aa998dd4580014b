import type { OpDefinition } from '../op.ts';
import { allocate, elementCount, isInteger, valueRange } from '../types.ts';
import { asDoubles } from './accumulate.ts';
import { operand } from './real.ts';
import { lastAxis, printShape, withLastAxis } from './shapes.ts';
import { biasProblem, sumType } from './sums.ts';

/** One dot product a channel. */
export const depthwise: OpDefinition = {
  name: 'depthwise',
  forms: ['integer'],
  summary: 'A dot product over the taps for each channel (a depthwise convolution of windows).',
  meaning: 'y[..., c] = bias[c] + sum_t w[t, c] * x[..., t, c]; exact',
  operands: [
    { name: 'x', doc: 'Integers [..., T, C].', kind: 'value' },
    { name: 'w', doc: 'Integers [T, C].', kind: 'const' },
    { name: 'bias', doc: 'Integers [C].', kind: 'const', optional: true },
  ],
  attributes: {},
  type: (operands, _attributes, declared) => {
    const x = operand(operands, 0).type;
    const w = operand(operands, 1);
    const [taps, channels] = [x.shape.at(-2) ?? 1, lastAxis(x.shape)];
    const fits = w.type.shape.length === 2 && w.type.shape[0] === taps && w.type.shape[1] === channels;
    if (x.shape.length < 2 || !fits) {
      return {
        message: 'the weights do not fit the operand',
        found: `${printShape(x.shape)} times ${printShape(w.type.shape)}`,
        expected: x.shape.length < 2 ? 'an operand [..., taps, channels]' : `weights [${taps}, ${channels}]`,
      };
    }
    const problem = biasProblem(operands[2], channels);
    if (problem !== undefined) return problem;
    if (w.tensor === undefined || !isInteger(w.type.elem) || !isInteger(x.elem)) {
      return { message: 'the weights are not integers', found: 'others', expected: 'a constant of integers' };
    }
    const range = valueRange(x.elem);
    let [min, max] = [Infinity, -Infinity];
    for (let c = 0; c < channels; c++) {
      let [low, high] = [operands[2]?.tensor?.data[c] ?? 0, operands[2]?.tensor?.data[c] ?? 0];
      for (let t = 0; t < taps; t++) {
        const weight = w.tensor.data[t * channels + c] ?? 0;
        low += Math.min(weight * range.min, weight * range.max);
        high += Math.max(weight * range.min, weight * range.max);
      }
      [min, max] = [Math.min(min, low), Math.max(max, high)];
    }
    return sumType({ min: min + 0, max: max + 0 }, withLastAxis(x.shape.slice(0, -1), channels), declared);
  },
  evaluate: (operands, _attributes, result) => {
    const x = operand(operands, 0);
    const w = operand(operands, 1);
    const weights = asDoubles(w.data);
    const bias = operands[2]?.data;
    const [taps, channels] = [w.type.shape[0] ?? 1, w.type.shape[1] ?? 1];
    const data = allocate(result.elem, elementCount(result.shape));
    for (let y = 0, first = 0; y < data.length; y += channels, first += taps * channels) {
      for (let c = 0; c < channels; c++) {
        let sum = bias?.[c] ?? 0;
        for (let i = c; i < taps * channels; i += channels)
          sum += (weights[i] ?? 0) * (x.data[first + i] ?? 0);
        data[y + c] = sum;
      }
    }
    return { type: result, data };
  },
};
