import { existsSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseArray, readArray } from '../../compiler/data/index.ts';
import { loadQir, parseQir } from '../../compiler/qir/index.ts';
import { reportSchema } from '../../compiler/report/index.ts';
import { passes } from '../../compiler/pipeline.ts';
import { data, model, qcc, qccJson, temporaryFolder } from './run.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);

function tree(dir: string): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  const walk = (path: string): void => {
    for (const name of readdirSync(path).sort()) {
      const inner = join(path, name);
      if (statSync(inner).isDirectory()) walk(inner);
      else files.set(relative(dir, inner), readFileSync(inner));
    }
  };
  walk(dir);
  return files;
}

describe('import and check', () => {
  test('import writes a .qir that every command takes', async () => {
    const { status, out } = await qcc(['import', model, '-o', at('digits.qir')]);
    expect(status).toBe(0);
    expect(out).toContain('written to');
    expect(loadQir(at('digits.qir')).form).toBe('real');
    expect((await qcc(['check', at('digits.qir')])).status).toBe(0);
    const { json } = await qccJson([
      'sim',
      at('digits.qir'),
      '-i',
      `${data}:pixels`,
      '--engine',
      'cycle',
      '--expect',
      `${data}:accumulators`,
    ]);
    expect(json['status']).toBe('ok');
  });

  test('import never writes over the model it reads', async () => {
    const original = readFileSync(model);
    writeFileSync(at('own.onnx'), original);
    symlinkSync(at('own.onnx'), at('link.onnx'));
    for (const output of ['own.onnx', 'link.onnx']) {
      const { status, err } = await qcc(['import', at('own.onnx'), '-o', at(output)]);
      expect(status).toBe(1);
      expect(err).toContain('error[QCC6101]: --output cannot have this value');
      expect(readFileSync(at('own.onnx')).equals(original)).toBe(true);
    }
  });

  test('import --stop-after writes the graph of that pass', async () => {
    expect((await qcc(['import', model, '-o', at('int.qir'), '--stop-after', 'integerize'])).status).toBe(0);
    expect(loadQir(at('int.qir')).form).toBe('integer');
    expect((await qcc(['check', at('int.qir'), '-q'])).status).toBe(0);
  });

  test('check writes nothing and says what the model is', async () => {
    const { status, json } = await qccJson(['check', model]);
    expect(status).toBe(0);
    expect(json['model']).toMatchObject({ form: 'integer', inputs: [{ type: 'uint8[1, 16, 16]' }] });
    expect(reportSchema.safeParse(json['report']).error).toBeUndefined();
  });

  test('the IR printed after a pass reads back', async () => {
    const { out } = await qcc(['check', model, '--print-ir-after', 'integerize', '-q']);
    expect(out.startsWith('// after pass integerize\n')).toBe(true);
    expect(parseQir(out, { file: 'printed' }).form).toBe('integer');
    const stopped = await qcc(['check', model, '--stop-after', 'integerize']);
    expect(stopped.out).toBe(out);
  });

  test('--print-ir-after all prints every pass', async () => {
    const { json } = await qccJson(['check', model, '--print-ir-after', 'all']);
    const dumps = json['ir'] as readonly { readonly pass: string; readonly qir: string }[];
    expect(dumps.map((dump) => dump.pass)).toEqual(passes.map((pass) => pass.name));
    for (const dump of dumps) parseQir(dump.qir, { file: dump.pass });
  });

  test('a pass that does not run on the model gives a warning', async () => {
    const { status, json } = await qccJson(['check', at('int.qir'), '--print-ir-after', 'integerize']);
    expect(status).toBe(0);
    expect(json.diagnostics?.map((d) => d.code)).toContain('QCC6102');
  });
});

