import { existsSync, realpathSync } from 'node:fs';
import { badOption } from '../diagnostics/catalog/command.ts';
import { notFloat } from '../diagnostics/catalog/quantize.ts';
import { fail } from '../diagnostics/index.ts';
import { methods } from '../quantize/methods/index.ts';
import type { Quantized } from '../quantize/index.ts';
import { choice, number, required, text, texts } from './arguments.ts';
import type { Command } from './command.ts';
import { modelArgument, modelOptions } from './options.ts';
import { givenOptions, methodOptions, readConfig } from './quantize-options.ts';

const scales = ['float32', 'pow2'] as const;
const arithmetics = ['integer', 'float32'] as const;
const defaultSamples = 64;

/** What each layer lost, and the grid of each activation, as tables. */
async function tablesOf({ layers, values }: Quantized): Promise<readonly string[]> {
  const { plainTable } = await import('../report/table.ts');
  const recovered = layers.some(({ recoveredError }) => recoveredError !== undefined);
  const lost = plainTable(
    [
      'layer',
      'method',
      'weights',
      'bits/weight',
      'weight error',
      'output error',
      ...(recovered ? ['recovered'] : []),
    ],
    ['left', 'left', 'right', 'right', 'right', 'right', 'right'],
    layers.map(({ layer, method, weights, bitsPerWeight, weightError, outputError, recoveredError }) => [
      layer,
      method,
      String(weights),
      bitsPerWeight.toFixed(2),
      weightError.toPrecision(3),
      outputError.toPrecision(3),
      ...(recovered ? [recoveredError?.toPrecision(3) ?? ''] : []),
    ]),
  );
  if (values.length === 0) return [lost];
  const activations = plainTable(
    ['value', 'seen', 'levels', 'scale'],
    ['left', 'right', 'right', 'left'],
    values.map(({ value, seen, levels, scale }) => [
      value,
      `${seen.min.toPrecision(4)} to ${seen.max.toPrecision(4)}`,
      `${levels.min} to ${levels.max}`,
      String(scale),
    ]),
  );
  return [lost, activations];
}

/** `qcc quantize`: a float network to a quantized one. */
export const quantize: Command = {
  name: 'quantize',
  positionals: '<model>',
  summary: 'Quantize a float network after training, and write it as .qir text',
  epilogue:
    '`qcc build`, `qcc sim` and `qcc check` take the result like any other model. Calibration data are inputs as the network was trained on; a few dozen are enough. ' +
    'Errors in the table are squared, as parts of the squares of the numbers themselves.',
  arguments: modelArgument,
  options: {
    method: {
      type: 'string',
      requiresArg: true,
      describe: `How to quantize weights: ${[...methods.keys()].join(', ')} (docs/quantize.md; default int8)`,
    },
    ...methodOptions,
    activations: {
      type: 'string',
      requiresArg: true,
      describe:
        'Levels of activations: uint1 to uint8 (signed only where something is negative), int1 to int8, or float: weights alone are quantized (default uint8)',
    },
    ends: {
      type: 'string',
      requiresArg: true,
      describe: 'Method of the first and the last layer, e.g. int8, if another one',
    },
    config: {
      type: 'string',
      requiresArg: true,
      describe: 'JSON file that says all this, and more for single layers (docs/quantize.md)',
    },
    calibrate: {
      type: 'string',
      alias: 'data',
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
      describe:
        'Scales of activations: any float32 number, or powers of two (default: what the method takes)',
    },
    arithmetic: {
      choices: arithmetics,
      describe:
        'Between layers: integer (a multiplier and a shift for each channel; the result is integer form), or the float32 arithmetic of the network (real form; the default is integer)',
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
    [
      'qcc quantize resnet8.onnx --calibrate cifar.npz:images -o resnet8.qir',
      '8 bits, by the first 64 images',
    ],
    [
      'qcc quantize lenet.onnx --method inq --bits 4 --calibrate x.npy -o lenet.qir',
      'weights that are powers of two',
    ],
    [
      'qcc quantize net.onnx --config methods.json --calibrate x.npy --samples 500 -o net.qir',
      'a method for each layer',
    ],
  ],
  run: async (args, context) => {
    const { diagnostics, progress } = context;
    const output = required(args, 'output');
    const model = required(args, 'model');
    if (existsSync(model) && existsSync(output) && realpathSync(model) === realpathSync(output)) {
      fail(badOption('--output', `the model itself: ${output}`, 'another file than the model'));
    }
    const count = number(args, 'samples', { min: 1, max: 1e6, integer: true }) ?? defaultSamples;
    const config = await readConfig(args);
    const [{ readModel }, { choiceOf, planFor, quantizeGraph }, { prepare }] = await Promise.all([
      import('./compile.ts'),
      import('../quantize/index.ts'),
      import('./calibration.ts'),
    ]);
    const named = text(args, 'method');
    const request = {
      ...config,
      method: named ?? config.method ?? 'int8',
      // options of another method than the configuration's are not those of this one
      options: {
        ...(named === undefined || named === config.method || config.method === undefined
          ? config.options
          : {}),
        ...givenOptions(args),
      },
      ...overriding(args),
    };
    choiceOf(request.method, request.options);
    const source = await readModel(args, context);
    if (source.form === 'integer') fail(notFloat(source.name));
    const { graph, samples } = await prepare(source, texts(args, 'calibrate'), count, '--calibrate', context);
    const quantized = quantizeGraph(graph, planFor(graph, request), {
      samples,
      diagnostics,
      progress: (seen) => progress.phase(`calibrate: sample ${seen} of ${samples.length}`),
    });
    diagnostics.throwIfErrors();
    const { saveQir } = await import('../qir/save.ts');
    progress.phase('write');
    saveQir(quantized.graph, output);
    const head = `${graph.name}: ${quantized.layers.length} layers and ${quantized.values.length} activations quantized by ${samples.length} samples`;
    return {
      json: {
        output,
        method: request.method,
        samples: samples.length,
        layers: quantized.layers,
        values: quantized.values,
      },
      text: [head, ...(await tablesOf(quantized)), `written to ${output}`].join('\n\n'),
    };
  },
};

/** What the command line says in the place of the configuration. */
function overriding(args: Parameters<Command['run']>[0]) {
  const activations = text(args, 'activations');
  const ends = text(args, 'ends');
  const scale = choice(args, 'scales', scales);
  const arithmetic = choice(args, 'arithmetic', arithmetics);
  return {
    ...(activations !== undefined && { activations }),
    ...(ends !== undefined && { ends }),
    ...(scale !== undefined && { scales: scale }),
    ...(arithmetic !== undefined && { arithmetic }),
  };
}
