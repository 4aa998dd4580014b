import { defineDiagnostic } from '../diagnostic.ts';
import type { Where } from '../diagnostic.ts';

/** Shortens what a file says before a message repeats it: a name may have ten thousand characters. */
export function excerpt(text: string, limit = 60): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}... (${text.length} characters)`;
}

/** `a`, `a or b`, `a, b or c`. */
export function oneOf(choices: readonly string[]): string {
  if (choices.length < 2) return choices.join('');
  return `${choices.slice(0, -1).join(', ')} or ${choices[choices.length - 1]!}`;
}

type At = Where | undefined;

function meant(suggestion: string | undefined): string | undefined {
  return suggestion === undefined ? undefined : `Did you mean ${suggestion}?`;
}

/** An element with its position; a scalar has none. */
function elementAt(value: string, index: string): string {
  return index === '[]' ? value : `${value} at ${index}`;
}

// ---- text -------------------------------------------------------------------------------------------------------

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

export const unknownType = defineDiagnostic(
  {
    code: 'QCC1010',
    severity: 'error',
    title: 'Unknown element type',
    doc: 'The element types are bipolar, ternary, uintN and intN (N from 1 to 32), fixed<W,F>, pow2<lo,hi> and float32.',
  },
  (where: At, found: string, suggestion: string | undefined) => ({
    message: `\`${excerpt(found)}\` is no element type.`,
    where,
    found: excerpt(found),
    expected: 'bipolar, ternary, uintN, intN, fixed<W,F>, pow2<lo,hi> or float32',
    help: meant(suggestion),
  }),
);

export const badType = defineDiagnostic(
  {
    code: 'QCC1011',
    severity: 'error',
    title: 'Element type out of range',
    doc: 'Integers have 1 to 32 bits; fixed<W,F> has W from 1 to 32 and F from -128 to 128; pow2<lo,hi> has 0 <= lo <= hi <= 30.',
  },
  (where: At, subject: string, found: string, expected: string) => ({
    message: `${subject} has the impossible element type ${excerpt(found)}.`,
    where,
    found: excerpt(found),
    expected,
  }),
);

export const badShape = defineDiagnostic(
  {
    code: 'QCC1012',
    severity: 'error',
    title: 'Impossible shape',
    doc: 'Every dimension is a whole number from 1 on, and a tensor has at most 2^31 - 1 elements.',
  },
  (where: At, subject: string, found: string) => ({
    message: `${subject} has the impossible shape ${excerpt(found)}.`,
    where,
    found: excerpt(found),
    expected: 'dimensions from 1 on, fewer than 2^31 elements in all',
  }),
);

