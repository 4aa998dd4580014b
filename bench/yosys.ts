import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { emitRtl } from '../compiler/emit/index.ts';
import type { Cost, HwGraph } from '../compiler/hw/index.ts';
import { templateRoot, units } from '../templates/registry.ts';

/** How to synthesize: `xilinx` takes the form for AMD devices, `keep` is a folder that the files stay in. */
export interface SynthesisOptions {
  readonly xilinx?: boolean;
  readonly keep?: string;
}

/**
 * What Yosys makes of a design (`synth_xilinx -flatten -noiopad -family xcup -nowidelut`): LUTs (a LUT6_2 once, memories and shift
 * registers by the LUTs they occupy, no inverters), flip-flops, 36 Kib block RAMs, DSP blocks.
 */
export function synthesize(hw: HwGraph, { xilinx = false, keep }: SynthesisOptions = {}): Cost {
  const folder = keep ?? mkdtempSync(join(tmpdir(), 'qcc-bench-'));
  try {
    const files = emitRtl(hw, units, { templateRoot, version: '0' });
    for (const [path, content] of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    const sources = [...files.keys()].filter((path) => path.endsWith('.v')).join(' ');
    const read = `read_verilog ${xilinx ? '-DQCC_XILINX ' : ''}${sources}`;
    const script = `${read}; synth_xilinx -flatten -noiopad -family xcup -nowidelut -top ${hw.name}; stat`;
    const log = execFileSync('yosys', ['-p', script], { cwd: folder, maxBuffer: 1 << 30 }).toString();
    const cells = log.slice(log.lastIndexOf('Number of cells'));
    const count = (pattern: RegExp): number =>
      [...cells.matchAll(pattern)].reduce((sum, [, n]) => sum + Number(n), 0);
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
  } finally {
    if (keep === undefined) rmSync(folder, { recursive: true, force: true });
  }
}
