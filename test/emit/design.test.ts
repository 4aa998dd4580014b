import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { emitDesign, writeOutput, type Manifest } from '../../compiler/emit/index.ts';
import { freeze, printHw, readHw, writeHw, type HwGraph } from '../../compiler/hw/index.ts';
import { templateRoot, units } from '../../templates/registry.ts';
import { smallDesign } from './small.ts';

const hw = smallDesign();
const values = Array.from({ length: 28 }, (_, i) => ((i * 7) % 31) - 15);
const options = { templateRoot, version: '0.1.0', golden: { inputs: [values], outputs: [values] } };
const folder = mkdtempSync(join(tmpdir(), 'qcc-emit-'));
const out = join(folder, 'passage');
let files: Map<string, string | Uint8Array>;

beforeAll(async () => {
  files = await emitDesign(hw, units, { ...options, extras: new Map([['report.json', '{}\n']]) });
  writeOutput(out, files);
});
afterAll(() => rmSync(folder, { recursive: true }));

function text(path: string): string {
  const content = files.get(path);
  if (typeof content !== 'string') throw new Error(`no text ${path}`);
  return content;
}

/** Runs a tool in the output folder and returns all that it says. */
function run(tool: string, args: readonly string[], cwd = out): { status: number | null; output: string } {
  const { status, stdout, stderr, error } = spawnSync(tool, args, { cwd, encoding: 'utf8' });
  if (error !== undefined) throw error;
  return { status, output: stdout + stderr };
}

describe('the emitted design', () => {
  // Run vitest with -u after a wanted change and read the difference.
  test('is what the golden files show', async () => {
    for (const path of [
      'rtl/passage.v',
      'tb/passage_tb.v',
      'passage.core',
      'vendor/vivado/build.tcl',
      'model.hw',
    ]) {
      const name = path.replaceAll('/', '-');
      await expect(text(path)).toMatchFileSnapshot(`golden/${name}.txt`);
    }
    await expect(text('harness/passage.ts')).toMatchFileSnapshot('golden/harness-passage.ts.txt');
  });

  test('is the same bytes a second time', async () => {
    const again = await emitDesign(hw, units, { ...options, extras: new Map([['report.json', '{}\n']]) });
    expect([...again]).toEqual([...files]);
  });

  test('has a manifest over every file, without path or time of the machine', () => {
    const manifest = JSON.parse(text('manifest.json')) as Manifest;
    expect(Object.keys(manifest.files).sort()).toEqual(
      [...files.keys()].filter((path) => path !== 'manifest.json').sort(),
    );
    for (const [path, { sha256, bytes }] of Object.entries(manifest.files)) {
      const content = readFileSync(join(out, path));
      expect(createHash('sha256').update(content).digest('hex')).toBe(sha256);
      expect(content.length).toBe(bytes);
    }
    for (const [path, content] of files) {
      expect(content.toString().includes(folder), path).toBe(false);
      expect(content.toString().includes(fileURLToPath(templateRoot)), path).toBe(false);
    }
  });

  test.each([
    ['plain', []],
    ['with the monitor', ['-DQCC_MONITOR']],
  ] as const)('is lint-clean, %s', (_, define) => {
    const lint = run('verilator', [
      '--lint-only',
      '-Wall',
      ...define,
      '--top-module',
      'passage',
      '-f',
      'passage.f',
    ]);
    expect(lint).toEqual({ status: 0, output: '' });
    const icarus = run('iverilog', [
      '-Wall',
      '-g2005',
      ...define,
      '-o',
      join(folder, 'lint.vvp'),
      '-c',
      'passage.f',
    ]);
    expect(icarus).toEqual({ status: 0, output: '' });
  });

  test('passes its own testbench in Icarus', () => {
    const vvp = join(folder, 'tb.vvp');
    const args = ['-Wall', '-g2005', '-o', vvp, '-c', 'passage.f', 'tb/passage_tb.v'];
    expect(run('iverilog', args)).toEqual({ status: 0, output: '' });
    expect(run('vvp', ['-n', vvp])).toEqual({
      status: 0,
      output: expect.stringMatching(/^PASS: passage, 4 frames, twice, in \d+ cycles\n/) as string,
    });
  });

  test.each([
    [
      'a wrong bit',
      'rtl/passage_sink.v',
      "assign m_axis_tdata = { 1'd0, data }",
      "assign m_axis_tdata = { 1'd0, data ^ 15'd8 }",
      /found .* expected/,
    ],
    [
      'TLAST on every beat',
      'rtl/passage_sink.v',
      'm_axis_tlast = beat_q ==',
      'm_axis_tlast = beat_q !=',
      /TLAST/,
    ],
    ['data without reset', 'rtl/passage_sink.v', "beat_q <= 2'd0;", 'beat_q <= beat_q;', /TLAST is x/],
    [
      'a FIFO that forgets',
      'rtl/passage_buffered.v',
      'push && !pop',
      "push && !pop && count_q != 2'd2",
      /found .* expected|no transfer/,
    ],
    [
      'an X in the data',
      'rtl/passage_source.v',
      '.in_data(s_axis_tdata[14:0])',
      ".in_data({1'bx, s_axis_tdata[13:0]})",
      /X in a beat/,
    ],
    [
      'no progress',
      'rtl/passage_source.v',
      '.out_valid(out_valid)',
      '.out_valid()',
      /no transfer|X on the valid/,
    ],
  ])('the testbench finds %s', (_, path, from, to, message) => {
    const original = text(path);
    expect(original).toContain(from);
    const broken = join(folder, 'broken.v');
    writeFileSync(broken, original.replace(from, to));
    const sources = text('passage.f')
      .trim()
      .split('\n')
      .map((file) => (file === path ? broken : file));
    const vvp = join(folder, 'broken.vvp');
    expect(run('iverilog', ['-g2005', '-o', vvp, ...sources, 'tb/passage_tb.v']).status).toBe(0);
    const { output } = run('vvp', ['-n', vvp]);
    expect(output).toMatch(message);
    expect(output).toMatch(/^FAIL: passage, \d+ errors$/m);
    expect(output).not.toContain('PASS');
  });

  test('goes through its Yosys script', () => {
    const { status, output } = run('yosys', ['-q', '-s', 'vendor/yosys/synth.ys']);
    expect(output).not.toMatch(/error|ERROR/);
    expect(status).toBe(0);
    expect(readFileSync(join(out, 'vendor/yosys/stat.txt'), 'utf8')).toMatch(/LUT\d/);
  });

  test.each([
    'vendor/vivado/build.tcl',
    'vendor/quartus/build.tcl',
    'constraints/passage.sdc',
    'constraints/passage.xdc',
  ])('%s is complete Tcl', (path) => {
    const depth = [...text(path)].reduce(
      (sum, c) => sum + (c === '{' || c === '[' ? 1 : c === '}' || c === ']' ? -1 : 0),
      0,
    );
    expect(depth).toBe(0);
    expect(text(path)).not.toMatch(/undefined|NaN|\/tmp/);
  });
});

