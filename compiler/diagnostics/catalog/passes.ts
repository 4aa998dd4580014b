import { suggestion } from '../suggest.ts';
import { defineDiagnostic, type Where } from '../diagnostic.ts';

/** No pass of that name. */
export const noSuchPass = defineDiagnostic(
  {
    code: 'QCC3001',
    severity: 'error',
    title: 'No such pass',
    doc: 'The name given to stop after is not the name of a pass of the pipeline.',
  },
  (found: string, names: readonly string[]) => ({
    message: `there is no pass '${found}'`,
    found: `'${found}'`,
    expected: 'the name of a pass',
    help: suggestion(found, names),
  }),
);

/** The type of the graph's input is not known. */
export const inputTypeUnknown = defineDiagnostic(
  {
    code: 'QCC3010',
    severity: 'error',
    title: 'Type of the input unknown',
    doc:
      'The model takes float32 numbers and does not quantize them before its first layer. Hardware takes integers: say which ' +
      'ones with `--input-type`, for example `uint8` with a scale of 1/255, or `fixed<16,10>`.',
  },
  (input: string, user: { where: Where; op: string } | undefined) => ({
    message: `the integers that input '${input}' carries are not known`,
    where: user?.where,
    found: user === undefined ? 'float32' : `float32, read by ${user.op} before any quantizer`,
    expected: 'an integer or fixed-point type, or a quantizer as the only reader',
    help: 'give the type of the input with --input-type, e.g. --input-type "fixed<16,10>"',
  }),
);

/** An operation that integer form does not have here. */
export const noIntegerForm = defineDiagnostic(
  {
    code: 'QCC3011',
    severity: 'error',
    title: 'No integer form for this operation',
    doc:
      'Between a layer and the next quantizer, only operations on one value and constants can be turned into thresholds. ' +
      'The operation named combines two values, mixes elements or has no integer meaning.',
  },
  (where: Where, op: string, found: string, expected: string) => ({
    message: `${op} cannot be turned into integer arithmetic here`,
    where,
    found,
    expected,
  }),
);

/** The operand of a layer does not lie on an integer grid. */
export const operandNotQuantized = defineDiagnostic(
  {
    code: 'QCC3012',
    severity: 'error',
    title: 'Operand of a layer is not quantized',
    doc:
      'A layer computes on integers, so what it reads must be integers times one scale: the result of a quantizer, or of exact ' +
      'operations on one. Scales that differ from element to element have no common scale for the sum.',
  },
  (where: Where, op: string, found: string) => ({
    message: `${op} reads numbers that are not integers times one scale`,
    where,
    found,
    expected: 'the result of a quantizer with one scale',
    help: 'put a quantizer in front of the layer',
  }),
);

/** The weights are not quantized. */
export const weightsNotQuantized = defineDiagnostic(
  {
    code: 'QCC3013',
    severity: 'error',
    title: 'Weights are not quantized',
    doc: 'The weights of the layer are not integers times a scale (one, or one for each output), or are not constant.',
  },
  (where: Where, op: string, found: string) => ({
    message: `the weights of ${op} are not quantized`,
    where,
    found,
    expected: 'a constant of integers times one scale, or one scale for each output',
    help: 'quantize the network first',
  }),
);

/** Sums exceed 32 bits. */
export const accumulatorTooWide = defineDiagnostic(
  {
    code: 'QCC3014',
    severity: 'error',
    title: 'Accumulator wider than 32 bits',
    doc:
      'With the weights as they are, some input makes a sum that 32 bits do not hold. Where the channels of the input have scales of their own, the weights are ' +
      'multiplied by what each scale is of the scale that they have in common: scales that have little in common make large weights of small ones.',
  },
  (where: Where, op: string, min: number, max: number, times?: number) => ({
    message: `the sums of ${op} exceed 32 bits`,
    where,
    found: `sums from ${min} to ${max}${times === undefined ? '' : `, with weights up to ${times} times as large for the different scales of the input's channels`}`,
    expected: 'sums from -2147483648 to 2147483647',
    help:
      times === undefined
        ? 'quantize the weights or the input of this layer to fewer bits'
        : 'quantize the input of this layer with one scale for all channels, or with scales whose ratios are small powers of two',
  }),
);

