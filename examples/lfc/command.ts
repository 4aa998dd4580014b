import { parseArgs } from 'node:util';
import { readFileSync } from 'node:fs';
import { DiagnosticError, renderDiagnostics } from 'qcc';
import { saveQir } from 'qcc/qir';
import type { Graph } from 'qcc/qir';
import type { BinaryLayer } from './network.ts';
import { readLayers } from './read.ts';

/** A network that a script builds from an archive of arrays. */
export interface Recipe<Input extends string, Output extends string> {
  /** The script's file name, for its usage line. */
  readonly script: string;
  /** The graph's name unless one is given. */
  readonly name: string;
  /** What can be asked for; the first of each is the default. */
  readonly inputs: readonly [Input, ...Input[]];
  readonly outputs: readonly [Output, ...Output[]];
  readonly build: (
    name: string,
    layers: readonly BinaryLayer[],
    choice: { readonly input: Input; readonly output: Output },
  ) => Graph;
}

function complain(message: string): never {
  console.error(message);
  process.exit(1);
}

function pick<T extends string>(option: string, given: string | undefined, choices: readonly [T, ...T[]]): T {
  if (given === undefined) return choices[0];
  return (
    choices.find((choice) => choice === given) ??
    complain(`--${option} ${given}: expected ${choices.join(', ')}`)
  );
}

/** Reads the command line, builds the network and saves it. */
export function run<Input extends string, Output extends string>(recipe: Recipe<Input, Output>): void {
  const { script, inputs, outputs } = recipe;
  const choices = `[--input ${inputs.join('|')}] [--output ${outputs.join('|')}]`;
  const usage = `usage: ${script} WEIGHTS.npz -o FILE.qir ${choices} [--name NAME]`;
  const string = { type: 'string' } as const;
  let given;
  try {
    const options = { out: { ...string, short: 'o' }, input: string, output: string, name: string };
    given = parseArgs({ allowPositionals: true, options });
  } catch (error) {
    return complain(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  }
  const { values, positionals } = given;
  const [file, ...rest] = positionals;
  if (file === undefined || rest.length > 0 || values.out === undefined) return complain(usage);
  const choice = {
    input: pick('input', values.input, inputs),
    output: pick('output', values.output, outputs),
  };
  try {
    const layers = readLayers(readFileSync(file), file);
    saveQir(recipe.build(values.name ?? recipe.name, layers, choice), values.out);
    console.log(`${values.out}: ${layers.map(({ shape }) => shape.join('x')).join(', ')}`);
  } catch (error) {
    if (error instanceof DiagnosticError) complain(renderDiagnostics(error.diagnostics, { color: false }));
    complain(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
