// The cycle engine against Verilator on the same design, frames and machine, one thread each, in alternating rounds; their outputs and the cycle
// of every output beat have to be equal. Random binary networks of the shapes of TFC and LFC, 8-bit pixels in, sums out.
//
//   node --import ./scripts/ts.mjs bench/simulation.ts [tfc|lfc]
import { performance } from 'node:perf_hooks';
import Table from 'cli-table3';
import { compileGraph } from '../compiler/driver.ts';
import { DiagnosticError, Diagnostics } from '../compiler/diagnostics/index.ts';
import { emitRtl } from '../compiler/emit/index.ts';
import { designPorts } from '../compiler/hw/index.ts';
import { bipolar, GraphBuilder, int, uint } from '../compiler/qir/index.ts';
import type { Graph } from '../compiler/qir/index.ts';
import { version } from '../compiler/version.ts';
import { compareCycles, compareValues, createEngine } from '../sim/index.ts';
import { createVerilatorRunner } from '../sim/verilator/index.ts';
import { templateRoot, units } from '../templates/registry.ts';

interface Shape {
  readonly name: string;
  readonly sizes: readonly number[];
  /** Frames a second at 200 MHz that the design is folded for. */
  readonly fps: number;
  /** Frames of one round of Verilator; the engine gets MORE times as many. */
  readonly frames: number;
}

const shapes: readonly Shape[] = [
  { name: 'tfc', sizes: [784, 64, 64, 64, 10], fps: 3_000_000, frames: 20_000 },
  { name: 'lfc', sizes: [784, 1024, 1024, 1024, 10], fps: 400_000, frames: 200 },
];
/** How many times as many frames the engine is given in a round. */
const MORE = 10;
const ROUNDS = 3;

let seed = 1;
/** Uniform in [0, 1), from a linear congruential generator: the same network in every run. */
function random(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
}

function network({ name, sizes }: Shape): Graph {
  const [first = 1] = sizes;
  const g = new GraphBuilder(name);
  const pixels = g.input('pixels', uint(8), [first]);
  let x = g.threshold(pixels, { shape: [1, 1], data: [128] }, { name: 'binarized', result: bipolar });
  for (let layer = 0; layer + 1 < sizes.length; layer++) {
    const [inputs = 1, outputs = 1] = sizes.slice(layer, layer + 2);
    const data = Int8Array.from({ length: inputs * outputs }, () => (random() < 0.5 ? -1 : 1));
    x = g.matmul(x, { elem: bipolar, shape: [outputs, inputs], data }, { name: `sum${layer}` });
    if (layer + 2 === sizes.length) break;
    const middle = Int32Array.from({ length: outputs }, () =>
      Math.round((random() - 0.5) * 2 * Math.sqrt(inputs)),
    );
    const thresholds = { elem: int(13), shape: [outputs, 1], data: middle };
    x = g.threshold(x, thresholds, { name: `bit${layer}`, result: bipolar });
  }
  g.output(x);
  return g.build();
}

const whole = (n: number): string => Math.round(n).toLocaleString('en');

async function measure(shape: Shape, table: Table.Table): Promise<void> {
  const { hw, initiationInterval } = compileGraph(network(shape), {
    diagnostics: new Diagnostics(),
    fps: shape.fps,
  });
  const engine = createEngine(hw, units);
  const elements = shape.sizes[0] ?? 1;
  const many = Uint8Array.from({ length: elements * shape.frames * MORE }, () => random() * 256);
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
      best.engine = Math.max(best.engine, (shape.frames * MORE * 1000) / (performance.now() - start));
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
