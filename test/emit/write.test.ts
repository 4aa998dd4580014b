import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { writeOutput } from '../../compiler/emit/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'qcc-write-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let dir = '';
let count = 0;
beforeEach(() => {
  dir = join(folder, String(count++), 'out');
});

function output(version: string): Map<string, string> {
  const files = Array.from({ length: 20 }, (_, i) => [`rtl/m${i}.v`, `${version}\n`] as const);
  return new Map([...files, ['manifest.json', JSON.stringify({ generator: 'qcc', version })]]);
}

/** The version of the output in place, which must be whole. */
function version(): string | undefined {
  if (!existsSync(dir)) return undefined;
  const found = (JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as { version: string }).version;
  for (const path of output(found).keys()) {
    expect(readFileSync(join(dir, path), 'utf8').trim()).toBe(
      path === 'manifest.json' ? JSON.stringify({ generator: 'qcc', version: found }) : found,
    );
  }
  expect(readdirSync(join(dir, 'rtl')).length).toBe(20);
  return found;
}

const leftovers = (): string[] => readdirSync(join(dir, '..')).filter((name) => name !== 'out');

describe('writeOutput', () => {
  test('writes a new folder, replaces an output, follows a link, and leaves nothing beside it', () => {
    writeOutput(dir, output('one'));
    expect(version()).toBe('one');
    writeFileSync(join(dir, 'rtl', 'stale.v'), '');
    writeOutput(dir, output('two'));
    expect(version()).toBe('two');
    const link = join(dir, '..', 'link');
    symlinkSync(dir, link);
    writeOutput(link, output('three'));
    expect(version()).toBe('three');
    rmSync(link);
    expect(leftovers()).toEqual([]);
  });

  test('takes an empty folder, refuses anything else', () => {
    mkdirSync(dir, { recursive: true });
    writeOutput(dir, output('one'));
    expect(version()).toBe('one');
    writeFileSync(join(dir, 'manifest.json'), '{"name": "web app"}');
    expect(() => writeOutput(dir, output('two'))).toThrow(/QCC4501/);
    rmSync(join(dir, 'manifest.json'));
    expect(() => writeOutput(dir, output('two'))).toThrow(/QCC4501/);
    expect(readFileSync(join(dir, 'rtl', 'm0.v'), 'utf8')).toBe('one\n');
    const file = join(dir, 'rtl', 'm0.v');
    expect(() => writeOutput(file, output('two'))).toThrow(/QCC4501/);
    expect(() => writeOutput(join(file, 'below'), output('two'))).toThrow(/QCC4502/);
    expect(() => writeOutput('/', output('two'))).toThrow(/QCC4501/);
  });

  test.runIf(existsSync('/proc/self'))(
    'a place that takes no folder at all is refused, and nothing waits for ever',
    () => {
      const source = new URL('../../compiler/emit/write.ts', import.meta.url);
      const loader = new URL('../../scripts/ts.mjs', import.meta.url);
      // in a process of its own: what does not return can be ended
      const script = `import { writeOutput } from ${JSON.stringify(source.href)};
        writeOutput('/proc/qcc-none/out', new Map([['manifest.json', '{}']]));`;
      const { error, stderr } = spawnSync(
        process.execPath,
        ['--import', loader.href, '--input-type=module', '-e', script],
        { encoding: 'utf8', timeout: 20_000 },
      );
      expect(error).toBeUndefined();
      expect(stderr).toContain('QCC4502');
    },
  );

  test.each(['../x', '/x', 'a/../x', 'a\\b', '', 'a//b', 'a b'])('never writes a path like %j', (path) => {
    expect(() => writeOutput(dir, new Map([[path, '']]))).toThrow(/no path of an output folder/);
    expect(existsSync(dir)).toBe(false);
  });

  test.each(['staged', 'moved-away', 'moved-in'] as const)('stays whole if it fails when %s', (step) => {
    writeOutput(dir, output('one'));
    expect(() =>
      writeOutput(dir, output('two'), (at) => {
        if (at === step) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      }),
    ).toThrow(/QCC4502/);
    expect(version()).toBe(step === 'moved-in' ? 'two' : 'one');
    writeOutput(dir, output('three'));
    expect(version()).toBe('three');
    expect(leftovers()).toEqual([]);
  });

  test('puts right what a build left that was killed between the renames', () => {
    writeOutput(dir, output('one'));
    // a process id beyond what the system gives out: nobody alive
    const dead = 2 ** 22 + 1;
    const killed = (kind: string): string => join(dir, '..', `.out.qcc-${kind}-${dead}`);
    writeOutput(killed('new'), output('two'));
    renameSync(dir, killed('old'));
    expect(existsSync(dir)).toBe(false);
    expect(() => writeOutput(dir, new Map([['a/../b', '']]))).toThrow();
    writeOutput(dir, output('three'), (step) => {
      // by now the previous output is back in its place
      if (step === 'staged') expect(version()).toBe('one');
    });
    expect(version()).toBe('three');
    expect(leftovers()).toEqual([]);
  });

  test('a build killed at a random moment leaves one whole output', async () => {
    writeOutput(dir, output('v0'));
    const script = join(folder, 'writer.mjs');
    const source = new URL('../../compiler/emit/write.ts', import.meta.url);
    const loader = new URL('../../scripts/ts.mjs', import.meta.url);
    writeFileSync(
      script,
      `import { writeOutput } from ${JSON.stringify(source.href)};
       process.stdout.write('ready');
       for (let i = 1; ; i++) {
         const files = new Map(Array.from({ length: 20 }, (_, k) => ['rtl/m' + k + '.v', 'v' + i + '\\n']));
         files.set('manifest.json', JSON.stringify({ generator: 'qcc', version: 'v' + i }));
         writeOutput(${JSON.stringify(dir)}, files);
       }`,
    );
    for (let round = 0; round < 6; round++) {
      const child = spawn(process.execPath, ['--import', loader.href, script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await new Promise((resolve) => child.stdout.once('data', resolve));
      await new Promise((resolve) => setTimeout(resolve, 5 + 17 * round));
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await ended;
      // in place, or (killed between two renames) whole beside it, where the next build finds it
      if (!existsSync(dir)) expect(leftovers().some((name) => name.includes('qcc-old'))).toBe(true);
      else expect(version()).toMatch(/^v\d+$/);
    }
    writeOutput(dir, output('last'));
    expect(version()).toBe('last');
    expect(leftovers()).toEqual([]);
  });
});

test('files that the user has put into an output stay there', () => {
  const parent = mkdtempSync(join(tmpdir(), 'qcc-write-'));
  try {
    const dir = join(parent, 'out');
    const manifest = JSON.stringify({ generator: 'qcc', files: { 'rtl/old.v': {} } });
    writeOutput(
      dir,
      new Map([
        ['manifest.json', manifest],
        ['rtl/old.v', 'old'],
      ]),
    );
    mkdirSync(join(dir, 'vivado', 'runs'), { recursive: true });
    writeFileSync(join(dir, 'vivado', 'runs', 'notes.txt'), 'mine');
    writeOutput(
      dir,
      new Map([
        ['manifest.json', manifest],
        ['rtl/new.v', 'new'],
      ]),
    );
    expect(readFileSync(join(dir, 'vivado', 'runs', 'notes.txt'), 'utf8')).toBe('mine');
    expect(readdirSync(join(dir, 'rtl'))).toEqual(['new.v']);
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
});
