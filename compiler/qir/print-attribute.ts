import type { Attribute } from './graph.ts';
import { printNumber } from './numbers.ts';

/** Characters that JSON lets through but that confuse a terminal or an editor: controls, line separators, direction marks. */
const confusing = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** A string in quotes, escaped as in JSON. */
export function printString(text: string): string {
  return JSON.stringify(text).replace(
    confusing,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The text of an attribute's value. */
export function printAttribute(value: Attribute): string {
  switch (typeof value) {
    case 'string':
      return printString(value);
    case 'boolean':
      return String(value);
    case 'number':
      return printNumber(value);
    default:
      return `[${value.map(printNumber).join(', ')}]`;
  }
}
