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

/** How to synthesize: `xilinx` takes the form for AMD devices, `keep` is a folder that the files stay in. */
export interface SynthesisOptions {
  readonly xilinx?: boolean;
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

/** Counts the cells in what Yosys' `stat` printed last. */
function countCells(log: string): Cost {
  const cells = log.slice(log.lastIndexOf('Number of cells'));
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

/** Runs `script` on files in a folder and counts; a text that was counted before is not synthesized again. */
function run(files: ReadonlyMap<string, string>, script: string, keep?: string): Cost {
  const hash = createHash('sha256')
    .update(execFileSync('yosys', ['-V']))
    .update(script);
  for (const [path, content] of files) hash.update(path).update('\0').update(content).update('\0');
  const path = join(known, `${hash.digest('hex')}.json`);
  if (keep === undefined && existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as Cost;
  const folder = keep ?? mkdtempSync(join(tmpdir(), 'qcc-bench-'));
  try {
    for (const [name, content] of files) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    const log = execFileSync('yosys', ['-p', script], { cwd: folder, maxBuffer: 1 << 30 }).toString();
    const found = countCells(log);
    mkdirSync(known, { recursive: true });
    writeFileSync(path, JSON.stringify(found));
    return found;
  } finally {
    if (keep === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** The Verilog of a design and the files with its text. */
function emit(hw: HwGraph): { readonly files: ReadonlyMap<string, string>; readonly sources: string[] } {
  const files = emitRtl(hw, units, { templateRoot, version: '0' });
  return { files, sources: [...files.keys()].filter((path) => path.endsWith('.v')) };
}

const synth = (top: string): string =>
  `synth_xilinx -flatten -noiopad -family xcup -nowidelut -top ${top}; stat`;
const define = (xilinx: boolean): string => (xilinx ? '-DQCC_XILINX ' : '');

/**
 * What Yosys makes of a design (`synth_xilinx -flatten -noiopad -family xcup -nowidelut`): LUTs (a LUT6_2 once, memories and shift
 * registers by the LUTs they occupy, no inverters), flip-flops, 36 Kib block RAMs, DSP blocks.
 */
export function synthesize(hw: HwGraph, { xilinx = false, keep }: SynthesisOptions = {}): Cost {
  const { files, sources } = emit(hw);
  return run(files, `read_verilog ${define(xilinx)}${sources.join(' ')}; ${synth(hw.name)}`, keep);
}

/** A design of one instance, its ports the design's. */
export function alone(node: Pick<HwNode, 'unit' | 'params' | 'consts'>): HwGraph {
  const unit = units.get(node.unit);
  if (unit === undefined) throw new Error(`no unit ${node.unit}`);
  const { params, consts } = node;
  const only: HwNode = { name: 'unit', unit: node.unit, params, consts, origin: { nodes: [] }, value: '' };
  const channels = unit.ports(only).map((port): Channel => {
    const [outer, inner] = [
      { node: '', port: port.name },
      { node: 'unit', port: port.name },
    ];
    const [from, to] = port.direction === 'in' ? [outer, inner] : [inner, outer];
    return { name: `c_${port.name}`, stream: port.stream, from, to };
  });
  return freeze({ name: 'measured', nodes: [only], channels, clockMhz: 200 });
}

/** What was counted for a part of a design. */
export interface Part {
  /** The instance; undefined for what connects the instances. */
  readonly node?: HwNode;
  readonly found: Cost;
}

/**
 * The same count, part by part: each instance flattened and synthesized by itself, and the top module with the instances as black boxes.
 * Nothing is optimized across instances, so the sum is an upper bound for practical purposes; unlike the whole, it takes little memory.
 */
export function* synthesizeParts(
  hw: HwGraph,
  { xilinx = false }: Pick<SynthesisOptions, 'xilinx'> = {},
): Generator<Part> {
  for (const node of hw.nodes) yield { node, found: synthesize(alone(node), { xilinx }) };
  const { files, sources } = emit(hw);
  const top = `rtl/${hw.name}.v`;
  const boxes = sources.filter((path) => path !== top).join(' ');
  const read = `read_verilog -lib ${define(xilinx)}${boxes}; read_verilog ${define(xilinx)}${top}`;
  yield { found: run(files, `${read}; ${synth(hw.name)}`) };
}
