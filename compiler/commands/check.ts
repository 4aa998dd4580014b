import { required } from './arguments.ts';
import type { Command } from './command.ts';
import { hardwareOptions, modelArgument, modelOptions, passOptions } from './options.ts';

/** `qcc check`: everything that `build` does, but for writing. */
export const check: Command = {
  name: 'check',
  positionals: '<model>',
  summary: 'Check that a model can be built, and say what of it cannot',
  epilogue: 'Runs the whole compiler but writes nothing. Several errors are reported in one run.',
  arguments: modelArgument,
  options: { ...modelOptions, ...hardwareOptions, ...passOptions },
  examples: [
    ['qcc check tfc.qir', 'can it be built?'],
    ['qcc check model.onnx --json', 'the same for a program: all diagnostics as JSON'],
    ['qcc check tfc.qir --print-ir-after integerize -q', 'print the integer form'],
  ],
  run: async (args, context) => {
    const model = required(args, 'model');
    const { compile } = await import('./compile.ts');
    const compiled = await compile(args, context);
    if (compiled.stopped !== undefined) return compiled.stopped;
    const { compilation, dumps, always } = compiled;
    const { summarize } = await import('./summary.ts');
    const { deviceText, makeReport } = await import('../report/index.ts');
    const summary = summarize(compilation.integer);
    const report = makeReport(compilation);
    const { initiationInterval, latency } = report.performance;
    const layers = report.layers.map((layer) => layer.instance).join(', ');
    const text = [
      summary.text,
      `  layers  ${layers}`,
      `  cycles  ${initiationInterval} a frame, latency ${latency}, at ${report.clockMhz} MHz`,
      ...(report.device === undefined ? [] : [`  device  ${deviceText(report.device)}`]),
      `${model} can be built.`,
    ].join('\n');
    return { json: { model: summary.json, report, ...(dumps.length > 0 && { ir: dumps }) }, text, always };
  },
};