describe('the hardware graph as a file', () => {
  const withConsts: HwGraph = freeze({
    ...hw,
    nodes: hw.nodes.map((node, index) => ({
      ...node,
      consts: {
        w: {
          elem: { kind: 'bipolar' } as const,
          shape: [3, 3],
          data: [1, -1, 1, 1, 1, -1, -1, -1, index === 0 ? 1 : -1],
        },
        t: { elem: { kind: 'int', bits: 11 } as const, shape: [2, 1], data: Int16Array.of(-1024, 1023) },
        none: { elem: { kind: 'uint', bits: 3 } as const, shape: [0], data: [] },
      },
    })),
  });

  test('reads back what it wrote', () => {
    const read = readHw(writeHw(withConsts), 'model.hw.json');
    expect(writeHw(read)).toBe(writeHw(withConsts));
    expect(read.channels).toEqual(withConsts.channels);
    const [first] = read.nodes;
    expect(Array.from(first?.consts['t']?.data ?? [])).toEqual([-1024, 1023]);
    expect(Array.from(first?.consts['w']?.data ?? [])).toEqual([1, -1, 1, 1, 1, -1, -1, -1, 1]);
    expect(Object.isFrozen(read.nodes[0]?.params)).toBe(true);
  });

  test('prints every instance, parameter and channel', () => {
    const printed = printHw(withConsts);
    for (const part of [
      'unit buffered',
      'depth = 3',
      'const t : int11[2, 1]',
      'channel x0',
      'buffered.out -> sink.in',
    ]) {
      expect(printed).toContain(part);
    }
  });

  test.each([
    ['no JSON', '{'],
    ['another document', '{"hw": 2}'],
    ['a constant that is too short', writeHw(withConsts).replace(/"data":"[^"]{4,}"/, '"data":"AAAA"')],
  ])('refuses %s with its code', (_, broken) => {
    expect(() => readHw(broken, 'x.json')).toThrow(/QCC4510/);
  });
});
