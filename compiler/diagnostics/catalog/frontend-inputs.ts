import { defineDiagnostic } from '../diagnostic.ts';
import type { Where } from '../diagnostic.ts';
import { quote } from '../wording.ts';

// Codes QCC2300 to QCC2309: types of inputs and outputs.

const error = 'error' as const;
const note = 'note' as const;

export const inputTypeSyntax = defineDiagnostic(
  {
    code: 'QCC2300',
    severity: error,
    title: 'unreadable input type',
    doc: 'An input type is an element type, then optionally `*` and a scale, then optionally `,zp=` and a zero point.',
  },
  (text: string, found: string) => ({
    message: `the input type ${quote(text)} cannot be read`,
    where: { kind: 'option', option: '--input-type' },
    found,
    expected:
      'TYPE[*SCALE][,zp=INTEGER], for example uint8*1/255, int8*0.0078125, uint8*0.02,zp=128, fixed<16,10>, bipolar',
    help: 'TYPE is bipolar, ternary, uintN, intN (N 1..32) or fixed<W,F> (0 <= F, W 1..32); SCALE is a positive decimal or a quotient A/B',
  }),
);

export const inputTypeAssumed = defineDiagnostic(
  {
    code: 'QCC2301',
    severity: note,
    title: 'input type assumed',
    doc: 'The model takes floats that look like an image (1, 3 or 4 channels) and quantizes them: 8-bit pixels, scaled to 0..1, are assumed.',
  },
  (where: Where, name: string, assumed: string) => ({
    message: `the input ${quote(name)} is taken as 8-bit pixels`,
    where,
    found: 'a float image that reaches a quantizer through elementwise operations',
    help: `assumed ${assumed}; say --input-type to choose another type`,
  }),
);

export const inputQuantizedByHost = defineDiagnostic(
  {
    code: 'QCC2302',
    severity: note,
    title: 'input is quantized by the host',
    doc: 'The first operation on the input is a quantizer: the host applies it and sends its levels.',
  },
  (where: Where, name: string, type: string) => ({
    message: `the host quantizes the input ${quote(name)}`,
    where,
    found: `its first operation is a quantizer with the levels ${type}`,
    help: 'send its levels, real / scale + zero point rounded half to even and clamped; say --input-type to have the quantizer in hardware',
  }),
);

export const inputTypeConflict = defineDiagnostic(
  {
    code: 'QCC2303',
    severity: error,
    title: 'input type does not fit the model',
    doc: 'The option names a type whose values the integer input of the model cannot hold.',
  },
  (text: string, name: string, found: string, expected: string) => ({
    message: `the input type ${quote(text)} does not fit the graph input ${quote(name)}`,
    where: { kind: 'option', option: '--input-type' },
    found,
    expected,
  }),
);

export const outputIsLevels = defineDiagnostic(
  {
    code: 'QCC2304',
    severity: note,
    title: 'output is quantized levels',
    doc: 'The model ends in QuantizeLinear; its output are the integer levels, which the boundary of the output relates to real values.',
  },
  (where: Where, name: string) => ({
    message: `the graph output ${quote(name)} stands for the integer levels of a quantizer`,
    where,
  }),
);
