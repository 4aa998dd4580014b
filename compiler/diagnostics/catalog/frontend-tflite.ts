import { defineDiagnostic } from '../diagnostic.ts';
import type { Where } from '../diagnostic.ts';
import { quote } from '../wording.ts';

// Codes QCC2600 to QCC2699: reading TFLite files. 260x the file, 261x tensors, 262x operators, 263x the graph's boundary.

const error = 'error' as const;
const note = 'note' as const;

/** What to do about a file whose bytes contradict themselves. */
const damaged = 'the file is damaged or was written by a faulty converter: copy it again or convert again';
const fullInteger =
  'convert with full integer quantization: a representative dataset and supported_ops = [TFLITE_BUILTINS_INT8]';

export const malformedFlatBuffer = defineDiagnostic(
  {
    code: 'QCC2600',
    severity: error,
    title: 'malformed TFLite file',
    doc: 'An offset, a length or an index in the FlatBuffer leads outside the file or contradicts another one. The copy was cut short, or the file was not written by a TFLite converter.',
  },
  (where: Where, what: string, found: string, expected: string) => ({
    message: `the TFLite file is malformed: ${what}`,
    where,
    found,
    expected,
    help: damaged,
  }),
);

export const notTflite = defineDiagnostic(
  {
    code: 'QCC2601',
    severity: error,
    title: 'not a TFLite model of schema version 3',
    doc: 'qcc reads FlatBuffers with the identifier TFL3 and schema version 3, which is what every converter since 2018 writes.',
  },
  (where: Where, found: string) => ({
    message: 'the file is not a TFLite model that qcc reads',
    where,
    found,
    expected: 'a FlatBuffer with the identifier TFL3 and schema version 3',
    help: 'convert the model again with a current TensorFlow',
  }),
);

export const severalSubgraphs = defineDiagnostic(
  {
    code: 'QCC2602',
    severity: error,
    title: 'TFLite model with several subgraphs',
    doc: 'Several subgraphs come from control flow (IF, WHILE) or from several signatures. Hardware has one data path.',
  },
  (where: Where, count: number) => ({
    message: 'the model does not consist of one subgraph',
    where,
    found: `${count} subgraphs`,
    expected: '1',
    help: 'convert one signature of the model, without control flow',
  }),
);

export const tooMany = defineDiagnostic(
  {
    code: 'QCC2603',
    severity: error,
    title: 'TFLite model beyond the limits of the front-end',
    doc: 'The numbers of tensors, operators and operands are limited, as is the amount of weights, so that a small hostile file cannot claim all memory. Networks that fit an FPGA are far below.',
  },
  (where: Where, what: string, found: number, limit: number) => ({
    message: `the model has too many ${what}`,
    where,
    found: String(found),
    expected: `at most ${limit}`,
    help: 'strip what the network does not need from the file',
  }),
);

export const usedBeforeDefined = defineDiagnostic(
  {
    code: 'QCC2604',
    severity: error,
    title: 'tensor without one producer before its use',
    doc: 'TFLite lists operators in execution order: each tensor is a constant, an input, or the result of exactly one earlier operator. A cycle of operators shows as a tensor that is used before it is computed.',
  },
  (where: Where, tensor: string, found: string) => ({
    message: `the tensor ${quote(tensor)} has no single producer before its use`,
    where,
    found,
    expected: 'a constant, an input, or the result of one earlier operator',
    help: damaged,
  }),
);

export const notAnActivation = defineDiagnostic(
  {
    code: 'QCC2610',
    severity: error,
    title: 'tensor that is not int8',
    doc: 'The TFLite front-end reads fully quantized models: activations and weights int8, biases int32. Float, float16, int16 and uint8 models have other arithmetic.',
  },
  (where: Where, tensor: string, found: string, expected: string) => ({
    message: `the tensor ${quote(tensor)} has an element type that qcc does not compute with`,
    where,
    found,
    expected,
    help: fullInteger,
  }),
);

export const missingQuantization = defineDiagnostic(
  {
    code: 'QCC2611',
    severity: error,
    title: 'tensor without quantization parameters',
    doc: 'An int8 tensor of the model has no scale and zero point, so that its numbers have no meaning.',
  },
  (where: Where, tensor: string, found: string) => ({
    message: `the tensor ${quote(tensor)} has no quantization parameters`,
    where,
    found,
    expected: 'a scale and a zero point',
    help: fullInteger,
  }),
);

export const badQuantization = defineDiagnostic(
  {
    code: 'QCC2612',
    severity: error,
    title: 'quantization parameters that the kernels do not allow',
    doc: "The quantization specification of TFLite: activations have one scale and zero point, weights one scale or one for each output channel and zero point 0; scales are positive. Max pooling, average pooling, padding and reshaping keep their operand's parameters.",
  },
  (where: Where, tensor: string, found: string, expected: string) => ({
    message: `the tensor ${quote(tensor)} has quantization parameters that its operator does not allow`,
    where,
    found,
    expected,
    help: fullInteger,
  }),
);

