import { readFile } from 'node:fs/promises';
import type { Options } from 'yargs';
import { badQuantizeConfig } from '../diagnostics/catalog/quantize.ts';
import { fail } from '../diagnostics/index.ts';
import type { MethodOption } from '../quantize/method.ts';
import { methods } from '../quantize/methods/index.ts';
import type { QuantizeConfig } from '../quantize/config.ts';
import { flag, text } from './arguments.ts';
import type { Arguments } from './command.ts';

/** What a method makes of an option, for the help: `inq 2 to 6, 5 unless given`. */
function rangeOf(method: string, option: MethodOption): string {
  switch (option.kind) {
    case 'number': {
      const standard = option.standard === undefined ? '' : `, ${option.standard} unless given`;
      return `${method}: ${option.least} to ${option.most}${standard}`;
    }
    case 'choice':
      return `${method}: ${option.choices.join(', ')}; ${option.standard} unless given`;
    case 'switch':
      return method;
  }
}

/** Every option of every method as an option of the command line: methods that share one name it alike. */
export const methodOptions: Readonly<Record<string, Options>> = (() => {
  const found = new Map<string, { readonly option: MethodOption; readonly ranges: string[] }>();
  for (const { name, options } of methods.values()) {
    for (const [key, option] of Object.entries(options)) {
      const entry = found.get(key) ?? { option, ranges: [] };
      entry.ranges.push(rangeOf(name, option));
      found.set(key, entry);
    }
  }
  return Object.fromEntries(
    [...found].map(([key, { option, ranges }]): [string, Options] => [
      key,
      {
        ...(option.kind === 'switch'
          ? { type: 'boolean' }
          : { type: option.kind === 'number' ? 'number' : 'string', requiresArg: true }),
        describe: `${option.describe} (${ranges.join('; ')})`,
      },
    ]),
  );
})();

/** The options of methods that were given. */
export function givenOptions(args: Arguments): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(methodOptions).flatMap(([key, { type }]) => {
      if (args[key] === undefined) return [];
      return [[key, type === 'boolean' ? flag(args, key) : args[key]]];
    }),
  );
}

/** The file of `--config`, if there is one. */
export async function readConfig(args: Arguments): Promise<QuantizeConfig> {
  const file = text(args, 'config');
  if (file === undefined) return {};
  const { parseConfig } = await import('../quantize/config.ts');
  let content: string;
  try {
    content = await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return fail(badQuantizeConfig(file, code === 'ENOENT' ? 'no such file' : (code ?? 'it cannot be read')));
  }
  return parseConfig(content, file);
}
