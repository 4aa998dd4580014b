import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { qcc } from '../cli/run.ts';
import { model, node, scalar, tensor, type NodeSpec, type TensorSpec } from '../frontend/onnx-writer.ts';
import { createRandom } from '../../compiler/random.ts';
import {
  compileTestbench,
  expectCleanLint,
  expectWhole,
  openDesign,
  runTestbench,
  silent,
  temporaryFolder,
  tool,
} from './support.ts';

const folder = temporaryFolder();
let count = 0;

/** A folder of its own for each test, in which only the model and the output may be afterwards. */
function fresh(): string {
  const dir = join(folder, String(count++));
  mkdirSync(dir);
  return dir;
}

const long = 'n'.repeat(10_000);

/** What a name must not do: leave a folder, end a comment, a string or a statement, run, hide, clash, be a keyword. */
const hostile = [
  '../../escape',
  '/etc/passwd',
  'a"b\'c`d',
  'line\nbreak\r\n`include "/etc/passwd"',
  '$(touch pwned)`touch pwned`',
  '; touch pwned #',
  '*/ endmodule /*',
  '// verilator lint_off WIDTH',
  'ends in a backslash \\',
  'module',
  'ENDMODULE',
  'begin',
  'aclk',
  'stream_in',
  'qcc_spill',
  '__proto__',
  'constructor',
  '{{ module }}{% raw %}',
  'a/b',
  'a.b',
  'A b',
  'a_b_2',
  '\u0000\u202e\u{1f600}',
  '0',
  '',
  long,
  `${long}x`,
];

/** A layer for each name: bipolar weights, sums, sign; all nodes, tensors and weights carry the name. */
function network(): Uint8Array {
  const random = createRandom(7);
  const nodes: NodeSpec[] = [];
  const initializers: [string, TensorSpec][] = [['one', scalar(1)]];
  let x = '../"in\nput';
  hostile.forEach((name, i) => {
    const width = i === hostile.length - 1 ? 3 : 6;
    const weights = Array.from({ length: 6 * width }, () => random.pick([-1, 1]));
    // tensors must differ, nodes need not
    const tag = `${name}#${i}`;
    initializers.push([`w${tag}`, tensor([6, width], weights)]);
    nodes.push(node('BipolarQuant', [`w${tag}`, 'one'], [`q${tag}`], {}, 'onnx.brevitas', `${name}w`));
    nodes.push(node('MatMul', [x, `q${tag}`], [`m${tag}`], {}, '', name));
    if (i < hostile.length - 1)
      nodes.push(node('BipolarQuant', [`m${tag}`, 'one'], [tag], {}, 'onnx.brevitas', name));
    x = i < hostile.length - 1 ? tag : `m${tag}`;
  });
  return model({
    name: '$(touch pwned)/../\n`endmodule',
    nodes,
    inputs: [{ name: '../"in\nput', dims: [1, 6] }],
    outputs: [{ name: x }],
    initializers: Object.fromEntries(initializers),
    customOpsets: { 'onnx.brevitas': 1 },
  });
}

