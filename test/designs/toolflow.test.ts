import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { readDevice } from '../../compiler/devices/index.ts';
import { loadModel, type CompileOptions } from '../../compiler/driver.ts';
import type { Graph } from '../../compiler/qir/graph.ts';
import { dataPath, haveData } from '../models/data.ts';
import { binaryMlp } from '../lower/nets.ts';
import {
  buildInto,
  compileTestbench,
  expectCleanLint,
  openDesign,
  runTestbench,
  silent,
  temporaryFolder,
  tool,
  type Design,
  type Told,
} from './support.ts';

/** QCC_LARGE=1 also synthesizes the large designs for Xilinx, which takes minutes. */
const large = process.env['QCC_LARGE'] !== undefined;

/** What Yosys may take for one design, in milliseconds. */
const synthesisTime = large ? 900_000 : 60_000;

type Form = 'portable' | 'cells';

interface Case {
  readonly name: string;
  readonly load: () => Graph | Promise<Graph>;
  readonly options?: Partial<CompileOptions>;
  /** Whether it takes the models in ../shared/data. */
  readonly data?: boolean;
  /** Whether its outputs are the last layer's sums of products by -1 and +1: then any single weight of that layer shows. */
  readonly sums?: boolean;
  /** The forms that are synthesized for Xilinx always; the others only with QCC_LARGE. */
  readonly synthesis?: readonly Form[];
}

const onnx = (path: string, inputType?: string) => (): Promise<Graph> =>
  loadModel(path, { diagnostics: new Diagnostics(), ...(inputType === undefined ? {} : { inputType }) });

const cases: readonly Case[] = [
  {
    name: 'memories of every kind',
    load: () => binaryMlp([128, 64, 64, 10]),
    // 512 words of weights, and FIFOs
    options: {
      folding: new Map([
        ['fc0', { pe: 2, simd: 8 }],
        ['fc1', { pe: 1, simd: 8 }],
        ['fc2', { pe: 1, simd: 2 }],
      ]),
    },
    sums: true,
    synthesis: ['portable', 'cells'],
  },
  { name: 'unrolled', load: () => binaryMlp([16, 12, 5]), options: { style: 'unrolled' } },
  { name: 'digits', load: onnx('examples/digits/digits.onnx'), sums: true },
  {
    name: 'TFC_1W1A',
    load: onnx(dataPath('models/TFC_1W1A.onnx')),
    data: true,
    sums: true,
  },
  { name: 'TFC_2W2A', load: onnx(dataPath('models/TFC_2W2A.onnx')), data: true },
  {
    name: 'finn_build_dataflow',
    load: onnx(dataPath('models/finn_build_dataflow/model.onnx')),
    data: true,
  },
  {
    name: 'qkeras_jettagging',
    load: onnx(dataPath('models/qkeras_jettagging.onnx'), 'fixed<16,10>'),
    data: true,
  },
];

interface Memory {
  /** Instance and register array, as Yosys names them below the top module. */
  readonly path: string;
  readonly width: number;
  readonly depth: number;
  /** The image it is loaded from, if there is one. */
  readonly file: string | undefined;
  /** Whether it is never written: it has an image, or says how a ROM is to be made. */
  readonly rom: boolean;
  readonly block: boolean;
}

/** Every register array of the Verilog. */
function declaredMemories({ dir, top, rtl }: Design): Memory[] {
  const array =
    /^ *(?:(\(\*[^\n]*\*\))\n *)?reg (?:signed )?\[(\d+):0\] (\w+)\[0:(\d+)\];(?:\s*initial \$readmemh\("([^"]+)")?/gm;
  return rtl.flatMap((path) => {
    const instance = path.slice(`rtl/${top}_`.length, -'.v'.length);
    return [...readFileSync(join(dir, path), 'utf8').matchAll(array)].map((m) => ({
      path: `u_${instance}.${m[3] ?? ''}`,
      width: Number(m[2]) + 1,
      depth: Number(m[4]) + 1,
      file: m[5],
      rom: m[5] !== undefined || (m[1]?.includes('rom_style') ?? false),
      block: m[1]?.includes('rom_style = "block"') ?? false,
    }));
  });
}

/** Changes a file for as long as `use` runs. */
function withChanged(path: string, change: (text: string) => string, use: () => void): void {
  const original = readFileSync(path, 'utf8');
  const changed = change(original);
  expect(changed).not.toBe(original);
  writeFileSync(path, changed);
  try {
    use();
  } finally {
    writeFileSync(path, original);
  }
}

const lines = (text: string): string[] => text.trim().split('\n');

/** The other value of every bit of a hexadecimal word. */
function inverted(word: string, width: number): string {
  return ((1n << BigInt(width)) - 1n - BigInt(`0x${word}`)).toString(16).padStart(word.length, '0');
}

const folder = temporaryFolder();

