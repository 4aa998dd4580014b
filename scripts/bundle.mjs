// Bundles qcc: what build.mjs puts into dist/ beside the declarations. Each file that is loaded costs at every start, so some five hundred
// modules, and those of most libraries, become a few chunks; what is imported dynamically stays apart and is loaded only when it is needed.
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The files that are loaded from outside by their path: the command, the thread it starts, what the build runs, the exports of package.json. */
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const entries = [
  'compiler/cli.ts',
  'compiler/emit/harness-worker.ts',
  'compiler/emit/ts-morph.ts',
  'compiler/emit/compiled-templates.ts',
  ...Object.values(exports).map((targets) => targets['qcc-source'].slice('./'.length)),
];

/**
 * Libraries that are loaded from node_modules: ts-morph is a single file but for the TypeScript compiler, 9 MB, that is loaded where a harness
 * is written; echarts is for plots alone.
 */
const external = ['ts-morph', 'echarts'];

/** What is read at run time, by extension. Everything else beside the sources is documentation. */
const assets = new Set(['.v', '.json', '.cpp', '.h', '.proto', '.wasm', '.css', '.html', '.tcl', '.vlt']);

/** Copies what is read at run time to the places it has beside the sources. */
export function copyAssets(to) {
  for (const folder of ['compiler', 'templates', 'sim']) {
    cpSync(join(root, folder), join(to, folder), {
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
}

/** The units, found when qcc is built: in place of templates/folders.ts, which finds them by the same rule when it runs from its sources. */
const unitList = {
  name: 'unit-list',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]templates[\\/]folders\.ts$/ }, ({ path }) => {
      const folder = dirname(path);
      const names = readdirSync(folder)
        .filter((name) => existsSync(join(folder, name, 'unit.ts')))
        .sort();
      const imports = names.map((name, i) => `import * as unit${i} from './${name}/unit.ts';\n`);
      const list = names.map((name, i) => `[${JSON.stringify(name)}, unit${i}]`);
      const contents = `${imports.join('')}export const unitModules = [${list.join(', ')}];\n`;
      return { contents, loader: 'ts', resolveDir: folder };
    });
  },
};

/** Outputs that are loaded together with one: by static imports, directly or not. */
export function loadedWith(metafile, output) {
  const loaded = new Set([output]);
  for (const path of loaded) {
    for (const { path: next, kind } of metafile.outputs[path].imports)
      if (kind === 'import-statement' && next in metafile.outputs) loaded.add(next);
  }
  return [...loaded];
}

/** compiler/root.ts finds the root of dist/ from its own place, so that must be as deep as in the sources. */
function checkRoot(metafile, to) {
  const holders = Object.entries(metafile.outputs).filter(([, { inputs }]) => 'compiler/root.ts' in inputs);
  const places = holders.map(([path]) => relative(to, join(root, path)));
  if (places.length !== 1 || places[0].split(/[\\/]/).length !== 2)
    throw new Error(`compiler/root.ts must stand once, one folder deep in dist/: ${places.join(', ')}`);
}

/** The licences of the libraries that became part of the chunks. */
function licences(metafile) {
  const packages = new Set();
  for (const input of Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs))) {
    const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
    if (folder !== undefined) packages.add(folder);
  }
  return [...packages]
    .sort((a, b) => (a < b ? -1 : 1))
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
      const files = readdirSync(join(root, folder)).filter((file) => /^(licen[cs]e|notice)/i.test(file));
      const texts = files.map((file) => readFileSync(join(root, folder, file), 'utf8').trim());
      return [`${name} ${version} (${license})`, ...texts].join('\n\n');
    });
}

/**
 * Bundles into a folder, with the declarations and assets of which it makes a dist/.
 *
 * @param to - an absolute path.
 * @returns esbuild's account of what went where.
 */
export async function bundle(to) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: entries,
    outbase: root,
    outdir: to,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external,
    // CommonJS libraries ask for Node's modules by require, which a module has to make for itself
    banner: {
      js: `import { createRequire as requireOf } from 'node:module';\nconst require = requireOf(import.meta.url);`,
    },
    // Node reads them only when stack traces are wanted
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'eof',
    metafile: true,
    plugins: [unitList],
  });
  checkRoot(metafile, to);
  const rule = `\n\n${'-'.repeat(80)}\n\n`;
  writeFileSync(
    join(to, 'LICENSES.txt'),
    `The chunks contain these libraries.${rule}${licences(metafile).join(rule)}\n`,
  );
  return metafile;
}
