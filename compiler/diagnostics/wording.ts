/** Shortens what a file says before a message repeats it: a name may have ten thousand characters. */
export function excerpt(text: string, limit = 60): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}... (${text.length} characters)`;
}

/** `a`, `a or b`, `a, b or c`. */
export function oneOf(choices: readonly string[]): string {
  if (choices.length < 2) return choices.join('');
  return `${choices.slice(0, -1).join(', ')} or ${choices[choices.length - 1]!}`;
}

/** The help that names what was probably meant. */
export function meant(suggestion: string | undefined): string | undefined {
  return suggestion === undefined ? undefined : `Did you mean ${suggestion}?`;
}

/** An element with its position; a scalar has none. */
export function elementAt(value: string, index: string): string {
  return index === '[]' ? value : `${value} at ${index}`;
}
