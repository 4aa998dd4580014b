import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Script } from 'node:vm';
import type * as morph from 'ts-morph';
import { invariant } from '../diagnostics/index.ts';
import { root } from '../root.ts';

// ts-morph brings the whole TypeScript compiler along, 9 MB, and to read it takes V8 as long as all else that a harness needs. So the build keeps what
// V8 made of it. V8 refuses what another version of itself made, or for a text of another length, and then reads the text as ever.

/** What V8 made of the TypeScript compiler when qcc was built. */
const code = new URL('compiler/emit/typescript.code', root);

/** The part of ts-morph that is the TypeScript compiler. */
function typescriptPath(): string {
  const library = createRequire(import.meta.url).resolve('ts-morph');
  return createRequire(createRequire(library).resolve('@ts-morph/common')).resolve('./typescript.js');
}

function compile(path: string, cachedData?: Buffer): Script {
  const text = Module.wrap(readFileSync(path, 'utf8'));
  return new Script(text, { filename: path, ...(cachedData !== undefined && { cachedData }) });
}

/** Runs a compiled CommonJS module, which whoever requires it from now on gets. */
function run(script: Script, path: string): void {
  const require = createRequire(path);
  const module = new Module(path);
  const body = script.runInThisContext() as (...args: readonly unknown[]) => void;
  body.call(module.exports, module.exports, require, module, path, dirname(path));
  module.loaded = true;
  require.cache[path] = module;
}

/** Writes the code of the TypeScript compiler into the dist/ that this file is bundled into: a step of the build. */
export function writeCode(): void {
  const path = typescriptPath();
  const script = compile(path);
  run(script, path);
  const data = script.createCachedData();
  invariant(compile(path, data).cachedDataRejected === false, 'V8 takes back the code that it gave');
  writeFileSync(code, data);
}

/**
 * Loads ts-morph: by `require`, as it is CommonJS, and `import` would read its megabytes twice more to learn their format and the names they export.
 */
export function loadMorph(): typeof morph {
  if (existsSync(code)) {
    const path = typescriptPath();
    run(compile(path, readFileSync(code)), path);
  }
  return createRequire(import.meta.url)('ts-morph') as typeof morph;
}
