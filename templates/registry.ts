import { root } from '../compiler/root.ts';
import type { UnitDefinition } from '../compiler/hw/index.ts';
import { unitModules } from './folders.ts';

/** All hardware units by name (the folder's name, which each unit definition repeats). Adding a unit is adding a folder. */
export const units: ReadonlyMap<string, UnitDefinition> = new Map(
  unitModules.map(([folder, { unit }]) => [folder, unit]),
);

/** Where the template files lie. */
export const templateRoot: URL = new URL('templates/', root);
