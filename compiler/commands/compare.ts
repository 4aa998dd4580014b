import { writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Comparison } from '../compare.ts';
import { badOption, outputUnwritable } from '../diagnostics/catalog/command.ts';
import { notFloat } from '../diagnostics/catalog/quantize.ts';
import { fail } from '../diagnostics/index.ts';
import { number, required, text, texts } from './arguments.ts';
import type { Command } from './command.ts';
import { hardwareOptions, modelArgument, modelOptions } from './options.ts';
import { readTargets } from './targets.ts';

const defaultSamples = 64;
const defaultFrames = 1000;
const defaultBudget = { lut: 20_000 };
const defaultMethods = 'int8,int4,inq:5,inq:4,sketch:2,sketch:3,ffn,twn';

async function write(file: string, content: string): Promise<void> {
  try {
    await writeFile(file, content);
  } catch (error) {
    fail(outputUnwritable(file, error instanceof Error ? error.message : String(error)));
  }
}

async function tableOf(rows: readonly Comparison[], measure: string): Promise<string> {
  const [{ plainTable }, { thousands }] = await Promise.all([
    import('../report/table.ts'),
    import('../report/text.ts'),
  ]);
  const head = ['additions', 'multiplications', 'shifts', 'cycles', 'stored', 'LUT', 'BRAM', 'DSP'];
  return plainTable(
    ['method', measure, 'bits/weight', ...head],
    ['left', ...['', '', ...head].map(() => 'right' as const)],
    rows.map(({ method, right, frames, bitsPerWeight, additions, multiplications, shifts, design }) => [
      method,
      `${((100 * right) / frames).toFixed(2)} %`,
      bitsPerWeight.toFixed(2),
      ...[additions, multiplications, shifts].map(thousands),
      ...(design === undefined
        ? ['', '', '', '', '']
        : [
            thousands(design.cycles),
            design.storedBitsPerWeight.toFixed(2),
            thousands(Math.ceil(design.lut)),
            String(Math.ceil(2 * design.bram36) / 2),
            thousands(Math.ceil(design.dsp)),
          ]),
    ]),
  );
}

