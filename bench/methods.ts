/**
 * What the forms of weights cost as hardware, LUT and FF by Yosys without DSP blocks where it says so: matrix-vector units at the same PE and
 * SIMD, the stages of an FFN layer as the search folds them, and a sketched layer as one product or as one for each basis.
 *
 *     node --import ./scripts/ts.mjs bench/methods.ts [weights] [ffn] [sketch]
 */
import Table from 'cli-table3';
import { Diagnostics } from '../compiler/diagnostics/index.ts';
import { compileGraph, type Compilation } from '../compiler/driver.ts';
import type { HwNode } from '../compiler/hw/index.ts';
import { GraphBuilder } from '../compiler/qir/builder.ts';
import type { Graph } from '../compiler/qir/graph.ts';
import {
  bipolar,
  float32,
  int,
  pow2,
  ternary,
  uint,
  valueRange,
  type ElementType,
} from '../compiler/qir/types.ts';
import { planFor, quantizeGraph } from '../compiler/quantize/index.ts';
import { generator } from './networks.ts';
import { alone, nothing, sum, synthesize, synthesizeParts } from './yosys.ts';

/** A weight of each kind, of those that its method has. */
const kinds: readonly (readonly [
  method: string,
  elem: ElementType,
  draw: (random: () => number) => number,
])[] = [
  ['int8', int(8), integer],
  ['int4', int(4), (random) => Math.floor(random() * 15) - 7],
  ['inq, 5 bits', pow2(0, 7), (random) => power(random, 8)],
  ['inq, 4 bits', pow2(0, 3), (random) => power(random, 4)],
  ['inq, 3 bits', pow2(0, 1), (random) => power(random, 2)],
  ['ternary (ffn, twn)', ternary, (random) => Math.floor(random() * 3) - 1],
  ['signs (sketch, bwn)', bipolar, (random) => (random() < 0.5 ? -1 : 1)],
];

/** A weight of int8. */
function integer(random: () => number): number {
  return Math.floor(random() * 255) - 127;
}

/** Zero in a tenth, else a power of two with any sign. */
function power(random: () => number, exponents: number): number {
  const magnitude = 2 ** Math.floor(random() * exponents);
  const sign = random();
  return sign < 0.1 ? 0 : sign < 0.55 ? magnitude : -magnitude;
}

function unitOf(
  x: ElementType,
  w: ElementType,
  draw: (random: () => number) => number,
  pe: number,
  simd: number,
): Pick<HwNode, 'unit' | 'params' | 'consts'> {
  const [inputs, outputs] = [16 * simd, 16 * pe];
  const random = generator(7);
  const most = valueRange(x).max * Math.max(Math.abs(valueRange(w).min), valueRange(w).max) * inputs;
  return {
    unit: 'mvu',
    params: {
      ...{ inputs, outputs, pe, simd, order: 'output', base: 0 },
      x: { ...x },
      y: { ...int(2 + Math.floor(Math.log2(most))) },
    },
    consts: {
      weights: {
        elem: w,
        shape: [outputs, inputs],
        data: Int32Array.from({ length: outputs * inputs }, () => draw(random)),
      },
    },
  };
}

function weights(): string {
  const table = new Table({
    head: ['weights', 'inputs', 'PE', 'SIMD', 'LUT', 'of int8 x int8', 'FF', 'BRAM36'],
    style: { head: [], border: [] },
  });
  for (const [pe, simd] of [
    [1, 4],
    [4, 8],
    [4, 16],
  ] as const) {
    const reference = synthesize(alone(unitOf(int(8), int(8), integer, pe, simd)), { dsp: false });
    const row = (name: string, inputs: string, found: typeof reference): void => {
      const ratio = (found.lut / reference.lut).toFixed(2);
      table.push([name, inputs, pe, simd, found.lut, ratio, found.ff, found.bram36]);
    };
    row('int8', 'int8', reference);
    for (const [name, w, of] of kinds)
      row(name, 'uint8', synthesize(alone(unitOf(uint(8), w, of, pe, simd)), { dsp: false }));
  }
  return table.toString();
}

/** A layer of random weights as `qcc quantize --method ffn` makes it, of as many terms as it has outputs. */
function ffnLayer(outputs: number, inputs: number): Graph {
  const random = generator(11);
  const g = new GraphBuilder('ffn', { form: 'real' });
  const x = g.input('x', uint(8), [inputs], { scale: { numerator: 1, denominator: 255 } });
  const data = Float32Array.from({ length: outputs * inputs }, () => Math.fround(random() - 0.5));
  g.output(g.op('matmul', [x, { elem: float32, shape: [outputs, inputs], data }], {}, { name: 'layer' }));
  const graph = g.build();
  const sample = {
    x: {
      type: { elem: uint(8), shape: [inputs] },
      data: Uint8Array.from({ length: inputs }, (_, i) => i % 256),
    },
  };
  const plan = planFor(graph, { method: 'ffn', options: { epochs: 1 } });
  return quantizeGraph(graph, plan, { samples: [sample], diagnostics: new Diagnostics() }).graph;
}

