import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { writeNpy } from '../../compiler/data/index.ts';
import { qcc } from '../cli/run.ts';

const folder = mkdtempSync(join(tmpdir(), 'qcc-hostile-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A graph file with this body. */
function model(name: string, body: string, consts = ''): string {
  const path = join(folder, `${name}.qir`);
  writeFileSync(path, `qir 1\n\ngraph integer @net {\n${body}\n}\n${consts}\n`);
  return path;
}

const kernel = 'const @w : int2[1, 3, 3, 1] = [1, -1, 0, 1, 1, 1, 0, -1, 1]';
const conv = (attributes: string, size = '4, 4', result = '2, 2'): string =>
  `  input %x : uint4[${size}, 1]\n  %y = conv2d %x, @w ${attributes} : int8[${result}, 1]\n  output %y : int8[${result}, 1]`;

describe('graphs that cannot be built', () => {
  test.each<[string, string, string]>([
    ['kernel larger than the image', conv('', '2, 2', '1, 1'), kernel],
    ['zero strides', conv('{strides = [0, 1]}'), kernel],
    ['negative strides', conv('{strides = [-1, 1]}'), kernel],
    ['negative pads', conv('{pads = [-1, 0, 0, 0]}'), kernel],
    ['dilations beyond the image', conv('{dilations = [9, 1]}'), kernel],
    [
      'sums of other shapes',
      '  input %a : uint4[2, 2]\n  input %b : uint4[2, 3]\n  %y = combine %a, %b {coefficients = [1, 1]} : uint5[2, 2]\n  output %y : uint5[2, 2]',
      '',
    ],
    [
      'concatenation of numbers with other points',
      '  input %a : fixed<4,2>[2]\n  input %b : fixed<4,3>[2]\n  %y = concat %a, %b : fixed<4,2>[4]\n  output %y : fixed<4,2>[4]',
      '',
    ],
    [
      'a value that is its own operand',
      '  input %x : uint4[2]\n  %a = combine %b {coefficients = [1]} : uint4[2]\n  %b = combine %a {coefficients = [1]} : uint4[2]\n  output %b : uint4[2]',
      '',
    ],
    [
      'an input that nothing reads',
      '  input %x : uint4[2]\n  input %z : uint4[2]\n  %y = combine %x {coefficients = [3]} : uint6[2]\n  output %y : uint6[2]',
      '',
    ],
    ['an output that is the input', '  input %x : uint4[2]\n  output %x : uint4[2]', ''],
    [
      'more elements than there can be',
      '  input %x : uint4[65536, 65536, 4]\n  %y = combine %x {coefficients = [3]} : uint6[65536, 65536, 4]\n  output %y : uint6[65536, 65536, 4]',
      '',
    ],
  ])(
    '%s: status 1, a coded diagnostic, nothing written',
    async (name, body, consts) => {
      const output = join(folder, `out-${name.replaceAll(' ', '-')}`);
      const { status, out, err } = await qcc([
        'build',
        model(name.replaceAll(' ', '-'), body, consts),
        '-o',
        output,
      ]);
      expect(err).toMatch(/error\[QCC\d{4}\]/);
      expect(out + err).not.toMatch(/\n\s+at |internal error/i);
      expect(status).toBe(1);
      expect(existsSync(output)).toBe(false);
    },
    60_000,
  );
});

describe('graphs that are odd and can be built', () => {
  test('two outputs and a branch that nothing reads: every output is compared at every engine', async () => {
    const path = model(
      'outputs',
      '  input %x : uint4[2, 2]\n  %y = combine %x {coefficients = [3]} : uint6[2, 2]\n' +
        '  %dead = combine %y {coefficients = [2]} : uint7[2, 2]\n' +
        '  %z = combine %y, %x {coefficients = [1, -1]} : int7[2, 2]\n  output %y : uint6[2, 2]\n  output %z : int7[2, 2]',
    );
    const frames = join(folder, 'x.npy');
    writeFileSync(
      frames,
      writeNpy({ dtype: 'int32', shape: [2, 2, 2], data: Int32Array.of(1, 2, 3, 4, 5, 6, 15, 0) }),
    );
    const { status, out, err } = await qcc(['sim', path, '-i', frames, '--engine', 'all']);
    expect(err).not.toContain('error');
    expect(out).toContain('16 values');
    expect(status).toBe(0);
    const refused = await qcc(['sim', path, '-i', frames, '--engine', 'cycle', '-o', join(folder, 'y.npy')]);
    expect(refused.status).toBe(1);
    expect(refused.err).toContain('with a model of 2 outputs: y, z');
    const built = await qcc(['build', path, '-o', join(folder, 'built')]);
    expect([built.status, built.err]).toEqual([0, expect.not.stringContaining('error')]);
  }, 120_000);

  test('a chain of thousands of operations does not exhaust the stack', async () => {
    const count = 3000;
    const lines = Array.from(
      { length: count },
      (_, i) =>
        `  %v${i} = reshape ${i === 0 ? '%x' : `%v${i - 1}`} {shape = [${i % 2 === 0 ? '4' : '2, 2'}]} : uint4[${i % 2 === 0 ? '4' : '2, 2'}]`,
    );
    const body = `  input %x : uint4[2, 2]\n${lines.join('\n')}\n  %y = combine %v${count - 1} {coefficients = [3]} : uint6[2, 2]\n  output %y : uint6[2, 2]`;
    const { status, err } = await qcc(['check', model('deep', body)]);
    expect([status, err]).toEqual([0, expect.not.stringContaining('error')]);
  }, 120_000);
});
