import { existsSync, readdirSync } from 'node:fs';
import { root } from '../compiler/root.ts';
import type { UnitDefinition } from '../compiler/hw/index.ts';

/** Where the template files lie. */
const here = new URL('templates/', root);

/** What a unit's folder has in its `unit.ts`. */
interface UnitModule {
  readonly unit: UnitDefinition;
}

async function load(): Promise<readonly (readonly [folder: string, module: UnitModule])[]> {
  const folders = readdirSync(here, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(new URL(`${entry.name}/unit.ts`, here)))
    .map((entry) => entry.name)
    .sort();
  return Promise.all(
    folders.map(
      async (folder) =>
        [folder, (await import(new URL(`${folder}/unit.ts`, here).href)) as UnitModule] as const,
    ),
  );
}

/**
 * The unit modules by folder: every folder beside this file with a `unit.ts` is one.
 *
 * In dist/ a list of imports stands in place of this file, made by the same rule when qcc is built (scripts/bundle.mjs), so that the units are
 * bundled and no folder is searched at each start.
 */
export const unitModules: readonly (readonly [folder: string, module: UnitModule])[] = await load();