function compiled(graph: Graph, cycles: number): Compilation {
  return compileGraph(graph, {
    diagnostics: new Diagnostics(),
    clockMhz: 200,
    fps: 2e8 / cycles,
    style: 'folded',
  });
}

function ffn(): string {
  const [outputs, inputs] = [100, 300];
  const table = new Table({
    head: [
      'interval',
      'Y^T: adders',
      'cycles',
      'd: multipliers',
      'cycles',
      'X: adders',
      'cycles',
      'LUT',
      'DSP',
    ],
    style: { head: [], border: [] },
  });
  const graph = ffnLayer(outputs, inputs);
  for (const cycles of [outputs, 5 * outputs, 20 * outputs, 100 * outputs]) {
    const { plan, initiationInterval } = compiled(graph, cycles);
    const stages = ['layer_inner', 'layer_scaled', 'layer'].map((name) =>
      plan.find(({ nodes }) => nodes.includes(name)),
    );
    const total = plan.reduce((all, { cost }) => sum(all, cost), nothing);
    table.push([
      initiationInterval,
      ...stages.flatMap((stage) => [
        stage === undefined
          ? ''
          : (stage.folding?.pe ?? 1) * (stage.unit === 'mvu' ? (stage.folding?.simd ?? 1) : 1),
        stage?.timing.initiationInterval ?? '',
      ]),
      Math.round(total.lut),
      Math.round(total.dsp),
    ]);
  }
  return `${inputs} inputs, ${outputs} outputs, ${outputs} terms: a multiplication for ${outputs + inputs} additions\n${table.toString()}`;
}

interface Sketched {
  readonly title: string;
  readonly bases: number;
  readonly outputs: number;
  /** Of a weight matrix's row: [inputs], or [kernel, kernel, channels]. */
  readonly columns: readonly number[];
  readonly input: readonly number[];
  readonly cycles: number;
}

const sketched: readonly Sketched[] = [
  {
    title: 'ip1 of LeNet-300-100, 3 bases',
    bases: 3,
    outputs: 300,
    columns: [784],
    input: [784],
    cycles: 8000,
  },
  {
    title: 'conv2 of LeNet-5, 2 bases',
    bases: 2,
    outputs: 50,
    columns: [5, 5, 20],
    input: [12, 12, 20],
    cycles: 20_000,
  },
];

/** A layer of signs with factors: as one product with the rows of all bases, or as a product for each basis and their sum. */
function sketchedLayer({ bases, outputs, columns, input }: Sketched, together: boolean): Graph {
  const random = generator(5);
  const size = outputs * columns.reduce((a, b) => a * b, 1);
  const matrices = Array.from({ length: bases }, () =>
    Int8Array.from({ length: size }, () => (random() < 0.5 ? -1 : 1)),
  );
  const factors = {
    elem: uint(12),
    shape: [bases, outputs],
    data: Int32Array.from({ length: bases * outputs }, () => Math.floor(random() * 2 ** 11) + 1),
  };
  const g = new GraphBuilder('sketched');
  const x = g.input('x', uint(8), input);
  const op = columns.length === 1 ? 'matmul' : 'conv2d';
  const product = (data: Int8Array, name: string) =>
    g.op(op, [x, { elem: bipolar, shape: [data.length / (size / outputs), ...columns], data }], {}, { name });
  if (!together) {
    g.output(
      g.op(
        'combine',
        [...matrices.map((matrix, j) => product(matrix, `basis${j}`)), factors],
        {},
        { name: 'y' },
      ),
    );
    return g.build();
  }
  const stacked = new Int8Array(bases * size);
  matrices.forEach((matrix, j) => stacked.set(matrix, j * size));
  const products = product(stacked, 'bases');
  const shape = [...products.type.shape.slice(0, -1), bases, outputs];
  g.output(
    g.op(
      'depthwise',
      [g.op('reshape', [products], { shape }, { name: 'split' }), factors],
      {},
      { name: 'y' },
    ),
  );
  return g.build();
}

function sketch(): string {
  const table = new Table({
    head: ['layer', 'form', 'cycles', 'LUT', 'estimate', 'FF', 'BRAM36', 'DSP'],
    style: { head: [], border: [] },
  });
  for (const layer of sketched)
    for (const [form, together] of [
      ['one product, depthwise', true],
      ['a product a basis, combine', false],
    ] as const) {
      const { plan, hw, initiationInterval } = compiled(sketchedLayer(layer, together), layer.cycles);
      const estimate = plan.reduce((all, { cost }) => sum(all, cost), nothing);
      const found = synthesizeParts(hw).reduce((all, part) => sum(all, part.found), nothing);
      table.push([
        layer.title,
        form,
        initiationInterval,
        found.lut,
        Math.round(estimate.lut),
        found.ff,
        found.bram36,
        found.dsp,
      ]);
    }
  return table.toString();
}

const tables = { weights, ffn, sketch } as const;
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(tables, name));
if (unknown.length > 0) {
  process.stderr.write(`no table ${unknown.join(', ')}; there are ${Object.keys(tables).join(', ')}\n`);
  process.exit(2);
}
for (const [name, table] of Object.entries(tables))
  if (wanted.length === 0 || wanted.includes(name)) process.stdout.write(`${table()}\n\n`);
