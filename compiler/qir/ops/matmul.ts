import type { OpDefinition, OperandInfo, TypeProblem } from '../op.ts';
import { allocate, elementCount, float32, isInteger, type Tensor, type TensorType } from '../types.ts';
import { asDoubles, dots, overallRange, rowRanges } from './accumulate.ts';
import { realProducts } from './products.ts';
import { agree, operand } from './real.ts';
import { packedSigns, packSigns, signDots } from './signs.ts';
import { lastAxis, printShape, withLastAxis } from './shapes.ts';
import { biasProblem, sumType } from './sums.ts';

/** Matrix-vector product over the last axis. */
export const matmul: OpDefinition = {
  name: 'matmul',
  forms: ['real', 'integer'],
  summary: 'Product with a matrix over the last axis (a fully connected layer).',
  meaning:
    'y[..., o] = bias[o] + sum_i w[o, i] * x[..., i]. Integers: exact. Real form: the exact sum, rounded to float32 once; ' +
    'quantized operands count with their exact values, level * scale',
  operands: [
    { name: 'x', doc: 'A tensor whose last axis is `in`.', kind: 'any' },
    { name: 'w', doc: 'Weights [out, in]: a constant; in real form also a quantized constant.', kind: 'any' },
    { name: 'bias', doc: 'Integers [out] (integer form only).', kind: 'const', optional: true },
  ],
  attributes: {},
  type: (operands, _attributes, declared) => {
    const x = operand(operands, 0).type;
    const w = operand(operands, 1).type;
    if (w.shape.length !== 2 || x.shape.length === 0 || lastAxis(x.shape) !== w.shape[1]) {
      return {
        message: 'the weights do not fit the operand',
        found: `${printShape(x.shape)} times ${printShape(w.shape)}`,
        expected: `weights [out, ${lastAxis(x.shape)}]`,
      };
    }
    const shape = withLastAxis(x.shape, w.shape[0] ?? 1);
    const real = declared?.elem.kind === 'float32' || !isInteger(x.elem) || !isInteger(w.elem);
    if (!real) return integerType(operands, shape, declared);
    if (operands[2] !== undefined) {
      return {
        message: 'a real matmul has no bias operand',
        found: 'three operands',
        expected: 'an add after the matmul',
      };
    }
    return agree({ elem: float32, shape }, declared);
  },
  evaluate: (operands, _attributes, result) =>
    isInteger(result.elem) ? evaluateIntegers(operands, result) : evaluateReal(operands, result),
};

function integerType(
  operands: readonly OperandInfo[],
  shape: number[],
  declared: TensorType | undefined,
): TensorType | TypeProblem {
  const w = operand(operands, 1).tensor;
  const bias = operands[2];
  if (w === undefined) {
    return { message: 'the weights are not constant', found: 'a value', expected: 'a constant' };
  }
  const problem = biasProblem(bias, shape.at(-1) ?? 1);
  if (problem !== undefined) return problem;
  return sumType(overallRange(rowRanges(w, operand(operands, 0).type.elem, bias?.tensor)), shape, declared);
}

function evaluateIntegers(operands: readonly Tensor[], result: TensorType): Tensor {
  const weights = operand(operands, 1);
  const bias = operands[2]?.data;
  const out = weights.type.shape[0] ?? 1;
  const data = allocate(result.elem, elementCount(result.shape));
  const sums = new Float64Array(out);
  const product = productWith(operand(operands, 0), weights);
  for (let at = 0, vector = 0; at < data.length; at += out, vector++) {
    product(vector, sums);
    for (let row = 0; row < out; row++) data[at + row] = (sums[row] ?? 0) + (bias?.[row] ?? 0);
  }
  return { type: result, data };
}

/** Multiplies one vector of x after the other with the weights: signs are compared, other numbers multiplied and added. */
function productWith(x: Tensor, weights: Tensor): (vector: number, sums: Float64Array) => void {
  const inputs = weights.type.shape[1] ?? 1;
  if (x.type.elem.kind === 'bipolar' && weights.type.elem.kind === 'bipolar') {
    const [signs, w] = [packSigns(x.data, inputs), packedSigns(weights.data, inputs)];
    return (vector, sums) => signDots(signs, vector, w, inputs, sums);
  }
  const [numbers, w] = [Float64Array.from(x.data), asDoubles(weights.data)];
  return (vector, sums) => dots(numbers, vector * inputs, w, inputs, sums);
}

function evaluateReal(operands: readonly Tensor[], result: TensorType): Tensor {
  const weights = operand(operands, 1);
  const [out, inputs] = [weights.type.shape[0] ?? 1, weights.type.shape[1] ?? 1];
  const { x, sum } = realProducts(operand(operands, 0), weights);
  const data = new Float32Array(elementCount(result.shape));
  for (let i = 0; i < data.length; i++) {
    const row = i % out;
    data[i] = sum(x, ((i - row) / out) * inputs, row);
  }
  return { type: result, data };
}
