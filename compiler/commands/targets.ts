import { badBudget } from '../diagnostics/catalog/devices.ts';
import { fail } from '../diagnostics/index.ts';
import { suggestion } from '../diagnostics/suggest.ts';
import { excerpt } from '../diagnostics/wording.ts';
import type { CompileOptions } from '../driver.ts';
import { number, text } from './arguments.ts';
import type { Arguments } from './command.ts';

/** What the options say of speed and size, as the driver takes it. */
export type Targets = Pick<CompileOptions, 'clockMhz' | 'fps' | 'latencyUs' | 'budget' | 'device'>;

/** Names of resources as `--budget` takes them, by their names in the cost models. */
const resources = { lut: 'lut', ff: 'ff', bram: 'bram36', dsp: 'dsp' } as const;
type Name = keyof typeof resources;

const isName = (name: string): name is Name => Object.hasOwn(resources, name);

/**
 * Reads `lut=20000,bram=40,dsp=100,ff=40000`, or some of them. BRAM counts in blocks of 36 Kib, halves allowed.
 *
 * @throws DiagnosticError QCC4191 for what is no resource, no number, or named twice.
 */
export function parseBudget(given: string): NonNullable<CompileOptions['budget']> {
  const budget: { [key in (typeof resources)[Name]]?: number } = {};
  for (const part of given.split(',')) {
    const [name = '', value, ...rest] = part.split('=').map((word) => word.trim());
    if (!isName(name))
      fail(badBudget(`'${excerpt(name)}'`, 'a resource', suggestion(name, Object.keys(resources))));
    const key = resources[name];
    if (budget[key] !== undefined) fail(badBudget(`${name} twice`, `${name} once`));
    const step = name === 'bram' ? 0.5 : 1;
    const count =
      value !== undefined && /^\d+(?:\.\d+)?$/.test(value) && rest.length === 0 ? Number(value) : NaN;
    if (!(count <= 1e9) || count % step !== 0) {
      const kind = name === 'bram' ? 'blocks of 36 Kib, halves allowed,' : 'an integer';
      fail(badBudget(`'${excerpt(part.trim())}'`, `${name}=N, N ${kind} from 0 to 1000000000`));
    }
    budget[key] = count;
  }
  return budget;
}

/** The text that reads back as this budget. */
export function printBudget(budget: NonNullable<CompileOptions['budget']>): string {
  return Object.entries(resources)
    .flatMap(([name, key]) => (budget[key] === undefined ? [] : [`${name}=${budget[key]}`]))
    .join(',');
}

/**
 * What the options ask for: clock, rate, latency, budget, device.
 *
 * @throws DiagnosticError QCC6101 for a number out of range, QCC4191 for a budget that cannot be read, QCC4190 for an unknown device.
 */
export async function readTargets(args: Arguments): Promise<Targets> {
  const clockMhz = number(args, 'clock-mhz', { min: 1, max: 2000 });
  const fps = number(args, 'fps', { min: 1e-3, max: 1e9 });
  const latencyUs = number(args, 'latency-us', { min: 1e-3, max: 1e9 });
  const budget = text(args, 'budget');
  const device = text(args, 'device');
  return {
    ...(clockMhz !== undefined && { clockMhz }),
    ...(fps !== undefined && { fps }),
    ...(latencyUs !== undefined && { latencyUs }),
    ...(budget !== undefined && { budget: parseBudget(budget) }),
    ...(device !== undefined && { device: (await import('../devices/index.ts')).readDevice(device) }),
  };
}

/** The options as the manifest records them. */
export function recordedTargets({
  clockMhz,
  fps,
  latencyUs,
  budget,
  device,
}: Targets): Record<string, string | number> {
  return {
    ...(clockMhz !== undefined && { clockMhz }),
    ...(fps !== undefined && { fps }),
    ...(latencyUs !== undefined && { latencyUs }),
    ...(budget !== undefined && { budget: printBudget(budget) }),
    ...(device !== undefined && { device: device.name }),
  };
}
