import { defineDiagnostic } from '../diagnostic.ts';
import type { Where } from '../diagnostic.ts';
import { excerpt, meant, oneOf } from '../wording.ts';

type At = Where | undefined;

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
