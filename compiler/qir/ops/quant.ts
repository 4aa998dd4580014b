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
import { latticeTensor, rationalsOf } from './lattice.ts';
import { broadcastReader, operand, shapeOfFirst } from './real.ts';
import { round, roundingModes, type Rounding } from './rounding.ts';

/** Uniform quantizer: QONNX Quant, and ONNX QuantizeLinear, Clip, DequantizeLinear. */
export const quant: OpDefinition = {
  name: 'quant',
  forms: ['real'],
  summary: 'Rounds to integer levels and back to real numbers.',
  meaning:
    'q = clamp(round(float32(x / scale)) + zero_point, min, max), with zero_point_first ' +
    'q = clamp(round(float32(float32(x / scale) + zero_point)), min, max); y = (q - zero_point) * scale. ' +
    'y is known exactly by its level q - zero_point; as a number it is rounded to float32',
  operands: [
    { name: 'x', doc: 'Any tensor.', kind: 'any' },
    { name: 'scale', doc: 'Positive; broadcasts to x.', kind: 'const' },
    { name: 'zero_point', doc: 'Integers; broadcasts to x.', kind: 'const' },
  ],
  attributes: {
    min: integerAttribute('Least level.'),
    max: integerAttribute('Greatest level.'),
    rounding: choiceAttribute('How to round x / scale to an integer.', roundingModes),
    zero_point_first: booleanAttribute(
      'Whether the zero point is added before rounding (QONNX) or after (ONNX).',
      {
        optional: true,
      },
    ),
  },
  type: (operands, attributes, declared) => {
    const min = getNumber(attributes, 'min');
    const max = getNumber(attributes, 'max');
    if (min >= max || max - min >= 2 ** 32) {
      return {
        message: 'the levels are no range',
        found: `${min} to ${max}`,
        expected: 'min < max, at most 32 bits apart',
      };
    }
    const zeros = Array.from(operand(operands, 2).tensor?.data ?? [0]);
    if (zeros.some((zero) => min - zero < -(2 ** 31) || max - zero >= 2 ** 31)) {
      return {
        message: 'the levels exceed 32 bits',
        found: `${min} to ${max}, less the zero point`,
        expected: '-2147483648 to 2147483647',
      };
    }
    const badScale = findNumber(operand(operands, 1).tensor?.data, (s) => !(s > 0 && Number.isFinite(s)));
    if (badScale !== undefined) {
      return {
        message: 'a quantizer scale is not positive',
        found: `${badScale}`,
        expected: 'a positive finite number',
      };
    }
    const badZero = findNumber(operand(operands, 2).tensor?.data, (z) => !Number.isInteger(z));
    if (badZero !== undefined) {
      return { message: 'a zero point is not an integer', found: `${badZero}`, expected: 'an integer' };
    }
    return shapeOfFirst(operands, attributes, declared);
  },
  evaluate: (operands, attributes) => {
    const x = operand(operands, 0);
    const { shape } = x.type;
    const scale = operand(operands, 1);
    const scaleAt = broadcastReader(scale, shape);
    const zeroAt = broadcastReader(operand(operands, 2), shape);
    const min = getNumber(attributes, 'min');
    const max = getNumber(attributes, 'max');
    const mode = getString(attributes, 'rounding') as Rounding;
    const zeroFirst = getFlag(attributes, 'zero_point_first');
    const levels = new Int32Array(x.data.length);
    for (let i = 0; i < levels.length; i++) {
      const scaled = Math.fround((x.data[i] ?? 0) / scaleAt(i));
      const zero = zeroAt(i);
      const level = zeroFirst ? round(Math.fround(scaled + zero), mode) : round(scaled, mode) + zero;
      if (Number.isNaN(level)) throw new InternalError('a quantizer was given NaN');
      levels[i] = Math.min(Math.max(level, min), max) - zero;
    }
    return latticeTensor(shape, {
      levels,
      scales: rationalsOf(scale),
      scaleShape: scale.type.shape,
    });
  },
};

/** The first number that fails, or undefined. */
export function findNumber(
  data: ArrayLike<number> | undefined,
  fails: (value: number) => boolean,
): number | undefined {
  return data === undefined ? undefined : Array.from(data).find(fails);
}
