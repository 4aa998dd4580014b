import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DiagnosticError, Diagnostics } from '../../compiler/diagnostics/index.ts';
import type { Diagnostic } from '../../compiler/diagnostics/index.ts';
import { loadQir } from '../../compiler/qir/index.ts';

const folder = new URL('../golden/qir/', import.meta.url);

/** The diagnostics as the expectation files hold them: place, code, message, and what was found and expected. */
function show(diagnostics: readonly Diagnostic[]): string {
  return diagnostics
    .map((d) => {
      const at =
        d.where?.kind === 'span'
          ? `${d.where.line}:${d.where.column}+${d.where.length}`
          : (d.where?.kind ?? '-');
      const parts = [
        d.found && `found: ${d.found}`,
        d.expected && `expected: ${d.expected}`,
        d.help && `help: ${d.help}`,
      ];
      const related = d.related?.map(
        ({ where, message }) =>
          `related: ${where.kind === 'span' ? `${where.line}:${where.column} ` : ''}${message}`,
      );
      return [`${at} ${d.severity} ${d.code}: ${d.message}`, ...parts, ...(related ?? [])]
        .filter(Boolean)
        .join('\n    ');
    })
    .join('\n')
    .concat('\n');
}

describe('diagnostics of .qir files', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.qir'));

  it('has files to look at', () => {
    expect(files.length).toBeGreaterThan(10);
  });

  it.each(files)('%s', async (name) => {
    const diagnostics = new Diagnostics();
    let found: readonly Diagnostic[];
    try {
      loadQir(new URL(name, folder).pathname, { diagnostics });
      found = diagnostics.all;
    } catch (error) {
      if (!(error instanceof DiagnosticError)) throw error;
      found = error.diagnostics;
    }
    await expect(show(found)).toMatchFileSnapshot(
      new URL(name.replace(/\.qir$/, '.expect'), folder).pathname,
    );
  });
});
