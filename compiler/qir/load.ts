import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as say from '../diagnostics/catalog/qir-files.ts';
import { fail } from '../diagnostics/index.ts';
import type { Diagnostics } from '../diagnostics/index.ts';
import type { Graph } from './graph.ts';
import { parseQir } from './parse.ts';
import { systemReason } from './system-reason.ts';

export interface LoadOptions {
  /** Receives warnings. Errors are thrown. */
  readonly diagnostics?: Diagnostics;
}

/**
 * Reads a graph from a `.qir` file and the weights file that it names, and verifies it.
 *
 * @throws DiagnosticError if a file cannot be read, is damaged, or holds no valid graph
 * @example
 * const graph = loadQir('tfc.qir');
 */
export function loadQir(path: string, options: LoadOptions = {}): Graph {
  const bytes = readFile(path);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return fail(say.notUtf8(path));
  }
  return parseQir(text, {
    file: path,
    // the parser lets only a plain file name through to here, and says where the text names it
    readWeights: (name) => readFileSync(join(dirname(path), name)),
    ...options,
  });
}

function readFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const reason = systemReason(error);
    if (reason === undefined) throw error;
    return fail(say.cannotRead(path, reason));
  }
}
