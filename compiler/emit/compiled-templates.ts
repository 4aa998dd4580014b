import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import nunjucks from 'nunjucks';
import { root } from '../root.ts';

// To read a template and make a function of it takes longer than to run it, so the build does that once for all templates of qcc.

/** How all templates are read. */
export const templateOptions: nunjucks.ConfigureOptions = {
  autoescape: false,
  throwOnUndefined: true,
  trimBlocks: true,
  lstripBlocks: true,
};

/** The functions, in dist/ alone. */
const compiled = new URL('compiler/emit/templates.cjs', root);

/** What nunjucks takes in place of a template's text. */
interface Code {
  readonly type: 'code';
  readonly obj: unknown;
}

/** The templates that the build made functions of, by their paths within dist/. */
function load(): Readonly<Record<string, unknown>> {
  if (!existsSync(compiled)) return {};
  return createRequire(import.meta.url)(fileURLToPath(compiled)) as Readonly<Record<string, unknown>>;
}

let known: Readonly<Record<string, unknown>> | undefined;

/** Finds compiled templates by the names that they have below some folders; none when qcc runs from its sources. */
export class CompiledLoader extends nunjucks.Loader {
  readonly #roots: readonly URL[];

  constructor(roots: readonly URL[]) {
    super();
    this.#roots = roots;
  }

  /** What nunjucks asks a loader. */
  getSource(name: string): nunjucks.LoaderSource {
    known ??= load();
    for (const folder of this.#roots) {
      const { href } = new URL(name, folder);
      const path = href.slice(root.href.length);
      if (!href.startsWith(root.href) || !Object.hasOwn(known, path)) continue;
      const code: Code = { type: 'code', obj: known[path] };
      return { src: code as unknown as string, path: name, noCache: false };
    }
    // leaves the template to the next loader, which the declared type does not know of
    return null as unknown as nunjucks.LoaderSource;
  }
}

/** The folders that templates of qcc lie in, within the sources and dist/. */
const folders = ['compiler/emit/templates/', 'templates/'];

/** The function of one template, as text. */
function compile(text: string, name: string, env: nunjucks.Environment): string {
  // the declared type of a wrapper's argument leaves out that it is an array
  const wrapper = (templates: unknown): string =>
    (templates as readonly { readonly template: string }[]).map(({ template }) => template).join('');
  return nunjucks.precompileString(text, { name, env, wrapper });
}

/**
 * Writes the functions of all templates into the dist/ that this file is bundled into: a step of the build.
 *
 * @param sources - the folder of the sources, which has the templates themselves.
 */
export function writeTemplates(sources: URL): void {
  const env = new nunjucks.Environment([], templateOptions);
  const entries = folders.flatMap((folder) => {
    const files = readdirSync(new URL(folder, sources), { recursive: true, encoding: 'utf8' });
    const names = files.filter((path) => path.endsWith('.njk')).map((path) => path.replaceAll('\\', '/'));
    return names.sort().map((name) => {
      const code = compile(readFileSync(new URL(folder + name, sources), 'utf8'), name, env);
      return `${JSON.stringify(folder + name)}: (() => {\n${code}\n})(),`;
    });
  });
  writeFileSync(compiled, `'use strict';\nmodule.exports = {\n${entries.join('\n')}\n};\n`);
}
