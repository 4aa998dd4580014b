import { defineDiagnostic } from '../diagnostic.ts';
import type { Where } from '../diagnostic.ts';
import { excerpt, meant } from '../wording.ts';

type At = Where | undefined;

export const cannotRead = defineDiagnostic(
  {
    code: 'QCC1200',
    severity: 'error',
    title: 'File cannot be read',
    doc: 'The operating system refused to read the file.',
  },
  (file: string, reason: string) => ({
    message: `${excerpt(file, 200)} cannot be read.`,
    where: { kind: 'file', file },
    found: reason,
    expected: 'a readable file',
  }),
);

export const cannotWrite = defineDiagnostic(
  {
    code: 'QCC1201',
    severity: 'error',
    title: 'File cannot be written',
    doc: 'The operating system refused to write the file; what stood there before is untouched.',
  },
  (file: string, reason: string) => ({
    message: `${excerpt(file, 200)} cannot be written.`,
    where: { kind: 'file', file },
    found: reason,
    expected: 'a writable folder with room left',
  }),
);

export const notUtf8 = defineDiagnostic(
  { code: 'QCC1202', severity: 'error', title: 'Not a text file', doc: 'A `.qir` file is UTF-8 text.' },
  (file: string) => ({
    message: `${excerpt(file, 200)} is not UTF-8 text.`,
    where: { kind: 'file', file },
    found: 'bytes that are not UTF-8',
    expected: 'a .qir text file',
    help: 'Give a .qir file, or import a model with `qcc import` first.',
  }),
);

export const weightsMissing = defineDiagnostic(
  {
    code: 'QCC1203',
    severity: 'error',
    title: 'Weights file missing',
    doc: 'The weights file that the text names does not lie beside it, or cannot be read.',
  },
  (where: At, file: string, reason: string) => ({
    message: `The weights file ${JSON.stringify(excerpt(file, 200))} cannot be read.`,
    where,
    found: reason,
    expected: 'the weights file beside the .qir file',
    help: 'Keep the .qir and its .safetensors together; they are written as a pair.',
  }),
);

export const weightsHash = defineDiagnostic(
  {
    code: 'QCC1204',
    severity: 'error',
    title: 'Weights file of another content',
    doc: 'The sha256 of the weights file is not the one in the text: it was changed, cut short, or belongs to another version of the .qir file.',
  },
  (where: At, file: string, found: string, expected: string) => ({
    message: `The weights file ${JSON.stringify(excerpt(file, 200))} is not the one that was written with this text.`,
    where,
    found: `sha256 ${found}`,
    expected: `sha256 ${expected}`,
    help: 'Write both files again with `qcc import` or saveQir.',
  }),
);

export const weightsMalformed = defineDiagnostic(
  {
    code: 'QCC1205',
    severity: 'error',
    title: 'Malformed weights file',
    doc: 'The file is no complete safetensors file: an 8-byte length, a JSON header of that length, and the data that it describes.',
  },
  (where: At, file: string, found: string, expected: string) => ({
    message: `The weights file ${JSON.stringify(excerpt(file, 200))} is malformed.`,
    where,
    found: excerpt(found),
    expected,
  }),
);

export const weightsTensorMissing = defineDiagnostic(
  {
    code: 'QCC1206',
    severity: 'error',
    title: 'Tensor missing in the weights file',
    doc: 'A constant without a value in the text must be a tensor of the same name in the weights file.',
  },
  (where: At, name: string, file: string, suggestion: string | undefined) => ({
    message: `The weights file ${JSON.stringify(excerpt(file, 200))} holds no tensor "${excerpt(name)}".`,
    where,
    found: 'no such tensor',
    expected: `a tensor named ${excerpt(name)}`,
    help: meant(suggestion),
  }),
);

export const weightsTensorType = defineDiagnostic(
  {
    code: 'QCC1207',
    severity: 'error',
    title: 'Tensor of another size or type in the weights file',
    doc: 'How the elements of a constant are stored follows from its type; the tensor in the weights file is stored otherwise.',
  },
  (where: At, name: string, type: string, found: string, expected: string) => ({
    message: `The tensor of @${excerpt(name)} : ${type} is stored as another type.`,
    where,
    found: excerpt(found),
    expected,
  }),
);

export const noWeightsFile = defineDiagnostic(
  {
    code: 'QCC1208',
    severity: 'error',
    title: 'Constant without a value',
    doc: 'A constant has its value in the text (`= [1, -1]`) or in the weights file, which must then be named at the top.',
  },
  (where: At, name: string) => ({
    message: `The constant @${excerpt(name)} has no value, and the file names no weights file.`,
    where,
    found: 'no value',
    expected: '= value, or a `weights "..." sha256 "..."` line after the header',
  }),
);

export const weightsName = defineDiagnostic(
  {
    code: 'QCC1209',
    severity: 'error',
    title: 'Weights file outside the folder',
    doc: 'The weights file lies beside the `.qir` file and is given by its plain name, without a path.',
  },
  (where: At, found: string) => ({
    message: `The weights file ${JSON.stringify(excerpt(found))} is not a plain file name.`,
    where,
    found: JSON.stringify(excerpt(found)),
    expected: 'the name of a file in the same folder',
  }),
);

export const badHash = defineDiagnostic(
  {
    code: 'QCC1210',
    severity: 'error',
    title: 'Malformed sha256',
    doc: 'A sha256 is written as 64 lower-case hexadecimal digits.',
  },
  (where: At, found: string) => ({
    message: 'The sha256 of the weights file is malformed.',
    where,
    found: JSON.stringify(excerpt(found, 80)),
    expected: '64 hexadecimal digits',
  }),
);
