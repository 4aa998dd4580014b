import { spawn } from 'node:child_process';
import { fail } from '../../compiler/diagnostics/index.ts';
import { toolMissing } from '../../compiler/diagnostics/catalog/verilator.ts';

/** What a finished command left. */
export interface Finished {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program with an argument array; no shell is involved, so no name can be taken for more than a name.
 *
 * @returns undefined if there is no such program.
 */
export async function runTool(
  program: string,
  args: readonly string[],
  cwd?: string,
): Promise<Finished | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(cwd === undefined ? {} : { cwd }),
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', (error) => {
      if ('code' in error && error.code === 'ENOENT') resolve(undefined);
      else reject(error);
    });
    child.on('close', (status) => {
      resolve({
        status: status ?? 1,
        stdout: Buffer.concat(out).toString('utf8'),
        stderr: Buffer.concat(err).toString('utf8'),
      });
    });
  });
}

/** The external tools that qcc can use. */
export type ToolName = 'verilator' | 'c++' | 'iverilog' | 'yosys';

interface ToolSpec {
  readonly variable?: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly version: RegExp;
  readonly purpose: string;
  readonly install: string;
}

const specs: Readonly<Record<ToolName, ToolSpec>> = {
  verilator: {
    variable: 'VERILATOR',
    program: 'verilator',
    args: ['--version'],
    version: /Verilator (\S+)/,
    purpose: 'runs the emitted Verilog (qcc sim --engine verilator)',
    install:
      'install it with: sudo apt-get install verilator; on other systems see https://verilator.org (version 5 or newer)',
  },
  'c++': {
    variable: 'CXX',
    program: 'g++',
    args: ['--version'],
    version: /(\d+\.\d+\.\d+)/,
    purpose: 'compiles what Verilator makes of the Verilog',
    install: 'install it with: sudo apt-get install g++; or name another C++17 compiler in the variable CXX',
  },
  iverilog: {
    program: 'iverilog',
    args: ['-V'],
    version: /version (\S+)/,
    purpose: 'runs the self-checking testbench in tb/ (any other simulator does as well)',
    install: 'install it with: sudo apt-get install iverilog',
  },
  yosys: {
    program: 'yosys',
    args: ['-V'],
    version: /Yosys (\S+)/,
    purpose: 'runs vendor/yosys/synth.ys: open synthesis and checks',
    install: 'install it with: sudo apt-get install yosys',
  },
};

/** One line of `qcc doctor`. */
export interface ToolReport {
  readonly tool: ToolName;
  /** The executable that was looked for. */
  readonly program: string;
  readonly found: boolean;
  /** As the tool prints it; null if it is missing or prints none. */
  readonly version: string | null;
  /** What qcc needs it for. */
  readonly purpose: string;
  /** What to do if it is missing. */
  readonly install: string;
}

/** The executable that stands for a tool: the environment's choice or the usual name. */
export function toolProgram(tool: ToolName): string {
  const { variable, program } = specs[tool];
  const chosen = variable === undefined ? undefined : process.env[variable];
  return chosen === undefined || chosen === '' ? program : chosen;
}

/** Looks for one tool and asks its version. */
export async function probeTool(tool: ToolName): Promise<ToolReport> {
  const { args, version, purpose, install } = specs[tool];
  const program = toolProgram(tool);
  const finished = await runTool(program, args);
  const text = finished === undefined ? '' : finished.stdout + finished.stderr;
  return {
    tool,
    program,
    found: finished !== undefined,
    version: version.exec(text)?.[1] ?? null,
    purpose,
    install,
  };
}

/** Looks for all external tools and asks their versions. */
export async function probeTools(): Promise<readonly ToolReport[]> {
  return Promise.all((Object.keys(specs) as ToolName[]).map(probeTool));
}

/**
 * Version of a tool that is needed now.
 *
 * @throws DiagnosticError QCC5301 if it is missing.
 */
export async function requireTool(tool: ToolName): Promise<ToolReport> {
  const report = await probeTool(tool);
  if (!report.found) fail(toolMissing(report.program, report.install));
  return report;
}
