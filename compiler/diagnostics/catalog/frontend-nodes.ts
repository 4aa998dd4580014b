import { defineDiagnostic } from '../diagnostic.ts';
import type { Where } from '../diagnostic.ts';
import { listed, quote } from '../wording.ts';

// Codes QCC2200 to QCC2219: nodes of ONNX models and their operands.

const error = 'error' as const;
const warning = 'warning' as const;

export const badAttribute = defineDiagnostic(
  {
    code: 'QCC2200',
    severity: error,
    title: 'wrong attribute',
    doc: 'An attribute is missing, has another type than the operator defines, or a value that qcc cannot honour.',
  },
  (where: Where, attribute: string, found: string, expected: string, help?: string) => ({
    message: `the attribute ${quote(attribute)} is not usable`,
    where,
    found,
    expected,
    help,
  }),
);

export const ignoredAttribute = defineDiagnostic(
  {
    code: 'QCC2201',
    severity: warning,
    title: 'unknown attribute',
    doc: 'The operator does not define this attribute; it has no effect.',
  },
  (where: Where, attributes: readonly string[]) => ({
    message: `unknown attribute ${listed(attributes.map(quote))} has no effect`,
    where,
  }),
);

export const operandCount = defineDiagnostic(
  {
    code: 'QCC2202',
    severity: error,
    title: 'wrong number of inputs or outputs',
    doc: 'The node has fewer or more inputs or outputs than the operator defines, or uses an optional one that has no meaning in inference.',
  },
  (where: Where, found: string, expected: string) => ({
    message: 'the node has the wrong number of inputs or outputs',
    where,
    found,
    expected,
  }),
);

export const notConstant = defineDiagnostic(
  {
    code: 'QCC2203',
    severity: error,
    title: 'operand must be constant',
    doc: 'The operand is computed at run time, where hardware needs a constant.',
  },
  (where: Where, operand: string, name: string) => ({
    message: `the ${operand} of the node must be a constant`,
    where,
    found: `the computed value ${quote(name)}`,
    expected: 'an initializer or a constant expression',
    help: 'freeze the parameter before export',
  }),
);

export const shapeMismatch = defineDiagnostic(
  {
    code: 'QCC2204',
    severity: error,
    title: 'shapes do not fit',
    doc: 'The shapes of the operands do not fit each other or the operator.',
  },
  (where: Where, found: string, expected: string) => ({
    message: 'the shapes of the operands do not fit',
    where,
    found,
    expected,
    help: 'check the shapes in the model (for example with onnx.shape_inference)',
  }),
);

export const badScale = defineDiagnostic(
  {
    code: 'QCC2205',
    severity: error,
    title: 'unusable scale',
    doc: 'A quantizer divides by its scale: zero, negative, NaN, infinite or denormal scales have no exact hardware meaning. A denormal scale is a dead tensor; single dead channels are accepted with a warning.',
  },
  (where: Where, found: string) => ({
    message: 'the scale of the quantizer is not usable',
    where,
    found,
    expected: 'a finite positive number of at least 2^-126',
    help: 'the tensor was never calibrated, or training has diverged; calibrate it again',
  }),
);

export const deadChannels = defineDiagnostic(
  {
    code: 'QCC2206',
    severity: warning,
    title: 'denormal scale of single channels',
    doc: 'Some channels have a denormal scale: pruned or dead channels. They are computed as they stand.',
  },
  (where: Where, found: string) => ({ message: 'some channels of the quantizer are dead', where, found }),
);

export const badZeroPoint = defineDiagnostic(
  {
    code: 'QCC2207',
    severity: error,
    title: 'unusable zero point',
    doc: 'A zero point must be an integer of at most 32 bits.',
  },
  (where: Where, found: string, expected?: string) => ({
    message: 'the zero point of the quantizer is not usable',
    where,
    found,
    expected: expected ?? 'an integer of at most 32 bits',
  }),
);

export const badBitWidth = defineDiagnostic(
  {
    code: 'QCC2208',
    severity: error,
    title: 'unusable bit width',
    doc: 'A bit width must be one integer from 1 to 32.',
  },
  (where: Where, found: string) => ({
    message: 'the bit width of the quantizer is not usable',
    where,
    found,
    expected: 'one integer from 1 to 32',
    help: 'learned bit widths must be frozen to integers before export',
  }),
);

export const badConstant = defineDiagnostic(
  {
    code: 'QCC2209',
    severity: error,
    title: 'constant with unusable values',
    doc: 'A constant operand holds a NaN, an infinity, a zero divisor or a negative variance.',
  },
  (where: Where, operand: string, found: string, expected: string) => ({
    message: `the ${operand} has values that cannot be computed with`,
    where,
    found,
    expected,
    help: 'training has diverged, or the export is faulty; check the parameters of this node',
  }),
);

export const unsupportedUse = defineDiagnostic(
  {
    code: 'QCC2210',
    severity: error,
    title: 'unsupported use of an operator',
    doc: 'The operator is known, but not in this form.',
  },
  (where: Where, found: string, expected: string, help?: string) => ({
    message: 'the operator is used in a form that qcc does not read',
    where,
    found,
    expected,
    help,
  }),
);

export const integerValueUse = defineDiagnostic(
  {
    code: 'QCC2211',
    severity: error,
    title: 'integer tensor used without DequantizeLinear',
    doc: 'Between QuantizeLinear and DequantizeLinear only Clip and changes of shape may stand, and both must have the same scale and zero point.',
  },
  (where: Where, found: string) => ({
    message: 'a quantized integer tensor is used in a way that qcc does not read',
    where,
    found,
    expected: 'Clip, a change of shape, or DequantizeLinear with the same scale and zero point',
  }),
);
