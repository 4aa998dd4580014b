/** How bad a diagnostic is. Only `error` ends a command; `warning` and `note` go into the report as well. */
export type Severity = 'error' | 'warning' | 'note';

/**
 * Where a diagnostic points.
 *
 * - `span`: a place in a text file; line and column count from 1.
 * - `node`: a node of a model file, by the name and operator type that the file gives it.
 * - `file`: a whole file.
 * - `option`: a command-line option or an argument of an API call.
 * - `unit`: an instance of a hardware unit.
 */
export type Where =
  | {
      readonly kind: 'span';
      readonly file: string;
      readonly line: number;
      readonly column: number;
      /** The source line itself, so that the renderer can underline the place. */
      readonly text?: string;
      /** Length of the underlined part, at least 1. */
      readonly length?: number;
    }
  | { readonly kind: 'node'; readonly file?: string; readonly name: string; readonly op: string }
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'option'; readonly option: string }
  | { readonly kind: 'unit'; readonly instance: string; readonly unit: string };

/** One message to the user. Produced by the factories of `catalog/`, never written inline. */
export interface Diagnostic {
  /** Stable code, `QCC` and four digits; documented in docs/diagnostics.md. */
  readonly code: string;
  readonly severity: Severity;
  /** One sentence that names the culprit. */
  readonly message: string;
  readonly where?: Where;
  readonly found?: string;
  readonly expected?: string;
  /** What the user can do about it. */
  readonly help?: string;
  /** Further places that matter (the other end of a clash, the producer of a bad value). */
  readonly related?: readonly { readonly where: Where; readonly message: string }[];
}

/** The part of a diagnostic that a use of a factory supplies. */
export interface DiagnosticParts {
  readonly message: string;
  readonly where?: Where | undefined;
  readonly found?: string | undefined;
  readonly expected?: string | undefined;
  readonly help?: string | undefined;
  readonly related?: Diagnostic['related'] | undefined;
}

/** The documentation of one code, from which docs/diagnostics.md is generated. */
export interface DiagnosticDoc {
  readonly code: string;
  readonly severity: Severity;
  readonly title: string;
  /** Why it happens and what to do, for the reference page. */
  readonly doc: string;
}

const registry = new Map<string, DiagnosticDoc>();

/**
 * Defines a diagnostic: its code, severity and documentation, and the function that makes one from typed arguments.
 * A code can be defined once only; codes are never reused.
 */
export function defineDiagnostic<Args extends readonly unknown[]>(
  doc: DiagnosticDoc,
  parts: (...args: Args) => DiagnosticParts,
): (...args: Args) => Diagnostic {
  if (!/^QCC\d{4}$/.test(doc.code)) throw new Error(`malformed diagnostic code ${doc.code}`);
  if (registry.has(doc.code)) throw new Error(`diagnostic ${doc.code} is defined twice`);
  registry.set(doc.code, doc);
  return (...args) => {
    const made = parts(...args);
    const result: Record<string, unknown> = { code: doc.code, severity: doc.severity };
    for (const [key, value] of Object.entries(made)) if (value !== undefined) result[key] = value;
    return result as unknown as Diagnostic;
  };
}

/** All diagnostics defined so far, by code. */
export function allDiagnostics(): DiagnosticDoc[] {
  return [...registry.values()].sort((a, b) => a.code.localeCompare(b.code));
}

/** Thrown where bad input ends the work: carries every diagnostic collected so far. Never thrown for a bug in qcc. */
export class DiagnosticError extends Error {
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map((d) => `${d.code}: ${d.message}`).join('\n'));
    this.name = 'DiagnosticError';
    this.diagnostics = diagnostics;
  }
}

/** Throws one diagnostic at once. */
export function fail(diagnostic: Diagnostic): never {
  throw new DiagnosticError([diagnostic]);
}

/** Collects diagnostics so that several errors are reported in one run. */
export class Diagnostics {
  readonly #all: Diagnostic[] = [];

  /** Adds one; errors do not throw until `throwIfErrors`. */
  add(diagnostic: Diagnostic): void {
    this.#all.push(diagnostic);
  }

  /** Everything added so far, in order. */
  get all(): readonly Diagnostic[] {
    return this.#all;
  }

  get hasErrors(): boolean {
    return this.#all.some((d) => d.severity === 'error');
  }

  /** Throws a DiagnosticError with all diagnostics if at least one is an error. */
  throwIfErrors(): void {
    if (this.hasErrors) throw new DiagnosticError(this.#all);
  }

  /** Runs `body` and keeps the diagnostics of a DiagnosticError instead of letting it through. */
  capture<T>(body: () => T): T | undefined {
    try {
      return body();
    } catch (error) {
      if (!(error instanceof DiagnosticError)) throw error;
      // A body that throws through this very collection throws what is already in it.
      for (const d of [...error.diagnostics]) if (!this.#all.includes(d)) this.add(d);
      return undefined;
    }
  }
}

/** Thrown when qcc finds itself in a state that no input may bring about: exit status 70 and a request for a report. */
export class InternalError extends Error {
  override name = 'InternalError';
}

/** Asserts an invariant of qcc itself (not of its input). */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InternalError(message);
}
