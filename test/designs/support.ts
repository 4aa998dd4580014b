import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { buildOutput } from '../../compiler/build.ts';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { compileGraph, type CompileOptions } from '../../compiler/driver.ts';
import { writeOutput, type Manifest } from '../../compiler/emit/index.ts';
import type { Graph } from '../../compiler/qir/graph.ts';

/** What a tool said, both streams together, and how it ended. */
export interface Told {
  readonly status: number | null;
  readonly output: string;
}

/** Runs a tool in a folder, as a user does, never through a shell. */
export function tool(command: string, args: readonly string[], cwd: string): Told {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (error !== undefined) throw error;
  return { status, output: stdout + stderr };
}

export const silent: Told = { status: 0, output: '' };

/** A folder that goes when the test file is done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'qcc-designs-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Compiles a graph and writes the output folder. */
export async function buildInto(
  folder: string,
  graph: Graph,
  options: Partial<CompileOptions> = {},
): Promise<void> {
  const compilation = compileGraph(graph, { diagnostics: new Diagnostics(), ...options });
  writeOutput(folder, (await buildOutput(compilation)).files);
}

/** An output folder, by the file list that stands in it. */
export interface Design {
  readonly dir: string;
  readonly top: string;
  /** Verilog files, and memory images, relative to the folder. */
  readonly rtl: readonly string[];
  readonly memories: readonly string[];
}

export function openDesign(dir: string): Design {
  const entries = readdirSync(dir);
  const list = entries.find((name) => name.endsWith('.f'));
  if (list === undefined) throw new Error(`${dir} has no file list`);
  return {
    dir,
    top: basename(list, '.f'),
    rtl: readFileSync(join(dir, list), 'utf8').trim().split('\n'),
    memories: entries.includes('mem')
      ? readdirSync(join(dir, 'mem'))
          .sort()
          .map((name) => `mem/${name}`)
      : [],
  };
}

/** The testbench in Icarus: compiled once, run as often as wanted, from the output folder. */
export function compileTestbench(design: Design, vvp: string): Told {
  const { top, dir } = design;
  return tool('iverilog', ['-Wall', '-g2005', '-o', vvp, '-c', `${top}.f`, `tb/${top}_tb.v`], dir);
}

export function runTestbench(design: Design, vvp: string): Told {
  return tool('vvp', ['-n', vvp], design.dir);
}

/** Asserts that Verilator and Icarus take the Verilog without a word. */
export function expectCleanLint({ dir, top }: Design): void {
  const verilator = ['--lint-only', '-Wall', '--top-module', top, '-f', `${top}.f`];
  expect(tool('verilator', verilator, dir)).toEqual(silent);
  expect(tool('iverilog', ['-Wall', '-g2005', '-t', 'null', '-c', `${top}.f`], dir)).toEqual(silent);
}

/** Asserts that the folder holds the files that its manifest lists, byte by byte, and no others; returns the manifest. */
export function expectWhole(dir: string): Manifest {
  const manifest = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as Manifest;
  const found = readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1));
  expect(found.sort()).toEqual([...Object.keys(manifest.files), 'manifest.json'].sort());
  for (const [path, { sha256 }] of Object.entries(manifest.files)) {
    const digest = createHash('sha256')
      .update(readFileSync(join(dir, path)))
      .digest('hex');
    expect(`${path} ${digest}`).toBe(`${path} ${sha256}`);
  }
  return manifest;
}
