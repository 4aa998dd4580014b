import { readFile } from 'node:fs/promises';
import { DiagnosticError, Diagnostics, fail, type Diagnostic } from '../diagnostics/index.ts';
import { foldingEntry, foldingFile } from '../diagnostics/catalog/command.ts';
import { suggestion } from '../diagnostics/suggest.ts';
import { excerpt } from '../diagnostics/wording.ts';
import type { CompileOptions } from '../driver.ts';

/** Foldings by layer name, as the driver takes them. */
export type GivenFoldings = NonNullable<CompileOptions['folding']>;
type Entry = GivenFoldings extends ReadonlyMap<string, infer E> ? E : never;

const largest = 2 ** 20;

/** What a field takes, and whether a value is that. */
interface Field {
  readonly expected: string;
  readonly takes: (value: unknown) => boolean;
}

const integer = (most: number): Field => ({
  expected: `an integer from 1 to ${most}`,
  takes: (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most,
});
const oneOf = (...choices: readonly string[]): Field => ({
  expected: choices.map((choice) => `"${choice}"`).join(' or '),
  takes: (value) => typeof value === 'string' && choices.includes(value),
});
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const forkFields: ReadonlyMap<string, Field> = new Map([
  ['lanes', integer(2 ** 31)],
  ['rows', integer(2 ** 31)],
]);

const fields: ReadonlyMap<string, Field> = new Map([
  ['unit', { expected: 'the name of a unit (docs/units.md)', takes: (value) => typeof value === 'string' }],
  ['style', oneOf('folded', 'unrolled')],
  ['pe', integer(largest)],
  ['simd', integer(largest)],
  ['order', oneOf('output', 'input')],
  ['variant', { expected: 'a variant that the unit names', takes: (value) => typeof value === 'string' }],
  ['lanes', integer(2 ** 31)],
  ['fork', { expected: '{ "lanes": N } or { "lanes": N, "rows": N }', takes: isObject }],
]);

function syntaxError(file: string, text: string, error: SyntaxError): Diagnostic {
  const position = /position (\d+)/.exec(error.message)?.[1];
  const found = error.message
    .replace(/ in JSON at position.*/s, '')
    .replace(/, "[^]*" is not valid JSON$/, '');
  if (position === undefined) return foldingFile({ kind: 'file', file }, found);
  return foldingFile(spanAt(file, text, Number(position)), found);
}

function spanAt(file: string, text: string, position: number) {
  const before = text.slice(0, position).split('\n');
  const line = before.length;
  const source = text.split('\n')[line - 1] ?? '';
  return { kind: 'span', file, line, column: (before.at(-1)?.length ?? 0) + 1, text: source } as const;
}

/** Where an object of a JSON text has a key for the second time: the parser silently takes the last one. */
function* repeatedKeys(text: string): Generator<{ readonly key: string; readonly position: number }> {
  const open: Set<string>[] = [];
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"(?:\s*:)?|[{}]/gs)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (token.endsWith(':')) {
      const key = String(JSON.parse(token.replace(/\s*:$/, '')));
      if (open.at(-1)?.has(key) === true) yield { key, position: index };
      open.at(-1)?.add(key);
    }
  }
}

/** A value as a message shows it. */
const shown = (value: unknown): string => excerpt(JSON.stringify(value));

/** Reports what is wrong with the fields of an object of the file; `path` says where it stands. */
function checkFields(
  file: string,
  path: string,
  object: Readonly<Record<string, unknown>>,
  known: ReadonlyMap<string, Field>,
  diagnostics: Diagnostics,
): void {
  const names = [...known.keys()];
  for (const [key, value] of Object.entries(object)) {
    const field = known.get(key);
    if (field === undefined) {
      const expected = `only ${names.map((name) => `"${name}"`).join(', ')}`;
      diagnostics.add(foldingEntry(file, path, `"${excerpt(key)}"`, expected, suggestion(key, names)));
    } else if (!field.takes(value)) {
      diagnostics.add(foldingEntry(file, `${path}.${key}`, shown(value), field.expected));
    } else if (isObject(value)) {
      checkFields(file, `${path}.${key}`, value, forkFields, diagnostics);
      if (value['lanes'] === undefined)
        diagnostics.add(foldingEntry(file, `${path}.${key}`, shown(value), field.expected));
    }
  }
}

/**
 * Reads a folding file: an object from names of layers and inputs to entries (docs/folding.md).
 *
 * @throws DiagnosticError QCC6200 if it is no JSON, QCC6201 for every malformed entry: a field that there is not or that is given twice, a
 * value that it does not take, `order`, `variant`, or without `unit` `pe` or `simd`, of a layer that is unrolled.
 */
export function parseFolding(text: string, file: string): GivenFoldings {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return fail(syntaxError(file, text, error));
  }
  if (!isObject(content)) return fail(foldingFile({ kind: 'file', file }, shown(content)));
  const twice = [...repeatedKeys(text)].map(({ key, position }) =>
    foldingFile(spanAt(file, text, position), `"${excerpt(key)}" for the second time`),
  );
  if (twice.length > 0) throw new DiagnosticError(twice);
  const diagnostics = new Diagnostics();
  for (const [name, entry] of Object.entries(content)) {
    const path = excerpt(name);
    if (!isObject(entry)) {
      diagnostics.add(foldingEntry(file, path, shown(entry), 'an object, like { "pe": 16, "simd": 32 }'));
      continue;
    }
    checkFields(file, path, entry, fields, diagnostics);
    // a unit that is named can be one of several copies
    const idle = entry['unit'] === undefined ? ['pe', 'simd', 'order', 'variant'] : ['order', 'variant'];
    const unused = idle.filter((key) => entry[key] !== undefined);
    if (entry['style'] === 'unrolled' && unused.length > 0) {
      const found = unused.map((key) => `"${key}"`).join(', ');
      diagnostics.add(foldingEntry(file, path, found, 'nothing of the kind beside "style": "unrolled"'));
    }
  }
  diagnostics.throwIfErrors();
  return new Map(Object.entries(content as Readonly<Record<string, Entry>>));
}

/** Reads the folding file of this path. */
export async function readFolding(file: string): Promise<GivenFoldings> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return fail(
      foldingFile({ kind: 'file', file }, code === 'ENOENT' ? 'no such file' : (code ?? 'it cannot be read')),
    );
  }
  return parseFolding(text, file);
}