/** Builds, and asserts that the design is clean, passes its testbench, and that nothing else has come to be. */
async function expectSound(dir: string, file: string, more: readonly string[] = []): Promise<void> {
  const out = join(dir, 'out');
  const { status, err } = await qcc(['build', join(dir, file), '-o', out, ...more]);
  expect(status, err).toBe(0);
  const { files, top } = expectWhole(out);
  for (const path of [...Object.keys(files), top])
    expect(path).toMatch(/^[A-Za-z0-9_]+([./][A-Za-z0-9_]+)*$/);
  const lower = Object.keys(files).map((path) => path.toLowerCase());
  expect(new Set(lower).size).toBe(lower.length);

  const design = openDesign(out);
  expectCleanLint(design);
  const vvp = join(dir, 'tb.vvp');
  expect(compileTestbench(design, vvp)).toEqual(silent);
  expect(runTestbench(design, vvp).output).toMatch(/^PASS: /);
  const script = [
    ...design.rtl.map((path) => `read_verilog ${path}`),
    `hierarchy -check -top ${top}`,
    'proc',
  ];
  expect(tool('yosys', ['-q', '-p', [...script, 'check -assert'].join('; ')], out)).toEqual(silent);

  for (const path of Object.keys(files).filter((name) => !/^mem\/|safetensors$/.test(name))) {
    const text = readFileSync(join(out, path), 'utf8');
    if (/\.(v|f|core|tcl|ys|sdc|xdc)$/.test(path)) {
      expect(`${path}: ${/[^\n\t\x20-\x7e]/.exec(text)?.[0] ?? ''}`).toBe(`${path}: `);
      // in Verilog a name may stand in a comment alone
      const code = text.replace(/\/\/[^\n]*|^#[^\n]*/gm, '');
      expect(`${path}: ${/touch pwned|\/etc\/|\.\.\/|raw %|`include/.exec(code)?.[0] ?? ''}`).toBe(
        `${path}: `,
      );
    }
  }
  expect(readdirSync(dir).sort()).toEqual([file, 'out', 'tb.vvp'].sort());
  expect(existsSync('pwned')).toBe(false);
}

describe('hostile names', () => {
  test('in an ONNX model, and of its file', async () => {
    const dir = fresh();
    const file = `$(touch pwned) "q"\n;module'.onnx`;
    writeFileSync(join(dir, file), network());
    await expectSound(dir, file, ['--input-type', 'int4']);
  }, 120_000);

  test.each([
    ['a keyword', 'module.onnx'],
    ['an instance', 'stream_in.onnx'],
    ['a directive', 'verilator.onnx'],
    ['dots', '....onnx'],
    ['a dash', '-.onnx'],
    ['a long word', `${'m'.repeat(240)}.onnx`],
  ])('of a file: %s', async (_, file) => {
    const dir = fresh();
    writeFileSync(join(dir, file), readFileSync('examples/digits/digits.onnx'));
    const out = join(dir, 'out');
    const { status, err } = await qcc(['build', join(dir, file), '-o', out, '--quiet']);
    expect(status, err).toBe(0);
    const design = openDesign(out);
    expect(design.top).toMatch(/^[A-Za-z][A-Za-z0-9_]{0,47}$/);
    expectCleanLint(design);
    expect(readdirSync(dir).sort()).toEqual([file, 'out'].sort());
  });

  test('in .qir text', async () => {
    const dir = fresh();
    const from = (name: string): string => JSON.stringify(name);
    const text = `qir 1
graph integer @module {
  input %begin : int4[4] from ${from('$(touch pwned)')}
  %endmodule = matmul %begin, @wire : int7[2] from ${from('*/ endmodule /*')}, ${from('../../escape')}
  %aclk = threshold %endmodule, @reg {base = -1} : bipolar[2] from ${from('\n`include "/etc/passwd"')}, ${from(long)}
  %A_clk = matmul %aclk, @always : int3[2] from ${from('{{ module }}')}
  %a_clk = threshold %A_clk, @initial {base = -1} : bipolar[2] from ${from('\\')}
  %${long} = matmul %a_clk, @${long} : int3[3]
  output %${long} : int3[3] from ${from('../"out')}
}
const @wire : bipolar[2, 4] = [1, -1, -1, 1, 1, 1, 1, -1]
const @reg : int7[2, 1] = [0, 3]
const @always : bipolar[2, 2] = [1, -1, 1, 1]
const @initial : int3[2, 1] = [0, 1]
const @${long} : bipolar[3, 2] = [1, 1, -1, 1, 1, -1]
`;
    writeFileSync(join(dir, 'net.qir'), text);
    await expectSound(dir, 'net.qir');
  });

  test.each([
    ['a weights file elsewhere', 'weights "../../etc/passwd" sha256 "00"'],
    ['an absolute weights file', `weights "/etc/passwd" sha256 "${'0'.repeat(64)}"`],
    ['a weights file that is none', `weights "net.qir" sha256 "${'0'.repeat(64)}"`],
  ])('in .qir text: %s is refused with its code', async (_, line) => {
    const dir = fresh();
    const text = `qir 1
${line}
graph integer @g {
  input %x : int4[2]
  %y = matmul %x, @w : int6[1]
  output %y : int6[1]
}
const @w : bipolar[1, 2]
`;
    writeFileSync(join(dir, 'net.qir'), text);
    const { status, err } = await qcc(['build', join(dir, 'net.qir'), '-o', join(dir, 'out')]);
    expect(status).toBe(1);
    expect(err).toMatch(/^error\[QCC\d{4}\]/m);
    expect(err).not.toMatch(/root:|QCC9|at .*\.ts:/);
    expect(readdirSync(dir)).toEqual(['net.qir']);
  });
});
