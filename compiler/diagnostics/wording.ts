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

/** Quotes a name out of a model for a message: control characters escaped, cut to a readable length. */
export function quote(name: string): string {
  const text = JSON.stringify(name);
  return text.length <= 80 ? text : `${text.slice(0, 60)}..." (${name.length} characters)`;
}

/** At most `limit` items of a list, and how many were left out. */
export function listed(items: readonly string[], limit = 20): string {
  const shown = items.slice(0, limit).join(', ');
  return items.length > limit ? `${shown} and ${items.length - limit} more` : shown;
}
