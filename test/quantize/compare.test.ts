import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeNpy } from '../../compiler/data/index.ts';
import { saveQir } from '../../compiler/qir/save.ts';
import { qcc, qccJson } from '../cli/run.ts';
import { samplesFor, small } from './small.ts';

const folder = mkdtempSync(join(tmpdir(), 'qcc-compare-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const model = join(folder, 'small.qir');
const data = join(folder, 'x.npy');
const frames = 20;

beforeAll(() => {
  const graph = small(5);
  saveQir(graph, model);
  const pixels = samplesFor(graph, 6, frames).flatMap((sample) => Array.from(sample['pixels']?.data ?? []));
  writeFileSync(data, writeNpy({ dtype: 'uint8', shape: [frames, 6, 6, 4], data: Uint8Array.from(pixels) }));
});

test('compare: a row for each method, and a plot that is the same every time', async () => {
  const plot = join(folder, 'c.svg');
  const methods = 'int8,inq:4,sketch:2:refined,ffn:8:epochs=1:ends=int8,twn';
  const args = ['compare', model, '--methods', methods, '--data', data, '--budget', 'lut=6000'];
  const { status, json } = await qccJson([...args, '-o', plot]);
  expect(status).toBe(0);
  const rows = json['methods'] as readonly {
    readonly method: string;
    readonly frames: number;
    readonly right: number;
    readonly multiplications: number;
    readonly shifts: number;
    readonly additions: number;
    readonly bitsPerWeight: number;
    readonly design: {
      readonly cycles: number;
      readonly lut: number;
      readonly storedBitsPerWeight: number;
    };
  }[];
  expect(rows.map(({ method }) => method)).toEqual(methods.split(','));
  for (const row of rows) {
    expect(row.frames).toBe(frames);
    expect(row.design.lut).toBeLessThanOrEqual(6000);
    expect(row.design.cycles).toBeGreaterThan(0);
    // the smallest matrices may be logic
    expect(row.design.storedBitsPerWeight).toBeLessThanOrEqual(row.bitsPerWeight);
  }
  const [eight, shifts] = rows;
  expect([eight?.bitsPerWeight, shifts?.bitsPerWeight]).toEqual([8, 4]);
  // 8 bits hardly ever change the class of the float network
  expect(eight?.right).toBeGreaterThanOrEqual(frames - 2);
  expect(shifts?.multiplications).toBe(0);
  expect(shifts?.shifts).toBe(shifts?.additions);
  const svg = readFileSync(plot, 'utf8');
  // names stand in the legend alone, where they cannot cover each other
  for (const name of methods.split(',')) expect(svg.split(`>${name}</text>`)).toHaveLength(2);
  await qcc([...args, '-o', plot, '--quiet']);
  expect(readFileSync(plot, 'utf8')).toBe(svg);
});

test('compare: a method that does not fit has no design, and a warning says so', async () => {
  const { status, json } = await qccJson([
    'compare',
    model,
    '--methods',
    'twn',
    '--data',
    data,
    '--budget',
    'lut=1',
  ]);
  expect(status).toBe(0);
  expect(json.diagnostics?.map(({ code }) => code)).toContain('QCC3617');
  expect((json['methods'] as readonly object[])[0]).not.toHaveProperty('design');
});

test.each([
  ['compare', ['--methods', 'inq:9'], 'QCC3607'],
  ['compare', ['--methods', 'inq,twn:7'], 'QCC3616'],
  ['quantize', ['--method', 'twn', '--bits', '3', '-o', join(folder, 'y.qir')], 'QCC3606'],
  ['quantize', ['--method', 'inq', '--bits', '9', '-o', join(folder, 'y.qir')], 'QCC3607'],
  ['quantize', ['--config', join(folder, 'none.json'), '-o', join(folder, 'y.qir')], 'QCC3614'],
])('%s %j is refused: %s', async (command, more, code) => {
  const { status, json } = await qccJson([command, model, '--data', data, ...more]);
  expect(status).toBe(1);
  expect(json.diagnostics?.map((d) => d.code)).toEqual([code]);
});

test('quantize: an array without samples', async () => {
  const empty = join(folder, 'empty.npy');
  writeFileSync(empty, writeNpy({ dtype: 'uint8', shape: [0, 6, 6, 4], data: new Uint8Array() }));
  const { status, json } = await qccJson([
    'quantize',
    model,
    '--calibrate',
    empty,
    '-o',
    join(folder, 'y.qir'),
  ]);
  expect(status).toBe(1);
  expect(
    json.diagnostics?.map((d) => d.code).some((code) => code === 'QCC3610' || code.startsWith('QCC60')),
  ).toBe(true);
});
