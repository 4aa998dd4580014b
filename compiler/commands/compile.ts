import { fail } from '../diagnostics/index.ts';
import { unknownPass } from '../diagnostics/catalog/command.ts';
import { compileGraph, loadModel, type Compilation, type CompileOptions } from '../driver.ts';
import type { Graph } from '../qir/graph.ts';
import { printQir } from '../qir/print.ts';
import { choice, number, required, text } from './arguments.ts';
import type { Arguments, Context, Outcome } from './command.ts';
import { readFolding } from './folding.ts';
import { passNames, Stopped } from './passes.ts';

/** A graph printed after a pass. */
export interface Dump {
  readonly pass: string;
  readonly qir: string;
}

/** What `compile` gives: a compilation, or, after `--stop-after`, the outcome of the command. */
export type Compiled =
  | {
      readonly compilation: Compilation;
      readonly dumps: readonly Dump[];
      readonly always: string;
      readonly stopped?: never;
    }
  | { readonly stopped: Outcome };

const styles = ['folded', 'unrolled', 'auto'] as const;

function checkPass(args: Arguments, option: string, all: boolean): string | undefined {
  const pass = text(args, option);
  if (pass === undefined || (all && pass === 'all') || passNames.includes(pass)) return pass;
  return fail(unknownPass(`--${option}`, pass, all ? [...passNames, 'all'] : passNames));
}

const dumpText = ({ pass, qir }: Dump): string => `// after pass ${pass}\n${qir}\n`;

/** Loads and compiles the model that the arguments name, with the options that they give; notes go to the diagnostics. */
export async function compile(args: Arguments, context: Context): Promise<Compiled> {
  const { diagnostics, progress } = context;
  const inputType = text(args, 'input-type');
  const clockMhz = number(args, 'clock-mhz', { min: 1, max: 2000 });
  const fps = number(args, 'fps', { min: 1e-3, max: 1e9 });
  const style = choice(args, 'style', styles);
  const foldingFile = text(args, 'folding');
  const printAfter = checkPass(args, 'print-ir-after', true);
  const stopAfter = checkPass(args, 'stop-after', false);
  const folding = foldingFile === undefined ? undefined : await readFolding(foldingFile);

  progress.phase('read the model');
  const graph = await loadModel(required(args, 'model'), {
    diagnostics,
    ...(inputType !== undefined && { inputType }),
  });
  const dumps: Dump[] = [];
  const afterPass = (pass: string, result: Graph): void => {
    if (printAfter === 'all' || printAfter === pass) dumps.push({ pass, qir: printQir(result) });
    if (stopAfter === pass) throw new Stopped(result);
  };
  const options: CompileOptions = {
    diagnostics,
    afterPass,
    progress: progress.phase,
    ...(clockMhz !== undefined && { clockMhz }),
    ...(fps !== undefined && { fps }),
    ...(style !== undefined && { style }),
    ...(folding !== undefined && { folding }),
  };
  try {
    const compilation = compileGraph(graph, options);
    for (const note of compilation.integer.notes) if (!diagnostics.all.includes(note)) diagnostics.add(note);
    return { compilation, dumps, always: dumps.map(dumpText).join('') };
  } catch (error) {
    if (!(error instanceof Stopped) || stopAfter === undefined) throw error;
    if (!dumps.some((dump) => dump.pass === stopAfter))
      dumps.push({ pass: stopAfter, qir: printQir(error.graph) });
    return { stopped: { json: { ir: dumps }, text: '', always: dumps.map(dumpText).join('') } };
  }
}
