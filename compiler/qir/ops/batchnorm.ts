import type { OpDefinition } from '../op.ts';
import { getNumber, numberAttribute } from './attributes.ts';
import { broadcastReader, mapReal, operand, shapeOfFirst } from './real.ts';

/** Batch normalization with fixed statistics. */
export const batchnorm: OpDefinition = {
  name: 'batchnorm',
  forms: ['real'],
  summary: 'Batch normalization at inference.',
  meaning:
    'y = float32((x - mean) / sqrt(var + epsilon) * scale + bias), in double precision up to the last rounding',
  operands: [
    { name: 'x', doc: 'Any tensor.', kind: 'any' },
    { name: 'scale', doc: 'Gamma; broadcasts to x, as the next three do.', kind: 'const' },
    { name: 'bias', doc: 'Beta.', kind: 'const' },
    { name: 'mean', doc: 'Running mean.', kind: 'const' },
    { name: 'var', doc: 'Running variance; variance plus epsilon is positive.', kind: 'const' },
  ],
  attributes: { epsilon: numberAttribute('Added to the variance.') },
  type: (operands, attributes, declared) => {
    const variance = operand(operands, 4).tensor;
    const epsilon = getNumber(attributes, 'epsilon');
    const bad = variance && [...variance.data].find((v) => !(v + epsilon > 0));
    if (bad !== undefined) {
      return {
        message: 'a variance plus epsilon is not positive',
        found: `${bad} + ${epsilon}`,
        expected: 'a positive sum',
      };
    }
    return shapeOfFirst(operands, attributes, declared);
  },
  evaluate: (operands, attributes) => {
    const x = operand(operands, 0);
    const [scale, bias, mean, variance] = [1, 2, 3, 4].map((i) =>
      broadcastReader(operand(operands, i), x.type.shape),
    );
    const epsilon = getNumber(attributes, 'epsilon');
    return mapReal(x, (value, i) => {
      const deviation = Math.sqrt((variance?.(i) ?? 0) + epsilon);
      return ((value - (mean?.(i) ?? 0)) / deviation) * (scale?.(i) ?? 0) + (bias?.(i) ?? 0);
    });
  },
};
