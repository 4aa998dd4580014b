/**
 * What the units' cost formulas estimate against what Yosys counts, for instances of those units whose README quotes the figures.
 *
 *     node --import ./scripts/ts.mjs bench/unit-costs.ts [UNIT...]
 */
import Table from 'cli-table3';
import type { HwConst, HwNode } from '../compiler/hw/index.ts';
import { bitWidth, fitInteger, int, uint, bipolar, ternary, valueRange } from '../compiler/qir/types.ts';
import type { ElementType } from '../compiler/qir/types.ts';
import { units } from '../templates/registry.ts';
import { channelCases } from './channel-units.ts';
import { alone, synthesize } from './yosys.ts';

interface Case {
  readonly unit: string;
  readonly title: string;
  readonly params: HwNode['params'];
  readonly consts?: HwNode['consts'];
}

let seed = 1;
/** A number in [0, 1) from a linear congruential generator: the same constants in every run. */
function random(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
}

/** A constant of random values of its type. */
function noise(elem: ElementType, shape: readonly number[]): HwConst {
  const { min, max } = valueRange(elem);
  const length = shape.reduce((a, b) => a * b, 1);
  const one = (): number =>
    elem.kind === 'bipolar' ? (random() < 0.5 ? -1 : 1) : min + Math.floor(random() * (max - min + 1));
  return { elem, shape, data: Int32Array.from({ length }, one) };
}

function fifo(elem: ElementType, lanes: number, depth: number): Case {
  const stream = { elem: { ...elem }, elements: 8 * lanes, lanes };
  return {
    unit: 'fifo',
    title: `${bitWidth(elem) * lanes} bits, depth ${depth}`,
    params: { stream, depth },
  };
}

function width(elem: ElementType, bits: number, elements: number, from: number, to: number): Case {
  const title = `${elements} elements of ${bits} bits, ${from} to ${to} lanes`;
  return { unit: 'width_converter', title, params: { elem: { ...elem }, elements, from, to } };
}

function rows(
  bits: number,
  elements: number,
  from: readonly [number, number],
  to: readonly [number, number],
): Case {
  const [fromRows, fromLanes] = from;
  const [toRows, toLanes] = to;
  return {
    unit: 'width_converter',
    title: `${elements} elements of ${bits} bits, ${fromRows} rows by ${fromLanes} to ${toRows} rows by ${toLanes}`,
    params: { elem: { ...uint(bits) }, elements, from: fromLanes, to: toLanes, fromRows, toRows },
  };
}

function edge(unit: string, elem: ElementType, bits: number, elements: number, lanes: number): Case {
  const title = `${elements} elements of ${bits} bits, ${lanes} lanes`;
  return { unit, title, params: { stream: { elem: { ...elem }, elements, lanes } } };
}

function fork(elem: ElementType, bits: number, lanes: number, count: number): Case {
  return {
    unit: 'fork',
    title: `${lanes} lanes of ${bits} bits, ${count} readers`,
    params: { stream: { elem: { ...elem }, elements: 8 * lanes, lanes }, count },
  };
}

function concat(y: ElementType, lanes: number, parts: readonly (readonly [ElementType, number])[]): Case {
  const shares = parts.map(
    ([elem, beats]) =>
      `${beats} of ${elem.kind}${elem.kind === 'int' || elem.kind === 'uint' ? elem.bits : ''}`,
  );
  return {
    unit: 'concat',
    title: `${lanes} lanes, beats: ${shares.join(', ')}`,
    params: {
      inputs: parts.map(([elem, beats]) => ({ elem: { ...elem }, elements: beats * lanes })),
      lanes,
      y: { ...y },
    },
  };
}

function label(bits: number, elements: number, lanes: number, k: number): Case {
  const index = uint(Math.max(1, Math.ceil(Math.log2(elements))));
  return {
    unit: 'label_select',
    title: `best ${k} of ${elements} of ${bits} bits, ${lanes} lanes`,
    params: { elem: { ...int(bits) }, elements, lanes, k, largest: true, index: { ...index } },
  };
}

function lookup(from: number, to: number, elements: number, lanes: number, channels: number): Case {
  return {
    unit: 'lookup',
    title: `uint${from} to uint${to}, ${elements} elements, ${lanes} lanes, ${channels} rows`,
    params: { input: { ...uint(from) }, output: { ...uint(to) }, elements, lanes, channels },
    consts: { table: noise(uint(to), [channels, 2 ** from]) },
  };
}

