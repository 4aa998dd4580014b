import { defineDiagnostic } from '../diagnostic.ts';
import type { Where } from '../diagnostic.ts';

// Codes QCC2000 to QCC2499: reading model files. 20xx the file, 21xx the graph, 22xx nodes and their operands, 23xx input types.

/** Quotes a name out of a model for a message: control characters escaped, cut to a readable length. */
export function quote(name: string): string {
  const text = JSON.stringify(name);
  return text.length <= 80 ? text : `${text.slice(0, 60)}..." (${name.length} characters)`;
}

/** At most `limit` items of a list, and how many were left out. */
function listed(items: readonly string[], limit = 20): string {
  const shown = items.slice(0, limit).join(', ');
  return items.length > limit ? `${shown} and ${items.length - limit} more` : shown;
}

const error = 'error' as const;
const warning = 'warning' as const;
const note = 'note' as const;

export const emptyFile = defineDiagnostic(
  {
    code: 'QCC2000',
    severity: error,
    title: 'empty model file',
    doc: 'The model file has no bytes. A download or an export was interrupted: get or write the file again.',
  },
  (where: Where) => ({
    message: 'the model file is empty',
    where,
    found: '0 bytes',
    expected: 'an ONNX model',
    help: 'export or download the model again',
  }),
);

export const notOnnx = defineDiagnostic(
  {
    code: 'QCC2001',
    severity: error,
    title: 'not an ONNX model',
    doc: 'The bytes are not a protocol buffer with an ONNX graph in it. qcc reads `.onnx` files.',
  },
  (where: Where, found: string, help?: string) => ({
    message: 'the file is not an ONNX model',
    where,
    found,
    expected: 'an ONNX protocol buffer (ModelProto)',
    help: help ?? 'check that this is the .onnx file that the export wrote',
  }),
);

export const truncatedFile = defineDiagnostic(
  {
    code: 'QCC2002',
    severity: error,
    title: 'model file is truncated',
    doc: 'A field of the file claims more bytes than are left. The copy or download was cut short.',
  },
  (where: Where, found: string) => ({
    message: 'the model file ends in the middle of a field',
    where,
    found,
    expected: 'a complete ONNX protocol buffer',
    help: 'copy or download the file again and compare its size',
  }),
);

export const fileTooLarge = defineDiagnostic(
  {
    code: 'QCC2003',
    severity: error,
    title: 'model file is too large',
    doc: 'The front-end reads models up to 256 MiB, some hundred times what an FPGA can hold.',
  },
  (where: Where, bytes: number, limit: number) => ({
    message: 'the model file is too large',
    where,
    found: `${bytes} bytes`,
    expected: `at most ${limit} bytes`,
    help: 'strip what the network does not need (training state, other graphs) from the file',
  }),
);

export const badTensor = defineDiagnostic(
  {
    code: 'QCC2010',
    severity: error,
    title: 'malformed tensor in the model',
    doc: 'An initializer or a tensor attribute is inconsistent: its data has another length than its dimensions say, or its dimensions are negative or absurdly large.',
  },
  (where: Where, tensor: string, found: string, expected: string) => ({
    message: `the tensor ${quote(tensor)} is malformed`,
    where,
    found,
    expected,
    help: 'the file is damaged or was written by a faulty exporter: export it again',
  }),
);

export const tensorElementType = defineDiagnostic(
  {
    code: 'QCC2011',
    severity: error,
    title: 'unsupported tensor element type',
    doc: 'Strings, complex numbers and 8-bit or 4-bit floats have no meaning in the networks that qcc compiles.',
  },
  (where: Where, tensor: string, found: string) => ({
    message: `the tensor ${quote(tensor)} has an element type that qcc does not read`,
    where,
    found,
    expected: 'float, double, float16, bfloat16, bool or an integer type',
    help: 'convert the tensor to float32 before export',
  }),
);

