import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fail, invariant } from '../../compiler/diagnostics/index.ts';
import { modelBuildFailed, toolMissing } from '../../compiler/diagnostics/catalog/verilator.ts';
import { root } from '../../compiler/root.ts';
import { designHeader, type DesignInterface } from './design.ts';
import { requireTool, runTool, toolProgram } from './tools.ts';

/** The Verilog (rtl/*.v) and memory images (mem/*.mem) of a design, by path relative to the output folder. */
export type DesignFiles = ReadonlyMap<string, string | Uint8Array>;

/** What `buildVerilator` builds. */
export interface BuildRequest extends DesignInterface {
  /** The files of the design, or the output folder that holds them. */
  readonly files: DesignFiles | { readonly dir: string };
  /** Whether every handshake of every channel can be logged; costs speed. */
  readonly monitor?: boolean;
  /** Whether waveforms of every signal can be written; costs speed. */
  readonly trace?: boolean;
  /**
   * What the C++ compiler is to spend its time on: `run` (default) for a model that runs fast, `build` for one that is there
   * soon, some ten times sooner, and runs some five times slower: for tests of a few thousand cycles.
   */
  readonly effort?: 'run' | 'build';
}

/** A compiled design. */
export interface VerilatorModel extends DesignInterface {
  /** The executable, to be run in `folder`. */
  readonly executable: string;
  readonly folder: string;
  readonly monitor: boolean;
  readonly trace: boolean;
  /** Whether it was in the cache. */
  readonly cached: boolean;
  /** Seconds that building took. */
  readonly seconds: number;
}

/** Models that the cache keeps; the least recently used go first. */
const keptModels = 64;
const harness = fileURLToPath(new URL('sim/verilator/harness.cpp', root));
const compilerFlags = ['-std=c++17', '-DVM_COVERAGE=0', '-DVM_SC=0', '-DVM_TIMING=0', '-w'];

/** Folder of compiled models: QCC_CACHE, else qcc in the user's cache folder. */
export function cacheFolder(): string {
  const { QCC_CACHE: own, XDG_CACHE_HOME: xdg } = process.env as Readonly<Record<string, string | undefined>>;
  if (own !== undefined && own !== '') return resolve(own);
  return join(xdg !== undefined && xdg !== '' ? xdg : join(homedir(), '.cache'), 'qcc');
}

/** Reads the Verilog and the memory images of an output folder. */
export function readDesign(dir: string): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const folder of ['rtl', 'mem']) {
    const path = join(dir, folder);
    if (!existsSync(path)) continue;
    for (const name of readdirSync(path).sort())
      files.set(`${folder}/${name}`, readFileSync(join(path, name)));
  }
  return files;
}

function excerpt(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(0, 12).join('\n');
}

async function step(
  tool: 'verilator' | 'c++',
  args: readonly string[],
  cwd: string,
  top: string,
): Promise<void> {
  const program = toolProgram(tool);
  const finished = await runTool(program, args, cwd);
  if (finished === undefined) fail(toolMissing(program, 'qcc doctor says how to install it'));
  if (finished.status !== 0) fail(modelBuildFailed(program, top, excerpt(finished.stderr + finished.stdout)));
}

/** Puts a finished folder in place, unless another build was faster: then that one is used. */
function install(stage: string, place: string): void {
  mkdirSync(dirname(place), { recursive: true });
  try {
    renameSync(stage, place);
  } catch (error) {
    rmSync(stage, { recursive: true, force: true });
    if (!existsSync(place)) throw error;
  }
}

async function verilatorRoot(): Promise<string> {
  const finished = await runTool(toolProgram('verilator'), ['--getenv', 'VERILATOR_ROOT']);
  const root = finished?.stdout.trim() ?? '';
  invariant(root !== '' && existsSync(join(root, 'include')), 'verilator does not say where its headers are');
  return root;
}

function runtimeObjects(trace: 0 | 1): readonly string[] {
  return ['verilated', 'verilated_threads', ...(trace === 1 ? ['verilated_vcd_c'] : [])];
}

