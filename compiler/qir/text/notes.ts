import type { IToken } from 'chevrotain';
import * as say from '../../diagnostics/catalog/qir-text.ts';
import type { Diagnostic, Where } from '../../diagnostics/index.ts';
import type { Field, NoteText, PlaceText } from './ast.ts';
import { describeField } from './boundary.ts';
import { parseNumber } from '../numbers.ts';
import * as t from './tokens.ts';
import type { Values } from './values.ts';

type Kind = 'string' | 'number';
/** The fields of every kind of place; a question mark makes one optional. */
const placeFields: Readonly<Record<Where['kind'], Readonly<Record<string, Kind | `${Kind}?`>>>> = {
  span: { file: 'string', line: 'number', column: 'number', text: 'string?', length: 'number?' },
  node: { file: 'string?', name: 'string', op: 'string' },
  file: { file: 'string' },
  option: { option: 'string' },
  unit: { instance: 'string', unit: 'string' },
};
const noteFields = { found: 'string?', expected: 'string?', help: 'string?' } as const;

/** A note of the graph, as `printQir` writes it. */
export function noteFrom(values: Values, note: NoteText): Diagnostic | undefined {
  const fields = checked(values, note.message, note.fields, noteFields, 'A note');
  const where = note.at && placeFrom(values, note.at);
  const related = note.also.flatMap(({ message, place }) => {
    const at = placeFrom(values, place);
    return at === undefined ? [] : [{ where: at, message: values.string(message) }];
  });
  return {
    code: note.code.image,
    severity:
      note.severity.tokenType === t.ErrorWord
        ? 'error'
        : note.severity.tokenType === t.WarningWord
          ? 'warning'
          : 'note',
    message: values.string(note.message),
    ...(where && { where }),
    ...fields,
    ...(related.length > 0 && { related }),
  };
}

function placeFrom(values: Values, place: PlaceText): Where | undefined {
  const kind = place.kind.image;
  if (!Object.hasOwn(placeFields, kind)) {
    const kinds = Object.keys(placeFields).join(', ');
    values.diagnostics.add(
      say.badField(values.source.span(place.kind), 'A note', `the place \`${kind}\``, `one of ${kinds}`),
    );
    return undefined;
  }
  const fields = checked(
    values,
    place.kind,
    place.fields,
    placeFields[kind as Where['kind']],
    `The place \`${kind}\``,
  );
  return fields && ({ kind, ...fields } as Where);
}

/** The values of the fields that `spec` allows; undefined if one is missing or wrong, which is reported. */
function checked(
  values: Values,
  at: IToken,
  fields: readonly Field[],
  spec: Readonly<Record<string, Kind | `${Kind}?`>>,
  subject: string,
): Record<string, string | number> | undefined {
  const list = Object.entries(spec)
    .map(([name, kind]) => `${name} = ${kind.replace('?', '')}${kind.endsWith('?') ? ' (optional)' : ''}`)
    .join(', ');
  const found: [string, string | number][] = [];
  let good = true;
  const given = values.fields(fields);
  for (const [name, field] of given) {
    const kind = Object.hasOwn(spec, name) ? spec[name]!.replace('?', '') : undefined;
    const { value } = field;
    if (kind === 'string' && value.kind === 'string') found.push([name, values.string(value.token)]);
    else if (kind === 'number' && value.kind === 'number') found.push([name, parseNumber(value.token.image)]);
    else {
      good = false;
      values.diagnostics.add(
        say.badField(values.source.span(field.name), subject, describeField(field), list),
      );
    }
  }
  for (const [name, kind] of Object.entries(spec)) {
    if (kind.endsWith('?') || given.has(name)) continue;
    good = false;
    values.diagnostics.add(say.missingField(values.source.span(at), subject, name, list));
  }
  return good ? Object.fromEntries(found) : undefined;
}