describe.each(cases)('$name', (entry) => {
  const skip = entry.data === true && !haveData;
  const dir = join(folder, String(cases.indexOf(entry)));
  const vvp = `${dir}.vvp`;
  let design: Design;

  beforeAll(async () => {
    if (skip) return;
    await buildInto(dir, await entry.load(), entry.options);
    design = openDesign(dir);
  }, 60_000);

  test.skipIf(skip)('Verilator and Icarus take it without a word', () => expectCleanLint(design));

  test.skipIf(skip)('its testbench passes, and fails for a wrong memory', () => {
    expect(compileTestbench(design, vvp)).toEqual(silent);
    const said = runTestbench(design, vvp);
    expect(said.output).toMatch(/^PASS: \w+, 4 frames, twice, in \d+ cycles\n/);
    expect(said.output).not.toMatch(/WARNING|ERROR|\bX on|\bX in/);
    expect(said.status).toBe(0);

    // run elsewhere, it names what it does not find
    const elsewhere = tool('vvp', ['-n', vvp], join(dir, 'rtl')).output;
    expect(elsewhere).toMatch(/^cannot read golden_in\w*\.mem below tb\/$/m);
    expect(elsewhere).toMatch(/^FAIL: \w+, run this in the output folder, or set VECTORS$/m);

    const roms = declaredMemories(design).filter(({ file }) => file !== undefined);
    expect(roms.map(({ file }) => file ?? '').sort()).toEqual(design.memories);
    // every memory of the small designs, the first one of those that simulate for seconds
    for (const { file = '', width, depth } of roms.slice(0, entry.data === true ? 1 : undefined)) {
      const path = join(dir, file);
      expect(lines(readFileSync(path, 'utf8')).length).toBe(depth);
      const invert = (text: string): string =>
        `${lines(text)
          .map((word) => inverted(word, width))
          .join('\n')}\n`;
      withChanged(path, invert, () => expect(runTestbench(design, vvp).output).toMatch(/^FAIL: /m));
    }
    if (roms[0]?.file !== undefined && entry.data !== true) {
      const empty = (text: string): string => text.replaceAll(/[0-9a-f]/g, 'x');
      withChanged(join(dir, roms[0].file), empty, () => {
        const { output } = runTestbench(design, vvp);
        expect(output).toMatch(/^FAIL: /m);
        if (/^X (on|in)/m.test(output)) expect(output).toMatch(/^X comes of memories without content/m);
      });
    }
    const vectors = readdirSync(join(dir, 'tb')).filter((name) => name.startsWith('golden_out'));
    expect(vectors.length).toBeGreaterThan(0);
    for (const name of vectors) {
      const other = (digit: string): string => (digit === '0' ? '1' : '0');
      const last = (text: string): string => text.replace(/[0-9a-f](?=\n$)/, other);
      withChanged(join(dir, 'tb', name), last, () =>
        expect(runTestbench(design, vvp).output).toMatch(/^FAIL: /m),
      );
    }
  });

  test.skipIf(skip || entry.sums !== true)('one wrong bit of one weight of the last layer is found', () => {
    const weights = declaredMemories(design).filter(({ file }) => file?.endsWith('_weights.mem'));
    const order = lines(readFileSync(join(dir, `${design.top}.f`), 'utf8'));
    const at = (memory: Memory): number =>
      order.findIndex((path) => path.endsWith(`_${memory.path.slice(2).split('.')[0] ?? ''}.v`));
    const last = weights.sort((a, b) => at(a) - at(b)).at(-1);
    const lowest = (text: string): string => {
      const first = lines(text)[0] ?? '';
      const word = (BigInt(`0x${first}`) ^ 1n).toString(16).padStart(first.length, '0');
      return word + text.slice(first.length);
    };
    withChanged(join(dir, last?.file ?? ''), lowest, () =>
      expect(runTestbench(design, vvp).output).toMatch(/^FAIL: /m),
    );
  });

  test.skipIf(skip)('Yosys finds no latch, no loop, no driver twice, and every memory', () => {
    const list = join(dir, '..', `${String(cases.indexOf(entry))}.memories`);
    const script = [
      ...design.rtl.map((path) => `read_verilog ${path}`),
      `hierarchy -check -top ${design.top}`,
      'proc',
      'check -assert',
      'select -assert-none t:$dlatch t:$adlatch t:$sr t:$dlatchsr t:$aldff t:$tribuf',
      'flatten',
      'opt_clean',
      'check -assert',
      'scc -expect 0',
      'memory -nomap',
      `tee -q -o ${list} select -list t:$mem_v2`,
    ];
    expect(tool('yosys', ['-q', '-p', script.join('; ')], dir)).toEqual(silent);
    const found = readFileSync(list, 'utf8')
      .trim()
      .split('\n')
      .filter((line) => line !== '');
    const declared = declaredMemories(design).map(({ path }) => `${design.top}/${path}`);
    expect(found.sort()).toEqual(declared.sort());
  });

  test.skipIf(skip)('every path in the project files is relative, and leads to a file', () => {
    for (const which of ['vivado', 'quartus'] as const) {
      const { status, output } = tcl(which, dir);
      expect(status, output).toBe(0);
      expect(output.match(/^read_verilog/gm)?.length).toBe(design.rtl.length);
      expect(output).toContain('create_clock');
      if (which === 'vivado') expect(output.match(/^read_mem/gm)?.length ?? 0).toBe(design.memories.length);
    }
    const core = readFileSync(join(dir, `${design.top}.core`), 'utf8');
    const listed = [...core.matchAll(/^ +- ([\w./-]+\.\w+)(?:: |$)/gm)].map((m) => m[1] ?? '');
    const below = (name: string): string[] => readdirSync(join(dir, name)).map((file) => `${name}/${file}`);
    expect(listed.sort()).toEqual(
      [...design.rtl, ...design.memories, ...below('tb'), ...below('constraints')].sort(),
    );
    for (const path of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
      if (!/\.(v|f|core|tcl|ys|sdc|xdc|qir|hw|json|html|ts)$/.test(path)) continue;
      const text = readFileSync(join(dir, path), 'utf8');
      expect(`${path}: ${/(?<![\w.*+/<])\/(?:tmp|home|root|usr|work|Users)\b.*/.exec(text)?.[0] ?? ''}`).toBe(
        `${path}: `,
      );
    }
  });

  const forms: readonly Form[] = large ? ['portable', 'cells'] : (entry.synthesis ?? []);
  test.skipIf(skip || forms.length === 0).each(forms)(
    'Yosys synthesizes it for Xilinx, %s',
    (form) => {
      const define = form === 'cells' ? ['-D', 'QCC_XILINX'] : [];
      const { status, output } = tool('yosys', ['-q', ...define, '-s', 'vendor/yosys/synth.ys'], dir);
      // Yosys 0.23 says this of its own mapping to RAMB18E2, whose unused ports it connects in full width
      const said = lines(output).filter((line) => !/^Warning: Resizing cell port \S+ from/.test(line));
      expect([status, said.join('\n')]).toEqual([0, '']);
      const netlist = readFileSync(join(dir, 'vendor/yosys/netlist.v'), 'utf8');
      // `  RAMB18E2 #(...) \u_fc1.weights_rom.0.0  (`
      const cells = [...netlist.matchAll(/^ {2}(RAM\w+) #\([^;]*?\n {2}\) (?:\\([^ ]+) |(\w+)) *\(/gm)].map(
        (m) => ({ type: m[1] ?? '', name: m[2] ?? m[3] ?? '' }),
      );
      for (const memory of declaredMemories(design)) {
        const own = new Set(cells.filter(({ name }) => name.startsWith(memory.path)).map(({ type }) => type));
        const kinds = [...own].map((type) => (type.startsWith('RAMB') ? 'block' : 'LUT'));
        // a small ROM is made of LUTs, and what is written at run time of RAM in LUTs, not of flip-flops
        expect([memory.path, ...new Set(kinds)]).toEqual([
          memory.path,
          ...(memory.block ? ['block'] : memory.rom ? [] : ['LUT']),
        ]);
      }
    },
    synthesisTime,
  );
});

/** A Tcl script of the output folder, run with stand-ins for the vendor's commands that check every file they are given. */
function tcl(vendor: 'vivado' | 'quartus', cwd: string, args: readonly string[] = []): Told {
  const commands = fileURLToPath(new URL('vendor-commands.tcl', import.meta.url));
  const set = [`QCC_TOOL=${vendor}`, `QCC_SCRIPT=vendor/${vendor}/build.tcl`];
  return tool('env', [...set, `QCC_ARGS=${args.join(' ')}`, 'yosys', '-Q', '-q', '-c', commands], cwd);
}

describe('the form that the vendor scripts take by themselves', () => {
  const define = '-verilog_define QCC_XILINX';
  const vivado = (dir: string, ...args: string[]): string => tcl('vivado', dir, args).output;

  test.each([
    ['xczu3eg', true],
    ['xc7z020', false],
    [undefined, false],
  ])('for device %s', async (name, cells) => {
    const dir = join(folder, `form-${name}`);
    const device = name === undefined ? {} : { device: readDevice(name) };
    await buildInto(dir, binaryMlp([16, 12, 5]), device);
    expect(vivado(dir).includes(define)).toBe(cells);
    expect(vivado(dir, 'xczu7ev-ffvc1156-2-e').includes(define)).toBe(cells);
    // a part without the cells, whatever the design was built for
    expect(vivado(dir, 'xc7z020clg400-1')).not.toContain(define);
    expect(vivado(dir, 'xczu7ev-ffvc1156-2-e', 'cells')).toContain(define);
    expect(vivado(dir, 'xczu7ev-ffvc1156-2-e', 'portable')).not.toContain(define);
    expect(vivado(dir, 'xczu7ev-ffvc1156-2-e', 'cell')).toContain('the form is cells or portable, not cell');
    const script = readFileSync(join(dir, 'vendor/yosys/synth.ys'), 'utf8');
    expect(script.includes('\nverilog_defines -DQCC_XILINX\n')).toBe(cells);
    expect(tool('yosys', ['-q', '-s', 'vendor/yosys/synth.ys'], dir).status).toBe(0);
  });
});
