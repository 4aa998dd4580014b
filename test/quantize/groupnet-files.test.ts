import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, describe, expect, test } from 'vitest';
import { writeNpy } from '../../compiler/data/index.ts';
import { DiagnosticError, Diagnostics } from '../../compiler/diagnostics/index.ts';
import { loadModel } from '../../compiler/driver.ts';
import { printQir } from '../../compiler/qir/print.ts';
import { buildGroupNet } from '../../compiler/quantize/groupnet/index.ts';
import { randomSource } from '../conformance/bench.ts';
import { randomGroupNet } from './groupnet-nets.ts';

const folder = mkdtempSync(join(tmpdir(), 'qcc-groupnet-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const net = randomGroupNet({
  ...{ seed: 3, kind: 'v1', k: 2, bits: 2, padding: 'one', dyadic: false, image: true },
});

function written(name: string, text: string): string {
  const path = join(folder, `${name}.groupnet.json`);
  writeFileSync(path, text);
  return path;
}

const load = (path: string) => loadModel(path, { diagnostics: new Diagnostics() });

/** The codes and texts of what loading a file refuses. */
async function refusal(path: string): Promise<readonly string[]> {
  try {
    await load(path);
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    return error.diagnostics.map(({ code, message, found }) => `${code}: ${message}: ${found ?? ''}`);
  }
  return [];
}

/** The description with its lists of numbers moved to an archive, under the names of their places. */
function archived(): { readonly text: string; readonly archive: Uint8Array } {
  const arrays: Record<string, Uint8Array> = {};
  const moved = (value: unknown, place: string): unknown => {
    if (Array.isArray(value) && value.every((x) => typeof x === 'number') && !place.endsWith('shape')) {
      const name = place.replaceAll(/\W+/g, '_');
      arrays[`${name}.npy`] = writeNpy({
        dtype: 'float64',
        shape: [value.length],
        data: Float64Array.from(value),
      });
      return name;
    }
    if (Array.isArray(value)) return value.map((each, i) => moved(each, `${place}.${i}`));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, moved(of, `${place}.${key}`)]));
  };
  const content = { ...(moved(net, 'net') as object), arrays: 'mine.npz', output: 'sums' };
  return { text: JSON.stringify(content), archive: zipSync(arrays) };
}

test('numbers in the file give the graph that the library builds', async () => {
  const graph = await load(written('inline', JSON.stringify(net)));
  expect(printQir(graph)).toBe(printQir(buildGroupNet(net)));
});

test('arrays in a file beside it do too', async () => {
  const { text, archive } = archived();
  expect(text.length).toBeLessThan(JSON.stringify(net).length / 2);
  writeFileSync(join(folder, 'mine.npz'), archive);
  const graph = await load(written('beside', text));
  expect(printQir(graph)).toBe(printQir(buildGroupNet(net, { output: 'sums' })));
});

test('the example of docs/groupnet.md builds', async () => {
  const page = readFileSync(new URL('../../docs/groupnet.md', import.meta.url), 'utf8');
  const text = /```json\n([^`]*)```/.exec(page)?.[1] ?? '';
  const sizes: Readonly<Record<string, number>> = {
    first_w: 32 * 784,
    b0_w: 32 * 32,
    b1_w: 32 * 32,
    last_w: 320,
    last_b: 10,
  };
  const names = [...new Set(text.match(/"(?:first|b0|b1|last)_\w+"/g) ?? [])].map((name) =>
    name.slice(1, -1),
  );
  const { integer } = randomSource(5);
  const arrays = names.map((name) => {
    const size = sizes[name] ?? 32;
    const data = Float32Array.from(
      { length: size },
      () => integer(1, 100) * (name.endsWith('_w') ? integer(0, 1) * 2 - 1 : 1),
    );
    return [`${name}.npy`, writeNpy({ dtype: 'float32', shape: [size], data })] as const;
  });
  writeFileSync(join(folder, 'mine.npz'), zipSync(Object.fromEntries(arrays)));
  const graph = await load(written('example', text));
  expect(graph.outputs.map(({ value }) => value)).toEqual(['class']);
  expect(graph.nodes.filter(({ op }) => op === 'matmul')).toHaveLength(4);
});

describe('refused', () => {
  const changed = (change: object): string => JSON.stringify({ ...net, ...change });

  test('a file that is not there, or no JSON', async () => {
    expect((await refusal(join(folder, 'none.groupnet.json')))[0]).toMatch(/^QCC0/);
    expect((await refusal(written('text', '{')))[0]).toMatch(/^QCC3654/);
  });

  test.each([
    ['null', 'the whole'],
    ['{}', 'name'],
    [changed({ padding: 'two' }), 'padding'],
    [changed({ layers: [] }), 'the whole'],
    [changed({ first: { ...net.first, levels: 5 } }), 'first.levels'],
    [changed({ arrays: '../mine.npz' }), 'arrays'],
    [changed({ first: { ...net.first, levels: 'w' } }), 'arrays'],
  ])('an entry that is malformed: %#', async (text, entry) => {
    const [first] = await refusal(written('bad', text));
    expect(first).toMatch(/^QCC3655/);
    expect(first).toContain(`${entry} in `);
  });

  test('arrays that are not there, and those that do not fit', async () => {
    const named = { ...net.first, levels: 'w' };
    expect((await refusal(written('no', changed({ first: named, arrays: 'no.npz' }))))[0]).toMatch(/^QCC600/);
    expect((await refusal(written('few', changed({ first: { ...net.first, levels: [1] } }))))[0]).toMatch(
      /^QCC3650: first.levels/,
    );
  });
});
