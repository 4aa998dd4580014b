// Builds dist/: declarations by the TypeScript compiler, code bundled by esbuild, templates compiled, what is read at run time (Verilog, data, the simulation
// harness, the WebAssembly kernels) at the places it has beside the sources, and the command, executable. Everything is built beside dist/ and
// renamed into place once the command has run, so a build that fails or is interrupted leaves the previous one whole.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildWasm } from './build-wasm.mjs';
import { bundle, copyAssets } from './bundle.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const part = join(root, `dist.${process.pid}.part`);
const dist = join(root, 'dist');
const previous = join(root, `dist.${process.pid}.old`);

/** Checks the types and writes the declarations. */
function declare() {
  const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', part], {
    cwd: root,
    stdio: 'inherit',
  });
  return status ?? 1;
}

function makeCommand() {
  const command = join(part, 'compiler', 'cli.js');
  const text = readFileSync(command, 'utf8');
  if (!text.startsWith('#!')) writeFileSync(command, `#!/usr/bin/env node\n${text}`);
  chmodSync(command, 0o755);
}

/** Whether what was built runs: it loads, and finds the files that are not part of it. */
function runs() {
  const command = join(part, 'compiler', 'cli.js');
  const model = join('examples', 'digits', 'digits.onnx');
  const { status } = spawnSync(process.execPath, [command, 'check', model, '--quiet'], {
    cwd: root,
    stdio: 'inherit',
  });
  return status === 0;
}

process.on('exit', () => rmSync(part, { recursive: true, force: true }));
rmSync(part, { recursive: true, force: true });
const status = declare();
if (status !== 0) process.exit(status);
await bundle(part);
await buildWasm();
copyAssets(part);
makeCommand();
const built = (file) => import(pathToFileURL(join(part, 'compiler', 'emit', file)).href);
const { writeCode } = await built('ts-morph.js');
writeCode();
const { writeTemplates } = await built('compiled-templates.js');
writeTemplates(pathToFileURL(root));
if (!runs()) process.exit(1);
rmSync(previous, { recursive: true, force: true });
if (existsSync(dist)) renameSync(dist, previous);
renameSync(part, dist);
rmSync(previous, { recursive: true, force: true });