describe('build', () => {
  test('twice the same bytes, and a report that is valid and lists what was built', async () => {
    const first = await qcc(['build', model, '-o', at('one')]);
    expect(first.status).toBe(0);
    expect(first.out).toContain('throughput');
    await qcc(['build', model, '-o', at('two'), '-q']);
    const [one, two] = [tree(at('one')), tree(at('two'))];
    expect([...two.keys()]).toEqual([...one.keys()]);
    for (const [path, bytes] of one) expect(two.get(path)?.equals(bytes), path).toBe(true);
    for (const path of [
      'model.qir',
      'report.json',
      'report.html',
      'manifest.json',
      'rtl/digits.v',
      'tb/digits_tb.v',
    ]) {
      expect(one.has(path), path).toBe(true);
    }
    const report = reportSchema.parse(JSON.parse(one.get('report.json')?.toString() ?? ''));
    expect(report.model.weights).toBe(256 * 64 + 64 * 64 + 64 * 10);
    const weights = report.model.weights;
    expect(report.storage).toMatchObject({ weights, bits: weights, factorBits: 0, bitsPerWeight: 1 });
    expect(report.storage?.layers.map((layer) => [layer.weights, layer.bits])).toEqual([
      [256 * 64, 256 * 64],
      [64 * 64, 64 * 64],
      [64 * 10, 64 * 10],
    ]);
    expect(report.layers.map(({ storage }) => storage?.bits)).toEqual([
      undefined,
      256 * 64,
      64 * 64,
      64 * 10,
    ]);
    expect(first.out).toContain('21,120 bits in memories, 1 a weight\n');
    expect(one.get('report.html')?.toString()).toContain('<dd>21,120 bits in memories, 1 a weight</dd>');
    expect(report.layers.map((layer) => layer.nodes.length > 0)).not.toContain(false);
    expect(loadQir(at('one/model.qir')).form).toBe('integer');
    const html = one.get('report.html')?.toString() ?? '';
    expect(html).not.toMatch(/https?:|<script/);
    expect(one.has('folding.json')).toBe(true);
  });

  test.each([
    [model, []],
    [model, ['--fps', '1e6', '--style', 'folded']],
    [model, ['--device', 'ice40up5k']],
    [model, ['--style', 'unrolled']],
  ])('folding.json makes the same design again, byte for byte: %s %s', async (file, args) => {
    expect((await qcc(['build', file, '-o', at('first'), '-q', ...args])).status).toBe(0);
    const first = tree(at('first'));
    const report = reportSchema.parse(JSON.parse(first.get('report.json')?.toString() ?? ''));
    const folding = JSON.parse(first.get('folding.json')?.toString() ?? '') as Record<string, unknown>;
    expect(report.folding).toEqual(folding);
    for (const { nodes } of report.layers) expect(nodes.some((node) => node in folding)).toBe(true);
    for (const { name } of report.model.inputs) expect(folding).toHaveProperty(name);
    const again = ['build', file, '-o', at('again'), '-q', '--folding', join(at('first'), 'folding.json')];
    const device = args.includes('--device') ? args : [];
    expect((await qcc([...again, ...device])).status).toBe(0);
    const second = tree(at('again'));
    expect([...second.keys()]).toEqual([...first.keys()]);
    // the manifest lists the options
    for (const [path, bytes] of first)
      if (path !== 'manifest.json') expect(second.get(path)?.equals(bytes), path).toBe(true);
  });

  test('a folding file is obeyed', async () => {
    writeFileSync(
      at('slow.json'),
      JSON.stringify({ fc1_act: { pe: 1, simd: 16, order: 'output', style: 'folded' } }),
    );
    const { json } = await qccJson(['check', model, '--folding', at('slow.json')]);
    const report = reportSchema.parse(json['report']);
    const layer = report.layers.find(
      ({ nodes, instance }) => nodes.includes('fc1_act') || instance === 'fc1_act',
    );
    expect(layer?.folding).toEqual({ pe: 1, simd: 16, order: 'output', style: 'folded' });
    expect(layer?.cycles).toBeGreaterThanOrEqual((64 * 256) / 16);
    expect(report.performance.initiationInterval).toBeGreaterThanOrEqual((64 * 256) / 16);
  });

  test.each([
    ['not-json', '{ "fc1_act": { "pe": 4, }\n', 'QCC6200'],
    ['unknown-field', '{ "fc1_act": { "pee": 4 } }', 'QCC6201'],
    ['bad-values', '{ "fc1_act": { "pe": 0, "simd": 2.5, "order": "up" } }', 'QCC6201'],
    ['unknown-layer', '{ "fc1_at": { "pe": 4 } }', 'QCC4105'],
  ])('folding file %s', async (name, text, code) => {
    const file = at('folding-bad.json');
    writeFileSync(file, text);
    const { status, err } = await qcc(['check', model, '--folding', file, '-q']);
    expect(status).toBe(1);
    expect(err).toContain(`error[${code}]`);
    await expect(err.replaceAll(folder, 'DIR')).toMatchFileSnapshot(`../golden/cli/folding-${name}.txt`);
  });

  test('a failed build leaves the previous output', async () => {
    await qcc(['build', model, '-o', at('kept'), '-q']);
    const before = tree(at('kept'));
    expect((await qcc(['build', model, '-o', at('kept'), '-q', '--fps', '1e9'])).status).toBe(1);
    expect(tree(at('kept'))).toEqual(before);
  });
});

