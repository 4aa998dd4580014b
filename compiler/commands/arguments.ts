import { fail } from '../diagnostics/index.ts';
import { badOption } from '../diagnostics/catalog/command.ts';
import type { Arguments } from './command.ts';

/** A value as a message shows it. */
function shown(value: unknown): string {
  return typeof value === 'number' || typeof value === 'string'
    ? String(value)
    : (JSON.stringify(value) ?? 'nothing');
}

/** The text given for an option, or undefined. */
export function text(args: Arguments, name: string): string | undefined {
  const value = args[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '')
    return fail(badOption(`--${name}`, shown(value), 'one text'));
  return value;
}

/** The text given for an argument that yargs has seen to be there. */
export function required(args: Arguments, name: string): string {
  const value = args[name];
  return typeof value === 'string' && value !== '' ? value : fail(badOption(name, shown(value), 'one text'));
}

/** The texts given for an option that may be repeated. */
export function texts(args: Arguments, name: string): readonly string[] {
  const value = args[name];
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map(String);
}

/** The number given for an option, or undefined. */
export function number(
  args: Arguments,
  name: string,
  range: { readonly min: number; readonly max: number; readonly integer?: boolean },
): number | undefined {
  const value = args[name];
  if (value === undefined) return undefined;
  const good =
    typeof value === 'number' &&
    value >= range.min &&
    value <= range.max &&
    (range.integer !== true || Number.isInteger(value));
  if (!good) {
    const kind = range.integer === true ? 'an integer' : 'a number';
    fail(badOption(`--${name}`, shown(value), `${kind} from ${range.min} to ${range.max}`));
  }
  return value;
}

/** One of the choices of an option (yargs has checked that it is one), or undefined. */
export function choice<T extends string>(
  args: Arguments,
  name: string,
  choices: readonly T[],
): T | undefined {
  const value = args[name];
  if (value === undefined) return undefined;
  const found = choices.find((candidate) => candidate === value);
  return found ?? fail(badOption(`--${name}`, shown(value), choices.join(', ')));
}

/** Whether a switch is given (more than once does no harm). */
export function flag(args: Arguments, name: string): boolean {
  return [args[name]].flat().includes(true);
}
