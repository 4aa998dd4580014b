// Builds dist/: compiles the TypeScript, copies what is read at run time beside it (templates, Verilog, data, the simulation harness), compiles
// and copies the WebAssembly kernels, and makes the command executable. Everything is built beside dist/ and renamed into place at the end, so an
// interrupted build leaves the previous one whole.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle } from 'esbuild';
import { buildWasm } from './build-wasm.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const part = join(root, `dist.${process.pid}.part`);
const dist = join(root, 'dist');
const previous = join(root, `dist.${process.pid}.old`);

/** What is read at run time, by extension. Everything else beside the sources is documentation. */
const assets = new Set([
  '.njk',
  '.v',
  '.json',
  '.cpp',
  '.h',
  '.proto',
  '.wasm',
  '.css',
  '.html',
  '.tcl',
  '.vlt',
]);

function compile() {
  const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', part], {
    cwd: root,
    stdio: 'inherit',
  });
  return status ?? 1;
}

function copyAssets(folder) {
  cpSync(join(root, folder), join(part, folder), {
    recursive: true,
    filter: (source) => {
      const name = relative(root, source);
      if (name.startsWith(join('sim', 'wasm')) && !name.startsWith(join('sim', 'wasm', 'build'))) {
        return name === join('sim', 'wasm');
      }
      return extname(source) === '' || assets.has(extname(source));
    },
  });
}

/**
 * Libraries that consist of hundreds of files, each of which costs at every start: one file each in dist/vendor/, in place of the import of
 * the package. (chevrotain draws in lodash-es.)
 */
const bundled = ['chevrotain', 'zod'];

async function bundleLibraries() {
  for (const name of bundled) {
    await bundle({
      stdin: { contents: `export * from '${name}';`, resolveDir: root },
      outfile: join(part, 'vendor', `${name}.js`),
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      legalComments: 'eof',
    });
  }
  for (const file of readdirSync(part, { recursive: true })) {
    if (!file.endsWith('.js') || file.startsWith('vendor')) continue;
    const path = join(part, file);
    const text = readFileSync(path, 'utf8');
    const changed = text.replace(new RegExp(`from '(${bundled.join('|')})';`, 'g'), (_, name) => {
      const to = relative(dirname(path), join(part, 'vendor', `${name}.js`));
      return `from '${to.startsWith('.') ? to : `./${to}`}';`;
    });
    if (changed !== text) writeFileSync(path, changed);
  }
}

function makeCommand() {
  const command = join(part, 'compiler', 'cli.js');
  const text = readFileSync(command, 'utf8');
  if (!text.startsWith('#!')) writeFileSync(command, `#!/usr/bin/env node\n${text}`);
  chmodSync(command, 0o755);
}

rmSync(part, { recursive: true, force: true });
const status = compile();
if (status !== 0) {
  rmSync(part, { recursive: true, force: true });
  process.exit(status);
}
await bundleLibraries();
await buildWasm();
for (const folder of ['compiler', 'templates', 'sim']) copyAssets(folder);
makeCommand();
rmSync(previous, { recursive: true, force: true });
if (existsSync(dist)) renameSync(dist, previous);
renameSync(part, dist);
rmSync(previous, { recursive: true, force: true });
