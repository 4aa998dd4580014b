import type { Attribute } from '../graph.ts';
import type { AttributeSpec } from '../op.ts';
import { invariant } from '../../diagnostics/index.ts';

type Optional = { readonly optional?: boolean };

/** An integer from `least` to `most` (default: any). */
export function integerAttribute(
  doc: string,
  options: Optional & { readonly least?: number; readonly most?: number } = {},
): AttributeSpec {
  const { least = -Infinity, most = Infinity } = options;
  const expected = Number.isFinite(most)
    ? `an integer from ${least} to ${most}`
    : Number.isFinite(least)
      ? `an integer of at least ${least}`
      : 'an integer';
  return {
    doc,
    ...(options.optional === true ? { optional: true } : {}),
    check: (value) =>
      typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
        ? undefined
        : expected,
  };
}

/** A finite number. */
export function numberAttribute(doc: string, options: Optional = {}): AttributeSpec {
  return {
    doc,
    ...(options.optional === true ? { optional: true } : {}),
    check: (value) => (typeof value === 'number' && Number.isFinite(value) ? undefined : 'a finite number'),
  };
}

/** true or false. */
export function booleanAttribute(doc: string, options: Optional = {}): AttributeSpec {
  return {
    doc,
    ...(options.optional === true ? { optional: true } : {}),
    check: (value) => (typeof value === 'boolean' ? undefined : 'true or false'),
  };
}

/** One of a few words. */
export function choiceAttribute(
  doc: string,
  choices: readonly string[],
  options: Optional = {},
): AttributeSpec {
  return {
    doc,
    ...(options.optional === true ? { optional: true } : {}),
    check: (value) =>
      typeof value === 'string' && choices.includes(value) ? undefined : `one of ${choices.join(', ')}`,
  };
}

/** A list of integers of at least `least`; of exactly `count` of them, if that is given, each below 2^31. */
export function integersAttribute(
  doc: string,
  least: number,
  options: Optional & { readonly count?: number } = {},
): AttributeSpec {
  const { count } = options;
  const most = count === undefined ? Infinity : 0x7fffffff;
  const kind = Number.isFinite(least) ? `integers of at least ${least}` : 'integers';
  const expected = `a list of ${count === undefined ? '' : `${count} `}${kind}`;
  const fits = (n: unknown): boolean =>
    Number.isInteger(n) && (n as number) >= least && (n as number) <= most;
  return {
    doc,
    ...(options.optional === true ? { optional: true } : {}),
    check: (value) =>
      Array.isArray(value) && (count === undefined || value.length === count) && value.every(fits)
        ? undefined
        : expected,
  };
}

type Attributes = Readonly<Record<string, Attribute>>;

/** Reads a checked attribute; the verifier has seen to it that it is there and of this kind. */
export function getNumber(attributes: Attributes, name: string): number {
  const value = attributes[name];
  invariant(typeof value === 'number', `attribute ${name} is not a number`);
  return value;
}

/** A number, or what its absence means. */
export function getNumberOr(attributes: Attributes, name: string, absent: number): number {
  return attributes[name] === undefined ? absent : getNumber(attributes, name);
}

export function getString(attributes: Attributes, name: string): string {
  const value = attributes[name];
  invariant(typeof value === 'string', `attribute ${name} is not a string`);
  return value;
}

/** A boolean attribute; absent means false. */
export function getFlag(attributes: Attributes, name: string): boolean {
  return attributes[name] === true;
}

export function getNumbers(attributes: Attributes, name: string): readonly number[] {
  const value = attributes[name];
  invariant(Array.isArray(value), `attribute ${name} is not a list`);
  return value as readonly number[];
}

/** A list of numbers, or what its absence means. */
export function getNumbersOr(
  attributes: Attributes,
  name: string,
  absent: readonly number[],
): readonly number[] {
  return attributes[name] === undefined ? absent : getNumbers(attributes, name);
}
