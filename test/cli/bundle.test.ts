import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type * as api from '../../compiler/index.ts';
import type * as templates from '../../compiler/emit/compiled-templates.ts';
import type * as tsMorph from '../../compiler/emit/ts-morph.ts';
import type * as qir from '../../compiler/qir/index.ts';
import { version } from '../../compiler/version.ts';
import { units } from '../../templates/registry.ts';
import { model, qcc, temporaryFolder } from './run.ts';

/** What of esbuild's account is looked at. */
interface Metafile {
  readonly outputs: Readonly<Record<string, { readonly inputs: Readonly<Record<string, unknown>> }>>;
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const outputs = temporaryFolder();
// in the repository, so that the bundle finds the packages that stay outside
mkdirSync(join(root, '.cache'), { recursive: true });
const home = mkdtempSync(join(root, '.cache/bundle-'));
const dist = join(home, 'dist');
const load = async <T>(path: string): Promise<T> =>
  (await import(/* @vite-ignore */ pathToFileURL(path).href)) as T;
let metafile: Metafile;
let loadedWith: (metafile: Metafile, output: string) => readonly string[];

beforeAll(async () => {
  const script = await load<{
    readonly bundle: (to: string) => Promise<Metafile>;
    readonly copyAssets: (to: string) => void;
    readonly loadedWith: typeof loadedWith;
  }>(join(root, 'scripts/bundle.mjs'));
  ({ loadedWith } = script);
  metafile = await script.bundle(dist);
  script.copyAssets(dist);
  cpSync(join(root, 'package.json'), join(home, 'package.json'));
  const written = await load<typeof templates>(join(dist, 'compiler/emit/compiled-templates.js'));
  written.writeTemplates(pathToFileURL(root));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

function bundled(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(dist, 'compiler/cli.js'), ...args], {
    cwd: root,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

describe('the bundle', () => {
  test('knows its version, and its help is that of the sources', async () => {
    expect(bundled('--version').stdout).toBe(`${version}\n`);
    for (const args of [['--help'], ['build', '--help']])
      expect(bundled(...args).stdout).toBe((await qcc(args)).out);
    expect(bundled('biuld').stderr).toBe((await qcc(['biuld'])).err);
    expect(bundled('build').stderr).toBe((await qcc(['build'])).err);
  });

  test('builds the same files as the sources', async () => {
    const [here, there] = [join(outputs, 'sources'), join(outputs, 'bundle')];
    const { status, stderr } = bundled('build', model, '-o', there);
    expect(status, stderr).toBe(0);
    expect((await qcc(['build', model, '-o', here])).status).toBe(0);
    // the manifest has a digest of every other file
    expect(readFileSync(join(there, 'manifest.json'), 'utf8')).toBe(
      readFileSync(join(here, 'manifest.json'), 'utf8'),
    );
  });

  test('has a function of each template, and no template', () => {
    const within = (folder: string): string[] =>
      ['compiler', 'templates'].flatMap((part) =>
        readdirSync(join(folder, part), { recursive: true, encoding: 'utf8' })
          .filter((path) => path.endsWith('.njk'))
          .map((path) => `${part}/${path.replaceAll('\\', '/')}`),
      );
    const functions = createRequire(import.meta.url)(join(dist, 'compiler/emit/templates.cjs')) as object;
    expect(Object.keys(functions).toSorted()).toEqual(within(root).toSorted());
    expect(within(dist)).toEqual([]);
  });

  test('writes the same harness from what V8 keeps of TypeScript, whole or of another version', async () => {
    const code = join(dist, 'compiler/emit/typescript.code');
    const there = join(outputs, 'kept');
    const harness = (): string => {
      const { status, stderr } = bundled('build', model, '-o', there);
      expect(status, stderr).toBe(0);
      return readFileSync(join(there, 'harness/digits.ts'), 'utf8');
    };
    const plain = harness();
    (await load<typeof tsMorph>(join(dist, 'compiler/emit/ts-morph.js'))).writeCode();
    const kept = readFileSync(code);
    expect(kept.length).toBeGreaterThan(1e6);
    expect(harness()).toBe(plain);
    // the second word is of the version
    writeFileSync(code, kept.fill(0, 4, 8));
    expect(harness()).toBe(plain);
  });

  test('has every unit and its templates, and one instance of what its exports share', async () => {
    const main = await load<typeof api>(join(dist, 'compiler/index.js'));
    const language = await load<typeof qir>(join(dist, 'compiler/qir/index.js'));
    expect([...main.units.keys()]).toEqual([...units.keys()]);
    expect(fileURLToPath(main.templateRoot)).toBe(join(dist, 'templates/'));
    expect(() => language.parseQir('no graph', { file: 'no.qir' })).toThrow(main.DiagnosticError);
  });

  test('starts without what the command line alone does not need', () => {
    const command =
      Object.keys(metafile.outputs).find((path) => path.endsWith('/dist/compiler/cli.js')) ?? '';
    const loaded = loadedWith(metafile, command).flatMap((path) =>
      Object.keys(metafile.outputs[path]?.inputs ?? {}),
    );
    expect(loaded).toContain('compiler/command-line.ts');
    const late = [
      'templates/',
      'sim/',
      'compiler/(driver|build|lower|hw|qir/load)',
      'node_modules/(zod|chevrotain)/',
    ];
    for (const path of late) {
      expect(loaded.filter((input) => new RegExp(`^${path}`).test(input))).toEqual([]);
      const all = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
      expect(
        all.some((input) => new RegExp(`^${path}`).test(input)),
        path,
      ).toBe(true);
    }
  });

  test('has the licences of the libraries in it', () => {
    const text = readFileSync(join(dist, 'LICENSES.txt'), 'utf8');
    for (const name of ['chevrotain', 'lodash-es', 'zod', 'yargs', 'nunjucks']) {
      const { version: its } = JSON.parse(
        readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'),
      ) as { readonly version: string };
      expect(text).toContain(`${name} ${its} (`);
    }
  });
});
