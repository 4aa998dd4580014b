import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { run } from '../../compiler/command-line.ts';

/** What a command line left. */
export interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process, as if not on a terminal unless said otherwise. */
export async function qcc(
  args: readonly string[],
  options: { readonly terminal?: boolean; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Ran> {
  let [out, err] = ['', ''];
  const status = await run(args, {
    out: (text) => (out += text),
    err: (text) => (err += text),
    env: { CI: 'true', ...options.env },
    outIsTerminal: options.terminal ?? false,
    errIsTerminal: options.terminal ?? false,
    columns: undefined,
  });
  return { status, out, err };
}

/** Runs a command line with --json and reads the document. */
export async function qccJson(
  args: readonly string[],
): Promise<{ readonly status: number; readonly json: Json }> {
  const { status, out, err } = await qcc([...args, '--json']);
  if (err !== '') throw new Error(`--json wrote to the error output: ${err}`);
  return { status, json: JSON.parse(out) as Json };
}

/** A JSON object whose fields are read by name. */
export type Json = Readonly<Record<string, unknown>> & {
  readonly diagnostics?: readonly {
    readonly code: string;
    readonly severity: string;
    readonly message: string;
  }[];
};

/** A folder that goes when the test file is done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'qcc-cli-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const model = 'examples/digits/digits.onnx';
export const data = 'examples/digits/digits.npz';
