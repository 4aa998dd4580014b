import { readdirSync, readFileSync } from 'node:fs';
import { noSuchDevice } from '../diagnostics/catalog/devices.ts';
import { fail, InternalError } from '../diagnostics/index.ts';
import type { Cost } from '../hw/index.ts';
import { root } from '../root.ts';
import { deviceSchema, type Device } from './schema.ts';

export type { Device } from './schema.ts';

const folder = new URL('compiler/devices/', root);

/** Names of the devices that there are: their files in this folder. */
export function deviceNames(): readonly string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

/** Reads a device file's text; throws if it does not fit the schema, as the files are part of qcc. */
export function parseDevice(text: string, name: string): Device {
  const result = deviceSchema.safeParse(JSON.parse(text));
  if (!result.success) throw new InternalError(`device ${name}: ${result.error.message}`);
  if (result.data.name !== name) throw new InternalError(`device ${name} calls itself ${result.data.name}`);
  return result.data;
}

/** @throws DiagnosticError QCC4190 if there is no such device */
export function readDevice(name: string): Device {
  const names = deviceNames();
  if (!names.includes(name)) fail(noSuchDevice(name, names));
  return parseDevice(readFileSync(new URL(`${name}.json`, folder), 'utf8'), name);
}

/** Bits of the block memory that costs are counted in. */
const bram36 = 36 * 1024;

/** Resources as the cost models count them: LUTs of six inputs, BRAM36. */
export type Budget = { readonly [Resource in keyof Cost]?: number };

/** What a device offers, in the units of the cost models. */
export function budgetOf(device: Device): Required<Budget> {
  const { lut, ff, memory, dsp } = device;
  return {
    lut: lut.inputs === 6 ? lut.count : Math.floor(lut.count / lut.perSix),
    ff,
    bram36: Math.floor((2 * memory.count * memory.bits) / bram36) / 2,
    dsp: dsp?.count ?? 0,
  };
}

/** Delays where no device is named: those of UltraScale+. */
const usualDelay: Device['delay'] = { level: 0.45, register: 0.4 };

/** Levels of logic (see hw/stages.ts) that a clock of `clockMhz` MHz leaves between two registers, rounded down, at least 1. */
export function levelsAt(clockMhz: number, { level, register } = usualDelay): number {
  return Math.max(1, Math.floor((1000 / clockMhz - register) / level));
}
