import { writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { badOption, nothingFits, outputUnwritable } from '../diagnostics/catalog/command.ts';
import { fail } from '../diagnostics/index.ts';
import type { Exploration } from '../driver.ts';
import { choice, number, required, text, texts } from './arguments.ts';
import type { Command } from './command.ts';
import { hardwareOptions, modelArgument, modelOptions, styles } from './options.ts';
import { readTargets, recordedTargets, type Targets } from './targets.ts';

const defaultPoints = 48;

async function write(file: string, content: string): Promise<void> {
  try {
    await writeFile(file, content);
  } catch (error) {
    fail(outputUnwritable(file, error instanceof Error ? error.message : String(error)));
  }
}

/** The points as a table: what a person compares. */
async function tableOf({ points, clockMhz }: Exploration, { device }: Targets): Promise<string> {
  const [{ plainTable }, { duration, engineering, thousands }, { budgetOf }] = await Promise.all([
    import('../report/table.ts'),
    import('../report/text.ts'),
    import('../devices/index.ts'),
  ]);
  const offered = device && budgetOf(device).lut;
  const share = (lut: number): string[] =>
    offered === undefined ? [] : [`${((100 * lut) / offered).toFixed(1)} %`];
  const head = ['cycles', 'frames/s', 'latency', 'LUT', 'FF', 'BRAM', 'DSP'];
  return plainTable(
    [...head, ...(device === undefined ? [] : [`LUTs of ${device.name}`])],
    [...head, ''].map(() => 'right' as const),
    points.map(({ interval, fps, latency, lut, ff, bram36, dsp }) => [
      thousands(interval),
      engineering(fps).trim(),
      latency === undefined ? '' : duration(latency / clockMhz),
      ...[lut, ff, bram36, dsp].map((n) => thousands(Math.ceil(2 * n) / 2)),
      ...share(lut),
    ]),
  );
}

/** `qcc explore`: the designs of a network, from the fastest to the smallest. */
export const explore: Command = {
  name: 'explore',
  positionals: '<model>',
  summary: 'List and plot the designs of a network that are worth building: rate against LUTs',
  epilogue:
    'Each line is the cheapest design that is as fast; no other one is both faster and smaller. Before FIFOs are sized: their LUTs are ' +
    'missing. `qcc build --fps` builds one of them.',
  arguments: modelArgument,
  options: {
    points: {
      type: 'number',
      alias: 'n',
      requiresArg: true,
      describe: `Frame intervals to look at between the fastest and the smallest design (default ${defaultPoints})`,
    },
    output: {
      type: 'string',
      array: true,
      alias: 'o',
      requiresArg: true,
      describe: 'Write a plot (.svg) or the numbers (.json); may be given for each',
    },
    'clock-mhz': hardwareOptions['clock-mhz'],
    budget: {
      ...hardwareOptions.budget,
      describe: 'Leave out designs beyond: lut=20000,bram=40,dsp=100,ff=40000',
    },
    device: {
      ...hardwareOptions.device,
      describe: 'Leave out designs that do not fit into this FPGA (docs/devices.md)',
    },
    folding: hardwareOptions.folding,
    style: hardwareOptions.style,
    ...modelOptions,
  },
  examples: [
    ['qcc explore cnv.qir --device xczu7ev -o cnv.svg', 'what fits, as a table and as a plot'],
    ['qcc explore tfc.qir -n 100 -o tfc.json', 'more points, for a program'],
  ],
  run: async (args, context) => {
    const { diagnostics, progress } = context;
    const points = number(args, 'points', { min: 2, max: 10_000, integer: true }) ?? defaultPoints;
    const outputs = texts(args, 'output');
    for (const file of outputs)
      if (!['.svg', '.json'].includes(extname(file)))
        fail(badOption('--output', file, 'a file that ends in .svg or .json'));
    const targets = await readTargets(args);
    const style = choice(args, 'style', styles);
    const foldingFile = text(args, 'folding');
    const [{ readFolding }, { readModel }, { exploreGraph }] = await Promise.all([
      import('./folding.ts'),
      import('./compile.ts'),
      import('../driver.ts'),
    ]);
    const folding = foldingFile === undefined ? undefined : await readFolding(foldingFile);
    const graph = await readModel(args, context);
    const found = exploreGraph(graph, {
      diagnostics,
      progress: progress.phase,
      points,
      ...targets,
      ...(style !== undefined && { style }),
      ...(folding !== undefined && { folding }),
    });
    const { integer, clockMhz } = found;
    if (found.points.length === 0) fail(nothingFits(required(args, 'model'), points));
    const json = { model: integer.name, ...recordedTargets({ ...targets, clockMhz }), points: found.points };
    progress.phase('write');
    for (const file of outputs) {
      if (extname(file) === '.json') await write(file, `${JSON.stringify(json, null, 2)}\n`);
      else {
        const { plotFront } = await import('../report/plot.ts');
        await write(file, plotFront({ name: integer.name, ...found }, targets.device));
      }
    }
    const written = outputs.map((file) => `\nwritten to ${file}`).join('');
    const head = `${integer.name} at ${clockMhz} MHz: ${found.points.length} designs`;
    return { json, text: `${head}\n\n${await tableOf(found, targets)}${written}` };
  },
};