export const externalData = defineDiagnostic(
  {
    code: 'QCC2012',
    severity: error,
    title: 'tensor data in an external file',
    doc: 'The tensor keeps its data in another file, whose path the model chooses. qcc does not open paths that a model names.',
  },
  (where: Where, tensor: string) => ({
    message: `the tensor ${quote(tensor)} keeps its data in an external file`,
    where,
    found: 'data_location EXTERNAL',
    expected: 'data inside the model file',
    help: 'save the model in one file, for example onnx.save_model(model, path, save_as_external_data=False)',
  }),
);

export const inexactConstant = defineDiagnostic(
  {
    code: 'QCC2013',
    severity: warning,
    title: 'constant rounded to float32',
    doc: 'QIR computes in float32. A double or a large integer constant that float32 cannot hold is rounded to the nearest float32.',
  },
  (where: Where, tensor: string, found: string) => ({
    message: `the constant ${quote(tensor)} is rounded to float32`,
    where,
    found,
    expected: 'values that float32 holds exactly',
    help: 'export the model in float32',
  }),
);

export const noGraph = defineDiagnostic(
  {
    code: 'QCC2100',
    severity: error,
    title: 'model without a usable graph',
    doc: 'The model has no nodes, no input that is not an initializer, or no output.',
  },
  (where: Where, found: string) => ({
    message: 'the model has no network in it',
    where,
    found,
    expected: 'a graph with at least one input, one node and one output',
    help: 'export the trained network itself, not only its parameters',
  }),
);

export const duplicateName = defineDiagnostic(
  {
    code: 'QCC2101',
    severity: error,
    title: 'value defined twice',
    doc: 'ONNX graphs are in single assignment form: every value has one producer.',
  },
  (where: Where, name: string, first: string, second: string) => ({
    message: `the value ${quote(name)} is defined twice`,
    where,
    found: `${first} and ${second}`,
    expected: 'one producer',
    help: 'the exporter or a graph edit wrote a name twice; rename one of the outputs',
  }),
);

export const missingValue = defineDiagnostic(
  {
    code: 'QCC2102',
    severity: error,
    title: 'value without a source',
    doc: 'A node or the graph output uses a name that no initializer, graph input or node defines.',
  },
  (where: Where, name: string) => ({
    message: `nothing defines the value ${quote(name)}`,
    where,
    found: 'no initializer, graph input or node output of that name',
    expected: 'a producer for every value that is used',
    help: 'an initializer is missing or a node was deleted without reconnecting its consumers: export the model again',
  }),
);

export const cyclicGraph = defineDiagnostic(
  {
    code: 'QCC2103',
    severity: error,
    title: 'cyclic graph',
    doc: 'The nodes named depend on each other in a circle. qcc compiles feed-forward networks.',
  },
  (where: Where, nodes: readonly string[]) => ({
    message: 'the graph has a cycle',
    where,
    found: `a circle through ${listed(nodes)}`,
    expected: 'a graph without cycles',
    help: 'remove the feedback connection',
  }),
);

export const unsupportedOp = defineDiagnostic(
  {
    code: 'QCC2104',
    severity: error,
    title: 'unsupported operator',
    doc: 'The front-end has no meaning for the operator. All nodes that it cannot read are listed in one run.',
  },
  (where: Where, name: string, op: string, domain: string, help?: string) => ({
    message: `the node ${quote(name)} is a ${quote(op)} of domain ${quote(domain === '' ? 'ai.onnx' : domain)}, which qcc does not read`,
    where,
    found: `${op.slice(0, 80)} (${domain === '' ? 'ai.onnx' : domain.slice(0, 80)})`,
    expected: 'an operator listed in docs/frontend.md',
    help: help ?? 'express it with supported operators, or cut it off and leave it to the host',
  }),
);

export const opsetRange = defineDiagnostic(
  {
    code: 'QCC2105',
    severity: error,
    title: 'operator version is too old',
    doc: 'Old versions of some operators broadcast or normalise differently. qcc reads them from the version named on.',
  },
  (where: Where, op: string, found: number, min: number) => ({
    message: `${op} of opset ${found} is not supported`,
    where,
    found: `opset ${found}`,
    expected: `opset ${min} or later`,
    help: 'convert the model with onnx.version_converter',
  }),
);

