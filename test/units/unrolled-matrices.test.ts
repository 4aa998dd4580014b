import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { levelsAt } from '../../compiler/devices/index.ts';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { compileGraph } from '../../compiler/driver.ts';
import { emitRtl } from '../../compiler/emit/index.ts';
import { designPorts, freeze } from '../../compiler/hw/index.ts';
import type { Channel, HwConst, HwGraph, HwNode } from '../../compiler/hw/index.ts';
import { fitInteger, ternary, uint, valueRange } from '../../compiler/qir/types.ts';
import { createVerilatorRunner } from '../../sim/index.ts';
import type { VerilatorRunner } from '../../sim/index.ts';
import { mvuParams } from '../../templates/mvu/analysis.ts';
import { templateRoot, units } from '../../templates/registry.ts';
import { unit } from '../../templates/unrolled/unit.ts';
import { randomFrames, randomSource } from '../conformance/bench.ts';
import { onnx } from '../models/cases.ts';
import { haveData, large } from '../models/data.ts';
import { amdFiles } from './cell-models.ts';

const random = randomSource(31);
/** Outputs of the sparse matrices: with 64 their cells are searched for up to a quarter of a minute each, and compiled for longer. */
const outputs = large ? 64 : 2;

/** A matrix of 64 inputs, half of it zeros, over unsigned inputs; sums out. */
function sparse(bits: number): HwNode {
  const most = 64 * (2 ** bits - 1);
  const rows = outputs;
  const data = Int32Array.from({ length: 64 * rows }, () => random.pick([-1, 0, 0, 1]));
  return {
    ...{ name: `ternary${bits}`, unit: 'unrolled', origin: { nodes: [] }, value: '' },
    params: {
      ...{ inputs: 64, outputs: rows, pe: rows, simd: 64, order: 'output', base: 0 },
      ...{ x: { ...uint(bits) }, y: { ...fitInteger(-most, most) }, levels: levelsAt(200) },
    },
    consts: { weights: { elem: ternary, shape: [rows, 64], data } },
  };
}

/** The second layer of TFC_1W1A: 64 x 64 signs, a threshold for each output. */
async function trained(): Promise<HwNode> {
  const graph = await onnx('models/TFC_1W1A.onnx')();
  const { hw } = compileGraph(graph, { diagnostics: new Diagnostics(), style: 'unrolled' });
  const layer = hw.nodes.filter((node) => node.unit === 'unrolled')[1];
  if (layer === undefined) throw new Error('TFC_1W1A has no second layer');
  return { ...layer, name: 'trained' };
}

/** The first outputs of a layer. */
function firstRows(node: HwNode, rows: number): HwNode {
  const { inputs } = mvuParams(node);
  const { weights, thresholds, flip } = node.consts;
  const cut = (found: HwConst | undefined, of: number): HwConst | undefined =>
    found?.shape[0] === 1
      ? found
      : found && {
          ...found,
          shape: [rows, ...found.shape.slice(1)],
          data: Int32Array.from(Array.from(found.data).slice(0, rows * of)),
        };
  const consts = { weights: cut(weights, inputs), thresholds: cut(thresholds, 1), flip: cut(flip, 1) };
  const given = Object.entries(consts).flatMap(([name, found]) =>
    found === undefined ? [] : [[name, found] as const],
  );
  return { ...node, params: { ...node.params, outputs: rows, pe: rows }, consts: Object.fromEntries(given) };
}

/** The same for both forms, as cells are searched for once for the same weights. */
const layers = (async (): Promise<readonly HwNode[]> => {
  const made = [1, 2, 4, 8].map(sparse);
  return haveData ? [...made, await trained()] : made;
})();

function sideBySide(nodes: readonly HwNode[]): HwGraph {
  const channels = nodes.flatMap((node) =>
    unit.ports(node).map(({ name, direction, stream }): Channel => {
      const outer = { node: '', port: `${node.name}_${name}` };
      const inner = { node: node.name, port: name };
      const [from, to] = direction === 'in' ? [outer, inner] : [inner, outer];
      return { name: outer.port, stream, from, to };
    }),
  );
  return freeze({ name: 'matrices', nodes, channels, clockMhz: 200 });
}

/** What a layer gives by its own definition: sums of products, or how many thresholds they reach. */
function product(node: HwNode, x: ArrayLike<number>): number[] {
  const { inputs, outputs: rows, base } = mvuParams(node);
  const { weights, thresholds, flip } = node.consts;
  return Array.from({ length: rows }, (_, n) => {
    let sum = 0;
    for (let k = 0; k < inputs; k++) sum += weights!.data[n * inputs + k]! * x[k]!;
    if (thresholds === undefined) return sum;
    const t = thresholds.data[n % thresholds.shape[0]!]!;
    const reached = flip?.data[n % flip.shape[0]!] === 1 ? sum < t : sum >= t;
    // one threshold, bipolar levels
    return reached ? base + 2 : base;
  });
}

/** Vectors of every layer. */
const count = 400;

/** Those at which sums are least and greatest (all inputs at one end, and each row's own extremes), and random ones. */
function vectors(node: HwNode): number[] {
  const { inputs, outputs: rows, x } = mvuParams(node);
  const { min, max } = valueRange(x);
  const weights = node.consts['weights']!.data;
  const corners = [min, max].flatMap((value) => Array.from({ length: inputs }, () => value));
  for (let n = 0; n < rows; n++)
    for (const sign of [1, -1])
      for (let k = 0; k < inputs; k++) corners.push(weights[n * inputs + k]! * sign > 0 ? max : min);
  const left = count - corners.length / inputs;
  const drawn = randomFrames({ elem: x, elements: inputs, lanes: inputs }, left, random);
  return [...corners, ...drawn];
}

describe.each(['portable', 'cells'] as const)('whole layers in Verilator, %s', (form) => {
  let runner: VerilatorRunner;
  let nodes: readonly HwNode[];

  beforeAll(async () => {
    // models of cells are compiled for long
    const few = form === 'cells' && !large;
    nodes = (await layers).map((node) => (few && node.name === 'trained' ? firstRows(node, 8) : node));
    const hw = sideBySide(nodes);
    const files = form === 'cells' ? amdFiles(hw) : emitRtl(hw, units, { templateRoot, version: '0.0.0' });
    runner = await createVerilatorRunner({
      ...{ top: hw.name, ports: designPorts(hw, units), channels: hw.channels, files },
      ...{ monitor: false, effort: 'build' },
    });
  }, 600_000);

  afterAll(() => runner?.close());

  test('equal their matrices', async () => {
    const inputs = nodes.map(vectors);
    const result = await runner.run({ inputs });
    nodes.forEach((node, i) => {
      const { inputs: width } = mvuParams(node);
      const frames = Array.from({ length: inputs[i]!.length / width }, (_, frame) =>
        inputs[i]!.slice(frame * width, (frame + 1) * width),
      );
      expect(Array.from(result.outputs[i]!)).toEqual(frames.flatMap((x) => product(node, x)));
    });
  }, 60_000);
});
