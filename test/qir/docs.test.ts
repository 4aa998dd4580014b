import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { parseQir, printQir } from '../../compiler/qir/index.ts';

describe('docs/qir-text.md', () => {
  it('shows a file as qcc reads and writes it', () => {
    const page = readFileSync(new URL('../../docs/qir-text.md', import.meta.url), 'utf8');
    const [example] = [...page.matchAll(/```qir\n([^]*?)```/g)].map((match) => match[1]!);
    const diagnostics = new Diagnostics();
    expect(printQir(parseQir(example!, { file: 'qir-text.md', diagnostics }))).toBe(example);
    expect(diagnostics.all).toEqual([]);
  });
});
