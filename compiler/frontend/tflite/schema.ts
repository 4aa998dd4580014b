import {
  badTfliteShape,
  malformedFlatBuffer,
  notTflite,
  severalSubgraphs,
  tooMany,
} from '../../diagnostics/catalog/frontend-tflite.ts';
import { fileTooLarge } from '../../diagnostics/catalog/frontend-file.ts';
import { fail } from '../../diagnostics/index.ts';
import type { Where } from '../../diagnostics/index.ts';
import { maxFileBytes } from '../onnx/proto.ts';
import { countElements, maxElements } from '../onnx/tensors.ts';
import { elementsOf, FlatFile } from './flatbuffer.ts';
import type { Table, Vector } from './flatbuffer.ts';
import { operatorNames } from './operator-names.ts';

/** The identifier at bytes 4 to 8. */
const identifier = 'TFL3';
/** Far above any network for an FPGA. */
const limits = { tensors: 2 ** 16, operators: 2 ** 16, operands: 64, rank: 8 } as const;

/** Element types by their number in the schema. */
const typeNames = [
  'float32',
  'float16',
  'int32',
  'uint8',
  'int64',
  'string',
  'bool',
  'int16',
  'complex64',
  'int8',
  'float64',
  'complex128',
  'uint64',
  'resource',
  'variant',
  'uint32',
  'uint16',
  'int4',
] as const;

/** Scales and zero points as the file has them; nothing is checked but that they lie in the file. */
export interface RawQuantization {
  readonly scales: Vector<number>;
  readonly zeroPoints: Vector<number>;
  /** The axis that several scales belong to. */
  readonly dimension: number;
  /** Whether parameters of another kind replace scale and zero point. */
  readonly custom: boolean;
}

export interface TfliteTensor {
  readonly index: number;
  readonly name: string;
  readonly type: string;
  /** All positive; the batch axis included. */
  readonly dims: readonly number[];
  readonly quantization: RawQuantization | undefined;
  /** The bytes of a constant; undefined for what the network computes. */
  readonly data: Uint8Array | undefined;
  /** What keeps the data from being read, if something does. */
  readonly obstacle: string | undefined;
}

export interface TfliteOperator {
  readonly index: number;
  /** `CONV_2D` and so on; of a custom operator its own name. */
  readonly name: string;
  readonly custom: boolean;
  /** Tensor indices; -1 for an operand that is left out. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** The options table, of the type that `optionsType` numbers; undefined if the file has none. */
  readonly options: Table | undefined;
  readonly optionsType: number;
}

/** The model's only subgraph. */
export interface TfliteModel {
  readonly name: string;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly operators: readonly TfliteOperator[];
  readonly tensorCount: number;
  /** The tensor of an index that an operator or the graph names; read when first asked for. */
  readonly tensor: (index: number) => TfliteTensor;
}

/** Whether the bytes begin as a TFLite file does. */
export function isTflite(bytes: Uint8Array): boolean {
  return bytes.length >= 8 && [...identifier].every((c, i) => bytes[4 + i] === c.charCodeAt(0));
}

/**
 * Reads the FlatBuffer. Field numbers are those of TensorFlow Lite's published schema (version 3), in the order of the schema.
 *
 * @throws DiagnosticError with a code of QCC2600 to QCC2603, QCC2613 or QCC2003, whatever the bytes are.
 */
export function readTflite(bytes: Uint8Array, where: Where): TfliteModel {
  if (bytes.length > maxFileBytes) fail(fileTooLarge(where, bytes.length, maxFileBytes));
  if (!isTflite(bytes)) fail(notTflite(where, 'another identifier'));
  const model = new FlatFile(bytes, where).root('the model');
  const version = model.uint32(0);
  if (version !== 3) fail(notTflite(where, `schema version ${version}`));
  const codes = model.tables(1, 'operator code');
  const subgraphs = model.tables(2, 'subgraph');
  const buffers = model.tables(4, 'buffer');
  if (subgraphs.length !== 1) fail(severalSubgraphs(where, subgraphs.length));
  const graph = subgraphs.at(0);
  const tensors = graph.tables(0, 'tensor');
  if (tensors.length > limits.tensors) fail(tooMany(where, 'tensors', tensors.length, limits.tensors));
  const known = new Map<number, TfliteTensor>();
  return {
    name: graph.text(4, 'the name'),
    inputs: elementsOf(graph.int32s(1, 'the inputs'), limits.operands, 'graph inputs', where),
    outputs: elementsOf(graph.int32s(2, 'the outputs'), limits.operands, 'graph outputs', where),
    operators: elementsOf(graph.tables(3, 'operator'), limits.operators, 'operators', where).map(
      (operator, index) => readOperator(operator, index, codes, where),
    ),
    tensorCount: tensors.length,
    tensor: (index) => {
      const tensor = known.get(index) ?? readTensor(tensors.at(index), index, buffers, where);
      known.set(index, tensor);
      return tensor;
    },
  };
}

