/** Longest identifier that the front-end makes, suffix included. */
export const maxIdentifier = 48;

/** Turns any string into `[A-Za-z0-9_]+` of at most `maxIdentifier` characters; `fallback` where nothing is left. */
export function sanitize(name: string, fallback: string): string {
  // Cut first: a hostile name may have millions of characters.
  const cleaned = name
    .slice(0, 4 * maxIdentifier)
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, maxIdentifier);
  return cleaned === '' ? fallback : cleaned;
}

/** Hands out unique identifiers: a name that is taken gets `_2`, `_3` and so on. */
export class Names {
  readonly #taken = new Set<string>();
  readonly #next = new Map<string, number>();

  /** A new identifier close to `name`. */
  unique(name: string, fallback: string): string {
    const base = sanitize(name, fallback);
    if (!this.#taken.has(base)) {
      this.#taken.add(base);
      return base;
    }
    // The counter is kept per base name: thousands of equal names take linear time.
    for (let n = this.#next.get(base) ?? 2; ; n++) {
      const suffix = `_${n}`;
      const candidate = base.slice(0, maxIdentifier - suffix.length) + suffix;
      if (this.#taken.has(candidate)) continue;
      this.#next.set(base, n + 1);
      this.#taken.add(candidate);
      return candidate;
    }
  }
}
