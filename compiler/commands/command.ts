import type { Options } from 'yargs';
import type { Diagnostics } from '../diagnostics/index.ts';
import type { Progress } from './progress.ts';

/** Where a command writes and what it may know of its surroundings. */
export interface Io {
  /** Writes to the standard output. */
  readonly out: (text: string) => void;
  /** Writes to the standard error output. */
  readonly err: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  /** Width of the terminal, if there is one. */
  readonly columns: number | undefined;
}

/** What a command works with besides its arguments. */
export interface Context {
  readonly io: Io;
  readonly diagnostics: Diagnostics;
  readonly progress: Progress;
  /** Print one JSON document and nothing else. */
  readonly json: boolean;
  readonly quiet: boolean;
  /** Colours on the standard output. */
  readonly color: boolean;
}

/** What a command yields. Errors among the context's diagnostics make the exit status 1. */
export interface Outcome {
  /** Fields of the JSON document, after `qcc`, `command`, `status` and `diagnostics`. */
  readonly json: Readonly<Record<string, unknown>>;
  /** What a person reads, on the standard output. Empty: nothing. */
  readonly text: string;
  /** What is printed even with --quiet (a dump that was asked for). */
  readonly always?: string;
}

/** Values of a command's options and positionals, as yargs yields them. */
export type Arguments = Readonly<Record<string, unknown>>;

/** One command: its file in commands/ defines it; help, completion and docs/cli.md come from this. */
export interface Command {
  readonly name: string;
  /** What follows the command's name on the command line, in the notation of yargs: `<model>`. */
  readonly positionals: string;
  readonly summary: string;
  /** What stands at the end of the help: a sentence or two more. */
  readonly epilogue?: string;
  readonly options: Readonly<Record<string, Options>>;
  readonly arguments: Readonly<Record<string, { readonly describe: string; readonly type: 'string' }>>;
  /** Command lines, each with what it does. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  /** Notes are not printed (they are in the JSON): for a command that runs again and again on one model. */
  readonly terse?: boolean;
  readonly run: (args: Arguments, context: Context) => Promise<Outcome>;
}