export const missingOpset = defineDiagnostic(
  {
    code: 'QCC2106',
    severity: note,
    title: 'model without an opset entry',
    doc: 'The model does not say which version of the standard operators it uses; version 13 is assumed.',
  },
  (where: Where, assumed: number) => ({
    message: `the model does not name its opset; version ${assumed} is assumed`,
    where,
    found: 'no opset_import entry for the default domain',
    expected: 'an entry',
  }),
);

export const dynamicShape = defineDiagnostic(
  {
    code: 'QCC2107',
    severity: error,
    title: 'dynamic shape',
    doc: 'Hardware has fixed sizes. Only the batch axis (axis 0) may be symbolic; it is taken as 1.',
  },
  (where: Where, name: string, found: string) => ({
    message: `the shape of ${quote(name)} is not fixed`,
    where,
    found,
    expected: 'fixed dimensions (only axis 0, the batch, may be symbolic)',
    help: 'export the model with fixed input sizes, or fix them with onnxruntime.tools.make_dynamic_shape_fixed',
  }),
);

export const batchAssumed = defineDiagnostic(
  {
    code: 'QCC2108',
    severity: note,
    title: 'symbolic batch axis taken as 1',
    doc: 'Axis 0 of the input is symbolic. Hardware takes one sample at a time, so it is taken as 1.',
  },
  (where: Where, name: string, found: string) => ({
    message: `the batch axis of ${quote(name)} is taken as 1`,
    where,
    found,
  }),
);

export const badInputShape = defineDiagnostic(
  {
    code: 'QCC2109',
    severity: error,
    title: 'input shape that cannot be compiled',
    doc: 'The batch axis must be 1, every dimension at least 1, and a tensor at most 2^28 elements.',
  },
  (where: Where, name: string, found: string, expected: string) => ({
    message: `the shape of ${quote(name)} cannot be compiled`,
    where,
    found,
    expected,
    help: 'export the model for one sample (batch 1)',
  }),
);

export const inputElementType = defineDiagnostic(
  {
    code: 'QCC2110',
    severity: error,
    title: 'unsupported element type of a graph input',
    doc: 'A graph input must be float32 or an integer tensor of at most 32 bits. float16 and double networks round differently at every step.',
  },
  (where: Where, name: string, found: string) => ({
    message: `the element type of the graph input ${quote(name)} is not supported`,
    where,
    found,
    expected: 'float, int8, uint8, int16, uint16, int32, uint32, int4, uint4 or bool',
    help: 'export the model in float32',
  }),
);

export const outputShapeMismatch = defineDiagnostic(
  {
    code: 'QCC2111',
    severity: error,
    title: 'output shape differs from its declaration',
    doc: 'The shape that follows from the nodes is not the one the graph output declares.',
  },
  (where: Where, name: string, found: string, expected: string) => ({
    message: `the graph output ${quote(name)} has another shape than the model declares`,
    where,
    found,
    expected,
    help: 'run shape inference on the model and compare, or export it again',
  }),
);

export const outputNotComputed = defineDiagnostic(
  {
    code: 'QCC2112',
    severity: error,
    title: 'graph output is not computed from an input',
    doc: 'The graph output is a constant, or an input handed through unchanged: there is nothing to build.',
  },
  (where: Where, name: string, found: string) => ({
    message: `the graph output ${quote(name)} is not computed from a graph input`,
    where,
    found,
    expected: 'a value that depends on an input through at least one operation',
  }),
);

export const graphTooLarge = defineDiagnostic(
  {
    code: 'QCC2113',
    severity: error,
    title: 'tensor too large',
    doc: 'A tensor of the graph has more elements than qcc handles, or folding the constants is out of proportion to the size of the file.',
  },
  (where: Where, found: string, limit: number) => ({
    message: 'a tensor of the graph is too large',
    where,
    found,
    expected: `at most ${limit} elements`,
    help: 'check the shapes in the model; hardware for tensors of this size does not fit any device',
  }),
);

export const unusedInput = defineDiagnostic(
  {
    code: 'QCC2114',
    severity: warning,
    title: 'graph input without effect',
    doc: 'No output depends on the graph input; the hardware does not have it.',
  },
  (where: Where, name: string) => ({
    message: `the graph input ${quote(name)} has no effect and is left out`,
    where,
  }),
);

