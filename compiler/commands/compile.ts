import { fail, type Diagnostics } from '../diagnostics/index.ts';
import { passSkipped } from '../diagnostics/catalog/command.ts';
import { noSuchPass } from '../diagnostics/catalog/passes.ts';
import { compileGraph, loadModel, type Compilation, type CompileOptions } from '../driver.ts';
import { passes, runPipeline } from '../pipeline.ts';
import type { Graph } from '../qir/graph.ts';
import { printQir } from '../qir/print.ts';
import { choice, required, text } from './arguments.ts';
import type { Arguments, Context, Outcome } from './command.ts';
import { readFolding } from './folding.ts';
import { styles } from './options.ts';
import { readTargets, type Targets } from './targets.ts';

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
      readonly targets: Targets;
      readonly stopped?: never;
    }
  | { readonly stopped: Outcome };

/** The pass that `--print-ir-after` names, or `all`; a misspelt one is refused before any work is done. */
function passToPrint(args: Arguments): string | undefined {
  const pass = text(args, 'print-ir-after');
  const names = [...passes.map(({ name }) => name), 'all'];
  return pass === undefined || names.includes(pass) ? pass : fail(noSuchPass(pass, names));
}

const dumpText = ({ pass, qir }: Dump): string => `// after pass ${pass}\n${qir}\n`;

/** Adds a graph's notes to the diagnostics, each once. */
export function addNotes(graph: Graph, diagnostics: Diagnostics): void {
  const known = new Set(diagnostics.all.map((d) => JSON.stringify(d)));
  for (const note of graph.notes) if (!known.has(JSON.stringify(note))) diagnostics.add(note);
}

/** Loads the model that the arguments name, with the options that say what they leave open. */
export async function readModel(
  args: Arguments,
  { diagnostics, progress }: Pick<Context, 'diagnostics' | 'progress'>,
): Promise<Graph> {
  const inputType = text(args, 'input-type');
  const inputShape = text(args, 'input-shape');
  const model = required(args, 'model');
  progress.phase('read the model');
  return loadModel(model, {
    diagnostics,
    ...(inputType !== undefined && { inputType }),
    ...(inputShape !== undefined && { inputShape }),
  });
}

/** Loads and compiles the model that the arguments name, with the options that they give; notes go to the diagnostics. */
export async function compile(args: Arguments, context: Context): Promise<Compiled> {
  const { diagnostics, progress } = context;
  const targets = await readTargets(args);
  const style = choice(args, 'style', styles);
  const foldingFile = text(args, 'folding');
  const printAfter = passToPrint(args);
  const stopAfter = text(args, 'stop-after');
  const folding = foldingFile === undefined ? undefined : await readFolding(foldingFile);

  const graph = await readModel(args, context);
  const dumps: Dump[] = [];
  const ran: string[] = [];
  const afterPass = (pass: string, result: Graph): void => {
    ran.push(pass);
    if (printAfter === 'all' || printAfter === pass) dumps.push({ pass, qir: printQir(result) });
  };
  if (stopAfter !== undefined) {
    const after = (pass: { readonly name: string }, result: Graph): void => afterPass(pass.name, result);
    const result = runPipeline(graph, { diagnostics, after, stopAfter });
    addNotes(result, diagnostics);
    if (!dumps.some((dump) => dump.pass === stopAfter))
      dumps.push({ pass: stopAfter, qir: printQir(result) });
    return { stopped: { json: { ir: dumps }, text: '', always: dumps.map(dumpText).join('') } };
  }
  const options: CompileOptions = {
    diagnostics,
    afterPass,
    progress: progress.phase,
    ...targets,
    ...(style !== undefined && { style }),
    ...(folding !== undefined && { folding }),
  };
  const compilation = compileGraph(graph, options);
  addNotes(compilation.integer, diagnostics);
  if (printAfter !== undefined && dumps.length === 0) diagnostics.add(passSkipped(printAfter, ran));
  return { compilation, dumps, always: dumps.map(dumpText).join(''), targets };
}