function unrolled(w: ElementType, x: ElementType, size: readonly [number, number], steps: number): Case {
  const [inputs, outputs] = size;
  const greatest = ({ min, max }: { min: number; max: number }): number => Math.max(-min, max);
  const reach = inputs * greatest(valueRange(w)) * greatest(valueRange(x));
  const consts: Record<string, HwConst> = { weights: noise(w, [outputs, inputs]) };
  if (steps > 0) {
    const middle = Math.ceil(reach / 8);
    const data = Int32Array.from({ length: outputs * steps }, (_, i) =>
      Math.round(((i % steps) + random() - steps / 2) * (middle / steps)),
    );
    consts['thresholds'] = { elem: int(24), shape: [outputs, steps], data };
  }
  const y = steps === 0 ? fitInteger(-reach - 1, reach) : steps === 1 ? bipolar : uint(2);
  return {
    unit: 'unrolled',
    title: `${w.kind} x ${x.kind}, ${inputs} to ${outputs}, ${steps === 0 ? 'sums' : `${steps} thresholds`}`,
    params: {
      inputs,
      outputs,
      pe: outputs,
      simd: inputs,
      order: 'output',
      x: { ...x },
      y: { ...y },
      base: steps === 1 ? -1 : 0,
    },
    consts,
  };
}

/** Whole windows, several pixels a beat. */
function windows(
  size: readonly [number, number, number],
  shape: readonly [number, number, number],
  types: readonly [ElementType, ElementType],
  pixels: number,
): Case {
  const one = window(size, shape, types);
  return { ...one, title: `${one.title}, ${pixels} pixels`, params: { ...one.params, pixels } };
}

/** Copies of a unit, each of which takes whole rows. */
function parallel({ unit, title, params, consts }: Case, copies: number): Case {
  const whole = { ...params, rows: copies };
  return {
    unit: 'parallel',
    title: `${copies} of ${unit} ${title}`,
    params: { unit, copies, params: whole },
    ...(consts === undefined ? {} : { consts }),
  };
}

/** A sliding window of size, stride, padding over an image of height, width, channels; `lanes` undefined: whole windows. */
function window(
  [k, stride, pad]: readonly [number, number, number],
  shape: readonly [number, number, number],
  [x, y]: readonly [ElementType, ElementType],
  gather?: { readonly lanes: number; readonly depth: number },
): Case {
  const title = `${k}x${k} stride ${stride} pad ${pad} over ${shape.join('x')} ${x.kind} to ${y.kind}`;
  const movement = {
    kernel: [k, k],
    strides: [stride, stride],
    pads: [pad, pad, pad, pad],
    dilations: [1, 1],
  };
  const common = { shape: [...shape], x: { ...x }, y: { ...y }, fill: 0 };
  if (gather === undefined) return { unit: 'window', title, params: { ...movement, ...common } };
  const params = { movement: { op: 'windows', ...movement }, ...common, ...gather };
  return { unit: 'gather', title: `${title}, ${gather.lanes} lanes`, params };
}

/** A matrix of which a part is not zero, integers of 8 bits or 2^0 to 2^7 with either sign, `[outputs, inputs]`, `[pe, simd]`. */
function sparse(
  [outputs, inputs]: readonly [number, number],
  density: number,
  [pe, simd]: readonly [number, number],
  variant: Readonly<Partial<Record<'packed' | 'double' | 'bias' | 'powers', true>>> & {
    readonly gap?: number;
  } = {},
): Case {
  const { bias, powers, ...form } = variant;
  const magnitude = (): number =>
    powers === true ? 2 ** Math.floor(8 * random()) : Math.ceil(127 * random());
  const weight = (): number => (random() < density ? magnitude() * (random() < 0.5 ? -1 : 1) : 0);
  const data = Int32Array.from({ length: outputs * inputs }, weight);
  const weights = { elem: int(9), shape: [outputs, inputs], data };
  const words = Object.entries(variant).map(([key, value]) => (value === true ? key : `${key} ${value}`));
  return {
    unit: 'sparse',
    title: [
      `${outputs}x${inputs}, ${Math.round(1000 * density) / 10} %, PE ${pe}, SIMD ${simd}`,
      ...words,
    ].join(', '),
    params: { inputs, outputs, pe, simd, ...form, x: { ...uint(8) }, y: { ...int(24) } },
    consts: { weights, ...(bias === true ? { bias: noise(int(12), [outputs]) } : {}) },
  };
}

