import { writeFile } from 'node:fs/promises';
import { createColors } from 'picocolors';
import { sourceShape, toSourceOrder, writeNpy } from '../data/index.ts';
import { badOption, oneInput, outputUnwritable } from '../diagnostics/catalog/command.ts';
import { fail } from '../diagnostics/index.ts';
import type { Compilation } from '../driver.ts';
import type { Graph, GraphInput } from '../qir/graph.ts';
import { duration, engineering, thousands } from '../report/text.ts';
import type { EngineName, Simulation } from '../simulate.ts';
import type { Outcome } from './command.ts';

/** Refuses options that an engine has no use for: the reference knows no time, so it has no stalls and no trace. */
export function checkOptions(
  engine: EngineName | 'all',
  stalls: number | undefined,
  trace: string | undefined,
): void {
  if (engine !== 'reference') return;
  if (stalls !== undefined)
    fail(badOption('--stalls', 'with --engine reference', 'an engine with cycles: cycle, verilator or all'));
  if (trace !== undefined)
    fail(badOption('--trace', 'with --engine reference', 'an engine with cycles: cycle, verilator or all'));
}

/** The inputs of the model, each with its data file. */
export function pairInputs(
  graph: Graph,
  specs: readonly string[],
  option = '--input',
): readonly (readonly [GraphInput, string])[] {
  if (specs.length !== graph.inputs.length) {
    fail(
      oneInput(
        specs.length,
        graph.inputs.map((input) => input.name),
        option,
      ),
    );
  }
  return graph.inputs.map((input, i) => [input, specs[i] ?? '']);
}

/** Whether the importer left quantizing the input to the host (the note QCC2302): then real values are rounded here, as the host does. */
export function quantizedByHost(graph: Graph): boolean {
  return graph.notes.some((note) => note.code === 'QCC2302');
}

/** Writes the output integers as an array [frames, ...output], images in the order of the source model. */
export async function writeOutputArray(file: string, { output, frames }: Simulation): Promise<void> {
  const unsigned = output.data instanceof Uint32Array;
  const { type, boundary } = output;
  const integers = output.data instanceof Uint32Array ? output.data : Int32Array.from(output.data);
  const data = toSourceOrder<Uint32Array | Int32Array>(integers, type.shape, boundary);
  const array = {
    dtype: unsigned ? 'uint32' : 'int32',
    shape: [frames, ...sourceShape(type.shape, boundary)],
    data,
  } as const;
  try {
    await writeFile(file, writeNpy(array));
  } catch (error) {
    fail(outputUnwritable(file, error instanceof Error ? error.message : String(error)));
  }
}

/** What the command prints of a simulation. */
export function present(
  { hw, integer, initiationInterval, latency }: Compilation,
  result: Simulation,
  options: { readonly color: boolean; readonly output?: string; readonly trace?: string },
): Outcome {
  const paint = createColors(options.color);
  const fact = (name: string, text: string): string => `  ${paint.dim(name.padEnd(9))} ${text}`;
  const lines = [
    `${paint.bold(integer.name)}: ${thousands(result.frames)} frame${result.frames === 1 ? '' : 's'} through ${result.engines.join(', ')}`,
  ];
  for (const check of result.checks) {
    if (check.compared === 'labels') lines.push(fact('accuracy', paint.bold(check.text)));
    else
      lines.push(
        fact(check.equal ? 'proven' : 'DIFFERENT', (check.equal ? paint.green : paint.red)(check.text)),
      );
  }
  if (result.cycles !== undefined) {
    const rate = (hw.clockMhz * 1e6) / initiationInterval;
    lines.push(
      fact(
        'cycles',
        `${thousands(result.cycles)} for the run, ${thousands(initiationInterval)} a frame without stalls: ${engineering(rate)}frames/s at ${hw.clockMhz} MHz`,
      ),
      fact('latency', `${thousands(latency)} cycles (${duration(latency / hw.clockMhz)})`),
    );
  }
  if (options.output !== undefined) lines.push(fact('output', `written to ${options.output}`));
  if (options.trace !== undefined) lines.push(fact('trace', `written to ${options.trace}`));
  const { frames, engines, checks, cycles, accuracy, output, outputs } = result;
  const json = ({ name, type, data }: Simulation['output']) => ({
    name,
    shape: [frames, ...type.shape],
    values: Array.from(data),
  });
  return {
    json: {
      model: integer.name,
      frames,
      engines,
      checks,
      ...(cycles !== undefined && { cycles }),
      initiationInterval,
      latency,
      ...(accuracy !== undefined && { accuracy }),
      output: json(output),
      ...(outputs.length > 1 && { outputs: outputs.map(json) }),
    },
    text: lines.join('\n'),
  };
}
