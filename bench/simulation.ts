// The cycle engine against Verilator on the same design, frames and machine, one thread each, in alternating rounds; their outputs and the cycle
// of every output beat have to be equal. Random binary networks of the shapes of TFC, LFC and CNV, 8 bits in, sums out.
//
//   node --import ./scripts/ts.mjs bench/simulation.ts [tfc|lfc|cnv]
import { performance } from 'node:perf_hooks';
import Table from 'cli-table3';
import { compileGraph } from '../compiler/driver.ts';
import { DiagnosticError, Diagnostics } from '../compiler/diagnostics/index.ts';
import { emitRtl } from '../compiler/emit/index.ts';
import { designPorts } from '../compiler/hw/index.ts';
import type { Graph } from '../compiler/qir/index.ts';
import { allocate, elementCount, valueRange } from '../compiler/qir/types.ts';
import { version } from '../compiler/version.ts';
import { generator, randomCnv, randomNetwork } from './networks.ts';
import { compareCycles, compareValues, createEngine } from '../sim/index.ts';
import { createVerilatorRunner } from '../sim/verilator/index.ts';
import { templateRoot, units } from '../templates/registry.ts';

interface Shape {
  readonly name: string;
  readonly make: (name: string) => Graph;
  /** Cycles a frame that the design is folded for. */
  readonly interval: number;
  /** Frames of one round of Verilator; the engine gets `more` times as many. */
  readonly frames: number;
  readonly more: number;
}

const shapes: readonly Shape[] = [
  {
    name: 'tfc',
    make: (name) => randomNetwork(name, [784, 64, 64, 64, 10], 'pixels'),
    interval: 66,
    frames: 20_000,
    more: 10,
  },
  {
    name: 'lfc',
    make: (name) => randomNetwork(name, [784, 1024, 1024, 1024, 10], 'pixels'),
    interval: 500,
    frames: 200,
    more: 10,
  },
  { name: 'cnv', make: randomCnv, interval: 9130, frames: 20, more: 10 },
];
const ROUNDS = 3;
const CLOCK_MHZ = 200;

const whole = (n: number): string => Math.round(n).toLocaleString('en');

async function measure(shape: Shape, table: Table.Table): Promise<void> {
  const { hw, integer, initiationInterval } = compileGraph(shape.make(shape.name), {
    diagnostics: new Diagnostics(),
    clockMhz: CLOCK_MHZ,
    fps: (CLOCK_MHZ * 1e6) / shape.interval,
  });
  const engine = createEngine(hw, units);
  const [input] = integer.inputs;
  if (input === undefined) throw new Error('the network has an input');
  const elements = elementCount(input.type.shape);
  const random = generator(1);
  const { min, max } = valueRange(input.type.elem);
  const many = allocate(input.type.elem, elements * shape.frames * shape.more).map(() =>
    Math.floor(min + random() * (max - min + 1)),
  );
  const few = many.subarray(0, elements * shape.frames);
  const runner = await createVerilatorRunner({
    top: hw.name,
    ports: designPorts(hw, units),
    channels: hw.channels,
    files: emitRtl(hw, units, { templateRoot, version }),
  });
  try {
    const left = { name: 'engine', result: engine.run({ inputs: [few] }) };
    const right = { name: 'verilator', result: await runner.run({ inputs: [few] }) };
    const difference = compareValues(hw, left, right) ?? compareCycles(hw, left, right);
    if (difference !== null) throw new DiagnosticError([difference]);
    const best = { engine: 0, verilator: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      const start = performance.now();
      engine.run({ inputs: [many] });
      best.engine = Math.max(best.engine, (shape.frames * shape.more * 1000) / (performance.now() - start));
      const { seconds } = await runner.run({ inputs: [few] });
      best.verilator = Math.max(best.verilator, shape.frames / seconds);
    }
    const cycles = best.verilator * initiationInterval;
    table.push([
      shape.name,
      initiationInterval,
      whole(best.engine),
      whole(best.verilator),
      `${(cycles / 1e6).toFixed(2)} M`,
      (best.engine / best.verilator).toFixed(1),
    ]);
  } finally {
    runner.close();
  }
}

const only = process.argv[2];
const table = new Table({
  head: ['network', 'cycles/image', 'engine images/s', 'Verilator images/s', 'Verilator cycles/s', 'ratio'],
  style: { head: [], border: [] },
});
for (const shape of shapes) if (only === undefined || shape.name === only) await measure(shape, table);
process.stdout.write(`${table.toString()}\n`);
