import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { emitRtl } from '../../compiler/emit/index.ts';
import type { HwGraph } from '../../compiler/hw/index.ts';
import { templateRoot, units } from '../../templates/registry.ts';

/** The cells of the form for AMD devices, out of Yosys' own models of the vendor's library. */
function cells(): string {
  const yosys = realpathSync(execFileSync('sh', ['-c', 'command -v yosys'], { encoding: 'utf8' }).trim());
  const library = readFileSync(join(dirname(yosys), '..', 'share', 'yosys', 'xilinx', 'cells_sim.v'), 'utf8');
  const models = ['LUT6_2', 'CARRY8'].map((cell) => {
    const found = new RegExp(`^module ${cell}\\b[\\s\\S]*?^endmodule`, 'm').exec(library);
    if (found === null) throw new Error(`Yosys has no model of ${cell}`);
    return found[0];
  });
  return ['/* verilator lint_off DECLFILENAME */', '/* verilator lint_off UNOPTFLAT */', ...models].join(
    '\n',
  );
}

/** The Verilog of a design in the form for AMD devices, with models of the cells beside it, of which it has some. */
export function amdFiles(hw: HwGraph): Map<string, string> {
  const files = new Map<string, string>();
  for (const [path, text] of emitRtl(hw, units, { templateRoot, version: '0.0.0' }))
    files.set(path, path.endsWith('.v') ? `\`define QCC_XILINX\n${text}` : text);
  expect([...files.values()].join('')).toMatch(/LUT6_2 #[^]*CARRY8/);
  files.set('rtl/cells.v', cells());
  return files;
}
