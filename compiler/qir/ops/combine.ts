import type { OpDefinition, OperandInfo } from '../op.ts';
import { allocate, elementCount, isInteger, printType, valueRange } from '../types.ts';
import { getNumbers, integersAttribute } from './attributes.ts';
import { operand } from './real.ts';
import { lastAxis, printShape, sameShape } from './shapes.ts';
import { biasProblem, narrowestType, sumType } from './sums.ts';

/** A sum of several tensors with integer factors. */
export const combine: OpDefinition = {
  name: 'combine',
  forms: ['integer'],
  summary: 'Adds tensors of one shape, each multiplied by an integer (where branches join).',
  meaning:
    'y[..., c] = bias[c] + sum_i coefficients[i] * x_i[..., c]; exact, in the narrowest uint or int that holds every sum',
  operands: [
    { name: 'x', doc: 'Integers.', kind: 'value' },
    {
      name: 'others',
      doc: 'More values of the shape of x; behind them, if it is a constant, the bias: integers [C], C the last axis.',
      kind: 'any',
      optional: true,
      repeated: true,
    },
  ],
  attributes: {
    coefficients: integersAttribute('The factor of each value, in their order.', -Infinity),
  },
  type: (operands, attributes, declared) => {
    const x = operand(operands, 0).type;
    const { values, bias } = split(operands);
    const coefficients = getNumbers(attributes, 'coefficients');
    const stray = values.find(({ tensor }) => tensor !== undefined);
    if (stray !== undefined) {
      return {
        message: 'only the last operand may be a constant: the bias',
        found: `a constant ${printType(stray.type)} before it`,
        expected: 'values',
      };
    }
    const other = values.find(({ type }) => !sameShape(type.shape, x.shape) || !isInteger(type.elem));
    if (other !== undefined) {
      return {
        message: 'the operands are not integers of one shape',
        found: `${printType(x)} and ${printType(other.type)}`,
        expected: `integers ${printShape(x.shape)}`,
      };
    }
    if (coefficients.length !== values.length) {
      return {
        message: 'each value needs one coefficient',
        found: `${coefficients.length} coefficients for ${values.length} values`,
        expected: `${values.length} coefficients`,
      };
    }
    const problem = biasProblem(bias, lastAxis(x.shape));
    if (problem !== undefined) return problem;
    const biases = Array.from(bias?.tensor?.data ?? [0]);
    let min = biases.reduce((a, b) => Math.min(a, b), Infinity);
    let max = biases.reduce((a, b) => Math.max(a, b), -Infinity);
    for (const [i, { type }] of values.entries()) {
      const range = valueRange(type.elem);
      const k = coefficients[i] ?? 0;
      min += Math.min(k * range.min, k * range.max);
      max += Math.max(k * range.min, k * range.max);
    }
    return sumType({ min, max }, x.shape, declared, narrowestType);
  },
  evaluate: (operands, attributes, result) => {
    const coefficients = getNumbers(attributes, 'coefficients');
    const channels = lastAxis(result.shape);
    const bias = operands.length > coefficients.length ? operands.at(-1)?.data : undefined;
    const data = allocate(result.elem, elementCount(result.shape));
    // sums before the last may leave the type of the result
    const sums = new Float64Array(data.length);
    if (bias !== undefined) for (let i = 0; i < sums.length; i++) sums[i] = bias[i % channels] ?? 0;
    for (const [operandAt, k] of coefficients.entries()) {
      const x = operand(operands, operandAt).data;
      for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] ?? 0) + k * (x[i] ?? 0);
    }
    data.set(sums);
    return { type: result, data };
  },
};

/** The values, and the bias if the last operand is a constant. */
function split(operands: readonly OperandInfo[]): {
  readonly values: readonly OperandInfo[];
  readonly bias: OperandInfo | undefined;
} {
  const last = operands.at(-1);
  return last?.tensor === undefined || operands.length === 1
    ? { values: operands, bias: undefined }
    : { values: operands.slice(0, -1), bias: last };
}
