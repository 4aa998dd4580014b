import { existsSync, realpathSync } from 'node:fs';
import { fail } from '../diagnostics/index.ts';
import { badOption } from '../diagnostics/catalog/command.ts';
import type { Graph } from '../qir/graph.ts';
import { required, text } from './arguments.ts';
import type { Command } from './command.ts';
import { modelArgument, modelOptions } from './options.ts';

/** `qcc import`: a model of any format to a `.qir` file. */
export const importCommand: Command = {
  name: 'import',
  positionals: '<model>',
  summary: 'Read a trained network and write it as .qir text with its weights beside it',
  epilogue:
    'Everything about the model is checked here; what is assumed or left to the host is noted. Large constants go to a ' +
    '.safetensors file beside the .qir.',
  arguments: modelArgument,
  options: {
    output: {
      type: 'string',
      alias: 'o',
      requiresArg: true,
      describe: 'The .qir file to write',
      demandOption: true,
    },
    ...modelOptions,
    'stop-after': {
      type: 'string',
      requiresArg: true,
      describe: 'Run the passes up to this one and write the graph it gives',
    },
  },
  examples: [
    ['qcc import TFC_1W1A.onnx -o tfc.qir', 'write tfc.qir and tfc.safetensors'],
    ['qcc import jets.onnx --input-type "fixed<16,10>" -o jets.qir', 'say what travels at the input'],
    ['qcc import digits.onnx --stop-after integerize -o int.qir', 'write the integer form'],
  ],
  run: async (args, { diagnostics, progress }) => {
    const output = required(args, 'output');
    const model = required(args, 'model');
    // the model is the one thing that cannot be made again
    if (existsSync(model) && existsSync(output) && realpathSync(model) === realpathSync(output)) {
      fail(badOption('--output', `the model itself: ${output}`, 'another file than the model'));
    }
    const stopAfter = text(args, 'stop-after');
    const { readModel, addNotes } = await import('./compile.ts');
    const source = await readModel(args, { diagnostics, progress });
    let graph: Graph = source;
    if (stopAfter !== undefined) {
      const { runPipeline } = await import('../pipeline.ts');
      progress.phase(`passes up to ${stopAfter}`);
      graph = runPipeline(source, { diagnostics, stopAfter });
    }
    diagnostics.throwIfErrors();
    const [{ saveQir }, { summarize }] = await Promise.all([
      import('../qir/save.ts'),
      import('./summary.ts'),
    ]);
    progress.phase('write');
    saveQir(graph, output);
    const summary = summarize(graph);
    addNotes(graph, diagnostics);
    return { json: { output, model: summary.json }, text: `${summary.text}\nwritten to ${output}` };
  },
};
