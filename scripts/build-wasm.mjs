// Compiles sim/wasm/*.ts (AssemblyScript) into sim/wasm/build/kernels.wasm, unless the file there was made from the same sources by the
// same compiler. Runs by itself, as part of scripts/build.mjs, and before the tests (vitest's globalSetup).
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc, { version } from 'assemblyscript/asc';

const folder = new URL('../sim/wasm/', import.meta.url);
const output = new URL('build/kernels.wasm', folder);
const stamp = new URL('build/kernels.sha256', folder);
const options = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--initialMemory', '1'];

function fingerprint(sources) {
  const hash = createHash('sha256').update(JSON.stringify([version, options]));
  for (const [name, text] of sources) hash.update(`\n${name}\n`).update(text);
  return hash.digest('hex');
}

/** Compiles if need be; resolves to the path of the module. */
export async function buildWasm() {
  const names = readdirSync(folder).filter((name) => name.endsWith('.ts'));
  const sources = new Map(names.sort().map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]));
  const wanted = fingerprint(sources);
  if (existsSync(output) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted)
    return fileURLToPath(output);
  const written = new Map();
  const messages = asc.createMemoryStream();
  const { error } = await asc.main(['kernels.ts', '--outFile', 'kernels.wasm', ...options], {
    readFile: (name) => sources.get(name) ?? null,
    writeFile: (name, contents) => void written.set(name, contents),
    listFiles: () => [],
    stderr: messages,
  });
  const module = written.get('kernels.wasm');
  if (error || !module)
    throw new Error(
      `AssemblyScript failed: ${error?.message ?? 'no module'}\n${Buffer.concat(messages).toString()}`,
    );
  mkdirSync(new URL('build/', folder), { recursive: true });
  // several test runs may build at the same time: each writes its own file and renames it into place
  const beside = new URL(`build/kernels.${process.pid}.tmp`, folder);
  writeFileSync(beside, module);
  renameSync(beside, output);
  writeFileSync(stamp, wanted);
  return fileURLToPath(output);
}

/** vitest's hook. */
export async function setup() {
  await buildWasm();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(`${await buildWasm()}\n`);
