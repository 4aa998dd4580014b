import type { IToken } from 'chevrotain';
import * as sayText from '../../diagnostics/catalog/qir-text.ts';
import * as sayTypes from '../../diagnostics/catalog/qir-types.ts';
import type { Diagnostics } from '../../diagnostics/index.ts';
import { elementProblem, goodShape } from '../check-type.ts';
import type { Attribute } from '../graph.ts';
import { parseNumber } from '../numbers.ts';
import { nearest } from '../../diagnostics/suggest.ts';
import type { ElementType, TensorType } from '../types.ts';
import type { Field, FieldValue, TypeText } from './ast.ts';
import type { Source } from './source.ts';
import * as t from './tokens.ts';

/** Turns tokens into values and reports those that mean nothing. */
export class Values {
  readonly source: Source;
  readonly diagnostics: Diagnostics;

  constructor(source: Source, diagnostics: Diagnostics) {
    this.source = source;
    this.diagnostics = diagnostics;
  }

  /** The content of a string. */
  string(token: IToken): string {
    // an open string has been reported already
    if (token.tokenType === t.OpenText) return '';
    try {
      return JSON.parse(token.image) as string;
    } catch {
      this.diagnostics.add(sayText.badEscape(this.source.span(token), token.image));
      return '';
    }
  }

  strings(tokens: readonly IToken[]): string[] {
    return tokens.map((token) => this.string(token));
  }

  /** The name behind `%` or `@`. */
  name(token: IToken): string {
    return token.image.slice(1);
  }

  /** A type, or undefined if it was reported as impossible. `subject` begins a sentence. */
  type(text: TypeText, subject: string): TensorType | undefined {
    const elem = this.#element(text, subject);
    const shape = text.shape.map((token) => Number(token.image));
    if (!goodShape(shape)) {
      const where = this.source.span(text.shape[0] ?? text.last, text.last);
      this.diagnostics.add(
        sayTypes.badShape(where, subject, `[${text.shape.map((n) => n.image).join(', ')}]`),
      );
      return undefined;
    }
    return elem && { elem, shape };
  }

  #element(text: TypeText, subject: string): ElementType | undefined {
    const word = text.name.image;
    const numbers = text.parameters.map((token) => Number(token.image));
    const written =
      text.parameters.length === 0 ? word : `${word}<${text.parameters.map((p) => p.image).join(',')}>`;
    const elem = elementFrom(word, numbers);
    const where = this.source.span(text.name, text.parameters[text.parameters.length - 1] ?? text.name);
    if (elem === undefined) {
      this.diagnostics.add(sayTypes.unknownType(where, written, nearestType(word)));
      return undefined;
    }
    const expected = elementProblem(elem);
    if (expected === undefined) return elem;
    this.diagnostics.add(sayTypes.badType(where, subject, written, expected));
    return undefined;
  }

  /** Fields by name, in order; a name that stands twice is reported. */
  fields(fields: readonly Field[]): Map<string, Field> {
    const map = new Map<string, Field>();
    for (const field of fields) {
      const name = field.name.image;
      if (map.has(name)) this.diagnostics.add(sayText.repeatedAttribute(this.source.span(field.name), name));
      else map.set(name, field);
    }
    return map;
  }

  /** The attributes of a node. */
  attributes(fields: readonly Field[]): Record<string, Attribute> {
    const entries: [string, Attribute][] = [];
    for (const [name, { value }] of this.fields(fields)) {
      const attribute = this.attribute(value);
      if (attribute !== undefined) entries.push([name, attribute]);
    }
    return Object.fromEntries(entries);
  }

  attribute(value: FieldValue): Attribute | undefined {
    switch (value.kind) {
      case 'number':
        return parseNumber(value.token.image);
      case 'string':
        return this.string(value.token);
      case 'boolean':
        return value.token.tokenType === t.True;
      case 'list':
        return value.items.map((token) => parseNumber(token.image));
      case 'quotient': {
        const where = this.source.span(value.token, value.denominator);
        this.diagnostics.add(
          sayText.quotientAttribute(where, `${value.token.image}/${value.denominator.image}`),
        );
        return undefined;
      }
    }
  }
}

function elementFrom(word: string, numbers: readonly number[]): ElementType | undefined {
  const [first, second] = numbers;
  if (first !== undefined && second !== undefined && numbers.length === 2) {
    if (word === 'fixed') return { kind: 'fixed', bits: first, frac: second };
    if (word === 'pow2') return { kind: 'pow2', lo: first, hi: second };
  }
  if (numbers.length > 0) return undefined;
  if (word === 'bipolar' || word === 'ternary' || word === 'float32') return { kind: word };
  const match = /^(u?int)(0|[1-9][0-9]{0,8})$/.exec(word);
  return match === null ? undefined : { kind: match[1] as 'uint' | 'int', bits: Number(match[2]) };
}

function nearestType(word: string): string | undefined {
  const other: Record<string, string> = {
    float: 'float32',
    float64: 'float32',
    binary: 'bipolar',
    bool: 'uint1',
  };
  if (Object.hasOwn(other, word)) return other[word];
  return nearest(word, [
    'bipolar',
    'ternary',
    'float32',
    'uint1',
    'uint2',
    'uint4',
    'uint8',
    'uint16',
    'int8',
    'int16',
    'int32',
  ]);
}
