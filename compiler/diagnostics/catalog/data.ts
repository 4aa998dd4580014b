import { defineDiagnostic } from '../diagnostic.ts';
import { suggestion } from '../suggest.ts';

const at = (file: string) => ({ kind: 'file', file }) as const;
const shapeText = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

/** A data file is not there or cannot be read. */
export const dataUnreadable = defineDiagnostic(
  {
    code: 'QCC6001',
    severity: 'error',
    title: 'Data file cannot be read',
    doc: 'The file given to `--input`, `--expect` or `--labels` is missing, a directory, or not readable. An array of an archive is named after a colon: `digits.npz:pixels`.',
  },
  (file: string, reason: string) => ({
    message: 'the data file cannot be read',
    where: at(file),
    found: reason,
    help: 'check the path; an array inside an archive is named after a colon, as in digits.npz:pixels',
  }),
);

/** A data file is of no known format. */
export const dataFormat = defineDiagnostic(
  {
    code: 'QCC6002',
    severity: 'error',
    title: 'Data file of an unknown format',
    doc: 'Data files are told apart by their first bytes, not by their names: `.npy`, `.npz` and MNIST `idx`, each also gzipped.',
  },
  (file: string, firstBytes: string) => ({
    message: 'the data file is of no format that qcc reads',
    where: at(file),
    found: firstBytes === '' ? 'an empty file' : `first bytes ${firstBytes}`,
    expected: '.npy, .npz or MNIST idx, each also gzipped',
    help: 'numpy.save(...) and numpy.savez(...) write what qcc reads',
  }),
);

/** A data file has fewer or more bytes than its header promises. */
export const dataSize = defineDiagnostic(
  {
    code: 'QCC6003',
    severity: 'error',
    title: 'Data file of the wrong length',
    doc: "A data file's header says how many bytes follow. Fewer mean that the file was cut off, more that it was damaged.",
  },
  (file: string, found: number, expected: number) => ({
    message: found < expected ? 'the data file is cut off' : 'the data file goes on after its data',
    where: at(file),
    found: `${found} bytes of data`,
    expected: `${expected} bytes by its header`,
    help: 'write or copy the file again',
  }),
);

/** The header of a data file cannot be understood. */
export const dataHeader = defineDiagnostic(
  {
    code: 'QCC6004',
    severity: 'error',
    title: 'Malformed header of a data file',
    doc: 'The header of an `.npy` or `idx` file does not follow the format.',
  },
  (file: string, format: string, found: string, expected: string) => ({
    message: `the ${format} header is malformed`,
    where: at(file),
    found,
    expected,
    help: 'write the file again, for .npy with numpy.save',
  }),
);

/** An element type that qcc does not read. */
export const dataType = defineDiagnostic(
  {
    code: 'QCC6005',
    severity: 'error',
    title: 'Element type of a data file not supported',
    doc: 'Arrays of booleans, integers of 8 to 64 bits and floats of 16, 32 and 64 bits are read, in either byte order. Python objects, text, records, dates and complex numbers are not: objects would have to be executed to be read.',
  },
  (file: string, dtype: string) => ({
    message: `arrays of element type '${dtype}' are not read`,
    where: at(file),
    found: dtype.includes('O') ? `'${dtype}' (Python objects)` : `'${dtype}'`,
    expected: 'bool, int8..int64, uint8..uint64, float16, float32 or float64',
    help: 'convert it before saving, as in array.astype(numpy.int32)',
  }),
);

/** More elements than fit in memory. */
export const dataTooLarge = defineDiagnostic(
  {
    code: 'QCC6006',
    severity: 'error',
    title: 'Data file too large',
    doc: 'An array may take up to 2 GiB once unpacked. Headers that promise more are refused before anything is allocated.',
  },
  (file: string, what: string, limit: number) => ({
    message: 'the array is too large',
    where: at(file),
    found: what,
    expected: `at most ${limit} bytes once unpacked`,
    help: 'split the array into several files',
  }),
);

