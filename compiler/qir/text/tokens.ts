import { createToken, Lexer } from 'chevrotain';
import type { TokenType } from 'chevrotain';

/** A plain word: an op, an attribute, an element type. Every keyword is one as well, so that no word is reserved. */
export const Word = createToken({ name: 'Word', pattern: /[A-Za-z_][A-Za-z0-9_]*/, label: 'a word' });

function keyword(text: string): TokenType {
  return createToken({
    name: `Keyword_${text}`,
    pattern: text,
    longer_alt: Word,
    categories: Word,
    label: `\`${text}\``,
  });
}

function mark(text: string): TokenType {
  return createToken({ name: `Mark_${text}`, pattern: text, label: `\`${text}\`` });
}

export const Qir = keyword('qir');
export const Weights = keyword('weights');
export const Sha256 = keyword('sha256');
export const Graph = keyword('graph');
export const Real = keyword('real');
export const IntegerWord = keyword('integer');
export const Input = keyword('input');
export const Output = keyword('output');
export const Const = keyword('const');
export const From = keyword('from');
export const Host = keyword('host');
export const Note = keyword('note');
export const ErrorWord = keyword('error');
export const WarningWord = keyword('warning');
export const At = keyword('at');
export const Also = keyword('also');
export const True = keyword('true');
export const False = keyword('false');

/** Any number. `inf` and `nan` are written so that a dump of a faulty graph can be read; the verifier refuses them. */
export const NumberText = createToken({ name: 'NumberText', pattern: Lexer.NA, label: 'a number' });
export const SpecialNumber = createToken({
  name: 'SpecialNumber',
  pattern: /-?inf\b|nan\b/,
  longer_alt: Word,
  categories: NumberText,
  label: 'a number',
});
export const Decimal = createToken({
  name: 'Decimal',
  pattern: /-?[0-9]+(?:\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)(?![A-Za-z0-9_.])/,
  categories: NumberText,
  label: 'a number',
});
export const Integer = createToken({
  name: 'Integer',
  pattern: /-?[0-9]+(?![A-Za-z0-9_.])/,
  categories: NumberText,
  label: 'a whole number',
});

export const Text = createToken({
  name: 'Text',
  // the shape of the pattern keeps the regular expression engine from backtracking: a string may be megabytes long
  pattern: /"[^"\\\r\n]*(?:\\[^\r\n][^"\\\r\n]*)*"/,
  label: 'a string',
});
/** A string that its line ends; taken as a string so that parsing goes on, and reported. */
export const OpenText = createToken({
  name: 'OpenText',
  pattern: /"[^\r\n]*/,
  categories: Text,
  label: 'a string',
});

export const ValueName = createToken({
  name: 'ValueName',
  pattern: /%[A-Za-z0-9_]+/,
  label: 'a value (%name)',
});
export const ConstName = createToken({
  name: 'ConstName',
  pattern: /@[A-Za-z0-9_]+/,
  label: 'a constant (@name)',
});
/** The code of a diagnostic. */
export const Code = createToken({
  name: 'Code',
  pattern: /QCC[0-9]{4}\b/,
  longer_alt: Word,
  categories: Word,
  label: 'a code (QCC0000)',
});

export const Colon = mark(':');
export const Comma = mark(',');
export const Equals = mark('=');
export const Slash = mark('/');
export const Less = mark('<');
export const Greater = mark('>');
export const LeftBrace = mark('{');
export const RightBrace = mark('}');
export const LeftBracket = mark('[');
export const RightBracket = mark(']');

const Space = createToken({
  name: 'Space',
  pattern: /[ \t\r\n\uFEFF]+/,
  group: Lexer.SKIPPED,
  line_breaks: true,
});
const Comment = createToken({ name: 'Comment', pattern: /\/\/[^\r\n]*/, group: Lexer.SKIPPED });

/** Every token, in the order in which the lexer tries them. */
export const vocabulary: TokenType[] = [
  Space,
  Comment,
  ValueName,
  ConstName,
  Decimal,
  Integer,
  SpecialNumber,
  NumberText,
  Text,
  OpenText,
  Code,
  Qir,
  Weights,
  Sha256,
  Graph,
  Real,
  IntegerWord,
  Input,
  Output,
  Const,
  From,
  Host,
  Note,
  ErrorWord,
  WarningWord,
  At,
  Also,
  True,
  False,
  Word,
  Colon,
  Comma,
  Equals,
  Slash,
  Less,
  Greater,
  LeftBrace,
  RightBrace,
  LeftBracket,
  RightBracket,
];

export const lexer = new Lexer(vocabulary, { positionTracking: 'full', ensureOptimizations: false });
