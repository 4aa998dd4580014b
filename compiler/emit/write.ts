import {
  cpSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { fail, invariant } from '../diagnostics/index.ts';
import { cannotWriteOutput, foreignOutput } from '../diagnostics/catalog/emit.ts';
import type { OutputFiles } from './emit.ts';

/** Steps at which `writeOutput` can be watched (tests kill it there). */
export type WriteStep = 'staged' | 'moved-away' | 'moved-in';

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Whether a process of this id exists; one that we may not signal exists as well. */
function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/** What stands in the way of replacing `dir`, or undefined if it is absent, empty or an earlier output. */
function foreign(dir: string): string | undefined {
  if (!existsSync(dir)) return undefined;
  if (!statSync(dir).isDirectory()) return 'a file';
  const entries = readdirSync(dir);
  if (entries.length === 0) return undefined;
  if (!entries.includes('manifest.json')) {
    return `a folder with ${entries.length} entr${entries.length === 1 ? 'y' : 'ies'} and no manifest.json`;
  }
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8'));
    const ours =
      typeof manifest === 'object' &&
      manifest !== null &&
      'generator' in manifest &&
      manifest.generator === 'qcc';
    return ours ? undefined : 'a folder with a manifest.json of another program';
  } catch {
    return 'a folder with a manifest.json that qcc did not write';
  }
}

function siblings(
  dir: string,
): { readonly path: string; readonly kind: 'new' | 'old'; readonly pid: number }[] {
  const prefix = `.${basename(dir)}.qcc-`;
  const parent = dirname(dir);
  if (!existsSync(parent)) return [];
  return readdirSync(parent).flatMap((name) => {
    const match = name.startsWith(prefix) ? /^(new|old)-(\d+)$/.exec(name.slice(prefix.length)) : null;
    if (match === null) return [];
    return [{ path: join(parent, name), kind: match[1] as 'new' | 'old', pid: Number(match[2]) }];
  });
}

/**
 * Makes a folder and those above it that are missing. Step by step, because Node's recursive `mkdir` never returns where the
 * file system takes no folder at all (as in /proc).
 */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // another build may have made it in between
    if (errorCode(error) !== 'EEXIST') throw error;
  }
}

/** Puts right what a killed build left: an output that was moved away and not replaced comes back, half-written ones go. */
function recover(dir: string): void {
  for (const { path, kind, pid } of siblings(dir)) {
    if (pid !== process.pid && alive(pid)) continue;
    if (kind === 'old' && !existsSync(dir)) renameSync(path, dir);
    else rmSync(path, { recursive: true, force: true });
  }
}

/**
 * Takes files that the user has put into the output folder (a vendor's project, notes) over into the new one: whatever stands there
 * outside rtl/ and mem/ and is neither in the old manifest nor among the new files. Hard links where the file system has them, so that nothing is copied.
 */
function keepOwnFiles(dir: string, stage: string, files: OutputFiles): void {
  const manifest = join(dir, 'manifest.json');
  if (!existsSync(manifest)) return;
  const { files: listed = {} } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    files?: Record<string, unknown>;
  };
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = relative(dir, path).split(sep).join('/');
    if (name === 'manifest.json' || Object.hasOwn(listed, name) || files.has(name)) continue;
    // What lies among the sources might be read as one of them.
    if (/^(?:rtl|mem)\//.test(name)) continue;
    const to = join(stage, name);
    makeFolder(dirname(to));
    try {
      linkSync(path, to);
    } catch {
      cpSync(path, to, { verbatimSymlinks: true });
    }
  }
}

/** Replaces `dir` by `stage`. Only between the two renames is there no `dir`; `recover` closes that gap after a kill. */
function swap(stage: string, dir: string, old: string, watch: (step: WriteStep) => void): void {
  // A signal that arrives between the renames waits until they are done: while this function runs, nothing else does.
  const ignore = (): void => undefined;
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, ignore);
  try {
    for (let attempt = 0; ; attempt++) {
      try {
        if (existsSync(dir)) renameSync(dir, old);
        watch('moved-away');
        renameSync(stage, dir);
        watch('moved-in');
        return;
      } catch (error) {
        // Another build put its output there in between: that one is replaced in turn.
        const raced =
          ['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(errorCode(error)) && existsSync(stage) && attempt < 10;
        if (!raced) throw error;
        rmSync(old, { recursive: true, force: true });
      }
    }
  } finally {
    for (const signal of signals) process.removeListener(signal, ignore);
  }
}

/**
 * Writes an output folder so that a build killed at any point leaves the previous output whole: the files are written beside it
 * (`.<name>.qcc-new-<pid>`) and the folder is renamed into place. What a killed build left is put right by the next one.
 *
 * @param dir - the output folder: absent, empty, or an earlier output of qcc, whose files are replaced as a whole. Files that the user
 *   has added to it stay.
 * @param files - paths relative to it, as `emitDesign` returns them.
 * @throws DiagnosticError QCC4501 if something else is there, QCC4502 if the file system refuses.
 */
export function writeOutput(
  dir: string,
  files: OutputFiles,
  watch: (step: WriteStep) => void = () => undefined,
): void {
  const seen = new Set<string>();
  for (const path of files.keys()) {
    const legal = path.split('/').every((part) => /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(part));
    invariant(legal && !seen.has(path.toLowerCase()), `'${path}' is no path of an output folder`);
    seen.add(path.toLowerCase());
  }
  let target = resolve(dir);
  if (dirname(target) === target) fail(foreignOutput(dir, 'the root of the file system'));
  try {
    // A link stays, and what it leads to is replaced.
    if (lstatSync(target, { throwIfNoEntry: false })?.isSymbolicLink() && existsSync(target))
      target = realpathSync(target);
    recover(target);
    const obstacle = foreign(target);
    if (obstacle !== undefined) fail(foreignOutput(dir, obstacle));
    const stage = join(dirname(target), `.${basename(target)}.qcc-new-${process.pid}`);
    const old = join(dirname(target), `.${basename(target)}.qcc-old-${process.pid}`);
    const folders = new Set([...files.keys()].map((path) => dirname(join(stage, path))));
    for (const folder of [stage, ...folders]) makeFolder(folder);
    for (const [path, content] of files) writeFileSync(join(stage, path), content);
    keepOwnFiles(target, stage, files);
    watch('staged');
    swap(stage, target, old, watch);
    rmSync(old, { recursive: true, force: true });
  } catch (error) {
    // only the file system's refusals are the user's business
    if (errorCode(error) === '') throw error;
    try {
      rmSync(join(dirname(target), `.${basename(target)}.qcc-new-${process.pid}`), {
        recursive: true,
        force: true,
      });
      if (!existsSync(target)) recover(target);
    } catch {
      // what could not be cleaned up is cleaned up by the next build; the first error is the one to report
    }
    fail(cannotWriteOutput(dir, error instanceof Error ? error.message : String(error)));
  }
}