/** The zip archive is damaged. */
export const dataArchive = defineDiagnostic(
  {
    code: 'QCC6007',
    severity: 'error',
    title: 'Damaged archive',
    doc: 'An `.npz` file is a zip archive of `.npy` files; its directory or one of its entries is cut off, damaged, encrypted, or packed by another method than deflate.',
  },
  (file: string, problem: string) => ({
    message: 'the archive is damaged or not an .npz file',
    where: at(file),
    found: problem,
    expected: 'a zip archive of .npy files, stored or deflated',
    help: 'write or copy the file again, with numpy.savez or numpy.savez_compressed',
  }),
);

/** The archive holds several arrays and none is named. */
export const dataWhichArray = defineDiagnostic(
  {
    code: 'QCC6008',
    severity: 'error',
    title: 'Several arrays to choose from',
    doc: 'The archive holds more than one array. Name one after a colon: `FILE:ARRAY`.',
  },
  (file: string, names: readonly string[]) => ({
    message:
      names.length === 0
        ? 'the archive holds no array'
        : 'the archive holds several arrays and none is named',
    where: at(file),
    found: names.length === 0 ? 'no .npy entry' : names.slice(0, 20).join(', '),
    expected: 'FILE:ARRAY',
    help: names[0] === undefined ? 'write at least one array into it' : `name one, as in ${file}:${names[0]}`,
  }),
);

/** The archive has no array of that name. */
export const dataNoArray = defineDiagnostic(
  {
    code: 'QCC6009',
    severity: 'error',
    title: 'No such array in the archive',
    doc: 'The name after the colon in `FILE:ARRAY` is not one of the arrays in the archive.',
  },
  (file: string, name: string, names: readonly string[]) => ({
    message: `the archive holds no array '${name}'`,
    where: at(file),
    found: `'${name}'`,
    expected: names.length === 0 ? 'an archive with arrays' : 'one of its arrays',
    help: suggestion(name, names),
  }),
);

/** An array is named, but the file is not an archive. */
export const dataNotArchive = defineDiagnostic(
  {
    code: 'QCC6010',
    severity: 'error',
    title: 'Array name given for a file that holds one array',
    doc: '`FILE:ARRAY` picks an array out of an `.npz` archive; `.npy` and `idx` files hold one array and no name.',
  },
  (file: string, name: string) => ({
    message: `the file is no archive, so there is no array '${name}' in it`,
    where: at(file),
    found: `${file}:${name}`,
    expected: file,
    help: 'leave the name out',
  }),
);

/** The gzip wrapping is damaged. */
export const dataGzip = defineDiagnostic(
  {
    code: 'QCC6011',
    severity: 'error',
    title: 'Damaged gzip file',
    doc: 'The file starts like a gzip file but is cut off or damaged.',
  },
  (file: string, problem: string) => ({
    message: 'the gzip file is damaged',
    where: at(file),
    found: problem,
    help: 'write or copy the file again; `gzip -t` tells whether it is whole',
  }),
);

/** The array's shape does not fit the model's input. */
export const dataShape = defineDiagnostic(
  {
    code: 'QCC6020',
    severity: 'error',
    title: "Array does not fit the model's input",
    doc: "The first axis of an input array counts the frames; the others must be those of the model's input (axes of length 1 do not matter, and either may be flattened). An array of exactly the input's shape is a single frame. Images of a channels-first model may come channels first or last; arrays whose axes stand in any other order are refused rather than read wrongly.",
  },
  (what: string, shape: readonly number[], input: string, expected: string) => ({
    message: `${what} does not fit the model's input '${input}'`,
    where: { kind: 'option', option: what },
    found: `shape ${shapeText(shape)}`,
    expected,
    help: 'the first axis counts the frames; reshape or transpose the others to those of the input',
  }),
);

