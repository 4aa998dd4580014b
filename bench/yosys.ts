import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { emitRtl } from '../compiler/emit/index.ts';
import { freeze } from '../compiler/hw/index.ts';
import type { Channel, Cost, HwGraph, HwNode } from '../compiler/hw/index.ts';
import { templateRoot, units } from '../templates/registry.ts';

/** How to synthesize: `xilinx` takes the form for AMD devices, `keep` is a folder that the files stay in; without `dsp` products are LUTs. */
export interface SynthesisOptions {
  readonly xilinx?: boolean;
  readonly dsp?: boolean;
  readonly keep?: string;
}

/** What was counted before, by the text that was synthesized: the same text always gives the same count. */
const known = fileURLToPath(new URL('../.cache/yosys/', import.meta.url));

/** Resources of nothing. */
export const nothing: Cost = { lut: 0, ff: 0, bram36: 0, dsp: 0 };

/** Resources of two things together. */
export function sum(a: Cost, b: Cost): Cost {
  return { lut: a.lut + b.lut, ff: a.ff + b.ff, bram36: a.bram36 + b.bram36, dsp: a.dsp + b.dsp };
}

/** Counts the cells that Yosys' `stat` printed for one module. */
function countCells(cells: string): Cost {
  const count = (pattern: RegExp): number =>
    [...cells.matchAll(pattern)].reduce((total, [, n]) => total + Number(n), 0);
  // A RAM32M16 or RAM64M8 takes the eight LUTs of a slice, a RAM32M or RAM64M four; a dual-port RAM a LUT a port and 64 words.
  const memory =
    8 * count(/^ {5}RAM(?:32M16|64M8)\w* +(\d+)$/gm) +
    4 * count(/^ {5}RAM(?:32|64)M +(\d+)$/gm) +
    2 * count(/^ {5}RAM(?:32|64)X1D\w* +(\d+)$/gm) +
    4 * count(/^ {5}RAM128X1D\w* +(\d+)$/gm) +
    count(/^ {5}SRL\w+ +(\d+)$/gm);
  return {
    lut: memory + count(/^ {5}LUT\w* +(\d+)$/gm),
    ff: count(/^ {5}FD\w* +(\d+)$/gm),
    bram36: count(/^ {5}RAMB36\w* +(\d+)$/gm) + count(/^ {5}RAMB18\w* +(\d+)$/gm) / 2,
    dsp: count(/^ {5}DSP48\w* +(\d+)$/gm),
  };
}

