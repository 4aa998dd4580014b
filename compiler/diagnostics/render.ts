import { createColors } from 'picocolors';
import type { Diagnostic, Severity, Where } from './diagnostic.ts';

/** How diagnostics are drawn. */
export interface RenderOptions {
  /** Colours and bold by ANSI sequences. */
  readonly color: boolean;
  /** Columns to wrap at, default 100. */
  readonly width?: number;
}

const longestText = 400;

/**
 * Text out of a model or file, made safe to print: control characters (escape sequences of terminals among them) and
 * direction overrides are shown as escapes, and very long texts lose their middle.
 */
export function printable(text: string, longest = longestText): string {
  const short =
    text.length <= longest
      ? text
      : `${text.slice(0, longest - 40)} ... [${text.length} characters] ... ${text.slice(-10)}`;
  return short.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (char) =>
    char === '\n' ? '\\n' : char === '\t' ? '\\t' : `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** `file.qir:12:7`, `node 'Conv_3' (Conv) in model.onnx`: a place in one line of plain text. */
export function placeText(where: Where): string {
  const safe = (text: string): string => printable(text, 160);
  switch (where.kind) {
    case 'span':
      return `${safe(where.file)}:${where.line}:${where.column}`;
    case 'node':
      return `${where.file === undefined ? '' : `${safe(where.file)}: `}node '${safe(where.name)}' (${safe(where.op)})`;
    case 'file':
      return safe(where.file);
    case 'option':
      return `option ${safe(where.option)}`;
    case 'unit':
      return `instance ${safe(where.instance)} (unit ${safe(where.unit)})`;
  }
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** The source line, cut to a window around the place, and where in it the place stands (from 0). */
function excerpt(
  text: string,
  column: number,
  width: number,
): { readonly line: string; readonly offset: number } {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, ' ');
  const start = column - 1 < width - 20 ? 0 : column - 1 - Math.floor(width / 2);
  const cut = plain.slice(start, start + width);
  const head = start > 0 ? '...' : '';
  const tail = start + width < plain.length ? '...' : '';
  return { line: head + cut + tail, offset: head.length + column - 1 - start };
}

/** Draws one diagnostic: message, place with the source line where there is one, what was found and expected, and help. */
export function renderDiagnostic(diagnostic: Diagnostic, options: RenderOptions): string {
  const paint = createColors(options.color);
  const width = Math.max(40, options.width ?? 100);
  const tone = { error: paint.red, warning: paint.yellow, note: paint.cyan }[diagnostic.severity];
  const bar = (text: string): string => paint.blue(text);
  const lines: string[] = [];
  const message = wrap(printable(diagnostic.message), width);
  lines.push(
    `${paint.bold(tone(`${diagnostic.severity}[${diagnostic.code}]`))}${paint.bold(`: ${message[0]}`)}`,
  );
  lines.push(...message.slice(1).map((line) => paint.bold(`  ${line}`)));

  const { where } = diagnostic;
  const number = where?.kind === 'span' && where.text !== undefined ? String(where.line) : '';
  const margin = ' '.repeat(Math.max(1, number.length));
  if (where !== undefined) lines.push(`${margin}${bar('-->')} ${placeText(where)}`);
  if (where?.kind === 'span' && where.text !== undefined) {
    const { line, offset } = excerpt(where.text, where.column, width - 10);
    const length = Math.max(1, Math.min(where.length ?? 1, line.length - offset));
    lines.push(`${margin} ${bar('|')}`);
    lines.push(`${bar(`${number} |`)} ${line}`);
    lines.push(`${margin} ${bar('|')} ${' '.repeat(offset)}${tone('^'.repeat(length))}`);
  }

  const details = [
    ['found', diagnostic.found],
    ['expected', diagnostic.expected],
    ['help', diagnostic.help],
  ].filter((detail): detail is [string, string] => detail[1] !== undefined && detail[1] !== '');
  if (details.length > 0 && where !== undefined) lines.push(`${margin} ${bar('|')}`);
  const label = Math.max(...details.map(([name]) => name.length));
  for (const [name, text] of details) {
    const [first = '', ...rest] = wrap(printable(text, 1200), width - margin.length - label - 5);
    const title = `${name}:`.padEnd(label + 1);
    lines.push(`${margin} ${bar('=')} ${name === 'help' ? paint.green(title) : paint.bold(title)} ${first}`);
    lines.push(...rest.map((line) => `${margin}   ${' '.repeat(label + 1)} ${line}`));
  }
  for (const related of diagnostic.related ?? []) {
    lines.push(`${margin} ${bar('=')} ${paint.bold('see:')} ${printable(related.message)}`);
    lines.push(`${margin}   ${bar('-->')} ${placeText(related.where)}`);
  }
  return lines.join('\n');
}

const order: readonly Severity[] = ['note', 'warning', 'error'];

/** Draws diagnostics, errors last (nearest to the prompt), a blank line between each two; the empty string for none. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], options: RenderOptions): string {
  return order
    .flatMap((severity) => diagnostics.filter((d) => d.severity === severity))
    .map((d) => renderDiagnostic(d, options))
    .join('\n\n');
}

/** `1 error and 2 warnings`, for the last line of a command; the empty string if there are neither. */
export function countText(diagnostics: readonly Diagnostic[]): string {
  const count = (severity: Severity): string[] => {
    const n = diagnostics.filter((d) => d.severity === severity).length;
    return n === 0 ? [] : [`${n} ${severity}${n === 1 ? '' : 's'}`];
  };
  return [...count('error'), ...count('warning')].join(' and ');
}
