import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { data, model, temporaryFolder } from './run.ts';

const folder = temporaryFolder();
const node = ['--import', './scripts/ts.mjs'];
const quoted = (args: readonly string[]): string => args.map((arg) => `'${arg}'`).join(' ');

describe('qcc as a process', () => {
  test('a reader that leaves early does no harm: the build is done, the status is 0', () => {
    const out = join(folder, 'piped');
    const line = `${quoted([process.execPath, ...node, 'compiler/cli.ts', 'build', model, '-o', out])} | head -c 1 >/dev/null; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', line], { encoding: 'utf8' });
    expect(stdout.trim()).toBe('0');
    expect(stderr).not.toContain('EPIPE');
    expect(existsSync(join(out, 'manifest.json'))).toBe(true);
  });

  test('exit status and streams of a failed comparison', () => {
    const args = [
      'compiler/cli.ts',
      'sim',
      model,
      '-i',
      `${data}:pixels`,
      '--engine',
      'cycle',
      '--expect',
      'examples/digits/test.npz:labels',
    ];
    const { status, stdout, stderr } = spawnSync(process.execPath, [...node, ...args], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stdout).toContain('DIFFERENT');
    expect(stderr).toContain('error[QCC6031]');
  });
});

describe('the examples of the public API run', () => {
  const example = (name: string): string => {
    const args = ['--conditions=qcc-source', ...node, `examples/api/${name}.ts`];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    return stdout;
  };

  test('qcc: compile', () => {
    const out = example('compile');
    expect(out).toContain('same output: true');
    expect(out).toContain('accuracy: { right: 12, frames: 12 }');
  });

  test('qcc/qir: network', () => {
    const out = example('network');
    for (const a of [-1, 1])
      for (const b of [-1, 1]) expect(out).toContain(`${a} xor ${b} = ${a === b ? -1 : 1}\n`);
  });

  test('qcc/sim: cycles', () => {
    expect(example('cycles')).toMatch(/same values: true/);
  });

  test('qcc/unit: unit', () => {
    expect(example('unit')).toContain('values: -1 -1 -1 -1 1 1 -1 1');
  });
});
