/**
 * All benchmarks, one after the other: `make bench`. Names as arguments pick some of them.
 *
 *     node --import ./scripts/ts.mjs bench/run.ts [build] [kernels] [simulation] [mvu] [unrolled] [methods] [units] [networks] [estimates] [scaling]
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

interface Benchmark {
  readonly name: string;
  readonly what: string;
  readonly file: string;
  readonly args: readonly string[];
}

const benchmarks: readonly Benchmark[] = [
  { name: 'build', what: 'qcc build, start-up included (best of three)', file: 'build.ts', args: [] },
  { name: 'kernels', what: 'Kernels of the cycle engine alone, one thread', file: 'kernels.ts', args: [] },
  {
    name: 'simulation',
    what: 'Cycle engine against Verilator, same design, same run',
    file: 'simulation.ts',
    args: [],
  },
  {
    name: 'mvu',
    what: 'Binary matrix-vector cores for AMD devices, LUT by Yosys',
    file: 'xilinx-luts.ts',
    args: ['--synth'],
  },
  {
    name: 'unrolled',
    what: 'Unrolled layers beside da4ml, LUT by Yosys (some minutes)',
    file: 'unrolled.ts',
    args: [],
  },
  {
    name: 'methods',
    what: 'Forms of weights as hardware, LUT by Yosys without DSP blocks (some minutes)',
    file: 'methods.ts',
    args: [],
  },
  { name: 'units', what: 'Cost formulas of the units against Yosys', file: 'unit-costs.ts', args: [] },
  {
    name: 'networks',
    what: 'The networks of the FINN paper, LUT by Yosys (some minutes)',
    file: 'finn-networks.ts',
    args: [],
  },
  {
    name: 'estimates',
    what: 'Estimated against synthesized resources of whole networks (half an hour)',
    file: 'estimates.ts',
    args: [],
  },
  {
    name: 'scaling',
    what: 'qcc build from 0.2 to 11.7 million weights (a minute)',
    file: 'scaling.ts',
    args: [],
  },
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !benchmarks.some((b) => b.name === name));
if (unknown.length > 0) {
  process.stderr.write(
    `no benchmark ${unknown.join(', ')}; there are ${benchmarks.map((b) => b.name).join(', ')}\n`,
  );
  process.exit(1);
}
let failed = false;
for (const { name, what, file, args } of benchmarks) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  process.stdout.write(`\n${name}: ${what}\n`);
  const loader = fileURLToPath(new URL('../scripts/ts.mjs', import.meta.url));
  const script = fileURLToPath(new URL(file, import.meta.url));
  const { status } = spawnSync(process.execPath, ['--import', loader, script, ...args], { stdio: 'inherit' });
  failed ||= status !== 0;
}
process.exit(failed ? 1 : 0);