describe('sim', () => {
  const pixels = ['-i', `${data}:pixels`];

  test('reference and cycle model on the digits: golden sums, labels, output file', async () => {
    for (const engine of ['reference', 'cycle']) {
      const output = at(`${engine}.npy`);
      const { status, json } = await qccJson([
        ...['sim', model, ...pixels, '--engine', engine, '-o', output],
        ...['--expect', `${data}:accumulators`, '--labels', `${data}:labels`],
      ]);
      expect(status).toBe(0);
      expect(json['accuracy']).toEqual({ right: 12, frames: 12 });
      const real = { levels: ['real form', 'integer form'], count: 120, equal: true };
      expect(json['checks']).toMatchObject([
        ...(engine === 'reference' ? [real] : []),
        { compared: 'values', count: 120, equal: true },
        { compared: 'labels' },
      ]);
      const written = parseArray(readFileSync(output), output);
      const golden = await readArray(`${data}:accumulators`);
      expect([written.shape, [...written.data]]).toEqual([[12, 10], [...golden.data]]);
    }
  });

  test('all engines agree on values and on every handshake of every channel, with stalls too', async (context) => {
    const { probeTools } = await import('../../sim/verilator/index.ts');
    const tools = (await probeTools()).filter(({ tool }) => tool === 'verilator' || tool === 'c++');
    if (!tools.every(({ found }) => found)) return context.skip('Verilator or a C++ compiler is missing');
    const args = ['sim', model, ...pixels, '--expect', `${data}:accumulators`, '--stalls', '3'];
    const { status, json } = await qccJson(args);
    expect(status).toBe(0);
    expect(json['engines']).toEqual(['reference', 'cycle', 'verilator']);
    const checks = json['checks'] as readonly {
      compared: string;
      count: number;
      equal: boolean;
      text: string;
    }[];
    expect(checks.map(({ compared, equal }) => [compared, equal])).toEqual([
      ['values', true],
      ['values', true],
      ['cycles', true],
      ['values', true],
    ]);
    expect(checks[0]?.text).toContain('real form = integer form on 12 frames');
    expect(checks[2]?.text).toMatch(/handshakes of all \d+ channels, each with its data/);
  });

  test('a mismatch is exit status 1 and names the first place', async () => {
    const golden = await readArray(`${data}:accumulators`);
    const { writeNpy } = await import('../../compiler/data/index.ts');
    const wrong = Int32Array.from(golden.data as Int32Array);
    wrong[57] = (wrong[57] ?? 0) + 2;
    writeFileSync(at('wrong.npy'), writeNpy({ dtype: 'int32', shape: [12, 10], data: wrong }));
    const { status, json } = await qccJson([
      'sim',
      model,
      ...pixels,
      '--engine',
      'reference',
      '--expect',
      at('wrong.npy'),
    ]);
    expect(status).toBe(1);
    const [error] = (json.diagnostics ?? []).filter((d) => d.severity === 'error');
    expect(error?.code).toBe('QCC6031');
    expect(error?.message).toContain(
      '1 of 120 output values differ from the expected ones, first in frame 5 at index 7',
    );
  });

  test('classes are expected too, --frames limits, stalls change cycles and nothing else', async () => {
    const base = [
      'sim',
      model,
      ...pixels,
      '--engine',
      'cycle',
      '--frames',
      '5',
      '--expect',
      `${data}:labels`,
    ];
    const free = await qccJson(base);
    const stalled = await qccJson([...base, '--stalls', '9', '--trace', at('out.vcd')]);
    expect([free.status, stalled.status]).toEqual([0, 0]);
    expect(free.json['frames']).toBe(5);
    expect(stalled.json['output']).toEqual(free.json['output']);
    expect(stalled.json['cycles']).toBeGreaterThan(free.json['cycles'] as number);
    expect(readFileSync(at('out.vcd'), 'utf8')).toContain('$enddefinitions');
  });

  test('too few expected frames are refused', async () => {
    const { status, json } = await qccJson([
      ...[
        'sim',
        model,
        '-i',
        'examples/digits/test.npz:pixels',
        '--engine',
        'cycle',
        '--expect',
        `${data}:accumulators`,
      ],
    ]);
    expect(status).toBe(1);
    expect(json.diagnostics?.map((d) => d.code)).toContain('QCC6030');
  });

  test('without Verilator: all says what was not checked, verilator fails with advice', async () => {
    const before = process.env['VERILATOR'];
    process.env['VERILATOR'] = at('no-verilator');
    try {
      const all = await qcc(['sim', model, ...pixels]);
      expect(all.status).toBe(0);
      expect(all.out).toContain('reference = cycle on 12 frames, 120 values');
      expect(all.err).toContain('NOT checked');
      const alone = await qcc(['sim', model, ...pixels, '--engine', 'verilator']);
      expect(alone.status).toBe(1);
      expect(alone.err).toContain('apt-get install verilator');
    } finally {
      if (before === undefined) delete process.env['VERILATOR'];
      else process.env['VERILATOR'] = before;
    }
  });
});