/** Runs Yosys on files in a folder; returns what its last `stat` says of each module. */
function runYosys(
  files: ReadonlyMap<string, string>,
  script: string,
  keep?: string,
): ReadonlyMap<string, Cost> {
  const folder = keep ?? mkdtempSync(join(tmpdir(), 'qcc-bench-'));
  try {
    for (const [name, content] of files) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    const log = execFileSync('yosys', ['-p', script], { cwd: folder, maxBuffer: 1 << 30 }).toString();
    const [, ...modules] = log.slice(log.lastIndexOf('Printing statistics.')).split(/^=== /m);
    return new Map(modules.map((text) => [text.slice(0, text.indexOf(' ===')), countCells(text)]));
  } finally {
    if (keep === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

let version: Buffer | undefined;

/** Where the count of a text is kept, which depends on Yosys' version too. */
function pathOf(files: ReadonlyMap<string, string>, script: string): string {
  version ??= execFileSync('yosys', ['-V']);
  const hash = createHash('sha256').update(version).update(script);
  for (const [path, content] of files) hash.update(path).update('\0').update(content).update('\0');
  return join(known, `${hash.digest('hex')}.json`);
}

/** Counts the modules of a design; a text that was counted before is not synthesized again. */
function run(files: ReadonlyMap<string, string>, script: string, keep?: string): ReadonlyMap<string, Cost> {
  const path = pathOf(files, script);
  if (keep === undefined && existsSync(path))
    return new Map(JSON.parse(readFileSync(path, 'utf8')) as [string, Cost][]);
  const found = runYosys(files, script, keep);
  mkdirSync(known, { recursive: true });
  writeFileSync(path, JSON.stringify([...found]));
  return found;
}

function countOf(found: ReadonlyMap<string, Cost>, module: string): Cost {
  const count = found.get(module);
  if (count === undefined) throw new Error(`Yosys printed no statistics of ${module}`);
  return count;
}

/** The Verilog of a design and the files with its text. */
function emit(hw: HwGraph): { readonly files: ReadonlyMap<string, string>; readonly sources: string[] } {
  const files = emitRtl(hw, units, { templateRoot, version: '0' });
  return { files, sources: [...files.keys()].filter((path) => path.endsWith('.v')) };
}

const synth = (top: string, dsp = true): string =>
  `synth_xilinx -flatten -noiopad -family xcup -nowidelut ${dsp ? '' : '-nodsp '}-top ${top}; stat`;
const define = (xilinx: boolean): string => (xilinx ? '-DQCC_XILINX ' : '');

/**
 * What Yosys makes of a design (`synth_xilinx -flatten -noiopad -family xcup -nowidelut`): LUTs (a LUT6_2 once, memories and shift
 * registers by the LUTs they occupy, no inverters), flip-flops, 36 Kib block RAMs, DSP blocks.
 */
export function synthesize(hw: HwGraph, { xilinx = false, dsp = true, keep }: SynthesisOptions = {}): Cost {
  const { files, sources } = emit(hw);
  const read = `read_verilog ${define(xilinx)}${sources.join(' ')}`;
  return countOf(run(files, `${read}; ${synth(hw.name, dsp)}`, keep), hw.name);
}

/** A design of one instance, its ports the design's. */
export function alone(
  { unit: name, params, consts }: Pick<HwNode, 'unit' | 'params' | 'consts'>,
  suffix = '',
): HwGraph {
  const unit = units.get(name);
  if (unit === undefined) throw new Error(`no unit ${name}`);
  const node = `unit${suffix}`;
  const only: HwNode = { name: node, unit: name, params, consts, origin: { nodes: [] }, value: '' };
  const channels = unit.ports(only).map((port): Channel => {
    const [outer, inner] = [
      { node: '', port: port.name },
      { node, port: port.name },
    ];
    const [from, to] = port.direction === 'in' ? [outer, inner] : [inner, outer];
    return { name: `c_${port.name}`, stream: port.stream, from, to };
  });
  return freeze({ name: `measured${suffix}`, nodes: [only], channels, clockMhz: 200 });
}

/** What was counted for a part of a design. */
export interface Part {
  /** The instance; undefined for what connects the instances. */
  readonly node?: HwNode;
  readonly found: Cost;
}

/**
 * The same count, part by part: each instance flattened and synthesized by itself, and the top module with the instances as black boxes.
 * Nothing is optimized across instances. The instances go through one run of Yosys, which keeps them apart: most of the time of a run is
 * spent before it comes to the design. Instances that are the same go through it once.
 */
export function synthesizeParts(
  hw: HwGraph,
  { xilinx = false }: Pick<SynthesisOptions, 'xilinx'> = {},
): readonly Part[] {
  const texts = hw.nodes.map((node) => JSON.stringify([...emit(alone(node)).files]));
  const unique = [...new Set(texts)];
  const files = new Map<string, string>();
  const modules = unique.map((text, i) => {
    const graph = alone(hw.nodes[texts.indexOf(text)] as HwNode, String(i));
    for (const [path, content] of emit(graph).files) files.set(path, content);
    return graph.name;
  });
  const instances = modules.map((module) => `  (* keep *) ${module} u_${module} ();`);
  files.set('rtl/all.v', `module all;\n${instances.join('\n')}\nendmodule\n`);
  const all = [...files.keys()].filter((path) => path.endsWith('.v')).join(' ');
  const apart = `hierarchy -top all; setattr -mod -set keep_hierarchy 1 ${modules.join(' ')}`;
  const found = run(files, `read_verilog ${define(xilinx)}${all}; ${apart}; ${synth('all')}`);
  const parts = hw.nodes.map((node, i): Part => {
    const module = modules[unique.indexOf(texts[i] ?? '')] ?? '';
    return { node, found: countOf(found, module) };
  });
  const { files: whole, sources } = emit(hw);
  const top = `rtl/${hw.name}.v`;
  const boxes = sources.filter((path) => path !== top).join(' ');
  const read = `read_verilog -lib ${define(xilinx)}${boxes}; read_verilog ${define(xilinx)}${top}`;
  const between = countOf(run(whole, `${read}; ${synth(hw.name)}`), hw.name);
  return [...parts, { found: between }];
}
