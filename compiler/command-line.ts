import yargs, { type Argv } from 'yargs';
import { commands } from './commands/index.ts';
import type { Arguments, Command, Context, Io, Outcome } from './commands/command.ts';
import { flag } from './commands/arguments.ts';
import { createProgress } from './commands/progress.ts';
import { badOption, usage } from './diagnostics/catalog/command.ts';
import { DiagnosticError, Diagnostics, fail, type Diagnostic } from './diagnostics/index.ts';
import { countText, renderDiagnostics } from './diagnostics/render.ts';
import { nearest } from './diagnostics/suggest.ts';
import { excerpt } from './diagnostics/wording.ts';
import { version } from './version.ts';

const common = {
  json: {
    type: 'boolean',
    describe: 'Print one JSON document, diagnostics included, and nothing else',
    default: false,
  },
  quiet: { type: 'boolean', alias: 'q', describe: 'Print errors only', default: false },
} as const;

/** What the command line asks for. */
type Request =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'usage'; readonly message: string }
  | { readonly kind: 'command'; readonly command: Command; readonly args: Arguments };

function define(parser: Argv, command: Command, pick: (command: Command, args: Arguments) => void): Argv {
  return parser.command(
    `${command.name} ${command.positionals}`.trim(),
    command.summary,
    (sub: Argv) => {
      let built: Argv = sub.usage(`qcc ${command.name} ${command.positionals}\n\n${command.summary}.`);
      for (const [name, spec] of Object.entries(command.arguments)) built = built.positional(name, spec);
      built = built.options({ ...command.options, ...common });
      for (const [line, what] of command.examples) built = built.example(line, what);
      return command.epilogue === undefined ? built : built.epilogue(command.epilogue);
    },
    (args: Arguments) => pick(command, args),
  );
}

function createParser(width: number, pick: (command: Command, args: Arguments) => void): Argv {
  let parser = yargs()
    .scriptName('qcc')
    .usage(
      'qcc COMMAND\n\nCompiles trained, quantized neural networks into Verilog and proves that it computes the same.',
    )
    .parserConfiguration({
      'duplicate-arguments-array': true,
      'greedy-arrays': false,
      'boolean-negation': false,
      'camel-case-expansion': false,
    })
    .locale('en')
    .exitProcess(false)
    .strict()
    .demandCommand(1, 1, 'No command is given.', 'More than one command is given.')
    .version(version)
    .alias('help', 'h')
    .completion('completion', 'Print a script for shell completion')
    .example('qcc build examples/digits/digits.onnx', 'import, compile and write hdl-out/digits')
    .example('qcc sim model.qir --input data.npz:images', 'simulate at every engine and compare')
    .example('source <(qcc completion)', 'complete commands and options in this shell')
    .epilogue(
      'Exit status: 0 done, 1 something is wrong with the input (or a comparison failed), 70 a bug in qcc.\n' +
        'Colours are used on terminals only, and never if NO_COLOR is set.',
    )
    .wrap(width);
  for (const command of commands) parser = define(parser, command, pick);
  return parser;
}

/** The help of a command, or of qcc itself. */
export async function helpText(command: string | undefined, width: number): Promise<string> {
  const parser = createParser(width, () => undefined);
  let output = '';
  await parser.parse([...(command === undefined ? [] : [command]), '--help'], {}, (_error, _args, text) => {
    output = text;
  });
  return output;
}

/** The arguments with what was written in place of each number that is none. */
function withWords(args: Arguments, command: Command, argv: readonly string[]): Arguments {
  const words = { ...args };
  for (const [name, { alias }] of Object.entries(command.options)) {
    if (!Number.isNaN(args[name])) continue;
    const written = [`--${name}`, ...[alias ?? []].flat().map((letter) => `-${letter}`)];
    argv.forEach((word, i) => {
      const [before = '', ...after] = word.split('=');
      if (written.includes(before)) words[name] = after.length > 0 ? after.join('=') : argv[i + 1];
    });
  }
  return words;
}

/** A switch with a value that is neither true nor false: yargs would take it for false. */
function badSwitch(argv: readonly string[]): Diagnostic | undefined {
  for (const word of argv) {
    const [, name, value] = /^--(json|quiet)=(.*)$/s.exec(word) ?? [];
    if (name !== undefined && value !== 'true' && value !== 'false')
      return badOption(`--${name}`, `'${excerpt(value ?? '')}'`, `--${name} alone`);
  }
  return undefined;
}

/** Thrown by the handler of a command: once it returns, yargs formats the help of the command, which takes longer than all else that it does. */
const picked = new Error('a command is picked');

async function understand(argv: readonly string[], io: Io): Promise<Request> {
  let request: Request | undefined;
  const pick = (command: Command, args: Arguments): void => {
    request = { kind: 'command', command, args: withWords(args, command, argv) };
    throw picked;
  };
  const parser = createParser(Math.max(60, Math.min(110, io.columns ?? 100)), pick);
  let printed = '';
  let problem: string | undefined;
  try {
    await parser.parse([...argv], {}, (error, _args, text) => {
      if (error) problem = error.message;
      printed += text;
    });
  } catch (error) {
    if (error !== picked) throw error;
  }
  if (problem !== undefined) return { kind: 'usage', message: problem };
  return request ?? { kind: 'text', text: printed.endsWith('\n') ? printed : `${printed}\n` };
}

