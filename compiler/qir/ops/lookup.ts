import type { OpDefinition } from '../op.ts';
import { allocate, holds, isInteger, printElement, valueRange } from '../types.ts';
import { getNumber, integerAttribute } from './attributes.ts';
import { agree, operand } from './real.ts';
import { lastAxis, printShape } from './shapes.ts';

/** A table of results. */
export const lookup: OpDefinition = {
  name: 'lookup',
  forms: ['integer'],
  summary: 'Reads each result from a table: any function of one integer.',
  meaning: 'y = table[c][x - offset]; c is the position along the last axis (0 if the table has one row)',
  operands: [
    { name: 'x', doc: 'Integers from offset to offset + size - 1.', kind: 'value' },
    {
      name: 'table',
      doc: 'Results [C, size] or [1, size]; covers every value of the type of x.',
      kind: 'const',
    },
  ],
  attributes: { offset: integerAttribute('The x of the first entry.') },
  type: (operands, attributes, declared) => {
    const x = operand(operands, 0).type;
    const table = operand(operands, 1);
    const [rows, size] = [table.type.shape[0], table.type.shape[1] ?? 0];
    if (!isInteger(x.elem) || !isInteger(table.type.elem)) {
      return {
        message: 'lookup maps integers to integers',
        found: `${printElement(x.elem)} and ${printElement(table.type.elem)}`,
        expected: 'integer types',
      };
    }
    if (table.type.shape.length !== 2 || (rows !== 1 && rows !== lastAxis(x.shape))) {
      return {
        message: 'the table does not fit the operand',
        found: `shape ${printShape(table.type.shape)}`,
        expected: `[${lastAxis(x.shape)}, size] or [1, size]`,
      };
    }
    const offset = getNumber(attributes, 'offset');
    const { min, max } = valueRange(x.elem);
    if (offset > min || offset + size - 1 < max) {
      return {
        message: 'the table does not cover the operand',
        found: `entries for ${offset} to ${offset + size - 1}`,
        expected: `entries for ${min} to ${max}`,
      };
    }
    const elem = declared?.elem ?? table.type.elem;
    const unfit = isInteger(elem) ? table.tensor?.data.find((value) => !holds(elem, value)) : undefined;
    if (!isInteger(elem) || unfit !== undefined) {
      return {
        message: 'the declared type does not hold every entry',
        found: printElement(elem),
        expected: `a type for ${unfit ?? 'integers'}`,
      };
    }
    return agree({ elem, shape: x.shape }, declared);
  },
  evaluate: (operands, attributes, result) => {
    const x = operand(operands, 0);
    const table = operand(operands, 1);
    const offset = getNumber(attributes, 'offset');
    const [rows, size] = [table.type.shape[0] ?? 1, table.type.shape[1] ?? 1];
    const channels = lastAxis(x.type.shape);
    const data = allocate(result.elem, x.data.length);
    for (let i = 0; i < data.length; i++) {
      const row = rows === 1 ? 0 : i % channels;
      data[i] = table.data[row * size + (x.data[i] ?? 0) - offset] ?? 0;
    }
    return { type: result, data };
  },
};
