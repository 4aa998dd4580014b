import * as say from '../../diagnostics/catalog/qir-text.ts';
import { excerpt } from '../../diagnostics/wording.ts';
import type { Boundary, Scale } from '../graph.ts';
import { parseNumber } from '../numbers.ts';
import type { Field, FieldValue } from './ast.ts';
import type { Values } from './values.ts';

const known = 'scale = number or quotient, zero_point = number, offset = number, layout = "nchw"';

/** The boundary of an input or output from the fields between its braces. */
export function boundaryFrom(values: Values, fields: readonly Field[], subject: string): Boundary {
  const boundary: { scale?: Scale; zeroPoint?: number; offset?: number; layout?: 'nchw' } = {};
  for (const [name, field] of values.fields(fields)) {
    const { value } = field;
    const number = value.kind === 'number' ? parseNumber(value.token.image) : undefined;
    if (name === 'scale' && number !== undefined) boundary.scale = { numerator: number, denominator: 1 };
    else if (name === 'scale' && value.kind === 'quotient') boundary.scale = quotient(value);
    else if (name === 'zero_point' && number !== undefined) boundary.zeroPoint = number;
    else if (name === 'offset' && number !== undefined) boundary.offset = number;
    else if (name === 'layout' && value.kind === 'string' && values.string(value.token) === 'nchw')
      boundary.layout = 'nchw';
    else {
      const where = values.source.span(field.name);
      values.diagnostics.add(say.badField(where, subject, describeField(field), known));
    }
  }
  return boundary;
}

function quotient(value: FieldValue & { readonly kind: 'quotient' }): Scale {
  return { numerator: parseNumber(value.token.image), denominator: parseNumber(value.denominator.image) };
}

/** A field as a message repeats it. */
export function describeField(field: Field): string {
  const what = {
    number: 'a number',
    quotient: 'a quotient',
    string: 'a string',
    boolean: 'true or false',
    list: 'a list',
  };
  return `${excerpt(field.name.image)} = ${what[field.value.kind]}`;
}
