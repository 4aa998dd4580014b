import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Netlist, PrintOptions } from '../../compiler/hw/xilinx/index.ts';
import { printBody } from '../../compiler/hw/xilinx/index.ts';

/** Whether a test that needs `tool` may be left out: never where CI is set, there its absence is a failure. */
export function skipWithout(tool: string): boolean {
  const absent =
    spawnSync(tool, ['--version']).error !== undefined && spawnSync(tool, ['-V']).error !== undefined;
  return absent && !process.env['CI'];
}

/** Runs `body` in a fresh directory and removes it. */
export function inScratch<Result>(body: (directory: string) => Result): Result {
  const directory = mkdtempSync(join(tmpdir(), 'qcc-xilinx-'));
  try {
    return body(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export function run(tool: string, args: readonly string[], directory: string): string {
  return execFileSync(tool, args, { cwd: directory, stdio: 'pipe', maxBuffer: 1 << 28 }).toString();
}

function range(width: number, scalar: boolean | undefined): string {
  return scalar ? '' : `[${width - 1}:0] `;
}

/** Port declarations of a netlist's module. */
export function portList(netlist: Netlist, outputKind = 'wire'): string {
  return [
    ...netlist.inputs.map((port) => `input wire ${range(port.nets.length, port.scalar)}${port.name}`),
    ...netlist.outputs.map(
      (port) => `output ${outputKind} ${range(port.nets.length, port.scalar)}${port.name}`,
    ),
  ].join(', ');
}

/** The netlist as a module of its own. */
export function moduleText(name: string, netlist: Netlist, options?: PrintOptions): string {
  return [`module ${name}(${portList(netlist)});`, ...printBody(netlist, options), 'endmodule', ''].join(
    '\n',
  );
}

/** The same function as `xnorAccumulate`, written as a loop. */
export function behaviouralAccumulate(name: string, netlist: Netlist, simd: number): string {
  const start = netlist.inputs.some((port) => port.name === 'acc') ? 'clr ? 0 : acc' : '0';
  return [
    `module ${name}(${portList(netlist, 'reg')});`,
    'integer i;',
    `always @* begin sum = ${start}; for (i = 0; i < ${simd}; i = i + 1) sum = sum + {x[i] ~^ w[i]}; end`,
    'endmodule',
    '',
  ].join('\n');
}

/** 32 random vectors of a port, from an array of 32-bit words. */
export function lane(words: readonly number[], vector: number): number {
  return words.reduce((sum, word, bit) => sum + ((word >>> vector) & 1) * 2 ** bit, 0);
}
