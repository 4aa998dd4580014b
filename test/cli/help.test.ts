import { expect, test } from 'vitest';
import { commands } from '../../compiler/commands/index.ts';
import { helpText } from '../../compiler/command-line.ts';
import { version } from '../../compiler/version.ts';
import { qcc } from './run.ts';

const golden = (name: string): string => `../golden/cli/help-${name}.txt`;

test('help of qcc', async () => {
  await expect(await helpText(undefined, 100)).toMatchFileSnapshot(golden('qcc'));
});

test.each(commands.map((command) => command.name))('help of %s', async (name) => {
  await expect(await helpText(name, 100)).toMatchFileSnapshot(golden(name));
});

test('every command has examples, which name it, and every option a description', () => {
  for (const command of commands) {
    expect(command.examples.length).toBeGreaterThan(0);
    for (const [line] of command.examples) expect(line).toMatch(new RegExp(`^qcc ${command.name}\\b`));
    for (const option of Object.values(command.options)) expect(option.describe).not.toBeUndefined();
  }
});

test('every option in an example is one that the command takes', () => {
  for (const command of commands) {
    const known = Object.entries(command.options).flatMap(([name, { alias }]) => [
      `--${name}`,
      `-${String(alias)}`,
    ]);
    for (const [line] of command.examples) {
      const used = line.split(' ').filter((word) => /^--?[a-z]/.test(word));
      for (const option of used) expect([...known, '--json', '-q'], line).toContain(option);
    }
  }
});

test('help and version go to the standard output with status 0', async () => {
  for (const args of [['--help'], ['build', '--help'], ['-h']]) {
    const { status, out, err } = await qcc(args);
    expect([status, err]).toEqual([0, '']);
    expect(out).toContain('Examples:');
  }
  expect(await qcc(['--version'])).toEqual({ status: 0, out: `${version}\n`, err: '' });
});

test('completion: a script, and words for it', async () => {
  const script = await qcc(['completion']);
  expect(script.status).toBe(0);
  expect(script.out).toContain('qcc --get-yargs-completions');
  const words = await qcc(['--get-yargs-completions', 'qcc', 'sim', '--en']);
  expect(words.out.split('\n')).toContain('--engine');
});
