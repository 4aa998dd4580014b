import { defineDiagnostic, type Where } from '../diagnostic.ts';
import { suggestion } from '../suggest.ts';

/** No quantization method of that name. */
export const noSuchMethod = defineDiagnostic(
  {
    code: 'QCC3600',
    severity: 'error',
    title: 'No such quantization method',
    doc: '`--method` names a method of `qcc quantize`; its help lists them.',
  },
  (found: string, names: readonly string[]) => ({
    message: `there is no quantization method '${found}'`,
    found: `'${found}'`,
    expected: 'the name of a method',
    help: suggestion(found, names),
  }),
);

/** The model has quantizers already. */
export const alreadyQuantized = defineDiagnostic(
  {
    code: 'QCC3601',
    severity: 'error',
    title: 'The model is quantized already',
    doc: '`qcc quantize` takes a float network. A model with quantizers of its own is compiled as it is.',
  },
  (where: Where, name: string, op: string) => ({
    message: 'the model has a quantizer already',
    where,
    found: `${op} at ${name}`,
    expected: 'a float network',
    help: 'compile the model as it is: qcc build',
  }),
);

/** The model is in integer form. */
export const notFloat = defineDiagnostic(
  {
    code: 'QCC3602',
    severity: 'error',
    title: 'The model has no float numbers',
    doc: '`qcc quantize` takes a float network, that is real-form QIR or ONNX. Integer form is quantized already.',
  },
  (name: string) => ({
    message: `${name} is in integer form`,
    found: 'integer form',
    expected: 'a float network',
    help: 'compile the model as it is: qcc build',
  }),
);

/** Nothing in the model is a layer. */
export const nothingToQuantize = defineDiagnostic(
  {
    code: 'QCC3603',
    severity: 'error',
    title: 'Nothing to quantize',
    doc: 'The network has neither a convolution nor a product with a matrix.',
  },
  (name: string) => ({
    message: `${name} has no layer to quantize`,
    found: 'no conv2d and no matmul',
    expected: 'at least one layer',
  }),
);

/** Calibration met a number that is none. */
export const calibrationNotFinite = defineDiagnostic(
  {
    code: 'QCC3604',
    severity: 'error',
    title: 'Calibration met a number that is not finite',
    doc: 'A value of the network overflows or is no number for a calibration sample, so it has no range.',
  },
  (where: Where, name: string, sample: number, found: string) => ({
    message: `${name} is not finite for calibration sample ${sample}`,
    where,
    found,
    expected: 'finite numbers',
    help: 'check that the data is scaled as the network was trained',
  }),
);

/** What travels at the input was read from the calibration data. */
export const inputTypeFromData = defineDiagnostic(
  {
    code: 'QCC3605',
    severity: 'note',
    title: 'Type of the input taken from the calibration data',
    doc: 'The model takes float32 numbers. What hardware receives instead is decided by the calibration data unless `--input-type` says it.',
  },
  (input: string, found: string, chosen: string) => ({
    message: `input '${input}' carries ${chosen}`,
    found,
    help: 'give another type with --input-type',
  }),
);

/** A weight is NaN or infinite. */
export const weightNotFinite = defineDiagnostic(
  {
    code: 'QCC3620',
    severity: 'error',
    title: 'Weight that is not finite',
    doc: 'A layer has a weight that is NaN or infinite; no method can approximate it. The training that gave the model diverged, or the file is damaged.',
  },
  (where: Where | undefined, row: number, column: number, found: number) => ({
    message: `the weight of output ${row}, input ${column} is not finite`,
    where,
    found: String(found),
    expected: 'finite weights',
    help: 'check the training that gave the model, or the file',
  }),
);

/** All weights of a layer are zero. */
export const weightsAllZero = defineDiagnostic(
  {
    code: 'QCC3621',
    severity: 'error',
    title: 'Layer of zeros',
    doc: 'All weights of a layer are zero, so it has no scale, and its outputs do not depend on its inputs.',
  },
  (where: Where | undefined, rows: number, columns: number) => ({
    message: 'all weights of the layer are zero',
    where,
    found: `${rows} x ${columns} zeros`,
    expected: 'at least one weight other than zero',
    help: 'remove the layer from the model, or check the file',
  }),
);

/** A number that a method takes is out of its range. */
export const methodNumberOutOfRange = defineDiagnostic(
  {
    code: 'QCC3622',
    severity: 'error',
    title: 'Number of a quantization method out of range',
    doc: 'A rank, a number of bases, of bits, of epochs, a rate or a fraction is outside what the method can do with this layer.',
  },
  (where: Where | undefined, what: string, found: number, expected: string) => ({
    message: `${what} is out of range`,
    where,
    found: String(found),
    expected,
  }),
);