export const repeatedConst = defineDiagnostic(
  {
    code: 'QCC1013',
    severity: 'error',
    title: 'Constant defined twice',
    doc: 'The names of constants are unique within a file.',
  },
  (where: At, name: string, first: Where) => ({
    message: `The constant @${excerpt(name)} is defined twice.`,
    where,
    found: `@${excerpt(name)}`,
    expected: 'another name',
    related: [{ where: first, message: 'the first definition' }],
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

export const wrongCount = defineDiagnostic(
  {
    code: 'QCC1016',
    severity: 'error',
    title: 'Wrong number of elements',
    doc: 'The number of values of a constant is the product of the dimensions of its type.',
  },
  (where: At, name: string, found: number, expected: number, type: string) => ({
    message: `The constant @${excerpt(name)} : ${type} has ${found} values.`,
    where,
    found: `${found} values`,
    expected: `${expected} values`,
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

// ---- graph ------------------------------------------------------------------------------------------------------

export const badName = defineDiagnostic(
  {
    code: 'QCC1101',
    severity: 'error',
    title: 'Name with other characters',
    doc: 'Names of graphs, values and constants consist of ASCII letters, digits and underscores. Names of the source model are kept as the origin, in quotes.',
  },
  (where: At, what: string, name: string) => ({
    message: `${JSON.stringify(excerpt(name))} cannot be the name of a ${what}.`,
    where,
    found: JSON.stringify(excerpt(name)),
    expected: 'letters, digits and underscores, at least one',
  }),
);

export const repeatedValue = defineDiagnostic(
  {
    code: 'QCC1102',
    severity: 'error',
    title: 'Value defined twice',
    doc: 'The names of inputs and nodes are unique within a graph.',
  },
  (where: At, name: string, first: At) => ({
    message: `The value %${excerpt(name)} is defined twice.`,
    where,
    found: `%${excerpt(name)}`,
    expected: 'another name',
    related: first === undefined ? undefined : [{ where: first, message: 'the first definition' }],
  }),
);

export const undefinedValue = defineDiagnostic(
  {
    code: 'QCC1103',
    severity: 'error',
    title: 'Undefined value',
    doc: 'An operand or output names a value that no input and no node defines.',
  },
  (where: At, name: string, user: string, suggestion: string | undefined) => ({
    message: `${user} uses %${excerpt(name)}, which nothing defines.`,
    where,
    found: `%${excerpt(name)}`,
    expected: 'the name of an input or of an earlier node',
    help: meant(suggestion),
  }),
);

export const usedBeforeDefinition = defineDiagnostic(
  {
    code: 'QCC1104',
    severity: 'error',
    title: 'Value used before its definition',
    doc: 'Nodes stand in the order of their computation: every operand is defined above its use. A cycle can therefore not be written.',
  },
  (where: At, name: string, user: string, definition: At) => ({
    message: `${user} uses %${excerpt(name)} before its definition.`,
    where,
    found: `%${excerpt(name)}`,
    expected: 'a value defined above',
    help: 'Move the definition up; a graph has no cycles.',
    related: definition === undefined ? undefined : [{ where: definition, message: 'the definition' }],
  }),
);

export const undefinedConst = defineDiagnostic(
  {
    code: 'QCC1105',
    severity: 'error',
    title: 'Undefined constant',
    doc: 'An operand names a constant that the file does not define.',
  },
  (where: At, name: string, user: string, suggestion: string | undefined) => ({
    message: `${user} uses @${excerpt(name)}, which is not defined.`,
    where,
    found: `@${excerpt(name)}`,
    expected: 'the name of a constant',
    help: meant(suggestion),
  }),
);

export const unknownOp = defineDiagnostic(
  {
    code: 'QCC1106',
    severity: 'error',
    title: 'Unknown op',
    doc: 'QIR has no operation of this name. The reference page lists them.',
  },
  (where: At, node: string, op: string, suggestion: string | undefined, all: readonly string[]) => ({
    message: `%${excerpt(node)} has the unknown op \`${excerpt(op)}\`.`,
    where,
    found: excerpt(op),
    expected: `one of ${all.join(', ')}`,
    help: meant(suggestion),
  }),
);

export const opNotInForm = defineDiagnostic(
  {
    code: 'QCC1107',
    severity: 'error',
    title: 'Op of the other form',
    doc: 'Some ops exist in the real form only (floats and quantizers), some in the integer form only.',
  },
  (where: At, node: string, op: string, form: string, allowed: readonly string[]) => ({
    message: `%${excerpt(node)}: the op ${op} does not exist in the ${form} form.`,
    where,
    found: `${op} in a graph of ${form} form`,
    expected: `a graph of ${oneOf(allowed)} form`,
  }),
);

export const operandCount = defineDiagnostic(
  {
    code: 'QCC1108',
    severity: 'error',
    title: 'Wrong number of operands',
    doc: 'An op takes the operands that its definition lists, optional ones last.',
  },
  (where: At, node: string, op: string, found: number, expected: string) => ({
    message: `%${excerpt(node)}: ${op} got ${found} operand${found === 1 ? '' : 's'}.`,
    where,
    found: `${found} operand${found === 1 ? '' : 's'}`,
    expected,
  }),
);

export const operandKind = defineDiagnostic(
  {
    code: 'QCC1109',
    severity: 'error',
    title: 'Constant where a value is needed, or the other way round',
    doc: 'Some operands (weights, thresholds) must be constants, some must be values of the graph.',
  },
  (where: At, node: string, op: string, operand: string, found: string, expected: string) => ({
    message: `%${excerpt(node)}: the operand \`${operand}\` of ${op} must be ${expected}.`,
    where,
    found: excerpt(found),
    expected,
  }),
);

export const unknownAttribute = defineDiagnostic(
  {
    code: 'QCC1110',
    severity: 'error',
    title: 'Unknown attribute',
    doc: 'An op takes only the attributes of its definition.',
  },
  (
    where: At,
    node: string,
    op: string,
    name: string,
    suggestion: string | undefined,
    all: readonly string[],
  ) => ({
    message: `%${excerpt(node)}: ${op} has no attribute \`${excerpt(name)}\`.`,
    where,
    found: excerpt(name),
    expected: all.length === 0 ? 'no attributes' : oneOf(all),
    help: meant(suggestion),
  }),
);

export const missingAttribute = defineDiagnostic(
  {
    code: 'QCC1111',
    severity: 'error',
    title: 'Missing attribute',
    doc: 'An attribute that is not optional must be written.',
  },
  (where: At, node: string, op: string, name: string, doc: string) => ({
    message: `%${excerpt(node)}: ${op} needs the attribute \`${name}\`.`,
    where,
    found: 'no such attribute',
    expected: `{${name} = ...}: ${doc}`,
  }),
);

export const badAttribute = defineDiagnostic(
  {
    code: 'QCC1112',
    severity: 'error',
    title: 'Attribute with an impossible value',
    doc: 'The value of an attribute is not one that its definition allows.',
  },
  (where: At, node: string, op: string, name: string, found: string, expected: string) => ({
    message: `%${excerpt(node)}: the attribute \`${name}\` of ${op} cannot be ${excerpt(found)}.`,
    where,
    found: excerpt(found),
    expected,
  }),
);

export const operandsDoNotFit = defineDiagnostic(
  {
    code: 'QCC1113',
    severity: 'error',
    title: 'Operands do not fit',
    doc: 'The types of the operands break the type rule of the op, or the declared result cannot hold the result.',
  },
  (where: At, node: string, op: string, problem: { message: string; found: string; expected: string }) => ({
    message: `%${excerpt(node)}: ${op}: ${problem.message}.`,
    where,
    found: problem.found,
    expected: problem.expected,
  }),
);

export const resultType = defineDiagnostic(
  {
    code: 'QCC1114',
    severity: 'error',
    title: 'Result of another type',
    doc: 'The type written at a node is not the type that the op gives for these operands.',
  },
  (where: At, node: string, op: string, found: string, expected: string) => ({
    message: `%${excerpt(node)} is written as ${found}, but ${op} gives ${expected}.`,
    where,
    found,
    expected,
  }),
);

export const floatInIntegerForm = defineDiagnostic(
  {
    code: 'QCC1115',
    severity: 'error',
    title: 'Float in the integer form',
    doc: 'The integer form holds integers only; float32 exists in the real form.',
  },
  (where: At, subject: string) => ({
    message: `${subject} is float32, but the graph is of integer form.`,
    where,
    found: 'float32',
    expected: 'an integer element type',
    help: 'Write `graph real`, or give the tensor an integer type.',
  }),
);

export const noOutput = defineDiagnostic(
  {
    code: 'QCC1116',
    severity: 'error',
    title: 'Graph without outputs',
    doc: 'A graph has at least one output.',
  },
  (where: At, name: string) => ({
    message: `The graph @${excerpt(name)} has no output.`,
    where,
    found: 'no output',
    expected: 'at least one output',
  }),
);

export const noInput = defineDiagnostic(
  {
    code: 'QCC1117',
    severity: 'error',
    title: 'Graph without inputs',
    doc: 'A graph has at least one input.',
  },
  (where: At, name: string) => ({
    message: `The graph @${excerpt(name)} has no input.`,
    where,
    found: 'no input',
    expected: 'at least one input',
  }),
);

export const elementOutOfType = defineDiagnostic(
  {
    code: 'QCC1118',
    severity: 'error',
    title: 'Element that its type does not hold',
    doc: 'A constant holds a number that is not one of the values of its element type.',
  },
  (where: At, name: string, index: string, found: string, type: string, expected: string) => ({
    message: `The constant @${excerpt(name)} has an element that ${type} does not hold.`,
    where,
    found: elementAt(found, index),
    expected,
  }),
);

export const notFinite = defineDiagnostic(
  {
    code: 'QCC1119',
    severity: 'error',
    title: 'NaN or infinity in a constant',
    doc: 'Constants are finite numbers.',
  },
  (where: At, name: string, index: string, found: string) => ({
    message: `The constant @${excerpt(name)} is not finite.`,
    where,
    found: elementAt(found, index),
    expected: 'finite numbers',
    help: 'The training may have diverged; look at the source model.',
  }),
);

export const badBoundary = defineDiagnostic(
  {
    code: 'QCC1121',
    severity: 'error',
    title: 'Impossible scale, zero point, offset or layout',
    doc: 'The scale of an input or output is a positive normal float32, its zero point a whole number of 32 bits, its offset a finite number; a layout is that of an image [H, W, C].',
  },
  (where: At, subject: string, field: string, found: string, expected: string) => ({
    message: `${subject} has an impossible ${field}.`,
    where,
    found: excerpt(found),
    expected,
  }),
);

export const constKey = defineDiagnostic(
  {
    code: 'QCC1122',
    severity: 'error',
    title: 'Constant under another name',
    doc: 'In the API, a constant stands in the map of constants under its own name.',
  },
  (where: At, key: string, name: string) => ({
    message: `The constant @${excerpt(name)} stands in the map under the key ${JSON.stringify(excerpt(key))}.`,
    where,
    found: excerpt(key),
    expected: excerpt(name),
  }),
);

export const deadValue = defineDiagnostic(
  {
    code: 'QCC1123',
    severity: 'warning',
    title: 'Value that nothing reads',
    doc: 'No output depends on this node; it will be removed.',
  },
  (where: At, name: string) => ({
    message: `The value %${excerpt(name)} is never read.`,
    where,
    help: 'Remove the node, or make its value an output.',
  }),
);

export const unreadInput = defineDiagnostic(
  {
    code: 'QCC1124',
    severity: 'warning',
    title: 'Input that nothing reads',
    doc: 'No node reads this input; it still takes its place at the boundary.',
  },
  (where: At, name: string) => ({
    message: `The input %${excerpt(name)} is never read.`,
    where,
    help: 'Remove the input if the network does not need it.',
  }),
);

export const unusedConst = defineDiagnostic(
  {
    code: 'QCC1125',
    severity: 'warning',
    title: 'Constant that nothing reads',
    doc: 'No node has this constant as an operand.',
  },
  (where: At, name: string) => ({
    message: `The constant @${excerpt(name)} is never read.`,
    where,
    help: 'Remove the constant.',
  }),
);

// ---- files ------------------------------------------------------------------------------------------------------

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

// ---- builder ----------------------------------------------------------------------------------------------------

export const foreignValue = defineDiagnostic(
  {
    code: 'QCC1300',
    severity: 'error',
    title: 'Value of another graph',
    doc: 'A call of a GraphBuilder was given a value that another builder made.',
  },
  (where: At, name: string) => ({
    message: `The value %${excerpt(name)} belongs to another graph.`,
    where,
    found: 'a value of another GraphBuilder',
    expected: 'a value that this builder returned',
  }),
);

export const raggedRows = defineDiagnostic(
  {
    code: 'QCC1301',
    severity: 'error',
    title: 'Rows of different lengths',
    doc: 'Nested arrays given as a tensor must be rectangular.',
  },
  (where: At, found: string, expected: string) => ({
    message: 'The nested array is not rectangular.',
    where,
    found,
    expected,
  }),
);