/** `qcc compare`: methods of quantization side by side. */
export const compare: Command = {
  name: 'compare',
  positionals: '<model>',
  summary:
    'Quantize a float network by several methods: accuracy, storage, operations, and the design that each comes to',
  epilogue:
    'Operations are those of a frame, zeros of the weights left out. Cycles and resources are those of the fastest design within the budget; ' +
    'stored are the bits that its memories hold for each weight, none where weights are logic. ' +
    "Without labels, what is counted is how often the class is the float network's.",
  terse: true,
  arguments: modelArgument,
  options: {
    methods: {
      type: 'string',
      requiresArg: true,
      default: defaultMethods,
      describe:
        'Methods, separated by commas: NAME, NAME:VALUE of its main option, NAME:OPTION=VALUE; also :activations=uint4, :ends=int8 (docs/quantize.md)',
    },
    data: {
      type: 'string',
      array: true,
      requiresArg: true,
      demandOption: true,
      describe: 'Frames to run, FILE[:ARRAY]; once for each input of the model',
    },
    labels: { type: 'string', requiresArg: true, describe: 'A class a frame, FILE[:ARRAY]' },
    calibrate: {
      type: 'string',
      array: true,
      requiresArg: true,
      describe: 'Calibration inputs, FILE[:ARRAY]; the frames of --data unless given',
    },
    samples: {
      type: 'number',
      requiresArg: true,
      describe: `Calibrate by the first N frames (default ${defaultSamples})`,
    },
    frames: {
      type: 'number',
      alias: 'n',
      requiresArg: true,
      describe: `Run the first N frames (default ${defaultFrames})`,
    },
    output: {
      type: 'string',
      array: true,
      alias: 'o',
      requiresArg: true,
      describe: 'Write a plot (.svg) or the numbers (.json); may be given for each',
    },
    budget: {
      ...hardwareOptions.budget,
      describe: `What each design may use: lut=20000,bram=40,dsp=100,ff=40000 (default lut=${defaultBudget.lut})`,
    },
    'clock-mhz': hardwareOptions['clock-mhz'],
    ...modelOptions,
  },
  examples: [
    [
      'qcc compare lenet.onnx --methods inq:5,sketch:2,ffn --data test.npz:x --labels test.npz:y -o lenet.svg',
      'a table and a plot',
    ],
    [
      'qcc compare lenet.onnx --methods prune:keep=0.1:survivors=inq,twn:ends=int8 --data x.npy -n 200',
      'agreement with the float network',
    ],
  ],
  run: async (args, context) => {
    const { diagnostics, progress } = context;
    const outputs = texts(args, 'output');
    for (const file of outputs)
      if (!['.svg', '.json'].includes(extname(file)))
        fail(badOption('--output', file, 'a file that ends in .svg or .json'));
    const samples = number(args, 'samples', { min: 1, max: 1e6, integer: true }) ?? defaultSamples;
    const limit = number(args, 'frames', { min: 1, max: 1e6, integer: true }) ?? defaultFrames;
    const { budget = defaultBudget, clockMhz } = await readTargets(args);
    const [{ readModel }, { parseMethodSpec }, { prepare }, { compareMethods, floatClasses }, data] =
      await Promise.all([
        import('./compile.ts'),
        import('../quantize/index.ts'),
        import('./calibration.ts'),
        import('../compare.ts'),
        import('../data/index.ts'),
      ]);
    const methods = required(args, 'methods')
      .split(',')
      .map((name) => ({ name: name.trim(), request: parseMethodSpec(name.trim()) }));
    const source = await readModel(args, context);
    if (source.form === 'integer') fail(notFloat(source.name));
    const specs = texts(args, 'data');
    const calibration = args['calibrate'] === undefined ? specs : texts(args, 'calibrate');
    const option = args['calibrate'] === undefined ? '--data' : '--calibrate';
    const prepared = await prepare(source, calibration, samples, option, context);
    const { graph } = prepared;
    const frames = await Promise.all(
      graph.inputs.map(async (input, i) => {
        const spec =
          specs[i] ??
          fail(badOption('--data', `${specs.length} files`, `one for each of ${graph.inputs.length} inputs`));
        return data.toFrames(await data.readArray(spec), input, {
          what: `--data ${spec}`,
          quantize: prepared.rounds,
          limit,
        });
      }),
    );
    const labelled = text(args, 'labels');
    progress.phase('run the float network');
    const found = labelled === undefined ? floatClasses(graph, frames) : undefined;
    const labels =
      found === undefined
        ? await data.readArray(labelled ?? '')
        : ({ dtype: 'int32', shape: [found.length], data: found } as const);
    const rows = await compareMethods(graph, methods, {
      samples: prepared.samples,
      frames,
      labels,
      budget,
      diagnostics,
      progress: progress.phase,
      ...(clockMhz !== undefined && { clockMhz }),
    });
    const measure = labelled === undefined ? 'agreement' : 'accuracy';
    const json = { model: graph.name, measure, samples: prepared.samples.length, budget, methods: rows };
    progress.phase('write');
    for (const file of outputs) {
      if (extname(file) === '.json') await write(file, `${JSON.stringify(json, null, 2)}\n`);
      else {
        const { plotComparison } = await import('../report/compare-plot.ts');
        await write(file, plotComparison(graph.name, measure, rows));
      }
    }
    const written = outputs.map((file) => `\nwritten to ${file}`).join('');
    const head = `${graph.name}: ${rows[0]?.frames ?? 0} frames, calibrated by ${prepared.samples.length}`;
    return { json, text: `${head}\n\n${await tableOf(rows, measure)}${written}` };
  },
};
