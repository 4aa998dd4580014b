import type { IToken } from 'chevrotain';

/** What the grammar delivers: tokens in their structure, nothing resolved yet. */
export interface TypeText {
  readonly name: IToken;
  /** Parameters between `<` and `>`. */
  readonly parameters: readonly IToken[];
  readonly shape: readonly IToken[];
  readonly last: IToken;
}

export type FieldValue =
  | { readonly kind: 'number'; readonly token: IToken }
  | { readonly kind: 'quotient'; readonly token: IToken; readonly denominator: IToken }
  | { readonly kind: 'string'; readonly token: IToken }
  | { readonly kind: 'boolean'; readonly token: IToken }
  | {
      readonly kind: 'list';
      readonly token: IToken;
      readonly items: readonly IToken[];
      readonly last: IToken;
    };

/** `name = value` between braces. */
export interface Field {
  readonly name: IToken;
  readonly value: FieldValue;
}

export interface InputText {
  readonly name: IToken;
  readonly type: TypeText;
  readonly fields: readonly Field[];
  readonly from: readonly IToken[];
}

export interface NodeText {
  readonly name: IToken;
  readonly op: IToken;
  readonly operands: readonly IToken[];
  readonly fields: readonly Field[];
  readonly type: TypeText;
  readonly from: readonly IToken[];
}

export interface OutputText {
  readonly name: IToken;
  readonly type: TypeText;
  readonly fields: readonly Field[];
  readonly from: readonly IToken[];
  readonly host: readonly IToken[];
}

/** `kind { fields }`: a place that a note points to. */
export interface PlaceText {
  readonly kind: IToken;
  readonly fields: readonly Field[];
}

export interface NoteText {
  readonly code: IToken;
  readonly severity: IToken;
  readonly message: IToken;
  readonly fields: readonly Field[];
  readonly at: PlaceText | undefined;
  readonly also: readonly { readonly message: IToken; readonly place: PlaceText }[];
}

export interface ConstText {
  readonly name: IToken;
  readonly type: TypeText;
  /** The elements, if they stand in the text. */
  readonly values: readonly IToken[] | undefined;
}

export interface WeightsText {
  readonly keyword: IToken;
  readonly file: IToken;
  readonly sha256: IToken;
}

/** A whole file, as far as it could be read. */
export interface FileText {
  version: IToken | undefined;
  readonly weights: WeightsText[];
  readonly graphs: { readonly keyword: IToken; readonly name: IToken; readonly form: 'real' | 'integer' }[];
  readonly inputs: InputText[];
  readonly nodes: NodeText[];
  readonly outputs: OutputText[];
  readonly notes: NoteText[];
  readonly consts: ConstText[];
}
