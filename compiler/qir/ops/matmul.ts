import { float32Multiplier, multiply, type Rational } from '../rational.ts';
import type { OpDefinition, OperandInfo, TypeProblem } from '../op.ts';
import {
  allocate,
  elementCount,
  float32,
  int,
  isInteger,
  printElement,
  valueRange,
  type ElementType,
  type Tensor,
  type TensorType,
} from '../types.ts';
import { asDoubles, bigScaledDot, compensatedDot, dot, overallRange, rowRanges } from './accumulate.ts';
import { latticeOf } from './lattice.ts';
import { agree, operand } from './real.ts';
import { lastAxis, printShape, withLastAxis } from './shapes.ts';

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
  if (
    bias !== undefined &&
    (bias.type.shape.length !== 1 || bias.type.shape[0] !== shape.at(-1) || !isInteger(bias.type.elem))
  ) {
    return {
      message: 'the bias does not fit the weights',
      found: `${printElement(bias.type.elem)}${printShape(bias.type.shape)}`,
      expected: `integers [${shape.at(-1) ?? 1}]`,
    };
  }
  const { min, max } = overallRange(rowRanges(w, operand(operands, 0).type.elem, bias?.tensor));
  const elem = accumulatorType(min, max);
  if (elem === undefined) {
    return {
      message: 'the accumulator exceeds 32 bits',
      found: `sums from ${min} to ${max}`,
      expected: 'sums within int32',
    };
  }
  if (declared === undefined) return { elem, shape };
  const fits =
    isInteger(declared.elem) && valueRange(declared.elem).min <= min && valueRange(declared.elem).max >= max;
  if (!fits || declared.elem.kind === 'bipolar' || declared.elem.kind === 'pow2') {
    return {
      message: 'the declared type does not hold every sum',
      found: printElement(declared.elem),
      expected: `at least ${printElement(elem)} for sums from ${min} to ${max}`,
    };
  }
  return agree({ elem: declared.elem, shape }, declared);
}

/** The narrowest signed type for sums from `min` to `max`; undefined if int32 does not hold them. */
export function accumulatorType(min: number, max: number): ElementType | undefined {
  for (let bits = 1; bits <= 32; bits++) {
    if (min >= -(2 ** (bits - 1)) && max <= 2 ** (bits - 1) - 1) return int(bits);
  }
  return undefined;
}

function evaluateIntegers(operands: readonly Tensor[], result: TensorType): Tensor {
  const x = Float64Array.from(operand(operands, 0).data);
  const weights = operand(operands, 1);
  const w = asDoubles(weights.data);
  const bias = operands[2]?.data;
  const [out, inputs] = [weights.type.shape[0] ?? 1, weights.type.shape[1] ?? 1];
  const data = allocate(result.elem, elementCount(result.shape));
  for (let i = 0; i < data.length; i++) {
    const row = i % out;
    data[i] = dot(x, ((i - row) / out) * inputs, w, row * inputs, inputs) + (bias?.[row] ?? 0);
  }
  return { type: result, data };
}

function evaluateReal(operands: readonly Tensor[], result: TensorType): Tensor {
  const xTensor = operand(operands, 0);
  const weights = operand(operands, 1);
  const [out, inputs] = [weights.type.shape[0] ?? 1, weights.type.shape[1] ?? 1];
  const data = new Float32Array(elementCount(result.shape));
  const lattices = commonLattices(xTensor, weights);
  if (lattices === undefined) {
    const [x, w] = [Float64Array.from(xTensor.data), asDoubles(weights.data)];
    for (let i = 0; i < data.length; i++) {
      const row = i % out;
      data[i] = compensatedDot(x, ((i - row) / out) * inputs, w, row * inputs, inputs);
    }
    return { type: result, data };
  }
  const { x, w, scales } = lattices;
  const multipliers = scales.map(float32Multiplier);
  const exact = greatest(x) * greatest(w) * inputs <= Number.MAX_SAFE_INTEGER;
  for (let i = 0; i < data.length; i++) {
    const row = i % out;
    const xAt = ((i - row) / out) * inputs;
    const which = scales.length === 1 ? 0 : row;
    const scale = scales[which];
    if (scale === undefined) continue;
    data[i] = exact
      ? (multipliers[which]?.(dot(x, xAt, w, row * inputs, inputs)) ?? 0)
      : bigScaledDot(x, xAt, w, row * inputs, inputs, scale);
  }
  return { type: result, data };
}

/** Levels of both operands and the scale of their products (one, or one for each row), if sums of products have one. */
function commonLattices(
  x: Tensor,
  w: Tensor,
): { x: Float64Array; w: Float64Array; scales: readonly Rational[] } | undefined {
  const [a, b] = [latticeOf(x), latticeOf(w)];
  const scale = a?.scales[0];
  if (a === undefined || b === undefined || scale === undefined || a.scales.length !== 1) return undefined;
  if (b.scales.length !== 1 && lastAxis(b.scaleShape) !== 1) return undefined;
  return {
    x: Float64Array.from(a.levels),
    w: asDoubles(b.levels),
    scales: b.scales.map((s) => multiply(scale, s)),
  };
}

function greatest(values: Float64Array): number {
  return values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
}
