import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseBudget, printBudget } from '../../compiler/commands/targets.ts';
import { budgetOf, deviceNames, parseDevice, readDevice } from '../../compiler/devices/index.ts';
import { DiagnosticError } from '../../compiler/diagnostics/index.ts';
import { reportSchema } from '../../compiler/report/index.ts';
import { model, qcc, qccJson } from '../cli/run.ts';

describe('device files', () => {
  test.each(deviceNames())('%s parses, and offers something of everything it names', (name) => {
    const device = readDevice(name);
    expect(device.name).toBe(name);
    const offers = budgetOf(device);
    for (const [resource, count] of Object.entries(offers))
      expect(count, resource).toBeGreaterThan(resource === 'dsp' && device.dsp === null ? -1 : 0);
    expect(offers.bram36 * 36 * 1024).toBeLessThanOrEqual(device.memory.count * device.memory.bits);
    expect(offers.lut).toBeLessThanOrEqual(2 * device.lut.count);
  });

  test('the devices that issues ask for are there', () => {
    const asked = ['xc7z020', 'xczu3eg', 'xczu7ev', 'xcvu9p', 'ice40hx8k', 'ice40up5k', 'ecp5-85k'];
    expect(deviceNames()).toEqual(expect.arrayContaining(asked));
    const vendors = deviceNames().map((name) => readDevice(name).vendor);
    expect(vendors).toEqual(expect.arrayContaining(['amd', 'lattice', 'intel', 'gowin']));
  });

  test('a file with a misspelt, missing or impossible field is refused', () => {
    const text = readFileSync('compiler/devices/xc7z020.json', 'utf8');
    const change = (from: string, to: string): (() => unknown) => {
      expect(text).toContain(from);
      return () => parseDevice(text.replace(from, to), 'xc7z020');
    };
    expect(change('"ff":', '"flops":')).toThrow();
    expect(change('106400', '-1')).toThrow();
    expect(change('"xc7z020"', '"other"')).toThrow();
  });
});

describe('--budget', () => {
  test('reads back what it prints', () => {
    const count = fc.nat(1e9);
    const bram36 = count.map((n) => n / 2);
    const budget = fc
      .record({ lut: count, ff: count, bram36, dsp: count }, { requiredKeys: [] })
      .filter((made) => Object.keys(made).length > 0);
    fc.assert(
      fc.property(budget, (made) => {
        expect(parseBudget(printBudget(made))).toEqual(made);
      }),
    );
  });

  test.each([
    ['luts=4', "'luts'"],
    ['lut', "'lut'"],
    ['lut=', "'lut='"],
    ['lut=-4', "'lut=-4'"],
    ['lut=4e3', "'lut=4e3'"],
    ['lut=1.5', "'lut=1.5'"],
    ['lut=1=2', "'lut=1=2'"],
    ['bram=0.3', "'bram=0.3'"],
    ['lut=1,', "''"],
    ['lut=1,dsp=2,lut=3', 'lut twice'],
    ['__proto__=1', "'__proto__'"],
    ['constructor=1', "'constructor'"],
    [`lut=${'9'.repeat(40)}`, `'lut=${'9'.repeat(40)}'`],
  ])('%s is refused', (text, found) => {
    let thrown: unknown;
    try {
      parseBudget(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(DiagnosticError);
    expect((thrown as DiagnosticError).diagnostics).toMatchObject([{ code: 'QCC4191', found }]);
  });
});

describe('--device', () => {
  test('the report says how full it is, and it is a limit, not a goal', async () => {
    const { json } = await qccJson(['check', model, '--device', 'xczu7ev']);
    const report = reportSchema.parse(json['report']);
    expect(report.device).toMatchObject({
      name: 'xczu7ev',
      lut: { used: report.total.lut, available: 230400 },
    });
    expect(report.device?.lut.percent).toBeCloseTo((100 * report.total.lut) / 230400, 1);
    const plain = reportSchema.parse((await qccJson(['check', model]))['json']['report']);
    // folded for the cells of the device, but no slower and no faster
    expect(report.performance.initiationInterval).toBe(plain.performance.initiationInterval);
    expect([plain.estimates.form, report.estimates.form]).toEqual(['portable', 'amd']);
    expect(plain.device).toBeUndefined();
  });

  test('a device that the usual size does not fit into gets a slower design that fits', async () => {
    const { json } = await qccJson(['check', model, '--device', 'ice40up5k', '--budget', 'lut=700']);
    const report = reportSchema.parse(json['report']);
    expect(report.total.lut).toBeLessThanOrEqual(700);
    expect(report.total.lut).toBeLessThanOrEqual(report.device?.lut.available ?? 0);
  });

  test('a rate that does not fit is refused: resource, layer, and what would do, which does', async () => {
    const asked = (fps: number): readonly string[] => [
      'check',
      model,
      '--device',
      'ice40up5k',
      '--fps',
      String(fps),
    ];
    const { status, err } = await qcc(asked(2e7));
    expect(status).toBe(1);
    expect(err).toMatch(
      /error\[QCC4109\]: the cheapest design of 10 cycles a frame needs \d+ LUTs of \d+ of/,
    );
    expect(err.replaceAll(/\s+/g, ' ')).toMatch(/ice40up5k; layer fc1_act uses most of them/);
    expect(err).toContain('option --device ice40up5k');
    const most = Number(/up to (\d+) frames a second fit/.exec(err)?.[1]);
    expect((await qcc(asked(most))).status).toBe(0);
  });

  test('a misspelt name is refused with the likely one', async () => {
    const { status, err } = await qcc(['check', model, '--device', 'xczu7eg']);
    expect(status).toBe(1);
    expect(err).toMatch(/error\[QCC4190\][^]*did you mean 'xczu/);
  });

  test('--device and --budget limit together', async () => {
    const args = ['check', model, '--device', 'xczu7ev', '--budget', 'lut=50'];
    const { status, json } = await qccJson(args);
    expect(status).toBe(1);
    const [problem] = (json.diagnostics ?? []).filter(({ severity }) => severity === 'error');
    expect(problem).toMatchObject({ code: 'QCC4109', where: { option: '--budget' } });
  });
});
