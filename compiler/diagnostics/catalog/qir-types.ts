import { defineDiagnostic } from '../diagnostic.ts';
import type { Where } from '../diagnostic.ts';
import { elementAt, excerpt, meant } from '../wording.ts';

type At = Where | undefined;

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
