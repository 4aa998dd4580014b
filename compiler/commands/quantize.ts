import { existsSync, realpathSync } from 'node:fs';
import { badOption } from '../diagnostics/catalog/command.ts';
import { noSuchMethod, notFloat } from '../diagnostics/catalog/quantize.ts';
import { fail } from '../diagnostics/index.ts';
import { choice, number, required, texts } from './arguments.ts';
import type { Command } from './command.ts';
import { modelArgument, modelOptions } from './options.ts';

const scales = ['float32', 'pow2'] as const;
const arithmetics = ['integer', 'float32'] as const;
const defaultSamples = 64;

/** `qcc quantize`: a float network to a quantized one. */
export const quantize: Command = {
  name: 'quantize',
  positionals: '<model>',
  summary: 'Quantize a float network after training, and write it as .qir text',
  epilogue:
    '`qcc build`, `qcc sim` and `qcc check` take the result like any other model. Calibration data are inputs as the network was trained on; a few dozen are enough.',
  arguments: modelArgument,
  options: {
    method: {
      type: 'string',
      requiresArg: true,
      default: 'int8',
      describe: 'How to quantize (docs/quantize.md)',
    },
    data: {
      type: 'string',
      array: true,
      requiresArg: true,
      demandOption: true,
      describe: 'Calibration inputs, FILE[:ARRAY]; once for each input of the model',
    },
    samples: {
      type: 'number',
      requiresArg: true,
      describe: `Use the first N frames of the data (default ${defaultSamples})`,
    },
    scales: {
      choices: scales,
      default: 'float32',
      describe: 'Scales of activations: any float32 number, or powers of two',
    },
    arithmetic: {
      choices: arithmetics,
      default: 'integer',
      describe:
        'Between layers: integer (a multiplier and a shift for each channel; the result is integer form), or the float32 arithmetic of the network (real form)',
    },
    output: {
      type: 'string',
      alias: 'o',
      requiresArg: true,
      demandOption: true,
      describe: 'The .qir file to write',
    },
    ...modelOptions,
  },
  examples: [
    ['qcc quantize resnet8.onnx --data cifar.npz:images -o resnet8.qir', '8 bits, by the first 64 images'],
    [
      'qcc quantize net.onnx --data x.npy --samples 500 --scales pow2 -o net.qir',
      'scales that are powers of two',
    ],
  ],
  run: async (args, { diagnostics, progress }) => {
    const output = required(args, 'output');
    const model = required(args, 'model');
    if (existsSync(model) && existsSync(output) && realpathSync(model) === realpathSync(output)) {
      fail(badOption('--output', `the model itself: ${output}`, 'another file than the model'));
    }
    const count = number(args, 'samples', { min: 1, max: 1e6, integer: true }) ?? defaultSamples;
    const [{ readModel }, { methods, decideInputs, samplesOf }, data, { pairInputs, quantizedByHost }] =
      await Promise.all([
        import('./compile.ts'),
        import('../quantize/index.ts'),
        import('../data/index.ts'),
        import('./sim-outcome.ts'),
      ]);
    const name = required(args, 'method');
    const method = methods.get(name) ?? fail(noSuchMethod(name, [...methods.keys()]));
    const source = await readModel(args, { diagnostics, progress });
    if (source.form === 'integer') fail(notFloat(source.name));
    const { runPipeline } = await import('../pipeline.ts');
    const prepared = runPipeline(source, { diagnostics, stopAfter: 'remove-dead' });
    progress.phase('read the data');
    const specs = texts(args, 'data');
    const pairs = pairInputs(prepared, specs, '--data');
    const arrays = await Promise.all(pairs.map(([, spec]) => data.readArray(spec)));
    const graph = decideInputs(prepared, arrays, diagnostics);
    const rounds = quantizedByHost(graph);
    const frames = graph.inputs.map((input, i) => {
      const array = arrays[i];
      if (array === undefined) return fail(badOption('--data', 'nothing', `data for input ${input.name}`));
      return data.toFrames(array, input, {
        what: `--data ${specs[i] ?? ''}`,
        quantize: rounds,
        limit: count,
      });
    });
    const samples = samplesOf(graph, frames, count);
    const quantized = method.run(graph, {
      samples,
      scales: choice(args, 'scales', scales) ?? 'float32',
      arithmetic: choice(args, 'arithmetic', arithmetics) ?? 'integer',
      diagnostics,
      progress: (seen) => progress.phase(`calibrate: sample ${seen} of ${samples.length}`),
    });
    diagnostics.throwIfErrors();
    const [{ saveQir }, { plainTable }] = await Promise.all([
      import('../qir/save.ts'),
      import('../report/table.ts'),
    ]);
    progress.phase('write');
    saveQir(quantized.graph, output);
    const table = plainTable(
      ['value', 'seen', 'levels', 'scale'],
      ['left', 'right', 'right', 'left'],
      quantized.values.map(({ value, seen, levels, scale }) => [
        value,
        `${seen.min.toPrecision(4)} to ${seen.max.toPrecision(4)}`,
        `${levels.min} to ${levels.max}`,
        String(scale),
      ]),
    );
    const head = `${graph.name}: ${quantized.values.length} activations quantized by ${samples.length} samples`;
    return {
      json: { output, method: method.name, samples: samples.length, values: quantized.values },
      text: `${head}\n${table}\nwritten to ${output}`,
    };
  },
};
