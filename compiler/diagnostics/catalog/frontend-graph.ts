import { defineDiagnostic } from '../diagnostic.ts';
import type { Where } from '../diagnostic.ts';
import { listed, quote } from '../wording.ts';

// Codes QCC2100 to QCC2199: the graph of an ONNX model, its inputs and outputs.

const error = 'error' as const;
const warning = 'warning' as const;
const note = 'note' as const;

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
