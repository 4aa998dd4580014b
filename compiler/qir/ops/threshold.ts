import type { OpDefinition } from '../op.ts';
import { allocate, bipolar, fitInteger, holds, isInteger, printElement, sameElement } from '../types.ts';
import { getNumber, integerAttribute } from './attributes.ts';
import { agree, operand } from './real.ts';
import { lastAxis, printShape } from './shapes.ts';

/** Integer levels from comparisons with constants. */
export const threshold: OpDefinition = {
  name: 'threshold',
  forms: ['integer'],
  summary:
    'Counts thresholds: what a scale, bias, normalization, activation and quantizer come down to on integers.',
  meaning:
    'y = base + #{ j : x >= t[c][j] }, or where flip[c] is 1, y = base + #{ j : x < t[c][j] }; c is the position along the last ' +
    'axis (0 if t has one row). A bipolar result has base -1 and one threshold and is -1 or +1',
  operands: [
    { name: 'x', doc: 'Integers.', kind: 'value' },
    {
      name: 't',
      doc: 'Thresholds [C, n] or [1, n], each row ascending; may lie outside the range of x.',
      kind: 'const',
    },
    {
      name: 'flip',
      doc: 'uint1 [C] or [1] like t: 1 where the level falls with x.',
      kind: 'const',
      optional: true,
    },
  ],
  attributes: { base: integerAttribute('The lowest level.') },
  type: (operands, attributes, declared) => {
    const x = operand(operands, 0).type;
    const t = operand(operands, 1);
    const [rows, n] = [t.type.shape[0], t.type.shape[1] ?? 0];
    if (!isInteger(x.elem) || !isInteger(t.type.elem)) {
      return {
        message: 'threshold compares integers',
        found: `${printElement(x.elem)} and ${printElement(t.type.elem)}`,
        expected: 'integer types',
      };
    }
    if (t.type.shape.length !== 2 || (rows !== 1 && rows !== lastAxis(x.shape)) || n < 1) {
      return {
        message: 'the thresholds do not fit the operand',
        found: `shape ${printShape(t.type.shape)}`,
        expected: `[${lastAxis(x.shape)}, n] or [1, n], n at least 1`,
      };
    }
    const flip = operands[2]?.type;
    if (
      flip !== undefined &&
      !(flip.shape.length === 1 && flip.shape[0] === rows && sameElement(flip.elem, fitInteger(0, 1)))
    ) {
      return {
        message: 'flip does not fit the thresholds',
        found: `${printElement(flip.elem)}${printShape(flip.shape)}`,
        expected: `uint1[${rows ?? 1}]`,
      };
    }
    const data = t.tensor?.data;
    const falling = data?.findIndex((value, i) => i % n !== 0 && value < (data[i - 1] ?? 0)) ?? -1;
    if (falling >= 0) {
      return {
        message: 'the thresholds of a row are not ascending',
        found: `row ${Math.floor(falling / n)}`,
        expected: 'ascending',
      };
    }
    const base = getNumber(attributes, 'base');
    const elem = declared?.elem ?? fitInteger(base, base + n);
    if (elem.kind === 'bipolar') {
      if (base !== -1 || n !== 1) {
        return {
          message: 'a bipolar result has levels -1 and +1',
          found: `base ${base}, ${n} thresholds`,
          expected: 'base -1, one',
        };
      }
    } else if (!isInteger(elem) || elem.kind === 'pow2' || !holds(elem, base) || !holds(elem, base + n)) {
      return {
        message: 'the declared type does not hold every level',
        found: printElement(elem),
        expected: `a type for ${base} to ${base + n}`,
      };
    }
    return agree({ elem, shape: x.shape }, declared);
  },
  evaluate: (operands, attributes, result) => {
    const x = operand(operands, 0);
    const t = operand(operands, 1);
    const flip = operands[2]?.data;
    const base = getNumber(attributes, 'base');
    const [rows, n] = [t.type.shape[0] ?? 1, t.type.shape[1] ?? 1];
    const channels = lastAxis(x.type.shape);
    const step = sameElement(result.elem, bipolar) ? 2 : 1;
    const data = allocate(result.elem, x.data.length);
    for (let i = 0; i < data.length; i++) {
      const row = rows === 1 ? 0 : i % channels;
      const value = x.data[i] ?? 0;
      // the thresholds ascend: those that are reached stand before `low`, the others from `high` on
      let [low, high] = [row * n, (row + 1) * n];
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (value >= (t.data[middle] ?? 0)) low = middle + 1;
        else high = middle;
      }
      const reached = low - row * n;
      data[i] = base + step * (flip?.[row] === 1 ? n - reached : reached);
    }
    return { type: result, data };
  },
};
