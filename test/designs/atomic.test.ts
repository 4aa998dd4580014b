import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { qcc } from '../cli/run.ts';
import { expectWhole, temporaryFolder, tool } from './support.ts';

const model = 'examples/digits/digits.onnx';
const root = fileURLToPath(new URL('../..', import.meta.url));
const loader = join(root, 'scripts', 'ts.mjs');
const cli = join(root, 'compiler', 'cli.ts');
const folder = temporaryFolder();

/** All files of a folder with their bytes. */
function content(dir: string): Map<string, Buffer> {
  const paths = readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return new Map(paths.map((path) => [path.slice(dir.length + 1), readFileSync(path)]));
}

async function build(out: string, more: readonly string[] = []): Promise<void> {
  const { status, err } = await qcc(['build', model, '-o', out, '--quiet', ...more]);
  expect(status, err).toBe(0);
}

describe('determinism', () => {
  test('two builds are the same bytes: another process, folder, path to the model, language and time zone', async () => {
    const [one, two] = [join(folder, 'one'), join(folder, 'elsewhere', 'two')];
    await build(one);
    const home = join(folder, 'home');
    mkdirSync(home);
    const env = ['TZ=Asia/Kathmandu', 'LANG=tr_TR.UTF-8', 'LC_ALL=tr_TR.UTF-8', `HOME=${home}`];
    const args = [
      process.execPath,
      '--import',
      loader,
      cli,
      'build',
      join(root, model),
      '-o',
      two,
      '--quiet',
    ];
    const { status, output } = tool('env', [...env, ...args], home);
    expect(status, output).toBe(0);
    expect([...content(two)]).toEqual([...content(one)]);
    // and no word about where it was made
    for (const [path, bytes] of content(two)) {
      for (const place of [folder, root, home])
        expect(`${path} ${bytes.includes(place)}`).toBe(`${path} false`);
    }
    expectWhole(two);
  });
});

describe('a folder that is no output of qcc', () => {
  test('is refused, and stays as it is', async () => {
    const own = join(folder, 'own');
    mkdirSync(own);
    writeFileSync(join(own, 'thesis.tex'), 'years of work');
    const { status, err } = await qcc(['build', model, '-o', own]);
    expect([status, err]).toEqual([1, expect.stringContaining('QCC4501') as string]);
    expect([...content(own).keys()]).toEqual(['thesis.tex']);
    expect(readdirSync(folder).filter((name) => name.includes('.qcc-'))).toEqual([]);
  });
});

/**
 * A process that builds for ever, at two clocks in turn, so that one output differs from the next. It says so when it is warm; from
 * then on it may be killed.
 */
function builder(out: string): ChildProcess {
  const script = join(folder, 'builder.mjs');
  writeFileSync(
    script,
    `import { run } from ${JSON.stringify(new URL('../../compiler/command-line.ts', import.meta.url).href)};
     const io = { out: () => {}, err: () => {}, env: {}, outIsTerminal: false, errIsTerminal: false, columns: undefined };
     for (let i = 0; ; i++) {
       const args = ['build', ${JSON.stringify(join(root, model))}, '-o', ${JSON.stringify(out)}, '--clock-mhz', String(100 + i % 2)];
       if (await run(args, io) !== 0) process.exit(3);
       if (i === 0) process.stdout.write('warm');
     }`,
  );
  return spawn(process.execPath, ['--import', loader, script], { stdio: ['ignore', 'pipe', 'inherit'] });
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a build that is killed', () => {
  test('at any moment leaves the previous output whole; the next one succeeds and cleans up', async () => {
    const parent = join(folder, 'killed');
    const out = join(parent, 'out');
    mkdirSync(parent);
    await build(out);
    const beside = (): string[] => readdirSync(parent).filter((name) => name !== 'out');
    const halfway: string[] = [];
    for (let round = 0; round < 5; round++) {
      const child = builder(out);
      const closed = once(child, 'close');
      await once(child.stdout ?? child, 'data');
      if (round === 0) await sleep(Math.random() * 400);
      else {
        // half-written files stand beside the output: somewhere from the first to the last of them, and on to the renames
        while (beside().length === 0) await sleep(1);
        await sleep(Math.random() * 12);
      }
      child.kill('SIGKILL');
      expect(await closed).toEqual([null, 'SIGKILL']);
      halfway.push(...beside());
      // killed between two renames, it stands whole beside its place; the next build puts it back
      const old = beside().find((name) => name.startsWith('.out.qcc-old-'));
      const manifest = expectWhole(existsSync(out) ? out : join(parent, old ?? 'nothing'));
      expect([100, 101, 200]).toContain(manifest.clockMhz);
    }
    expect(halfway.every((name) => /^\.out\.qcc-(new|old)-\d+$/.test(name))).toBe(true);
    await build(out);
    expect(expectWhole(out).clockMhz).toBe(200);
    expect(beside()).toEqual([]);
  }, 120_000);
});
