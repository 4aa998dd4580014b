import { EmbeddedActionsParser } from 'chevrotain';
import type { IToken, TokenType } from 'chevrotain';
import type { Field, FieldValue, FileText, PlaceText, TypeText } from './ast.ts';
import * as t from './tokens.ts';

/** The rules at which parsing can begin, and begin again after an error. */
export type EntryRule = 'header' | 'top' | 'block';

export type { QirGrammar };

function emptyFile(): FileText {
  return {
    version: undefined,
    weights: [],
    graphs: [],
    inputs: [],
    nodes: [],
    outputs: [],
    notes: [],
    consts: [],
  };
}

/**
 * The grammar of `.qir` files. No rule is recursive: depth of nesting is bounded by the grammar, the length of a file only by memory.
 *
 * Statements go into `file` as soon as they are complete, so that after an error everything before and after it is still there.
 */
class QirGrammar extends EmbeddedActionsParser {
  file: FileText = emptyFile();
  /** The rule whose statements are being read: where reading goes on after an error. */
  context: EntryRule = 'header';
  /** First token of the statement being read. */
  statement: IToken | undefined;
  /** What is being read, for messages. */
  subject = 'the header';

  constructor() {
    super(t.vocabulary, { recoveryEnabled: false, maxLookahead: 2, nodeLocationTracking: 'none' });
    this.performSelfAnalysis();
  }

  /** Forgets the last file. */
  begin(): void {
    this.file = emptyFile();
    this.context = 'header';
    this.statement = undefined;
    this.subject = 'the header';
  }

