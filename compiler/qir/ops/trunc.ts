import { multiply, rational, rationalOf, type Rational } from '../rational.ts';
import type { OpDefinition } from '../op.ts';
import { InternalError } from '../../diagnostics/index.ts';
import {
  booleanAttribute,
  choiceAttribute,
  getFlag,
  getNumber,
  getString,
  integerAttribute,
} from './attributes.ts';
import { latticeTensor } from './lattice.ts';
import { findNumber } from './quant.ts';
import { broadcastReader, operand, shapeOfFirst, soleNumber } from './real.ts';
import { round, roundingModes, type Rounding } from './rounding.ts';

/** QONNX Trunc, which drops low bits of a quantized tensor; versions 1 and 2 differ in scale and clamping. */
export const trunc: OpDefinition = {
  name: 'trunc',
  forms: ['real'],
  summary: 'Drops low bits of a quantized tensor.',
  meaning:
    'n = round_half_even(float32(float32(x / scale) + zero_point)). ' +
    'Version 1: d = 2^(in_bits - out_bits), q = round(n / d), y = (q - zero_point) * scale. ' +
    'Version 2: d = 2^round_half_even(log2(out_scale / scale)), q = round(clamp(n / d)) to the out_bits range given by signed and ' +
    'narrow, y = (q - zero_point / d) * out_scale',
  operands: [
    { name: 'x', doc: 'A quantized tensor.', kind: 'any' },
    { name: 'scale', doc: 'Scale of x: one positive number.', kind: 'const' },
    {
      name: 'zero_point',
      doc: 'Zero point of x: one integer; for version 2 a multiple of d.',
      kind: 'const',
    },
    {
      name: 'out_scale',
      doc: 'Scale of the result (version 2): one positive number.',
      kind: 'const',
      optional: true,
    },
  ],
  attributes: {
    in_bits: integerAttribute('Bits of x.', { least: 1 }),
    out_bits: integerAttribute('Bits of the result.', { least: 1 }),
    rounding: choiceAttribute('How to round what is cut off.', roundingModes),
    signed: booleanAttribute('Whether the result range is signed (version 2).', { optional: true }),
    narrow: booleanAttribute('Whether the result range leaves out its extreme value (version 2).', {
      optional: true,
    }),
    version: {
      doc: 'Version of the definition, 1 or 2.',
      check: (value) => (value === 1 || value === 2 ? undefined : '1 or 2'),
    },
  },
  type: (operands, attributes, declared) => {
    const version = getNumber(attributes, 'version');
    if (version === 2 && operands[3] === undefined) {
      return {
        message: 'out_scale is missing',
        found: 'three operands',
        expected: 'a fourth one for version 2',
      };
    }
    for (const parameter of operands.slice(1)) {
      if (parameter.tensor !== undefined && parameter.tensor.data.length !== 1) {
        return {
          message: 'a parameter is not one number',
          found: `${parameter.tensor.data.length} numbers`,
          expected: '1',
        };
      }
    }
    for (const scale of [operands[1], operands[3]]) {
      const bad = findNumber(scale?.tensor?.data, (s) => !(s > 0 && Number.isFinite(s)));
      if (bad !== undefined) {
        return {
          message: 'a quantizer scale is not positive',
          found: `${bad}`,
          expected: 'a positive finite number',
        };
      }
    }
    const zero = operands[2]?.tensor && soleNumber(operands[2].tensor);
    if (zero !== undefined && !Number.isInteger(zero)) {
      return { message: 'the zero point is not an integer', found: `${zero}`, expected: 'an integer' };
    }
    return shapeOfFirst(operands, attributes, declared);
  },
  evaluate: (operands, attributes) => {
    const x = operand(operands, 0);
    const { shape } = x.type;
    const scale = broadcastReader(operand(operands, 1), shape)(0);
    const zero = broadcastReader(operand(operands, 2), shape)(0);
    const mode = getString(attributes, 'rounding') as Rounding;
    const outBits = getNumber(attributes, 'out_bits');
    const second = getNumber(attributes, 'version') === 2;
    const outScale = second ? broadcastReader(operand(operands, 3), shape)(0) : scale;
    const shift = second
      ? round(Math.log2(outScale / scale), 'HALF_EVEN')
      : getNumber(attributes, 'in_bits') - outBits;
    const divisor = 2 ** shift;
    const { min, max } = second
      ? range(outBits, getFlag(attributes, 'signed'), getFlag(attributes, 'narrow'))
      : { min: -Infinity, max: Infinity };

    // the result is (q * unit - offset) steps of step, all integers, also where zero_point / d is not one
    const zeroOverD = second ? multiply(rationalOf(zero), rationalOf(1 / divisor)) : rationalOf(zero);
    const unit = zeroOverD.denominator;
    const step: Rational = multiply(rationalOf(outScale), rational(1n, unit));
    const levels = new Int32Array(x.data.length);
    for (let i = 0; i < levels.length; i++) {
      const n = round(Math.fround(Math.fround((x.data[i] ?? 0) / scale) + zero), 'HALF_EVEN');
      const q = round(Math.min(Math.max(n / divisor, min), max), mode);
      const level = q * Number(unit) - Number(zeroOverD.numerator);
      if (!(Math.abs(level) < 2 ** 31)) throw new InternalError(`trunc of ${x.data[i] ?? 0} exceeds 32 bits`);
      levels[i] = level;
    }
    return latticeTensor(shape, { levels, scales: [step], scaleShape: [] });
  },
};

function range(bits: number, signed: boolean, narrow: boolean): { min: number; max: number } {
  if (signed) return { min: -(2 ** (bits - 1)) + (narrow ? 1 : 0), max: 2 ** (bits - 1) - 1 };
  return { min: 0, max: 2 ** bits - 1 - (narrow ? 1 : 0) };
}
