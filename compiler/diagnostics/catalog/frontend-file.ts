import { defineDiagnostic } from '../diagnostic.ts';
import type { Where } from '../diagnostic.ts';
import { quote } from '../wording.ts';

// Codes QCC2000 to QCC2099: the ONNX file and its tensors.

const error = 'error' as const;
const warning = 'warning' as const;

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