describe('output', () => {
  test('colours only on a terminal, and never with NO_COLOR', async () => {
    const escape = '\u001b[';
    expect((await qcc(['check', 'none.onnx'], { terminal: true })).err).toContain(escape);
    expect((await qcc(['check', 'none.onnx'], { terminal: true, env: { NO_COLOR: '1' } })).err).not.toContain(
      escape,
    );
    expect((await qcc(['check', 'none.onnx'])).err).not.toContain(escape);
    expect((await qcc(['doctor'], { terminal: true })).out).toContain(escape);
    expect((await qcc(['doctor'], { terminal: true, env: { NO_COLOR: '1' } })).out).not.toContain(escape);
  });

  test('--quiet prints nothing when all is well', async () => {
    expect(await qcc(['check', model, '--quiet'])).toEqual({ status: 0, out: '', err: '' });
  });

  test('doctor lists the tools', async () => {
    const { status, json } = await qccJson(['doctor']);
    expect(status).toBe(0);
    expect((json['tools'] as readonly { tool: string }[]).map(({ tool }) => tool)).toEqual([
      'verilator',
      'c++',
      'iverilog',
      'yosys',
    ]);
  });

  test('nothing is left behind in the working folder', () => {
    expect(existsSync('out.npy') || existsSync('digits.qir')).toBe(false);
  });
});