/** Folder with Verilator's runtime objects, compiled once for each pair of versions, with and without waveforms. */
async function runtime(
  cache: string,
  root: string,
  versions: string,
  trace: 0 | 1,
  top: string,
): Promise<string> {
  const key = createHash('sha256')
    .update(`${versions}\n${compilerFlags.join(' ')}\n${trace}`)
    .digest('hex')
    .slice(0, 24);
  const place = join(cache, 'runtime', key);
  if (existsSync(place)) return place;
  mkdirSync(join(cache, 'runtime'), { recursive: true });
  const stage = mkdtempSync(join(cache, 'runtime', 'new-'));
  try {
    const include = join(root, 'include');
    const flags = [...compilerFlags, '-O2', `-DVM_TRACE=${trace}`, `-DVM_TRACE_VCD=${trace}`];
    const paths = ['-I', include, '-I', join(include, 'vltstd')];
    for (const name of runtimeObjects(trace)) {
      const object = join(stage, `${name}.o`);
      await step('c++', [...flags, ...paths, '-c', join(include, `${name}.cpp`), '-o', object], stage, top);
    }
    install(stage, place);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
  return place;
}

/** Removes the least recently used models; a running one keeps its open executable. */
function prune(models: string): void {
  const entries = readdirSync(models)
    .filter((name) => /^[0-9a-f]{32}$/.test(name))
    .map((name) => ({ path: join(models, name), used: statSync(join(models, name)).mtimeMs }))
    .sort((a, b) => b.used - a.used);
  for (const { path } of entries.slice(keptModels)) rmSync(path, { recursive: true, force: true });
}

/**
 * Compiles a design's Verilog into a simulator, or finds it in the cache by the content of all that goes in (files, ports,
 * options, harness, versions of the tools). Concurrent builds of the same design do not disturb one another.
 *
 * @throws DiagnosticError QCC5301 if a tool is missing, QCC5302 if one refuses the design.
 */
export async function buildVerilator(request: BuildRequest): Promise<VerilatorModel> {
  const started = performance.now();
  const { top, ports, channels } = request;
  const monitor = request.monitor ?? false;
  const trace = request.trace ?? false;
  const optimise = request.effort === 'build' ? '-O0' : '-O1';
  const all = 'dir' in request.files ? readDesign(request.files.dir) : request.files;
  const files = [...all].filter(([path]) => /^(rtl\/[A-Za-z0-9_]+\.v|mem\/[A-Za-z0-9_.]+)$/.test(path));
  files.sort(([a], [b]) => (a < b ? -1 : 1));
  const [verilator, compiler] = await Promise.all([requireTool('verilator'), requireTool('c++')]);
  const versions = [verilator.program, verilator.version, compiler.program, compiler.version].join('\n');
  const header = designHeader({ top, ports, channels }, monitor);

  const hash = createHash('sha256');
  const feed = (text: string | Uint8Array): void => {
    const bytes = typeof text === 'string' ? Buffer.from(text, 'utf8') : text;
    hash.update(`${bytes.length}:`).update(bytes);
  };
  for (const text of [versions, top, header, String(monitor), String(trace), optimise, readFileSync(harness)])
    feed(text);
  for (const [path, content] of files) {
    feed(path);
    feed(content);
  }
  const cache = cacheFolder();
  const models = join(cache, 'models');
  const folder = join(models, hash.digest('hex').slice(0, 32));
  const executable = join(folder, 'simulator');
  const done = (cached: boolean): VerilatorModel => {
    const seconds = (performance.now() - started) / 1000;
    return { top, ports, channels, executable, folder, monitor, trace, cached, seconds };
  };
  if (existsSync(executable)) {
    const now = new Date();
    utimesSync(folder, now, now);
    return done(true);
  }

  mkdirSync(models, { recursive: true });
  const stage = mkdtempSync(join(models, 'new-'));
  try {
    for (const [path, content] of files) {
      mkdirSync(join(stage, dirname(path)), { recursive: true });
      writeFileSync(join(stage, path), content);
    }
    const sources = files.map(([path]) => path).filter((path) => path.startsWith('rtl/'));
    const options = [
      '--cc',
      '--prefix',
      'Vdut',
      '--top-module',
      top,
      '--Mdir',
      'obj',
      '-O3',
      '--x-initial',
      'unique',
      '-Wno-lint',
    ];
    if (monitor) options.push('-DQCC_MONITOR');
    if (trace) options.push('--trace', '--trace-underscore');
    const root = await verilatorRoot();
    const flag = trace ? 1 : 0;
    const [library] = await Promise.all([
      runtime(cache, root, versions, flag, top),
      step('verilator', [...options, ...sources], stage, top),
    ]);
    writeFileSync(join(stage, 'obj', 'design.h'), header);

    // Two translation units, compiled side by side: what runs every cycle, optimised, with the harness so that the ports'
    // accessors are inlined; and what runs once, compiled as quickly as possible.
    const parts = readdirSync(join(stage, 'obj'))
      .filter((name) => name.endsWith('.cpp'))
      .sort();
    const slow = parts.filter((name) => name.includes('__Slow') || name === 'Vdut__Syms.cpp');
    const fast = parts.filter((name) => !slow.includes(name));
    const unit = (names: readonly string[]): string =>
      names.map((name) => `#include ${JSON.stringify(name)}\n`).join('');
    writeFileSync(join(stage, 'obj', 'fast.cc'), unit([...fast, harness]));
    writeFileSync(join(stage, 'obj', 'slow.cc'), unit(slow));
    const include = join(root, 'include');
    const common = [...compilerFlags, `-DVM_TRACE=${flag}`, `-DVM_TRACE_VCD=${flag}`, `-DQCC_TRACE=${flag}`];
    common.push(`-DQCC_MONITOR_CHANNELS=${monitor ? channels.length : 0}`);
    common.push('-I', 'obj', '-I', include, '-I', join(include, 'vltstd'));
    await Promise.all([
      step('c++', [...common, optimise, '-c', 'obj/fast.cc', '-o', 'obj/fast.o'], stage, top),
      step('c++', [...common, '-O0', '-c', 'obj/slow.cc', '-o', 'obj/slow.o'], stage, top),
    ]);
    const libraries = runtimeObjects(flag).map((name) => join(library, `${name}.o`));
    await step('c++', ['obj/fast.o', 'obj/slow.o', ...libraries, '-lpthread', '-o', 'simulator'], stage, top);
    rmSync(join(stage, 'obj'), { recursive: true, force: true });
    install(stage, folder);
    prune(models);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
  return done(false);
}