/** What yargs refused for another reason than a name it does not know. */
function otherUsage(message: string, command: Command | undefined, manual: string): Diagnostic {
  const invalid = /Argument: (\S+), Given: (.*), Choices: (.*)/.exec(message);
  if (invalid !== null) return badOption(`--${invalid[1]}`, invalid[2] ?? '', `one of ${invalid[3]}`);
  const first = Object.keys(command?.arguments ?? {})[0];
  if (message.startsWith('Not enough non-option arguments') && first !== undefined) {
    return usage(`the argument <${first}> is missing`, undefined, manual);
  }
  const missing = /^Missing required arguments?: (.*)$/.exec(message)?.[1];
  if (missing !== undefined)
    return usage(`the option --${missing.split(', ').join(' and --')} is missing`, undefined, manual);
  const valueless = /^Not enough arguments following: (.*)$/.exec(message)?.[1];
  if (valueless !== undefined) return usage(`the option --${valueless} needs a value`, undefined, manual);
  return usage(message.split('\n')[0] ?? message, undefined, manual);
}

/** The diagnostic for what yargs refused, with the likely meaning of a misspelt name. */
function usageDiagnostic(message: string, argv: readonly string[]): Diagnostic {
  const command = commands.find((candidate) => candidate.name === argv[0]);
  const manual = `\`qcc${command === undefined ? '' : ` ${command.name}`} --help\` lists what there is`;
  const unknown = /^Unknown (?:arguments?|commands?): (.*)$/.exec(message)?.[1]?.split(', ');
  if (unknown === undefined) return otherUsage(message, command, manual);
  const names =
    command === undefined
      ? commands.map((candidate) => candidate.name)
      : [...Object.keys(command.options), ...Object.keys(common), 'help', 'version'];
  const culprit =
    unknown.find((name) => command === undefined || argv.some((arg) => arg.startsWith(`--${name}`))) ??
    unknown[0];
  const likely = nearest(culprit ?? '', names);
  const dashes = argv.some((arg) => arg.replace(/=.*/s, '') === `--${culprit}`) ? '--' : '';
  const what = command === undefined && dashes === '' ? 'command' : dashes === '' ? 'argument' : 'option';
  const meant = likely === undefined ? '' : `did you mean '${command === undefined ? '' : '--'}${likely}'? `;
  return usage(`there is no ${what} '${dashes}${culprit}'`, undefined, `${meant}${manual}`);
}

function colors(io: Io, terminal: boolean): boolean {
  const refused = io.env['NO_COLOR'] !== undefined && io.env['NO_COLOR'] !== '';
  return terminal && !refused && io.env['TERM'] !== 'dumb';
}

function bug(error: unknown, io: Io, json: boolean): number {
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error && (io.env['QCC_DEBUG'] ?? '') !== '' ? error.stack : undefined;
  if (json) {
    const document = { qcc: version, status: 'bug', message, ...(stack !== undefined && { stack }) };
    io.out(`${JSON.stringify(document, null, 2)}\n`);
    return 70;
  }
  const lines = [
    `qcc ${version}: internal error: ${message}`,
    'This is a bug in qcc, not in your input. Please report it, with the command line, this message and, if you may share it, the model.',
    stack ?? 'QCC_DEBUG=1 in the environment shows where it happened.',
  ];
  io.err(`${lines.join('\n')}\n`);
  return 70;
}

/**
 * Runs one command line.
 *
 * @param argv - the arguments, without the program's name.
 * @returns the exit status: 0 done; 1 bad input, or a comparison that failed; 70 a bug in qcc.
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  // --json must hold for a command line that cannot be understood as well
  let json = argv.includes('--json');
  let quiet = false;
  const diagnostics = new Diagnostics();
  let progress = createProgress(io, false);
  let outcome: Outcome = { json: {}, text: '' };
  let command: string | undefined;
  let terse = false;
  try {
    const misused = badSwitch(argv);
    if (misused !== undefined) fail(misused);
    const request = await understand(argv, io);
    if (request.kind === 'text') {
      io.out(request.text);
      return 0;
    }
    if (request.kind === 'usage') diagnostics.add(usageDiagnostic(request.message, argv));
    else {
      command = request.command.name;
      terse = request.command.terse === true;
      json = flag(request.args, 'json');
      quiet = flag(request.args, 'quiet');
      progress = createProgress(io, !json && !quiet);
      const context: Context = {
        io,
        diagnostics,
        progress,
        json,
        quiet,
        color: colors(io, io.outIsTerminal) && !json,
      };
      outcome = await request.command.run(request.args, context);
    }
  } catch (error) {
    progress.stop();
    if (!(error instanceof DiagnosticError)) return bug(error, io, json);
    for (const d of error.diagnostics) if (!diagnostics.all.includes(d)) diagnostics.add(d);
  }
  progress.stop();
  const status = diagnostics.hasErrors ? 1 : 0;
  if (json) {
    const head = { qcc: version, command: command ?? null, status: status === 0 ? 'ok' : 'error' };
    io.out(`${JSON.stringify({ ...head, diagnostics: diagnostics.all, ...outcome.json }, null, 2)}\n`);
    return status;
  }
  // a dump that was asked for is all that the standard output has, so that it reads back
  const dumped = outcome.always !== undefined && outcome.always !== '';
  if (dumped) io.out(outcome.always ?? '');
  const say = dumped ? io.err : io.out;
  if (!quiet && outcome.text !== '') say(outcome.text.endsWith('\n') ? outcome.text : `${outcome.text}\n`);
  const least = quiet ? ['error'] : terse ? ['error', 'warning'] : ['error', 'warning', 'note'];
  const shown = diagnostics.all.filter((d) => least.includes(d.severity));
  if (shown.length > 0) {
    const options = { color: colors(io, io.errIsTerminal), width: Math.min(120, io.columns ?? 100) };
    const total = status === 1 ? `\n\n${countText(shown)}` : '';
    io.err(`${outcome.text !== '' && !quiet ? '\n' : ''}${renderDiagnostics(shown, options)}${total}\n`);
  }
  return status;
}