  #enter(context: EntryRule, subject: string): void {
    this.context = context;
    this.subject = subject;
    this.statement = this.LA(1);
  }

  readonly header = this.RULE('header', () => {
    this.CONSUME(t.Qir);
    const version = this.CONSUME(t.Integer);
    this.ACTION(() => {
      this.file.version = version;
    });
    this.SUBRULE(this.top);
  });

  readonly top = this.RULE('top', () => {
    this.ACTION(() => this.#enter('top', 'the file'));
    this.MANY(() => {
      this.OR([
        { ALT: () => this.SUBRULE(this.weights) },
        { ALT: () => this.SUBRULE(this.graph) },
        { ALT: () => this.SUBRULE(this.constant) },
      ]);
    });
  });

  readonly weights = this.RULE('weights', () => {
    this.ACTION(() => this.#enter('top', 'the `weights` line'));
    const keyword = this.CONSUME(t.Weights);
    const file = this.CONSUME1(t.Text);
    this.CONSUME(t.Sha256);
    const sha256 = this.CONSUME2(t.Text);
    this.ACTION(() => this.file.weights.push({ keyword, file, sha256 }));
  });

  readonly graph = this.RULE('graph', () => {
    this.ACTION(() => this.#enter('top', 'the head of the graph'));
    const keyword = this.CONSUME(t.Graph);
    const form = this.OR<'real' | 'integer'>([
      {
        ALT: () => {
          this.CONSUME(t.Real);
          return 'real';
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.IntegerWord);
          return 'integer';
        },
      },
    ]);
    const name = this.CONSUME(t.ConstName);
    this.CONSUME(t.LeftBrace);
    this.ACTION(() => this.file.graphs.push({ keyword, name, form }));
    this.SUBRULE(this.block);
  });

  readonly block = this.RULE('block', () => {
    this.ACTION(() => this.#enter('block', 'the graph'));
    this.MANY(() => {
      this.OR([
        { ALT: () => this.SUBRULE(this.node) },
        { ALT: () => this.SUBRULE(this.inputLine) },
        { ALT: () => this.SUBRULE(this.output) },
        { ALT: () => this.SUBRULE(this.note) },
      ]);
    });
    this.CONSUME(t.RightBrace);
    this.ACTION(() => this.#enter('top', 'the file'));
  });

  /** Where reading goes on after an error inside a graph. */
  readonly rest = this.RULE('rest', () => {
    this.SUBRULE(this.block);
    this.SUBRULE(this.top);
  });

  readonly inputLine = this.RULE('inputLine', () => {
    this.ACTION(() => this.#enter('block', 'an input'));
    this.CONSUME(t.Input);
    const name = this.CONSUME(t.ValueName);
    this.CONSUME(t.Colon);
    const type = this.SUBRULE(this.type);
    const fields = this.OPTION1(() => this.SUBRULE(this.fields)) ?? [];
    const from = this.OPTION2(() => this.SUBRULE(this.from)) ?? [];
    this.ACTION(() => this.file.inputs.push({ name, type, fields, from }));
  });

  readonly node = this.RULE('node', () => {
    this.ACTION(() => this.#enter('block', 'a node'));
    const name = this.CONSUME(t.ValueName);
    this.CONSUME(t.Equals);
    const op = this.CONSUME(t.Word);
    const operands: IToken[] = [];
    this.MANY_SEP({
      SEP: t.Comma,
      DEF: () =>
        operands.push(
          this.OR([{ ALT: () => this.CONSUME1(t.ValueName) }, { ALT: () => this.CONSUME2(t.ConstName) }]),
        ),
    });
    const fields = this.OPTION1(() => this.SUBRULE(this.fields)) ?? [];
    this.CONSUME(t.Colon);
    const type = this.SUBRULE(this.type);
    const from = this.OPTION2(() => this.SUBRULE(this.from)) ?? [];
    this.ACTION(() => this.file.nodes.push({ name, op, operands, fields, type, from }));
  });

  readonly output = this.RULE('output', () => {
    this.ACTION(() => this.#enter('block', 'an output'));
    this.CONSUME(t.Output);
    const name = this.CONSUME(t.ValueName);
    this.CONSUME(t.Colon);
    const type = this.SUBRULE(this.type);
    const fields = this.OPTION1(() => this.SUBRULE(this.fields)) ?? [];
    const from = this.OPTION2(() => this.SUBRULE(this.from)) ?? [];
    const host: IToken[] = [];
    this.OPTION3(() => {
      this.CONSUME(t.Host);
      this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => host.push(this.CONSUME(t.Text)) });
    });
    this.ACTION(() => this.file.outputs.push({ name, type, fields, from, host }));
  });

  readonly note = this.RULE('note', () => {
    this.ACTION(() => this.#enter('block', 'a note'));
    this.CONSUME1(t.Note);
    const code = this.CONSUME(t.Code);
    const severity = this.OR([
      { ALT: () => this.CONSUME(t.ErrorWord) },
      { ALT: () => this.CONSUME(t.WarningWord) },
      { ALT: () => this.CONSUME2(t.Note) },
    ]);
    const message = this.CONSUME1(t.Text);
    const fields = this.OPTION1(() => this.SUBRULE(this.fields)) ?? [];
    const at = this.OPTION2(() => {
      this.CONSUME1(t.At);
      return this.SUBRULE1(this.place);
    });
    const also: { message: IToken; place: PlaceText }[] = [];
    this.MANY(() => {
      this.CONSUME(t.Also);
      const text = this.CONSUME2(t.Text);
      this.CONSUME2(t.At);
      const place = this.SUBRULE2(this.place);
      also.push({ message: text, place });
    });
    this.ACTION(() => this.file.notes.push({ code, severity, message, fields, at, also }));
  });

  readonly place = this.RULE('place', (): PlaceText => {
    const kind = this.CONSUME(t.Word);
    const fields = this.SUBRULE(this.fields);
    return { kind, fields };
  });

  readonly constant = this.RULE('constant', () => {
    this.ACTION(() => this.#enter('top', 'a constant'));
    this.CONSUME(t.Const);
    const name = this.CONSUME(t.ConstName);
    this.CONSUME(t.Colon);
    const type = this.SUBRULE(this.type);
    const values = this.OPTION(() => {
      this.CONSUME(t.Equals);
      return this.OR([
        { ALT: () => [this.CONSUME(t.NumberText)] },
        { ALT: () => this.SUBRULE(this.list).items },
      ]);
    });
    this.ACTION(() => this.file.consts.push({ name, type, values }));
  });

  readonly type = this.RULE('type', (): TypeText => {
    const name = this.CONSUME(t.Word);
    const parameters: IToken[] = [];
    this.OPTION(() => {
      this.CONSUME(t.Less);
      this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => parameters.push(this.CONSUME1(t.Integer)) });
      this.CONSUME(t.Greater);
    });
    this.CONSUME(t.LeftBracket);
    const shape: IToken[] = [];
    this.MANY_SEP({ SEP: t.Comma, DEF: () => shape.push(this.CONSUME2(t.Integer)) });
    const last = this.CONSUME(t.RightBracket);
    return { name, parameters, shape, last };
  });

  readonly fields = this.RULE('fields', (): Field[] => {
    const fields: Field[] = [];
    this.CONSUME(t.LeftBrace);
    this.MANY_SEP({
      SEP: t.Comma,
      DEF: () => {
        const name = this.CONSUME(t.Word);
        this.CONSUME(t.Equals);
        const value = this.SUBRULE(this.value);
        fields.push({ name, value });
      },
    });
    this.CONSUME(t.RightBrace);
    return fields;
  });

  readonly value = this.RULE('value', (): FieldValue =>
    this.OR<FieldValue>([
      {
        ALT: () => {
          const token = this.CONSUME1(t.NumberText);
          const denominator = this.OPTION(() => {
            this.CONSUME(t.Slash);
            return this.CONSUME2(t.NumberText);
          });
          return denominator === undefined
            ? { kind: 'number', token }
            : { kind: 'quotient', token, denominator };
        },
      },
      { ALT: () => ({ kind: 'string', token: this.CONSUME(t.Text) }) },
      { ALT: () => ({ kind: 'boolean', token: this.CONSUME(t.True) }) },
      { ALT: () => ({ kind: 'boolean', token: this.CONSUME(t.False) }) },
      {
        ALT: () => {
          const list = this.SUBRULE(this.list);
          return { kind: 'list', token: list.token, items: list.items, last: list.last };
        },
      },
    ]),
  );

  readonly list = this.RULE('list', () => {
    const items: IToken[] = [];
    const token = this.CONSUME(t.LeftBracket);
    this.MANY_SEP({ SEP: t.Comma, DEF: () => items.push(this.CONSUME(t.NumberText)) });
    const last = this.CONSUME(t.RightBracket);
    return { token, items, last };
  });

  readonly from = this.RULE('from', (): IToken[] => {
    const names: IToken[] = [];
    this.CONSUME(t.From);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => names.push(this.CONSUME(t.Text)) });
    return names;
  });
}

/** One parser serves every file: building it analyses the grammar, which takes longer than reading a small file. */
let shared: QirGrammar | undefined;

/** The parser, ready for a new file. */
export function grammar(): QirGrammar {
  shared ??= new QirGrammar();
  shared.begin();
  return shared;
}

/** Everything that may follow `preceding`, which begins at the rule `entry`, in the words of a message. */
export function expectedAfter(parser: QirGrammar, entry: EntryRule, preceding: readonly IToken[]): string[] {
  const labels = parser
    .computeContentAssist(entry, [...preceding])
    .map(
      (path: { readonly nextTokenType: TokenType }) => path.nextTokenType.LABEL ?? path.nextTokenType.name,
    );
  return [...new Set(labels)];
}