export const badAttribute = defineDiagnostic(
  {
    code: 'QCC2200',
    severity: error,
    title: 'wrong attribute',
    doc: 'An attribute is missing, has another type than the operator defines, or a value that qcc cannot honour.',
  },
  (where: Where, attribute: string, found: string, expected: string, help?: string) => ({
    message: `the attribute ${quote(attribute)} is not usable`,
    where,
    found,
    expected,
    help,
  }),
);

export const ignoredAttribute = defineDiagnostic(
  {
    code: 'QCC2201',
    severity: warning,
    title: 'unknown attribute',
    doc: 'The operator does not define this attribute; it has no effect.',
  },
  (where: Where, attributes: readonly string[]) => ({
    message: `unknown attribute ${listed(attributes.map(quote))} has no effect`,
    where,
  }),
);

export const operandCount = defineDiagnostic(
  {
    code: 'QCC2202',
    severity: error,
    title: 'wrong number of inputs or outputs',
    doc: 'The node has fewer or more inputs or outputs than the operator defines, or uses an optional one that has no meaning in inference.',
  },
  (where: Where, found: string, expected: string) => ({
    message: 'the node has the wrong number of inputs or outputs',
    where,
    found,
    expected,
  }),
);

export const notConstant = defineDiagnostic(
  {
    code: 'QCC2203',
    severity: error,
    title: 'operand must be constant',
    doc: 'The operand is computed at run time, where hardware needs a constant.',
  },
  (where: Where, operand: string, name: string) => ({
    message: `the ${operand} of the node must be a constant`,
    where,
    found: `the computed value ${quote(name)}`,
    expected: 'an initializer or a constant expression',
    help: 'freeze the parameter before export',
  }),
);

export const shapeMismatch = defineDiagnostic(
  {
    code: 'QCC2204',
    severity: error,
    title: 'shapes do not fit',
    doc: 'The shapes of the operands do not fit each other or the operator.',
  },
  (where: Where, found: string, expected: string) => ({
    message: 'the shapes of the operands do not fit',
    where,
    found,
    expected,
    help: 'check the shapes in the model (for example with onnx.shape_inference)',
  }),
);

export const badScale = defineDiagnostic(
  {
    code: 'QCC2205',
    severity: error,
    title: 'unusable scale',
    doc: 'A quantizer divides by its scale: zero, negative, NaN, infinite or denormal scales have no exact hardware meaning. A denormal scale is a dead tensor; single dead channels are accepted with a warning.',
  },
  (where: Where, found: string) => ({
    message: 'the scale of the quantizer is not usable',
    where,
    found,
    expected: 'a finite positive number of at least 2^-126',
    help: 'the tensor was never calibrated, or training has diverged; calibrate it again',
  }),
);

export const deadChannels = defineDiagnostic(
  {
    code: 'QCC2206',
    severity: warning,
    title: 'denormal scale of single channels',
    doc: 'Some channels have a denormal scale: pruned or dead channels. They are computed as they stand.',
  },
  (where: Where, found: string) => ({ message: 'some channels of the quantizer are dead', where, found }),
);

export const badZeroPoint = defineDiagnostic(
  {
    code: 'QCC2207',
    severity: error,
    title: 'unusable zero point',
    doc: 'A zero point must be an integer of at most 32 bits.',
  },
  (where: Where, found: string, expected?: string) => ({
    message: 'the zero point of the quantizer is not usable',
    where,
    found,
    expected: expected ?? 'an integer of at most 32 bits',
  }),
);

export const badBitWidth = defineDiagnostic(
  {
    code: 'QCC2208',
    severity: error,
    title: 'unusable bit width',
    doc: 'A bit width must be one integer from 1 to 32.',
  },
  (where: Where, found: string) => ({
    message: 'the bit width of the quantizer is not usable',
    where,
    found,
    expected: 'one integer from 1 to 32',
    help: 'learned bit widths must be frozen to integers before export',
  }),
);