export const badTfliteShape = defineDiagnostic(
  {
    code: 'QCC2613',
    severity: error,
    title: 'dynamic or unusable tensor shape',
    doc: 'Hardware has fixed sizes: every dimension is known, and the batch is 1.',
  },
  (where: Where, tensor: string, found: string, expected: string) => ({
    message: `the tensor ${quote(tensor)} has a shape that qcc cannot use`,
    where,
    found,
    expected,
    help: 'set the input shape (batch 1) before conversion',
  }),
);

export const badConstantTensor = defineDiagnostic(
  {
    code: 'QCC2614',
    severity: error,
    title: 'constant tensor that cannot be read',
    doc: 'Weights, biases and paddings are constants whose buffer has exactly the bytes of their shape and type, inside the file.',
  },
  (where: Where, tensor: string, found: string, expected: string) => ({
    message: `the tensor ${quote(tensor)} is no constant that qcc can read`,
    where,
    found,
    expected,
    help: 'convert the model again with its weights in the file and without sparsity',
  }),
);

export const unknownOperators = defineDiagnostic(
  {
    code: 'QCC2620',
    severity: error,
    title: 'TFLite operator that qcc does not read',
    doc: 'docs/frontend.md lists the TFLite operators that are read. The exact meaning of an operator is that of the reference kernel; qcc takes none that it cannot reproduce bit for bit.',
  },
  (where: Where, operator: string, indices: string, supported: readonly string[]) => ({
    message: `qcc does not read the operator ${quote(operator)}`,
    where,
    found: indices,
    expected: `one of ${supported.join(', ')}`,
    help: 'replace the layer in the source model, or export to ONNX and use `qcc quantize`',
  }),
);

export const unsupportedOption = defineDiagnostic(
  {
    code: 'QCC2621',
    severity: error,
    title: 'option of a TFLite operator that qcc does not read',
    doc: 'The operator is known, but not with this option (an activation, a stride, a weight format).',
  },
  (where: Where, option: string, found: string, expected: string) => ({
    message: `the operator's ${option} is not one that qcc reads`,
    where,
    found,
    expected,
    help: 'change the layer in the source model',
  }),
);

export const operandsMismatch = defineDiagnostic(
  {
    code: 'QCC2622',
    severity: error,
    title: 'operands of a TFLite operator do not fit',
    doc: "The shapes of an operator's operands and of its result contradict each other, or operands are missing.",
  },
  (where: Where, found: string, expected: string) => ({
    message: 'the shapes of the operator do not fit',
    where,
    found,
    expected,
    help: damaged,
  }),
);

export const notExact = defineDiagnostic(
  {
    code: 'QCC2623',
    severity: error,
    title: 'TFLite operator that cannot be computed exactly',
    doc: "qcc gives the reference kernel's result bit for bit, or none. The diagnostic says what stands in the way.",
  },
  (where: Where, found: string, expected: string, help: string) => ({
    message: "qcc has no exact form of the operator's arithmetic",
    where,
    found,
    expected,
    help,
  }),
);

export const boundaryOnly = defineDiagnostic(
  {
    code: 'QCC2624',
    severity: error,
    title: 'float operator inside the network',
    doc: 'QUANTIZE of a float input, DEQUANTIZE and SOFTMAX are left to the host. They can only stand at the boundary: QUANTIZE first, the others last.',
  },
  (where: Where, tensor: string, found: string) => ({
    message: `the tensor ${quote(tensor)} belongs to the host`,
    where,
    found,
    expected: 'QUANTIZE of a float only at the input; SOFTMAX and DEQUANTIZE only at the output',
    help: fullInteger,
  }),
);

export const inputTypeFixed = defineDiagnostic(
  {
    code: 'QCC2630',
    severity: error,
    title: '--input-type for a TFLite model',
    doc: 'A quantized TFLite model states the type, scale and zero point of its inputs.',
  },
  (given: string) => ({
    message: 'a TFLite model states the type of its inputs itself',
    where: { kind: 'option', option: '--input-type' },
    found: given,
    expected: 'no --input-type',
    help: 'leave the option out',
  }),
);

export const quantizedByHost = defineDiagnostic(
  {
    code: 'QCC2631',
    severity: note,
    title: 'input quantized by the host',
    doc: 'The model takes float numbers and quantizes them first. The hardware takes the quantized integers: round(x / scale) + zero point, halves away from zero, saturated to int8.',
  },
  (where: Where, input: string, scale: number, zeroPoint: number) => ({
    message: `the input ${quote(input)} is quantized by the host`,
    where,
    found: `QUANTIZE to int8 with scale ${scale}, zero point ${zeroPoint}`,
    help: 'give integers to the hardware: round(x / scale) + zero point, halves away from zero',
  }),
);

export const dequantizedByHost = defineDiagnostic(
  {
    code: 'QCC2632',
    severity: note,
    title: 'output dequantized by the host',
    doc: "The model's last operator turns integers into float numbers. The hardware gives the integers; the output's scale and zero point say what they stand for.",
  },
  (where: Where, tensor: string) => ({
    message: `the output ${quote(tensor)} leaves the hardware as integers`,
    where,
    help: 'real = (integer - zero point) * scale, as the output states them',
  }),
);
