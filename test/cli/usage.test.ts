import { describe, expect, test, vi } from 'vitest';
import { InternalError } from '../../compiler/diagnostics/index.ts';
import { model, qcc, qccJson } from './run.ts';

const lines: readonly (readonly [string, readonly string[]])[] = [
  ['no-command', []],
  ['misspelt-command', ['biuld', 'x.onnx']],
  ['unknown-command', ['frobnicate']],
  ['misspelt-option', ['build', 'x.onnx', '--foldng', 'f.json']],
  ['unknown-option', ['check', 'x.onnx', '--frobnicate=1']],
  ['missing-model', ['build']],
  ['missing-option', ['import', 'x.onnx']],
  ['missing-value', ['build', 'x.onnx', '--fps']],
  ['too-many-arguments', ['check', 'x.onnx', 'y.onnx']],
  ['bad-choice', ['build', 'x.onnx', '--style', 'flat']],
  ['bad-number', ['build', model, '--clock-mhz', 'fast']],
  ['number-out-of-range', ['build', model, '--fps', '-5']],
  ['option-twice', ['build', model, '--fps', '5', '--fps', '6']],
  ['unknown-pass', ['check', model, '--print-ir-after', 'integrize']],
  ['unknown-stop', ['check', model, '--stop-after', 'integrize']],
  ['no-such-model', ['check', 'no/such/model.onnx']],
  ['no-such-data', ['sim', model, '-i', 'no/such/data.npy']],
  ['array-not-named', ['sim', model, '-i', 'examples/digits/digits.npz']],
  ['array-misspelt', ['sim', model, '-i', 'examples/digits/digits.npz:pixel']],
  [
    'data-of-wrong-shape',
    ['sim', model, '-i', 'examples/digits/digits.npz:accumulators', '--engine', 'reference'],
  ],
  ['stalls-without-cycles', ['sim', model, '-i', 'x.npy', '--engine', 'reference', '--stalls', '1']],
  ['two-inputs', ['sim', model, '-i', 'x.npy', '-i', 'y.npy', '--engine', 'reference']],
];

describe('a command line with a mistake: exit status 1 and its diagnostic', () => {
  test.each(lines)('%s', async (name, args) => {
    const { status, out, err } = await qcc(args);
    expect(status).toBe(1);
    expect(out).toBe('');
    await expect(err).toMatchFileSnapshot(`../golden/cli/usage-${name}.txt`);
  });

  test.each(lines)('%s as JSON', async (_, args) => {
    const { status, json } = await qccJson(args);
    expect(status).toBe(1);
    expect(json['status']).toBe('error');
    expect(json.diagnostics?.some((d) => d.severity === 'error' && /^QCC\d{4}$/.test(d.code))).toBe(true);
  });
});

describe('a bug in qcc: exit status 70', () => {
  const broken = async (args: readonly string[], env: Record<string, string> = {}) => {
    vi.doMock('../../compiler/driver.ts', () => ({
      loadModel: async () => Promise.reject(new InternalError('the moon is full')),
      compileGraph: () => undefined,
    }));
    vi.resetModules();
    try {
      const { run } = await import('../../compiler/command-line.ts');
      let [out, err] = ['', ''];
      const status = await run(args, {
        out: (text) => (out += text),
        err: (text) => (err += text),
        env,
        outIsTerminal: false,
        errIsTerminal: false,
        columns: undefined,
      });
      return { status, out, err };
    } finally {
      vi.doUnmock('../../compiler/driver.ts');
      vi.resetModules();
    }
  };

  test('says so, with the version and a request to report, and no stack', async () => {
    const { status, out, err } = await broken(['check', model]);
    expect([status, out]).toEqual([70, '']);
    expect(err).toMatch(/^qcc \d+\.\d+\.\d+: internal error: the moon is full\nThis is a bug in qcc/);
    expect(err).not.toContain('    at ');
  });

  test('the stack with QCC_DEBUG', async () => {
    const { err } = await broken(['check', model], { QCC_DEBUG: '1' });
    expect(err).toContain('    at ');
  });

  test('as JSON', async () => {
    const { status, out, err } = await broken(['check', model, '--json']);
    expect([status, err]).toEqual([70, '']);
    expect(JSON.parse(out)).toMatchObject({ status: 'bug', message: 'the moon is full' });
  });
});