function readOperator(operator: Table, index: number, codes: Vector<Table>, where: Where): TfliteOperator {
  const code = codes.at(operator.uint32(0));
  // Codes below 127 stand in the older one-byte field, others only in the newer one; a reader takes the greater.
  const builtin = Math.max(code.int8(0), code.int32(3));
  const custom = builtin === customCode;
  return {
    index,
    name: custom ? code.text(1, 'the custom code') : (operatorNames[builtin] ?? `operator code ${builtin}`),
    custom,
    inputs: elementsOf(operator.int32s(1, 'the inputs'), limits.operands, 'operands of an operator', where),
    outputs: elementsOf(operator.int32s(2, 'the outputs'), limits.operands, 'results of an operator', where),
    optionsType: operator.uint8(3),
    options: operator.table(4, `the options of operator ${index}`),
  };
}

/** The operator code that stands for an operator given by name. */
const customCode = 32;

function readTensor(tensor: Table, index: number, buffers: Vector<Table>, file: Where): TfliteTensor {
  const name = tensor.text(3, 'the name');
  const where: Where = file.kind === 'file' ? { kind: 'node', file: file.file, name, op: 'tensor' } : file;
  const dims = elementsOf(tensor.int32s(0, 'the shape'), limits.rank, `axes in ${index}`, where);
  const signature = elementsOf(tensor.int32s(7, 'the signature'), limits.rank, `axes in ${index}`, where);
  // A converter writes -1 in the signature where a size is open, and 1 in the shape; an open batch is one sample.
  const open = signature.findIndex((size, axis) => size < 0 && (axis > 0 || signature.length === 1));
  const odd = dims.findIndex((size) => size < 1);
  if (open >= 0)
    fail(badTfliteShape(where, name, `[${signature.join(', ')}]`, 'known sizes (-1 is unknown)'));
  if (odd >= 0) fail(badTfliteShape(where, name, `[${dims.join(', ')}]`, 'sizes of at least 1'));
  if (countElements(dims) === undefined) {
    fail(badTfliteShape(where, name, `[${dims.join(', ')}]`, `at most ${maxElements} elements`));
  }
  const type = tensor.int8(1);
  const number = tensor.uint32(2);
  // buffer 0 is empty by convention: what is computed has no data
  const buffer = number === 0 ? undefined : buffers.at(number);
  const data = buffer?.bytes(0, 'the data');
  return {
    index,
    name,
    type: typeNames[type] ?? `element type ${type}`,
    dims,
    quantization: readQuantization(tensor.table(4, `the quantization of tensor ${index}`), where),
    data: data === undefined || data.length === 0 ? undefined : data,
    obstacle: tensor.has(6)
      ? 'a sparse tensor'
      : buffer !== undefined && buffer.uint64(1) > 1n
        ? 'data outside the FlatBuffer'
        : undefined,
  };
}

function readQuantization(table: Table | undefined, where: Where): RawQuantization | undefined {
  if (table === undefined) return undefined;
  const scales = table.float32s(2, 'the scales');
  const zeroPoints = table.int64s(3, 'the zero points');
  if (scales.length === 0 && zeroPoints.length === 0) return undefined;
  if (scales.length !== zeroPoints.length) {
    const found = `${scales.length} scales and ${zeroPoints.length} zero points`;
    fail(malformedFlatBuffer(where, 'quantization parameters', found, 'as many of the one as of the other'));
  }
  return { scales, zeroPoints, dimension: table.int32(6), custom: table.uint8(4) !== 0 };
}
