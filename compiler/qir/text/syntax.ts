import { EOF } from 'chevrotain';
import type { IToken } from 'chevrotain';
import * as say from '../../diagnostics/catalog/qir-text.ts';
import type { Diagnostics } from '../../diagnostics/index.ts';
import type { FileText } from './ast.ts';
import { expectedAfter, grammar } from './grammar.ts';
import type { EntryRule, QirGrammar } from './grammar.ts';
import type { Source } from './source.ts';
import * as t from './tokens.ts';

/** So many syntax errors are reported in one run. */
const errorLimit = 20;

/** Statements that begin inside the braces of a graph, and those that begin outside. */
const inner: ReadonlySet<unknown> = new Set([t.Input, t.Output, t.Note, t.ValueName, t.RightBrace]);
const outer: ReadonlySet<unknown> = new Set([t.Const, t.Graph, t.Weights]);

/**
 * Reads the text into its syntax tree. Errors go to `diagnostics`; after one, reading goes on at the next line that begins like a
 * statement, so that one run reports the errors of several statements.
 */
export function readSyntax(source: Source, text: string, diagnostics: Diagnostics): FileText | undefined {
  const start = /^[\s\uFEFF]*(?:\/\/[^\r\n]*[\s\uFEFF]*)*/.exec(text)![0].length;
  if (!/^qir\b/.test(text.slice(start, start + 4))) {
    const found = text.slice(start, start + 16).split(/[\r\n]/)[0]!;
    diagnostics.add(say.notQir(source.at(1, 1, 1), found === '' ? 'an empty file' : JSON.stringify(found)));
    return undefined;
  }
  const { tokens, errors } = t.lexer.tokenize(text);
  const spoiled = new Set<number>();
  let count = 0;
  for (const error of errors) {
    const line = error.line ?? 1;
    if (spoiled.has(line)) continue;
    spoiled.add(line);
    if (count++ >= errorLimit) continue;
    // of a malformed number the lexer refuses the beginning only; the user sees the whole
    const bad =
      /^[A-Za-z0-9_.]*/.exec(text.slice(error.offset, error.offset + 100))![0] ||
      String.fromCodePoint(text.codePointAt(error.offset)!);
    diagnostics.add(say.unexpectedCharacter(source.at(line, error.column ?? 1, bad.length), bad));
  }
  for (const token of tokens) {
    if (token.tokenType !== t.OpenText) continue;
    spoiled.add(token.startLine ?? 1);
    if (count++ < errorLimit) diagnostics.add(say.unterminatedString(source.span(token)));
  }
  const { file, errors: more } = parseTokens(source, tokens, diagnostics, spoiled, errorLimit - count);
  if (count + more > errorLimit)
    diagnostics.add(say.moreErrors({ kind: 'file', file: source.file }, errorLimit));
  return file;
}

function parseTokens(
  source: Source,
  tokens: readonly IToken[],
  diagnostics: Diagnostics,
  spoiled: ReadonlySet<number>,
  limit: number,
): { readonly file: FileText; readonly errors: number } {
  const parser = grammar();
  let entry: EntryRule = 'header';
  let errors = 0;
  for (let from = 0; errors <= limit;) {
    parser.input = from === 0 ? [...tokens] : tokens.slice(from);
    if (entry === 'header') parser.header();
    else if (entry === 'top') parser.top();
    else parser.rest();
    const error = parser.errors[0];
    if (error === undefined) break;
    const at = error.token.tokenType === EOF ? tokens.length : indexOf(tokens, error.token);
    const lines = [tokens[at]?.startLine, tokens[at - 1]?.endLine];
    if (!lines.some((line) => line !== undefined && spoiled.has(line))) {
      if (errors++ < limit) diagnostics.add(syntaxError(source, parser, tokens, at));
    }
    const next = resume(parser, tokens, at);
    if (next === undefined) break;
    from = next;
    entry = inner.has(tokens[next]!.tokenType) ? 'block' : 'top';
  }
  return { file: parser.file, errors };
}

function syntaxError(source: Source, parser: QirGrammar, tokens: readonly IToken[], at: number) {
  const found = tokens[at];
  const begin = parser.statement?.tokenType === EOF ? at : statementIndex(parser, tokens);
  const expected = expectedAfter(parser, parser.context, shorten(tokens.slice(begin, at)));
  // the last rule that was being read: one of the lists of statements, or something inside a statement
  const rules = parser.errors[0]?.context.ruleStack ?? [];
  const last = rules[rules.length - 1];
  const between = last === undefined || ['header', 'top', 'block', 'rest'].includes(last);
  if (between && parser.context === 'top') expected.push('the end of the file');
  return say.unexpectedToken(
    found === undefined ? source.end() : source.span(found),
    found === undefined ? 'end of file' : `\`${found.image}\``,
    expected,
    `${between && begin < at ? 'after' : 'in'} ${parser.subject}`,
  );
}

/** Leaves out the middle of lists of numbers: it does not change what may follow. */
function shorten(tokens: readonly IToken[]): IToken[] {
  const kept: IToken[] = [];
  for (const token of tokens) {
    const before = kept[kept.length - 2];
    if (
      before?.tokenType === token.tokenType &&
      kept[kept.length - 1]?.tokenType === t.Comma &&
      kept[kept.length - 3]?.tokenType === t.Comma
    ) {
      kept.length -= 2;
    }
    kept.push(token);
  }
  return kept;
}

function statementIndex(parser: QirGrammar, tokens: readonly IToken[]): number {
  return parser.statement === undefined ? 0 : indexOf(tokens, parser.statement);
}

/** The next token that begins a line and a statement, and at which reading makes progress. */
function resume(parser: QirGrammar, tokens: readonly IToken[], at: number): number | undefined {
  const statement = parser.statement?.tokenType === EOF ? tokens.length : statementIndex(parser, tokens);
  for (let i = at; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (i > 0 && tokens[i - 1]!.endLine === token.startLine) continue;
    const isInner = inner.has(token.tokenType);
    if (!isInner && !outer.has(token.tokenType)) continue;
    if (i > statement || isInner !== (parser.context === 'block')) return i;
  }
  return undefined;
}

/** The index of a token of the list, by its offset. */
function indexOf(tokens: readonly IToken[], token: IToken): number {
  let low = 0;
  let high = tokens.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (tokens[middle]!.startOffset < token.startOffset) low = middle + 1;
    else high = middle;
  }
  return low;
}
