import { join } from 'node:path';
import { badOption } from '../diagnostics/catalog/command.ts';
import { fail } from '../diagnostics/index.ts';
import { choice, text } from './arguments.ts';
import type { Command } from './command.ts';
import { hardwareOptions, modelArgument, modelOptions, passOptions } from './options.ts';
import { recordedTargets } from './targets.ts';

const targets = ['fpga'] as const;

/** `qcc build`: a model to an output folder. */
export const build: Command = {
  name: 'build',
  positionals: '<model>',
  summary: 'Compile a model to Verilog, with testbench, vendor project files and report',
  epilogue:
    'The output folder is replaced as a whole and at once: a build that is interrupted leaves the previous one as it was. ' +
    'Files of your own in it stay, but for those in rtl/ and mem/. ' +
    'The same input gives the same bytes.',
  arguments: modelArgument,
  options: {
    output: {
      type: 'string',
      alias: 'o',
      requiresArg: true,
      describe: 'Output folder (default hdl-out/NAME)',
    },
    target: { choices: targets, describe: 'What the Verilog is for', default: 'fpga' },
    ...hardwareOptions,
    ...modelOptions,
    ...passOptions,
  },
  examples: [
    ['qcc build tfc.qir -o hdl-out/tfc', 'compile with the default folding'],
    ['qcc build tfc.qir --fps 1e6 --clock-mhz 250', 'the cheapest folding for a million frames a second'],
    [
      'qcc build tfc.qir --device ice40up5k --latency-us 50',
      'the cheapest one that fits and is quick enough',
    ],
    ['qcc build tfc.qir --budget lut=20000,bram=40', 'the fastest folding within these resources'],
    ['qcc build tfc.qir --folding fold.json', 'foldings by hand for some layers'],
    ['qcc build model.onnx --style unrolled', 'constants dissolved into adders'],
  ],
  run: async (args, context) => {
    const { diagnostics, progress, color } = context;
    const target = choice(args, 'target', targets) ?? 'fpga';
    if (text(args, 'stop-after') !== undefined && text(args, 'output') !== undefined) {
      const expected =
        'no output folder: the graph is printed; `qcc import --stop-after PASS -o FILE` writes it';
      fail(badOption('--output', 'with --stop-after', expected));
    }
    const { compile } = await import('./compile.ts');
    const compiled = await compile(args, context);
    if (compiled.stopped !== undefined) return compiled.stopped;
    const { compilation, dumps, always, targets: asked } = compiled;
    const [{ buildOutput }, { writeOutput }, { reportText }] = await Promise.all([
      import('../build.ts'),
      import('../emit/index.ts'),
      import('../report/index.ts'),
    ]);
    const folder = text(args, 'output') ?? join('hdl-out', compilation.hw.name);
    progress.phase('emit');
    const { files, report } = await buildOutput(compilation, {
      notes: diagnostics.all,
      options: {
        target,
        style: text(args, 'style') ?? 'auto',
        ...recordedTargets(asked),
      },
    });
    diagnostics.throwIfErrors();
    progress.phase('write');
    writeOutput(folder, files);
    progress.stop();
    return {
      json: {
        output: folder,
        files: [...files.keys()].sort(),
        report,
        ...(dumps.length > 0 && { ir: dumps }),
      },
      text: `${reportText(report, { color })}\n${files.size} files written to ${folder} (report.html shows the same in a browser)`,
      always,
    };
  },
};
