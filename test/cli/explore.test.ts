import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { reportSchema } from '../../compiler/report/index.ts';
import { model, qcc, qccJson, temporaryFolder } from './run.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);

interface Point {
  readonly interval: number;
  readonly fps: number;
  readonly latency: number;
  readonly lut: number;
  readonly bram36: number;
}

describe('explore', () => {
  test('a front: each design is slower and smaller than the one before, and compiling for its rate gives it', async () => {
    const { status, json } = await qccJson(['explore', model, '-n', '12', '--clock-mhz', '100']);
    expect(status).toBe(0);
    const points = json['points'] as readonly Point[];
    expect(points.length).toBeGreaterThan(5);
    points.forEach((point, i) => {
      expect(point.fps).toBe(1e8 / point.interval);
      expect(point.latency).toBeGreaterThan(0);
      if (i === 0) return;
      expect(point.interval).toBeGreaterThan(points[i - 1]?.interval ?? Infinity);
      expect(point.lut).toBeLessThan(points[i - 1]?.lut ?? 0);
    });
    const some = points[3];
    const built = await qccJson(['check', model, '--clock-mhz', '100', '--fps', String(some?.fps)]);
    const report = reportSchema.parse(built.json['report']);
    expect(report.performance.initiationInterval).toBe(some?.interval);
    const fifos = report.plumbing.filter(({ unit }) => unit === 'fifo');
    const without = report.total.lut - fifos.reduce((sum, { cost }) => sum + cost.lut, 0);
    expect(without).toBe(some?.lut);
  });

  test('plot and numbers: the same bytes each time, and a device that the plot and the table name', async () => {
    const args = (name: string): string[] => [
      ...['explore', model, '-n', '6', '--device', 'ice40up5k'],
      ...['-o', at(`${name}.svg`), '-o', at(`${name}.json`)],
    ];
    const { status, out } = await qcc(args('one'));
    expect(status).toBe(0);
    expect(out).toMatch(/cycles +frames\/s +latency +LUT +FF +BRAM +DSP +LUTs of ice40up5k\n/);
    await qcc(args('two'));
    for (const ending of ['svg', 'json'])
      expect(readFileSync(at(`two.${ending}`)).equals(readFileSync(at(`one.${ending}`))), ending).toBe(true);
    const svg = readFileSync(at('one.svg'), 'utf8');
    expect(svg).toMatch(/^<svg [^]*<\/svg>\n$/);
    expect(svg).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
    expect(svg).toContain('ice40up5k is full');
    expect(svg).toContain('digits at 200 MHz');
    const { points } = JSON.parse(readFileSync(at('one.json'), 'utf8')) as { points: readonly Point[] };
    // a mark a design
    expect(svg.match(/<path d="M1 0A1 1/g)?.length).toBe(points.length);
  });

  test('a budget leaves designs out; one that nothing fits is refused', async () => {
    const all = (await qccJson(['explore', model, '-n', '12'])).json['points'] as readonly Point[];
    const limit = all[3]?.lut ?? 0;
    const { json } = await qccJson(['explore', model, '-n', '12', '--budget', `lut=${limit}`]);
    const points = json['points'] as readonly Point[];
    expect(points.length).toBeGreaterThan(0);
    for (const point of points) expect(point.lut).toBeLessThanOrEqual(limit);
    const none = await qcc(['explore', model, '-n', '4', '--budget', 'lut=10']);
    expect([none.status, none.out]).toEqual([1, '']);
    expect(none.err).toContain('error[QCC6104]');
  });

  test.each([
    ['front.png', 'error[QCC6101]'],
    [join('no', 'such', 'folder.json'), 'error[QCC6103]'],
  ])('-o %s is refused', async (file, code) => {
    const { status, err } = await qcc(['explore', model, '-n', '2', '-o', at(file)]);
    expect(status).toBe(1);
    expect(err).toContain(code);
  });
});
