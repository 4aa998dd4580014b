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

/** An option that the method does not take. */
export const methodWithoutOption = defineDiagnostic(
  {
    code: 'QCC3606',
    severity: 'error',
    title: 'The method does not take this option',
    doc: 'Each quantization method has options of its own; docs/quantize.md lists them.',
  },
  (method: string, option: string, takes: readonly string[]) => ({
    message: `the method '${method}' has no option '${option}'`,
    found: `'${option}'`,
    expected: takes.length === 0 ? 'no option' : takes.join(', '),
    help: takes.length === 0 ? `leave it out: '${method}' has none` : suggestion(option, takes),
  }),
);

/** A value that an option of a method does not take. */
export const badMethodOption = defineDiagnostic(
  {
    code: 'QCC3607',
    severity: 'error',
    title: 'An option of a quantization method is out of range',
    doc: 'The number of bits, of bases, the rank and other options have ranges; docs/quantize.md lists them.',
  },
  (option: string, found: string, expected: string) => ({
    message: `the option '${option}' of the method is out of range`,
    found,
    expected,
  }),
);

/** Not a type of activations. */
export const badActivations = defineDiagnostic(
  {
    code: 'QCC3608',
    severity: 'error',
    title: 'Activations of no such type',
    doc: '`--activations` takes uint1 to uint8 (unsigned where nothing is negative), int1 to int8 (signed everywhere), or float.',
  },
  (found: string, most: number) => ({
    message: `activations cannot be '${found}'`,
    found: `'${found}'`,
    expected: `uint1 to uint${most}, int1 to int${most}, or float`,
  }),
);

/** A layer that is not in the model. */
export const noSuchLayer = defineDiagnostic(
  {
    code: 'QCC3609',
    severity: 'error',
    title: 'No such layer',
    doc: 'The configuration of `qcc quantize` names layers as the model does.',
  },
  (found: string, layers: readonly string[]) => ({
    message: `there is no layer '${found}'`,
    found: `'${found}'`,
    expected: 'the name of a convolution or of a product with a matrix',
    help: suggestion(found, layers),
  }),
);

/** There are no calibration samples. */
export const noCalibration = defineDiagnostic(
  {
    code: 'QCC3610',
    severity: 'error',
    title: 'No calibration data',
    doc: 'The ranges of activations are those that calibration samples show; at least one sample is needed.',
  },
  () => ({
    message: 'the calibration data hold no sample',
    found: '0 samples',
    expected: 'at least 1',
  }),
);

/** A method that cannot take an operation. */
export const methodCannotTake = defineDiagnostic(
  {
    code: 'QCC3611',
    severity: 'error',
    title: 'The method cannot take this layer',
    doc: 'Some methods have no form for some layers: choose another one for this layer in the configuration.',
  },
  (where: Where, layer: string, found: string, expected: string) => ({
    message: `the method chosen for ${layer} cannot take it`,
    where,
    found,
    expected,
    help: `choose another method for it: {"layers": {"${layer}": {"method": "int8"}}} in --config`,
  }),
);

/** A method is a poor choice for a layer. */
export const poorChoice = defineDiagnostic(
  {
    code: 'QCC3612',
    severity: 'warning',
    title: 'A method is a poor choice for a layer',
    doc: 'The method costs more accuracy or memory here than it saves; the message says why.',
  },
  (where: Where, layer: string, method: string, advice: string) => ({
    message: `'${method}' is a poor choice for ${layer}`,
    where,
    found: advice,
  }),
);

/** The integers of a layer were changed on their way to integer form. */
export const weightsNotInForm = defineDiagnostic(
  {
    code: 'QCC3613',
    severity: 'warning',
    title: 'A layer keeps plain integer weights',
    doc: 'The scales of what the layer reads differ by channel, and its weights take them up: then they are no longer those of the method.',
  },
  (where: Where, layer: string) => ({
    message: `the weights of ${layer} become plain integers, not those of the method`,
    where,
  }),
);

/** The configuration is no JSON. */
export const badQuantizeConfig = defineDiagnostic(
  {
    code: 'QCC3614',
    severity: 'error',
    title: 'The quantization configuration cannot be read',
    doc: '`--config` names a JSON file; docs/quantize.md shows one.',
  },
  (file: string, found: string) => ({
    message: `the configuration ${file} cannot be read`,
    where: { kind: 'file', file },
    found,
    expected: 'a JSON object like {"method": "inq", "layers": {"conv1": {"method": "int8"}}}',
  }),
);

/** An entry of the configuration is malformed. */
export const quantizeConfigEntry = defineDiagnostic(
  {
    code: 'QCC3615',
    severity: 'error',
    title: 'An entry of the quantization configuration is malformed',
    doc: 'docs/quantize.md lists the entries and what they take.',
  },
  (file: string, entry: string, found: string) => ({
    message: `the entry ${entry} is malformed`,
    where: { kind: 'file', file },
    found,
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

/** A method that `qcc compare` cannot read. */
export const badMethodSpec = defineDiagnostic(
  {
    code: 'QCC3616',
    severity: 'error',
    title: 'A method of a comparison cannot be read',
    doc: '`qcc compare --methods` takes methods like inq:5, sketch:3:refined or prune:keep=0.05.',
  },
  (text: string, part: string, options: readonly string[]) => ({
    message: `the method '${text}' cannot be read`,
    found: `'${part}'`,
    expected: options.length === 0 ? 'no option' : options.map((option) => `${option}=VALUE`).join(', '),
  }),
);

/** A method that does not fit into the common budget. */
export const methodDoesNotFit = defineDiagnostic(
  {
    code: 'QCC3617',
    severity: 'warning',
    title: 'A method does not fit into the budget of the comparison',
    doc: 'No folding of what the method makes fits; its cycles are missing from the table.',
  },
  (method: string, found: string) => ({
    message: `what '${method}' makes does not fit into the budget`,
    found,
    help: 'give a larger --budget',
  }),
);

/** Activations of one signed bit behind a relu. */
export const signsOfPositives = defineDiagnostic(
  {
    code: 'QCC3618',
    severity: 'warning',
    title: 'Signs of numbers that are never negative',
    doc:
      'Activations of one signed bit are -1 or +1 by their sign (0 counts as +1). Behind a relu everything is +1, and nothing of the input is left. XNOR-Net takes signs of ' +
      'what batch normalization gives, with no relu before them.',
  },
  (where: Where, value: string) => ({
    message: `every sign of ${value} is +1: calibration saw nothing negative`,
    where,
    help: "quantize to 0 or 1 where nothing is negative (--activations uint1, which 'xnor' takes of itself), or take the relu out before training",
  }),
);
