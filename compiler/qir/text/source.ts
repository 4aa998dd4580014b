import type { IToken } from 'chevrotain';
import type { Where } from '../../diagnostics/index.ts';

/** A text with its name: makes the places that diagnostics point to. */
export class Source {
  readonly file: string;
  readonly #text: string;
  #lines: number[] | undefined;

  constructor(file: string, text: string) {
    this.file = file;
    this.#text = text;
  }

  /** The place of a token, or of everything from it to `last` as far as that stands on the same line. */
  span(token: IToken, last: IToken = token): Where {
    const line = token.startLine ?? 1;
    const column = token.startColumn ?? 1;
    const text = this.line(line);
    const end = last.startLine === line ? (last.endColumn ?? column) : text.length;
    return { kind: 'span', file: this.file, line, column, text, length: Math.max(1, end - column + 1) };
  }

  /** The place of some characters. */
  at(line: number, column: number, length: number): Where {
    return {
      kind: 'span',
      file: this.file,
      line,
      column,
      text: this.line(line),
      length: Math.max(1, length),
    };
  }

  /** The place just behind the last character that is not a space. */
  end(): Where {
    const trimmed = this.#text.trimEnd().length;
    const starts = this.#starts();
    let line = starts.length;
    while (line > 1 && starts[line - 1]! > trimmed) line--;
    return this.at(line, trimmed - starts[line - 1]! + 1, 1);
  }

  /** The text of a line, counted from 1, without its end. */
  line(line: number): string {
    const starts = this.#starts();
    const from = starts[line - 1] ?? this.#text.length;
    const to = starts[line] ?? this.#text.length;
    return this.#text.slice(from, to).replace(/[\r\n]+$/, '');
  }

  #starts(): number[] {
    if (this.#lines === undefined) {
      this.#lines = [0];
      // the same line ends as the lexer's
      for (const match of this.#text.matchAll(/\r\n?|\n/g)) this.#lines.push(match.index + match[0].length);
    }
    return this.#lines;
  }
}