const cases: readonly Case[] = [
  window([3, 1, 0], [32, 32, 3], [int(8), int(8)], { lanes: 3, depth: 128 }),
  window([3, 1, 0], [30, 30, 64], [bipolar, bipolar], { lanes: 64, depth: 64 }),
  window([2, 2, 0], [10, 10, 128], [bipolar, bipolar], { lanes: 32, depth: 64 }),
  window([3, 1, 0], [5, 5, 128], [bipolar, bipolar], { lanes: 16, depth: 192 }),
  window([3, 1, 1], [16, 16, 32], [bipolar, ternary], { lanes: 32, depth: 64 }),
  window([3, 2, 1], [16, 16, 32], [int(8), int(8)], { lanes: 8, depth: 256 }),
  window([7, 2, 3], [56, 56, 16], [uint(8), uint(8)], { lanes: 4, depth: 1536 }),
  window([3, 1, 0], [32, 32, 3], [uint(8), uint(8)]),
  window([3, 1, 1], [16, 16, 16], [bipolar, ternary]),
  window([5, 2, 2], [28, 28, 1], [uint(8), uint(8)]),
  window([3, 1, 0], [8, 300, 64], [bipolar, bipolar]),
  windows([3, 1, 1], [32, 32, 3], [uint(8), uint(8)], 4),
  windows([3, 1, 1], [16, 16, 16], [bipolar, ternary], 8),
  windows([5, 2, 2], [28, 28, 1], [uint(8), uint(8)], 4),
  windows([2, 2, 0], [32, 32, 8], [uint(4), uint(4)], 4),
  parallel(unrolled(bipolar, bipolar, [32, 32], 1), 2),
  parallel(unrolled(int(4), uint(4), [16, 16], 0), 4),
  fifo(uint(16), 1, 1),
  fifo(uint(16), 1, 16),
  fifo(uint(64 / 4), 4, 64),
  fifo(uint(8), 1, 200),
  fifo(bipolar, 64, 1296),
  fifo(bipolar, 64, 784),
  fifo(bipolar, 16, 3000),
  fifo(int(8), 1, 600),
  fifo(int(20), 1, 33),
  width(bipolar, 1, 64, 4, 16),
  width(uint(2), 2, 50, 4, 16),
  width(uint(4), 4, 64, 16, 2),
  width(bipolar, 1, 784, 49, 16),
  width(uint(3), 3, 60, 6, 4),
  width(bipolar, 1, 784, 49, 10),
  rows(2, 120, [20, 4], [1, 4]),
  rows(4, 90, [10, 9], [10, 4]),
  rows(1, 288, [1, 32], [6, 20]),
  edge('stream_input', uint(8), 8, 784, 4),
  edge('stream_input', bipolar, 1, 64, 49),
  edge('stream_output', int(8), 8, 10, 1),
  edge('stream_output', uint(4), 4, 64, 16),
  fork(uint(8), 8, 4, 2),
  fork(bipolar, 1, 32, 3),
  concat(int(8), 4, [
    [int(8), 16],
    [int(8), 16],
  ]),
  concat(int(9), 2, [
    [uint(8), 3],
    [int(6), 10],
    [bipolar, 4],
  ]),
  concat(uint(4), 8, [
    [uint(4), 1],
    [uint(4), 1],
    [uint(2), 1],
    [uint(4), 1],
  ]),
  label(8, 10, 1, 1),
  label(12, 10, 10, 1),
  label(10, 100, 4, 1),
  label(8, 64, 1, 5),
  lookup(8, 4, 16, 4, 1),
  lookup(4, 8, 16, 4, 16),
  lookup(12, 8, 4, 1, 1),
  unrolled(bipolar, bipolar, [32, 32], 1),
  unrolled(bipolar, bipolar, [64, 16], 0),
  unrolled(ternary, uint(2), [32, 16], 3),
  unrolled(int(4), uint(4), [16, 16], 0),
  unrolled(int(4), int(4), [16, 16], 3),
  unrolled(int(8), uint(8), [27, 16], 0),
  sparse([64, 64], 0.03, [4, 4]),
  sparse([20, 25], 0.14, [3, 1], { packed: true, double: true }),
  sparse([10, 100], 0.05, [1, 1], { bias: true }),
  sparse([32, 64], 0.1, [4, 16], { packed: true, bias: true }),
  sparse([100, 300], 0.02, [1, 2]),
  sparse([100, 300], 0.02, [1, 2], { gap: 6 }),
  sparse([50, 500], 0.03, [3, 2], { packed: true, double: true }),
  sparse([50, 500], 0.03, [3, 2], { packed: true, double: true, gap: 6 }),
  sparse([50, 500], 0.03, [3, 4], { packed: true, powers: true }),
  sparse([50, 500], 0.03, [1, 1], { powers: true }),
  sparse([500, 800], 0.0073, [1, 1], { packed: true }),
  ...channelCases,
];

const wanted = process.argv.slice(2);
const table = new Table({
  head: ['unit', 'instance', 'LUT', 'cost', 'FF', 'cost', 'BRAM36', 'cost', 'DSP', 'cost'],
});
for (const { unit: name, title, params, consts } of cases) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const unit = units.get(name);
  if (unit === undefined) throw new Error(`no unit ${name}`);
  const graph = alone({ unit: name, params, consts: consts ?? {} });
  const [node] = graph.nodes;
  if (node === undefined) throw new Error('a design without its instance');
  const [first] = unit.check(node);
  if (first !== undefined) throw new Error(`${title}: ${first.message}`);
  const found = synthesize(graph);
  const estimate = unit.cost(node);
  table.push([
    name,
    title,
    ...[found.lut, Math.round(estimate.lut), found.ff, estimate.ff, found.bram36, estimate.bram36],
    ...[found.dsp, estimate.dsp],
  ]);
}
process.stdout.write(`${table.toString()}\n`);
