import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as say from '../diagnostics/catalog/qir-files.ts';
import { fail } from '../diagnostics/index.ts';
import type { Graph } from './graph.ts';
import { printQir } from './print.ts';
import { systemReason } from './system-reason.ts';
import { encodeWeights, isInline, sha256 } from './weights.ts';

/** The weights file that belongs to a `.qir` file: the same path with `.safetensors` for `.qir`. */
export function weightsPath(path: string): string {
  return `${path.replace(/\.qir$/, '')}.safetensors`;
}

/**
 * Writes a graph: its text to `path`, and constants of more than 16 elements to the `.safetensors` file beside it (not written if there
 * are none). Both are written under temporary names and renamed into place, the text last; the text holds the sha256 of the
 * weights, so a pair that does not belong together is refused when it is read.
 *
 * The same graph gives the same bytes.
 *
 * @throws DiagnosticError if a file cannot be written
 * @example
 * saveQir(graph, 'tfc.qir'); // and tfc.safetensors
 */
export function saveQir(graph: Graph, path: string): void {
  const large = [...graph.consts.values()].filter((c) => !isInline(c));
  const written: { temporary: string; path: string }[] = [];
  let current = path;
  const write = (target: string, content: Uint8Array | string): void => {
    current = target;
    const name = `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`;
    const file = { temporary: join(dirname(target), name), path: target };
    written.push(file);
    writeFileSync(file.temporary, content, { flag: 'wx' });
  };
  // renaming onto a folder fails only after the weights are in place
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)
    fail(say.cannotWrite(path, 'it is a folder'));
  try {
    if (large.length === 0) write(path, printQir(graph));
    else {
      const target = weightsPath(path);
      const bytes = encodeWeights(large);
      const text = printQir(graph, { weightsFile: basename(target), sha256: sha256(bytes) });
      write(target, bytes);
      write(path, text);
    }
    for (const file of written) {
      current = file.path;
      renameSync(file.temporary, file.path);
    }
  } catch (error) {
    for (const file of written) rmSync(file.temporary, { force: true });
    const reason = systemReason(error);
    if (reason === undefined) throw error;
    fail(say.cannotWrite(current, reason));
  }
}