/** An integer is outside the input's type. */
export const dataRange = defineDiagnostic(
  {
    code: 'QCC6021',
    severity: 'error',
    title: "Integer outside the input's range",
    doc: "An integer array is taken as it is: each element is the integer that travels at the model's edge. One of them is not a value of the input's element type. Bipolar inputs take -1 and +1, or booleans (false is -1); 0 and 1 as integers are refused, because 0 is not a bipolar value.",
  },
  (what: string, index: readonly number[], found: string, type: string, range: string) => ({
    message: `element ${shapeText(index)} of ${what} is no ${type}`,
    where: { kind: 'option', option: what },
    found,
    expected: range,
    help:
      type === 'bipolar'
        ? 'give -1 and +1 as int8, or booleans (false is -1)'
        : 'integer arrays are taken as they are; give real values as float32 instead',
  }),
);

/** A real value is not one that the input's integers stand for. */
export const dataNotOnGrid = defineDiagnostic(
  {
    code: 'QCC6022',
    severity: 'error',
    title: 'Real value that the input cannot carry exactly',
    doc: "A float array holds real values. The model's input carries integers k that stand for float32((k - zero point) * scale). One element is none of these values, so the network would be run on another input than the one given; qcc rounds nothing silently.",
  },
  (what: string, index: readonly number[], found: string, input: string, nearestReal: string) => ({
    message: `element ${shapeText(index)} of ${what} is no value that ${input} can carry`,
    where: { kind: 'option', option: what },
    found,
    expected: `a value of the input's grid; the nearest is ${nearestReal}`,
    help: 'quantize the data first, give integers, or import the model with another --input-type',
  }),
);

/** There are no frames. */
export const dataEmpty = defineDiagnostic(
  {
    code: 'QCC6023',
    severity: 'error',
    title: 'No frames',
    doc: 'The input array has a first axis of length 0, or `--frames` leaves none.',
  },
  (what: string) => ({
    message: `${what} holds no frame`,
    where: { kind: 'option', option: what },
    found: '0 frames',
    expected: 'at least one frame',
  }),
);

/** Values that should be integers are not. */
export const dataNotInteger = defineDiagnostic(
  {
    code: 'QCC6024',
    severity: 'error',
    title: 'Integer expected',
    doc: '`--expect` and `--labels` compare integers. A float array is taken if each of its values is an integer; one is not.',
  },
  (what: string, index: readonly number[], found: string) => ({
    message: `element ${shapeText(index)} of ${what} is not an integer`,
    where: { kind: 'option', option: what },
    found,
    expected: 'an integer',
    help: 'give the integers that leave the hardware (accumulators or classes), not scaled values',
  }),
);

/** The expected array has another shape than the output. */
export const expectShape = defineDiagnostic(
  {
    code: 'QCC6030',
    severity: 'error',
    title: 'Expected or label array of the wrong shape',
    doc: '`--expect` holds one row of outputs (or one class) a frame, `--labels` one class a frame, for at least as many frames as were simulated.',
  },
  (what: string, shape: readonly number[], expected: string) => ({
    message: `${what} does not fit the simulated output`,
    where: { kind: 'option', option: what },
    found: `shape ${shapeText(shape)}`,
    expected,
  }),
);

/** The simulated output differs from the expected one. */
export const expectMismatch = defineDiagnostic(
  {
    code: 'QCC6031',
    severity: 'error',
    title: 'Output differs from the expected one',
    doc: '`--expect` compares integers for equality. The first difference is named, and how many there are.',
  },
  (
    option: string,
    frame: number,
    index: number,
    found: number,
    expected: number,
    wrong: number,
    total: number,
  ) => ({
    message: `${wrong} of ${total} output values differ from the expected ones, first in frame ${frame} at index ${index}`,
    where: { kind: 'option', option },
    found: String(found),
    expected: String(expected),
    help: 'both count from 0; see `--output out.npy` for all outputs',
  }),
);
