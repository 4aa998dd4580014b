import type { Command } from './command.ts';

/** `qcc doctor`: which external tools are there. */
export const doctor: Command = {
  name: 'doctor',
  positionals: '',
  summary: 'Say which external tools are there, in which versions, and what to do about a missing one',
  epilogue: 'qcc compiles and simulates without any of them; they are needed to check the Verilog itself.',
  options: {},
  arguments: {},
  examples: [['qcc doctor', 'look for Verilator, a C++ compiler, Icarus and Yosys']],
  run: async (_args, { color }) => {
    const [{ probeTools }, { default: Table }, { createColors }] = await Promise.all([
      import('../../sim/verilator/tools.ts'),
      import('cli-table3'),
      import('picocolors'),
    ]);
    const paint = createColors(color);
    const tools = await probeTools();
    const node = process.versions.node;
    const table = new Table({
      head: ['tool', 'version', 'for'].map((title) => paint.dim(title)),
      style: { head: [], border: [] },
    });
    table.push(['node', paint.green(node), 'runs qcc (20.12 or newer)']);
    for (const tool of tools) {
      const state = tool.found
        ? paint.green(tool.version ?? 'there, of unknown version')
        : paint.red('missing');
      table.push([tool.tool, state, tool.purpose]);
    }
    const missing = tools.filter((tool) => !tool.found);
    const advice = missing.map((tool) => `${paint.bold(tool.tool)} is missing: ${tool.install}`);
    return {
      json: { node, tools },
      text: [table.toString(), ...(missing.length === 0 ? ['All there.'] : advice)].join('\n'),
    };
  },
};
