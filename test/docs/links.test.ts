import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { commands } from '../../compiler/commands/index.ts';

// What the documents point at exists: files, headings, commands, make targets, npm scripts.

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Not written by hand, or not ours. */
const skipped = new Set(['node_modules', 'dist', 'hdl-out', 'coverage', 'api', 'build', 'golden']);

function documents(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) {
      const enter = !skipped.has(entry.name) && !entry.name.startsWith('.');
      return enter || entry.name === '.github' ? documents(join(folder, entry.name)) : [];
    }
    return entry.name.endsWith('.md') ? [join(folder, entry.name)] : [];
  });
}

/** The text without what stands in code, where brackets are no links. */
function prose(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');
}

/** The anchors that GitHub makes of a document's headings. */
function anchors(file: string): Set<string> {
  const headings = readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm);
  const slug = ([, title = '']: RegExpMatchArray): string =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
  return new Set([...headings].map(slug));
}

function brokenLinks(file: string, text: string): string[] {
  const broken: string[] = [];
  for (const [, target = ''] of prose(text).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [path = '', anchor] = target.split('#');
    const place = path === '' ? file : join(dirname(file), decodeURIComponent(path));
    if (!existsSync(place)) broken.push(target);
    else if (anchor !== undefined && !anchors(place).has(anchor)) broken.push(target);
  }
  return broken;
}

/** Everything that is shown as code: between backquotes, in fences, indented. */
function code(text: string): string[] {
  const fenced = [...text.matchAll(/^```[a-z]*\n([\s\S]*?)^```/gm)].flatMap(([, body = '']) =>
    body.split('\n'),
  );
  const indented = [...text.matchAll(/^ {4}(.*)$/gm)].map(([, line = '']) => line);
  const inline = [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
  return [...fenced, ...indented, ...inline].map((line) => line.trim().replace(/^\$ /, ''));
}

function unknownCommands(lines: readonly string[]): string[] {
  const makefile = readFileSync(join(root, 'Makefile'), 'utf8');
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
  const known = new Set([...commands.map(({ name }) => name), 'completion']);
  return lines.filter((line) => {
    const make = /^make ([a-z0-9-]+)/.exec(line)?.[1];
    if (make !== undefined && !new RegExp(`^${make}:`, 'm').test(makefile)) return true;
    const npm = /^npm run (?:--silent )?([a-z:]+)/.exec(line)?.[1];
    if (npm !== undefined && !(npm in scripts)) return true;
    const qcc = /^qcc ([a-z]+)/.exec(line)?.[1];
    // a sentence about qcc is no command
    if (qcc !== undefined && !known.has(qcc) && !line.endsWith('.')) return true;
    return [...line.matchAll(/\b(?:bench|scripts|examples)\/[\w./-]+\.(?:ts|mjs|sh|py|onnx|npz)\b/g)].some(
      ([path]) => !existsSync(join(root, path)),
    );
  });
}

describe.each(documents(root).map((file) => [relative(root, file), file] as const))('%s', (_, file) => {
  const text = readFileSync(file, 'utf8');

  test('links to what exists', () => {
    expect(brokenLinks(file, text)).toEqual([]);
  });

  test('names commands that exist', () => {
    expect(unknownCommands(code(text))).toEqual([]);
  });
});