/** Neither monotone nor small enough for a table. */
export const tailTooLarge = defineDiagnostic(
  {
    code: 'QCC3015',
    severity: 'error',
    title: 'Function too large for thresholds or a table',
    doc:
      'The operations between a layer and the next quantizer come down to a function of one integer. Where it is not provably ' +
      'monotone a table must hold it, and where it has many levels each takes a threshold; both have limits.',
  },
  (where: Where, op: string, found: string, expected: string) => ({
    message: `what leads up to ${op} is too large a function`,
    where,
    found,
    expected,
    help: 'use a quantizer with fewer bits, or fewer bits for the weights and inputs of the layer before',
  }),
);

/** NaN comes up. */
export const tailNotANumber = defineDiagnostic(
  {
    code: 'QCC3016',
    severity: 'error',
    title: 'Operation yields NaN',
    doc: 'For some input that the layer before can produce, the operation has no value (infinity minus infinity, zero by zero, a root of a negative number).',
  },
  (where: Where, op: string) => ({
    message: `${op} yields NaN for a value that can come up`,
    where,
    expected: 'a number for every value of the accumulator',
    help: 'check the scales, variances and exponents of the model',
  }),
);

/** Branches that 32-bit integers do not bring together. */
export const branchesTooFarApart = defineDiagnostic(
  {
    code: 'QCC3017',
    severity: 'error',
    title: 'Branches have no common scale in 32 bits',
    doc:
      'Where branches are added or joined, their integers are multiplied to a common scale, exactly. The scales named have so little ' +
      'in common (0.1 and 0.3 as float32 numbers, say) that the factors or the results exceed 32 bits.',
  },
  (where: Where, op: string, found: string) => ({
    message: `the branches that meet in ${op} have no common scale`,
    where,
    found,
    expected: 'scales whose ratio is a quotient of small integers, so that 32 bits hold the results',
    help: 'give the quantizers in front of the branches the same scale, or scales that are powers of two',
  }),
);

/** A fixed-point requantization that no thresholds can hold. */
export const stepsTooMany = defineDiagnostic(
  {
    code: 'QCC3018',
    severity: 'error',
    title: 'Requantization too large for thresholds',
    doc: 'A fixed-point multiplication (mbqm) is turned into levels between thresholds; the operand or the result is too wide for that.',
  },
  (where: Where, op: string, found: string, expected: string) => ({
    message: `${op} is too large a function`,
    where,
    found,
    expected,
    help: 'requantize to 8 bits, or narrow the accumulator before it',
  }),
);

/** Softmax left out before an argmax. */
export const softmaxDropped = defineDiagnostic(
  {
    code: 'QCC3400',
    severity: 'note',
    title: 'Softmax left out before an argmax',
    doc: 'A Softmax keeps the order of its operands, so the index of the greatest one is found without it. (A float32 runtime may round two probabilities to the same number where the operands differ; qcc decides by the operands.)',
  },
  (where: Where, name: string, reader: string) => ({
    message: `Softmax '${name}' is left out: ${reader} only asks for the order`,
    where,
  }),
);

/** Softmax left to the host. */
export const softmaxOnHost = defineDiagnostic(
  {
    code: 'QCC3401',
    severity: 'note',
    title: 'Softmax left to the host',
    doc: 'The last Softmax is not computed in hardware; what leaves is its operand. The greatest output is the same.',
  },
  (where: Where, name: string) => ({ message: `Softmax '${name}' is left to the host`, where }),
);

/** Float operations after the last layer are left to the host. */
export const tailOnHost = defineDiagnostic(
  {
    code: 'QCC3402',
    severity: 'note',
    title: 'Operations left to the host',
    doc: 'What the model does after its last layer in float32 is not exact in integers; the hardware returns the integers before it, and the report says how to finish.',
  },
  (where: Where, output: string, steps: number) => ({
    message: `output '${output}' leaves before ${steps} float32 operation${steps === 1 ? '' : 's'} that the host finishes`,
    where,
  }),
);

/** The host quantizes the input. */
export const inputQuantizedByHost = defineDiagnostic(
  {
    code: 'QCC3403',
    severity: 'note',
    title: 'Input quantized by the host',
    doc: 'The first thing the model does is to quantize its float32 input; the hardware takes the integer levels. Give `--input-type` to have the quantizer in hardware.',
  },
  (where: Where, input: string, levels: string) => ({
    message: `input '${input}' carries the levels of its quantizer, ${levels}; the host quantizes`,
    where,
  }),
);