export const badConstant = defineDiagnostic(
  {
    code: 'QCC2209',
    severity: error,
    title: 'constant with unusable values',
    doc: 'A constant operand holds a NaN, an infinity, a zero divisor or a negative variance.',
  },
  (where: Where, operand: string, found: string, expected: string) => ({
    message: `the ${operand} has values that cannot be computed with`,
    where,
    found,
    expected,
    help: 'training has diverged, or the export is faulty; check the parameters of this node',
  }),
);

export const unsupportedUse = defineDiagnostic(
  {
    code: 'QCC2210',
    severity: error,
    title: 'unsupported use of an operator',
    doc: 'The operator is known, but not in this form.',
  },
  (where: Where, found: string, expected: string, help?: string) => ({
    message: 'the operator is used in a form that qcc does not read',
    where,
    found,
    expected,
    help,
  }),
);

export const integerValueUse = defineDiagnostic(
  {
    code: 'QCC2211',
    severity: error,
    title: 'integer tensor used without DequantizeLinear',
    doc: 'Between QuantizeLinear and DequantizeLinear only Clip and changes of shape may stand, and both must have the same scale and zero point.',
  },
  (where: Where, found: string) => ({
    message: 'a quantized integer tensor is used in a way that qcc does not read',
    where,
    found,
    expected: 'Clip, a change of shape, or DequantizeLinear with the same scale and zero point',
  }),
);

export const inputTypeSyntax = defineDiagnostic(
  {
    code: 'QCC2300',
    severity: error,
    title: 'unreadable input type',
    doc: 'An input type is an element type, then optionally `*` and a scale, then optionally `,zp=` and a zero point.',
  },
  (text: string, found: string) => ({
    message: `the input type ${quote(text)} cannot be read`,
    where: { kind: 'option', option: '--input-type' },
    found,
    expected:
      'TYPE[*SCALE][,zp=INTEGER], for example uint8*1/255, int8*0.0078125, uint8*0.02,zp=128, fixed<16,10>, bipolar',
    help: 'TYPE is bipolar, ternary, uintN, intN (N 1..32) or fixed<W,F> (0 <= F, W 1..32); SCALE is a positive decimal or a quotient A/B',
  }),
);

export const inputTypeAssumed = defineDiagnostic(
  {
    code: 'QCC2301',
    severity: note,
    title: 'input type assumed',
    doc: 'The model takes floats that look like an image (1, 3 or 4 channels) and quantizes them: 8-bit pixels, scaled to 0..1, are assumed.',
  },
  (where: Where, name: string, assumed: string) => ({
    message: `the input ${quote(name)} is taken as 8-bit pixels`,
    where,
    found: 'a float image that reaches a quantizer through elementwise operations',
    help: `assumed ${assumed}; say --input-type to choose another type`,
  }),
);

export const inputQuantizedByHost = defineDiagnostic(
  {
    code: 'QCC2302',
    severity: note,
    title: 'input is quantized by the host',
    doc: 'The first operation on the input is a quantizer: the host applies it and sends its levels.',
  },
  (where: Where, name: string, type: string) => ({
    message: `the host quantizes the input ${quote(name)}`,
    where,
    found: `its first operation is a quantizer with the levels ${type}`,
    help: 'send its levels, real / scale + zero point rounded half to even and clamped; say --input-type to have the quantizer in hardware',
  }),
);

export const inputTypeConflict = defineDiagnostic(
  {
    code: 'QCC2303',
    severity: error,
    title: 'input type does not fit the model',
    doc: 'The option names a type whose values the integer input of the model cannot hold.',
  },
  (text: string, name: string, found: string, expected: string) => ({
    message: `the input type ${quote(text)} does not fit the graph input ${quote(name)}`,
    where: { kind: 'option', option: '--input-type' },
    found,
    expected,
  }),
);

export const outputIsLevels = defineDiagnostic(
  {
    code: 'QCC2304',
    severity: note,
    title: 'output is quantized levels',
    doc: 'The model ends in QuantizeLinear; its output are the integer levels, which the boundary of the output relates to real values.',
  },
  (where: Where, name: string) => ({
    message: `the graph output ${quote(name)} stands for the integer levels of a quantizer`,
    where,
  }),
);
