import type { Attribute } from '../graph.ts';
import type { OpDefinition, OperandInfo, TypeProblem } from '../op.ts';
import { allocate, elementCount, isInteger, printType, valueRange } from '../types.ts';
import { getNumbers, integersAttribute } from './attributes.ts';
import { operand } from './real.ts';
import { lastAxis, printShape, sameShape } from './shapes.ts';
import { biasProblem, narrowestType, sumType } from './sums.ts';

/** A sum of several tensors with integer factors, one a tensor or one for each of its channels. */
export const combine: OpDefinition = {
  name: 'combine',
  forms: ['integer'],
  summary: 'Adds tensors of one shape, each multiplied by integers (where branches join).',
  meaning:
    'y[..., c] = bias[c] + sum_i k[i, c] * x_i[..., c], where k[i, c] is coefficients[i] or the element [i, c] of the constant of factors; exact, in the narrowest uint or int that holds every sum',
  operands: [
    { name: 'x', doc: 'Integers.', kind: 'value' },
    {
      name: 'others',
      doc: 'More values of the shape of x; behind them constants: the factors, integers [values, C], C the last axis, unless `coefficients` gives them; then the bias, if any, integers [C].',
      kind: 'any',
      optional: true,
      repeated: true,
    },
  ],
  attributes: {
    coefficients: {
      ...integersAttribute(
        'The factor of each value, in their order; absent if a constant gives one for each channel.',
        -Infinity,
      ),
      optional: true,
    },
  },
  type: (operands, attributes, declared) => {
    const x = operand(operands, 0).type;
    const parts = split(operands, attributes);
    if (!('values' in parts)) return parts;
    const { values, factors, bias } = parts;
    const other = values.find(({ type }) => !sameShape(type.shape, x.shape) || !isInteger(type.elem));
    if (other !== undefined) {
      return {
        message: 'the operands are not integers of one shape',
        found: `${printType(x)} and ${printType(other.type)}`,
        expected: `integers ${printShape(x.shape)}`,
      };
    }
    const channels = lastAxis(x.shape);
    const problem =
      factorProblem(attributes, factors, values.length, channels) ?? biasProblem(bias, channels);
    if (problem !== undefined) return problem;
    const factor = factorOf(attributes, factors?.tensor?.data, channels);
    let [min, max] = [Infinity, -Infinity];
    for (let c = 0; c < channels; c++) {
      let low = bias?.tensor?.data[c] ?? 0;
      let high = low;
      for (const [i, { type }] of values.entries()) {
        const range = valueRange(type.elem);
        const k = factor(i, c);
        low += Math.min(k * range.min, k * range.max);
        high += Math.max(k * range.min, k * range.max);
      }
      [min, max] = [Math.min(min, low), Math.max(max, high)];
    }
    return sumType({ min, max }, x.shape, declared, narrowestType);
  },
  evaluate: (operands, attributes, result) => {
    const channels = lastAxis(result.shape);
    const given = attributes['coefficients'] !== undefined;
    // a constant of factors is a matrix and a bias a vector, so the last operand tells whether there is a bias
    const biased = operands.at(-1)?.type.shape.length === 1;
    const count = given ? getNumbers(attributes, 'coefficients').length : operands.length - (biased ? 2 : 1);
    const factor = factorOf(attributes, operands[count]?.data, channels);
    const bias = operands[count + (given ? 0 : 1)]?.data;
    const data = allocate(result.elem, elementCount(result.shape));
    // sums before the last may leave the type of the result
    const sums = new Float64Array(data.length);
    if (bias !== undefined) for (let i = 0; i < sums.length; i++) sums[i] = bias[i % channels] ?? 0;
    for (let at = 0; at < count; at++) {
      const x = operand(operands, at).data;
      const ks = Float64Array.from({ length: channels }, (_, c) => factor(at, c));
      for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] ?? 0) + (ks[i % channels] ?? 0) * (x[i] ?? 0);
    }
    data.set(sums);
    return { type: result, data };
  },
};

type Attributes = Readonly<Record<string, Attribute>>;

/** The values, and the constants behind them: factors if the attribute does not give them, bias if there is one more. */
function split(
  operands: readonly OperandInfo[],
  attributes: Attributes,
):
  | {
      readonly values: readonly OperandInfo[];
      readonly factors: OperandInfo | undefined;
      readonly bias: OperandInfo | undefined;
    }
  | TypeProblem {
  const given = attributes['coefficients'] !== undefined;
  const first = operands.findIndex(({ tensor }, i) => i > 0 && tensor !== undefined);
  const values = first < 0 ? operands : operands.slice(0, first);
  const constants = operands.slice(values.length);
  const most = given ? 1 : 2;
  if (constants.length > most || constants.some(({ tensor }) => tensor === undefined)) {
    return {
      message: given
        ? 'only the last operand may be a constant: the bias'
        : 'only the last two operands may be constants: factors and bias',
      found: `a constant ${printType(operand(operands, first).type)} before ${constants.length === 2 ? 'it' : 'them'}`,
      expected: 'values',
    };
  }
  const [one, two] = constants;
  return given ? { values, factors: undefined, bias: one } : { values, factors: one, bias: two };
}

function factorProblem(
  attributes: Attributes,
  factors: OperandInfo | undefined,
  values: number,
  channels: number,
): TypeProblem | undefined {
  if (attributes['coefficients'] !== undefined) {
    const { length } = getNumbers(attributes, 'coefficients');
    if (length === values) return undefined;
    return {
      message: 'each value needs one coefficient',
      found: `${length} coefficients for ${values} values`,
      expected: `${values} coefficients`,
    };
  }
  const expected = `the attribute coefficients, or integers ${printShape([values, channels])} behind the values`;
  if (factors === undefined)
    return { message: 'there are no factors', found: 'neither attribute nor constant', expected };
  const { elem, shape } = factors.type;
  if (isInteger(elem) && sameShape(shape, [values, channels])) return undefined;
  return { message: 'the factors do not fit the values', found: printType(factors.type), expected };
}

/** The factor of value i in channel c. */
function factorOf(
  attributes: Attributes,
  factors: ArrayLike<number> | undefined,
  channels: number,
): (i: number, c: number) => number {
  if (attributes['coefficients'] === undefined) return (i, c) => factors?.[i * channels + c] ?? 0;
  const coefficients = getNumbers(attributes, 'coefficients');
  return (i) => coefficients[i] ?? 0;
}
