import { existsSync, readdirSync } from 'node:fs';
import type { UnitDefinition } from '../compiler/hw/index.ts';

// Adding a unit is adding a folder: every folder beside this file with a unit module (unit.ts, or unit.js once built) is one.
const here = new URL('.', import.meta.url);
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

async function load(): Promise<ReadonlyMap<string, UnitDefinition>> {
  const folders = readdirSync(here, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(new URL(`${entry.name}/unit.${extension}`, here)))
    .map((entry) => entry.name)
    .sort();
  const loaded = await Promise.all(
    folders.map(async (folder) => {
      const module = (await import(new URL(`${folder}/unit.${extension}`, here).href)) as {
        unit: UnitDefinition;
      };
      return [folder, module.unit] as const;
    }),
  );
  return new Map(loaded);
}

/** All hardware units by name (the folder's name, which each unit definition repeats). */
export const units: ReadonlyMap<string, UnitDefinition> = await load();

/** Where the template files lie. */
export const templateRoot: URL = here;
