import { fail } from '../diagnostics/index.ts';
import { fewerFrames } from '../diagnostics/catalog/command.ts';
import { choice, number, text, texts } from './arguments.ts';
import type { Command } from './command.ts';
import { hardwareOptions, modelArgument, modelOptions } from './options.ts';

const engines = ['reference', 'cycle', 'verilator', 'all'] as const;

/** `qcc sim`: data through a model, at one or all engines. */
export const sim: Command = {
  name: 'sim',
  positionals: '<model>',
  summary: 'Run data through a model at every engine, compare them, and compare with what is expected',
  epilogue:
    'Data files: .npy, .npz (FILE:ARRAY picks an array), MNIST idx; each also gzipped. The first axis counts the frames. ' +
    'Integer arrays are taken as they are; float arrays are real values and must be exactly what the input can carry. ' +
    'A mismatch is exit status 1.',
  terse: true,
  arguments: modelArgument,
  options: {
    input: {
      type: 'string',
      array: true,
      alias: 'i',
      requiresArg: true,
      demandOption: true,
      describe: 'Frames to run, FILE[:ARRAY]; once for each input of the model',
    },
    engine: {
      choices: engines,
      default: 'all',
      describe:
        'reference: the evaluator; cycle: the cycle model; verilator: the generated Verilog; all: all three, compared',
    },
    frames: { type: 'number', alias: 'n', requiresArg: true, describe: 'Run the first N frames only' },
    stalls: { type: 'number', requiresArg: true, describe: 'Stall both ends at random, from this seed' },
    trace: {
      type: 'string',
      requiresArg: true,
      describe: 'Write waveforms (VCD): every handshake; with --engine verilator every signal',
    },
    output: {
      type: 'string',
      alias: 'o',
      requiresArg: true,
      describe: 'Write the output integers to this .npy file',
    },
    expect: {
      type: 'string',
      requiresArg: true,
      describe: 'Integers to compare with, FILE[:ARRAY]: outputs, or a class a frame',
    },
    labels: {
      type: 'string',
      requiresArg: true,
      describe: 'A class a frame, FILE[:ARRAY]: print the accuracy',
    },
    ...hardwareOptions,
    ...modelOptions,
  },
  examples: [
    ['qcc sim tfc.qir -i t10k-images-idx3-ubyte.gz --labels t10k-labels-idx1-ubyte.gz', 'accuracy on MNIST'],
    [
      'qcc sim digits.onnx -i digits.npz:pixels --expect digits.npz:accumulators',
      'compare with golden values',
    ],
    ['qcc sim tfc.qir -i x.npy --stalls 7 --trace out.vcd', 'random stalls, and a look at the handshakes'],
    ['qcc sim tfc.qir -i x.npy --engine cycle -o out.npy', 'the fast engine alone; keep the output'],
  ],
  run: async (args, context) => {
    const { diagnostics, progress, color } = context;
    const engine = choice(args, 'engine', engines) ?? 'all';
    const limit = number(args, 'frames', { min: 1, max: 2 ** 31, integer: true });
    const stalls = number(args, 'stalls', { min: 0, max: 2 ** 32 - 1, integer: true });
    const [trace, output, expect, labels] = ['trace', 'output', 'expect', 'labels'].map((name) =>
      text(args, name),
    );
    const [
      { compile },
      { readArray, toFrames },
      { simulate, severalOutputs },
      { checkOptions, pairInputs, present, quantizedByHost, writeOutputArray },
    ] = await Promise.all([
      import('./compile.ts'),
      import('../data/index.ts'),
      import('../simulate.ts'),
      import('./sim-outcome.ts'),
    ]);
    checkOptions(engine, stalls, trace);
    const compiled = await compile(args, context);
    if (compiled.stopped !== undefined) return compiled.stopped;
    const { compilation } = compiled;
    if (output !== undefined && compilation.integer.outputs.length > 1)
      fail(severalOutputs('--output', compilation.integer));

    progress.phase('read the data');
    const specs = texts(args, 'input');
    const inputs = pairInputs(compilation.integer, specs);
    const quantize = quantizedByHost(compilation.integer);
    const frames = await Promise.all(
      inputs.map(async ([input, spec]) =>
        toFrames(await readArray(spec), input, {
          what: `--input ${spec}`,
          quantize,
          ...(limit !== undefined && { limit }),
        }),
      ),
    );
    const count = frames[0]?.count ?? 0;
    if (limit !== undefined && count < limit) diagnostics.add(fewerFrames(limit, count));
    const read = async (spec: string | undefined) => (spec === undefined ? undefined : readArray(spec));
    const [expected, labelled] = [await read(expect), await read(labels)];
    const result = await simulate(compilation, {
      inputs: frames,
      engine,
      diagnostics,
      progress: progress.phase,
      ...(stalls !== undefined && { stalls }),
      ...(trace !== undefined && { trace }),
      ...(expected !== undefined && { expect: expected }),
      ...(labelled !== undefined && { labels: labelled }),
    });
    if (output !== undefined) await writeOutputArray(output, result);
    progress.stop();
    return present(compilation, result, {
      color,
      ...(output !== undefined && { output }),
      ...(trace !== undefined && { trace }),
    });
  },
};
