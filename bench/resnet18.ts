// ResNet-18 as Group-Net v1: builds it with random weights, and runs one image through evaluator, cycle engine and Verilator, which must agree
// in every bit, and the last two in every cycle.
//
//   node --import ./scripts/ts.mjs bench/resnet18.ts [--size 224] [--width 64] [--branches 5] [--bits 4] [--fps 50]
import { parseArgs } from 'node:util';
import { compileGraph } from '../compiler/driver.ts';
import { Diagnostics, renderDiagnostics } from '../compiler/index.ts';
import { buildGroupNet } from '../compiler/quantize/groupnet/index.ts';
import { simulate } from '../compiler/simulate.ts';
import { randomResnet } from './groupnet-networks.ts';
import { generator } from './networks.ts';

const option = (value: string) => ({ type: 'string', default: value }) as const;
const { values } = parseArgs({
  options: {
    size: option('224'),
    width: option('64'),
    branches: option('5'),
    bits: option('4'),
    fps: option('50'),
  },
});
const [size, width, branches, bits, fps] = [
  values.size,
  values.width,
  values.branches,
  values.bits,
  values.fps,
].map(Number) as [number, number, number, number, number];

const say = (what: string): void => {
  const { user, system } = process.cpuUsage();
  const memory = (process.resourceUsage().maxRSS / 2 ** 20).toFixed(1);
  console.log(`${((user + system) / 1e6).toFixed(0).padStart(5)} s  ${memory} GiB  ${what}`);
};

say(`ResNet-18, ${size}x${size} pixels, ${width} channels, ${branches} branches, ${bits}-bit activations`);
const net = randomResnet('resnet18', {
  size,
  width,
  branches,
  blocks: 2,
  bits,
  classes: 1000,
  large: true,
});
const graph = buildGroupNet(net, { output: 'sums' });
const diagnostics = new Diagnostics();
const compilation = compileGraph(graph, { diagnostics, fps, progress: say });
const { plan, hw, initiationInterval, latency } = compilation;
const total = (of: (cost: (typeof plan)[number]['cost']) => number): string =>
  Math.round(plan.reduce((sum, { cost }) => sum + of(cost), 0)).toLocaleString('en-US');
say(
  `${hw.nodes.length} instances, LUT ${total((c) => c.lut)}, BRAM ${total((c) => c.bram36)}, DSP ${total((c) => c.dsp)}; ` +
    `interval ${initiationInterval.toLocaleString('en-US')}, latency ${latency.toLocaleString('en-US')}`,
);
const random = generator(7);
const data = Uint8Array.from({ length: size * size * 3 }, () => Math.floor(256 * random()));
const { checks, output, cycles } = await simulate(compilation, {
  inputs: [{ count: 1, elements: data.length, data }],
  engine: 'all',
  diagnostics,
  progress: say,
});
say(
  `${output.data.length} sums, the first ${Array.from(output.data.subarray(0, 5)).join(', ')}; ${cycles?.toLocaleString('en-US')} cycles`,
);
for (const { text } of checks) console.log(text);
if (diagnostics.all.length > 0) console.log(renderDiagnostics(diagnostics.all, { color: false }));
// without Verilator there is nothing to compare the cycles with: that is no pass
if (diagnostics.hasErrors || checks.length < 2) process.exit(1);
