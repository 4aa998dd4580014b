import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { DiagnosticError, fail, type Diagnostic } from '../diagnostics/index.ts';
import { foldingEntry, foldingFile } from '../diagnostics/catalog/command.ts';
import { suggestion } from '../diagnostics/suggest.ts';
import type { CompileOptions } from '../driver.ts';

const entrySchema = z.strictObject({
  pe: z.int().min(1).max(65536).optional(),
  simd: z.int().min(1).max(65536).optional(),
  order: z.enum(['output', 'input']).optional(),
  style: z.enum(['folded', 'unrolled']).optional(),
});
const schema = z.record(z.string(), entrySchema);
const fields = ['pe', 'simd', 'order', 'style'];

/** Foldings by layer name, as the driver takes them. */
export type GivenFoldings = NonNullable<CompileOptions['folding']>;

function syntaxError(file: string, text: string, error: SyntaxError): Diagnostic {
  const position = /position (\d+)/.exec(error.message)?.[1];
  const found = error.message
    .replace(/ in JSON at position.*/s, '')
    .replace(/, "[^]*" is not valid JSON$/, '');
  if (position === undefined) return foldingFile({ kind: 'file', file }, found);
  const before = text.slice(0, Number(position)).split('\n');
  const line = before.length;
  const source = text.split('\n')[line - 1] ?? '';
  return foldingFile(
    { kind: 'span', file, line, column: (before.at(-1)?.length ?? 0) + 1, text: source },
    found,
  );
}

/**
 * Reads a folding file: an object from layer names to `{ pe, simd, order, style }`.
 *
 * @throws DiagnosticError QCC6200 if it is no JSON, QCC6201 for every malformed entry.
 */
export function parseFolding(text: string, file: string): GivenFoldings {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return fail(syntaxError(file, text, error));
  }
  const result = schema.safeParse(content);
  if (!result.success) {
    throw new DiagnosticError(
      result.error.issues.map((issue) => {
        const unknown = issue.code === 'unrecognized_keys' ? issue.keys : [];
        const help =
          unknown[0] === undefined ? 'docs/folding.md describes the file' : suggestion(unknown[0], fields);
        return foldingEntry(file, issue.path.map(String).join('.'), issue.message, help);
      }),
    );
  }
  return new Map(
    Object.entries(result.data).map(([layer, { pe, simd, order, style }]) => [
      layer,
      {
        ...(pe !== undefined && { pe }),
        ...(simd !== undefined && { simd }),
        ...(order !== undefined && { order }),
        ...(style !== undefined && { style }),
      },
    ]),
  );
}

/** Reads the folding file of this path. */
export async function readFolding(file: string): Promise<GivenFoldings> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return fail(
      foldingFile({ kind: 'file', file }, code === 'ENOENT' ? 'no such file' : (code ?? 'it cannot be read')),
    );
  }
  return parseFolding(text, file);
}
