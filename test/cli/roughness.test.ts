import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseQir } from '../../compiler/qir/index.ts';
import { data, model, qcc, qccJson, temporaryFolder } from './run.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);

describe('what was given is what a message shows', () => {
  test.each([
    [['--fps', 'fast'], 'found:    fast'],
    [['--fps=1e6x'], 'found:    1e6x'],
    [['--clock-mhz', '12,5'], 'found:    12,5'],
  ])('%s', async (args, found) => {
    const { status, err } = await qcc(['check', model, ...args]);
    expect(status).toBe(1);
    expect(err).toContain('QCC6101');
    expect(err).toContain(found);
  });

  test('--json with a value that is none', async () => {
    const { status, out, err } = await qcc(['check', model, '--json=1']);
    expect([status, out]).toEqual([1, '']);
    expect(err).toContain("found:    '1'");
    expect((await qcc(['check', model, '--json=true'])).out).toMatch(/^\{\n/);
  });
});

test('a dump is all that the standard output has; the report stands beside it', async () => {
  const { status, out, err } = await qcc(['check', model, '--print-ir-after', 'integerize']);
  expect(status).toBe(0);
  expect(parseQir(out, { file: 'printed' }).form).toBe('integer');
  expect(err).toContain('can be built');
});

test('build --stop-after writes no folder, and says so where one is named', async () => {
  const { status, err } = await qcc(['build', model, '--stop-after', 'integerize', '-o', at('none')]);
  expect(status).toBe(1);
  expect(err).toContain('with --stop-after');
  expect(existsSync(at('none'))).toBe(false);
});

test('sim says that there are fewer frames than asked for', async () => {
  const args = ['sim', model, '-i', `${data}:pixels`, '--engine', 'reference', '-n'];
  const more = await qccJson([...args, '13']);
  expect([more.status, more.json['frames']]).toEqual([0, 12]);
  expect(more.json.diagnostics?.map(({ code }) => code)).toContain('QCC6113');
  const exact = await qccJson([...args, '12']);
  expect(exact.json.diagnostics?.map(({ code }) => code)).not.toContain('QCC6113');
});

test('import onto a folder leaves nothing behind', async () => {
  mkdirSync(at('into/there.qir'), { recursive: true });
  const { status, err } = await qcc(['import', model, '-o', at('into/there.qir')]);
  expect(status).toBe(1);
  expect(err).toContain('it is a folder');
  expect(readdirSync(at('into'))).toEqual(['there.qir']);
});

describe('--input-shape', () => {
  test('is taken for an ONNX model', async () => {
    expect((await qcc(['check', model, '--input-shape', '1,1,16,16', '-q'])).status).toBe(0);
    const other = await qcc(['check', model, '--input-shape', '1,1,16,17']);
    expect(other.status).toBe(1);
    expect(other.err).toMatch(/error\[QCC2\d\d\d\]/);
  });

  test('is refused for .qir text', async () => {
    expect((await qcc(['import', model, '-o', at('digits.qir'), '-q'])).status).toBe(0);
    const { status, err } = await qcc(['check', at('digits.qir'), '--input-shape', '1,16,16']);
    expect(status).toBe(1);
    expect(err).toContain('error[QCC0103]');
  });

  test('and so is --input-type', async () => {
    expect((await qcc(['import', model, '-o', at('typed.qir'), '-q'])).status).toBe(0);
    const { status, err } = await qcc(['check', at('typed.qir'), '--input-type', 'uint4']);
    expect(status).toBe(1);
    expect(err).toContain('error[QCC0103]: QIR text says the type of its input itself');
  });
});
