import { defineDiagnostic } from '../diagnostic.ts';
import type { Where } from '../diagnostic.ts';
import { excerpt, oneOf } from '../wording.ts';

type At = Where | undefined;

export const unexpectedCharacter = defineDiagnostic(
  {
    code: 'QCC1001',
    severity: 'error',
    title: 'Unexpected character',
    doc: 'A `.qir` file holds a character that begins no token. Names are written %value or @constant, of letters, digits and underscores; other text stands in double quotes.',
  },
  (where: At, text: string) => ({
    message: `Unexpected character ${JSON.stringify(excerpt(text, 20))}.`,
    where,
    found: JSON.stringify(excerpt(text, 20)),
    expected: 'a name, a number, a string or punctuation',
    help: 'Names consist of letters, digits and underscores; put other text in double quotes.',
  }),
);

export const unterminatedString = defineDiagnostic(
  {
    code: 'QCC1002',
    severity: 'error',
    title: 'String without an end',
    doc: 'A string runs to the end of its line without a closing quote. Write a line break inside a string as \\n.',
  },
  (where: At) => ({
    message: 'The string has no closing quote on its line.',
    where,
    found: 'end of line',
    expected: '"',
    help: 'Close the string; write a line break inside it as \\n and a quote as \\".',
  }),
);

export const unexpectedToken = defineDiagnostic(
  {
    code: 'QCC1003',
    severity: 'error',
    title: 'Syntax error',
    doc: 'The text does not follow the grammar of `.qir` files at this place. The message lists everything that could stand there.',
  },
  (where: At, found: string, expected: readonly string[], place: string) => ({
    message: `Unexpected ${excerpt(found)} ${place}.`,
    where,
    found: excerpt(found),
    expected: oneOf(expected),
  }),
);

export const notQir = defineDiagnostic(
  {
    code: 'QCC1004',
    severity: 'error',
    title: 'Not a QIR file',
    doc: 'The file does not begin with the line `qir 1`.',
  },
  (where: At, found: string) => ({
    message: 'The file does not begin with the header of a QIR file.',
    where,
    found: excerpt(found, 40),
    expected: 'qir 1',
    help: 'Give a .qir file, or import a model with `qcc import` first.',
  }),
);

export const unsupportedVersion = defineDiagnostic(
  {
    code: 'QCC1005',
    severity: 'error',
    title: 'Unknown version of the QIR format',
    doc: 'The header names a version of the text format that this qcc does not read.',
  },
  (where: At, found: string) => ({
    message: `This version of qcc does not read QIR version ${excerpt(found, 20)}.`,
    where,
    found: excerpt(found, 20),
    expected: '1',
    help: 'Use the qcc that wrote the file, or write it again with this one.',
  }),
);

export const moreErrors = defineDiagnostic(
  {
    code: 'QCC1006',
    severity: 'note',
    title: 'Further errors not shown',
    doc: 'The file has more syntax errors than are shown in one run.',
  },
  (where: At, shown: number) => ({
    message: `There are more syntax errors; the first ${shown} are shown.`,
    where,
  }),
);

export const badEscape = defineDiagnostic(
  {
    code: 'QCC1007',
    severity: 'error',
    title: 'Bad escape in a string',
    doc: 'Strings are those of JSON: the escapes are \\" \\\\ \\/ \\b \\f \\n \\r \\t and \\u with four hexadecimal digits; control characters must be escaped.',
  },
  (where: At, found: string) => ({
    message: 'The string holds an unknown escape or a control character.',
    where,
    found: excerpt(found),
    expected: 'the escapes of JSON: \\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX',
  }),
);

export const repeatedSection = defineDiagnostic(
  {
    code: 'QCC1008',
    severity: 'error',
    title: 'Section given twice',
    doc: 'A file holds one graph and names at most one weights file.',
  },
  (where: At, section: string, first: Where) => ({
    message: `A second \`${section}\`; a QIR file has one.`,
    where,
    found: `a second ${section}`,
    expected: `one ${section}`,
    related: [{ where: first, message: 'the first one' }],
  }),
);

export const noGraph = defineDiagnostic(
  {
    code: 'QCC1009',
    severity: 'error',
    title: 'File without a graph',
    doc: 'A QIR file holds one graph.',
  },
  (where: At) => ({
    message: 'The file holds no graph.',
    where,
    found: 'end of file',
    expected: 'graph',
    help: 'Write `graph integer @name { ... }`.',
  }),
);

export const repeatedAttribute = defineDiagnostic(
  {
    code: 'QCC1014',
    severity: 'error',
    title: 'Attribute given twice',
    doc: 'An attribute stands once between the braces.',
  },
  (where: At, name: string) => ({
    message: `The attribute ${excerpt(name)} is given twice.`,
    where,
    found: `a second ${excerpt(name)}`,
    expected: 'each attribute once',
  }),
);

export const badField = defineDiagnostic(
  {
    code: 'QCC1015',
    severity: 'error',
    title: 'Unknown or malformed field',
    doc: 'Between the braces of an input, an output or a note stand only the fields that the message lists, each with a value of its kind.',
  },
  (where: At, subject: string, found: string, expected: string) => ({
    message: `${subject} does not take ${excerpt(found)}.`,
    where,
    found: excerpt(found),
    expected,
  }),
);

export const outputType = defineDiagnostic(
  {
    code: 'QCC1017',
    severity: 'error',
    title: 'Output of another type',
    doc: 'The type written at an output is the type of the value that leaves there.',
  },
  (where: At, name: string, found: string, expected: string) => ({
    message: `The output %${excerpt(name)} is written as ${found}, but the value is ${expected}.`,
    where,
    found,
    expected,
  }),
);

export const quotientAttribute = defineDiagnostic(
  {
    code: 'QCC1018',
    severity: 'error',
    title: 'Quotient where a number is needed',
    doc: 'Only the scale of an input or output may be written as a quotient.',
  },
  (where: At, found: string) => ({
    message: `The quotient ${excerpt(found)} cannot stand here.`,
    where,
    found: excerpt(found),
    expected: 'a number, a string, true, false or a list of numbers',
    help: 'Only `scale` of an input or output takes a quotient.',
  }),
);

export const missingField = defineDiagnostic(
  {
    code: 'QCC1019',
    severity: 'error',
    title: 'Missing field',
    doc: 'A place that a note points to needs the fields that the message lists.',
  },
  (where: At, subject: string, name: string, expected: string) => ({
    message: `${subject} needs the field \`${name}\`.`,
    where,
    found: `no ${name}`,
    expected,
  }),
);
