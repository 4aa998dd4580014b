/**
 * Unrolled layers beside da4ml, with register stages for 200 MHz: LUTs by Yosys (`-family xcup -nowidelut`), in the form for AMD devices and in the portable one. Rows that need the
 * trained models are left out where ../shared/data is absent.
 *
 *     node --import ./scripts/ts.mjs bench/unrolled.ts [--check]
 *
 * With --check the counts of the AMD form have to stay within the goals, else the exit status is 1.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { levelsAt } from '../compiler/devices/index.ts';
import { compileGraph, loadModel } from '../compiler/driver.ts';
import { Diagnostics } from '../compiler/diagnostics/index.ts';
import { freeze } from '../compiler/hw/index.ts';
import type { Channel, HwGraph, HwNode } from '../compiler/hw/index.ts';
import { bipolar, fitInteger, ternary, uint } from '../compiler/qir/types.ts';
import { units } from '../templates/registry.ts';
import { synthesize } from './yosys.ts';

interface Case {
  readonly title: string;
  readonly hw: HwGraph;
  /** LUTs that da4ml needs for the same or such a matrix, counted the same way; and what qcc has to keep below. */
  readonly da4ml?: number;
  readonly goal?: number;
}

/** One instance as a design. */
function alone(node: HwNode): HwGraph {
  const channels = (units.get(node.unit)?.ports(node) ?? []).map((port): Channel => {
    const outer = { node: '', port: port.name };
    const inner = { node: node.name, port: port.name };
    const [from, to] = port.direction === 'in' ? [outer, inner] : [inner, outer];
    return { name: `c_${port.name}`, stream: port.stream, from, to };
  });
  return freeze({ name: 'measured', nodes: [{ ...node, origin: { nodes: [] } }], channels, clockMhz: 200 });
}

let state = 64;
/** A number in [0, 1), the same ones in every run (mulberry32). */
function random(): number {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

const half = Int32Array.from({ length: 4096 }, () => (random() < 0.5 ? 0 : random() < 0.5 ? -1 : 1));

/** A 64 x 64 matrix, half of it zeros, on unsigned inputs, sums out. */
function sparse(bits: number, da4ml: number, goal: number): Case {
  const reach = 64 * (2 ** bits - 1);
  const node: HwNode = {
    name: 'layer',
    unit: 'unrolled',
    params: {
      inputs: 64,
      outputs: 64,
      pe: 64,
      simd: 64,
      order: 'output',
      x: { ...uint(bits) },
      y: { ...fitInteger(-reach, reach) },
      base: 0,
      levels: levelsAt(200),
    },
    consts: { weights: { elem: ternary, shape: [64, 64], data: half } },
    origin: { nodes: [] },
    value: '',
  };
  return { title: `ternary 64 x 64, half zeros, ${bits}-bit inputs`, hw: alone(node), da4ml, goal };
}

const data = fileURLToPath(new URL('../../shared/data/models/', import.meta.url));

async function compiled(model: string, inputType?: string, fps?: number): Promise<HwGraph> {
  const diagnostics = new Diagnostics();
  const graph = await loadModel(`${data}${model}.onnx`, {
    diagnostics,
    ...(inputType === undefined ? {} : { inputType }),
  });
  const rate = fps === undefined ? {} : { fps };
  return compileGraph(graph, { diagnostics, style: 'unrolled', form: 'amd', ...rate }).hw;
}

const cases: Case[] = [];
if (existsSync(data)) {
  const tfc = await compiled('TFC_1W1A');
  const layer = tfc.nodes.filter(({ unit }) => unit === 'unrolled')[1];
  if (layer === undefined) throw new Error('TFC_1W1A has no second unrolled layer');
  cases.push({
    title: 'second layer of TFC_1W1A, thresholds included',
    hw: alone(layer),
    da4ml: 1862,
    goal: 1060,
  });
}
cases.push(sparse(1, 2668, 1150), sparse(2, 3764, 2900), sparse(4, 5830, 4200), sparse(8, 9709, 6600));
cases.push({
  title: 'bipolar 64 x 64, random, thresholds included',
  hw: alone({
    name: 'layer',
    unit: 'unrolled',
    params: {
      inputs: 64,
      outputs: 64,
      pe: 64,
      simd: 64,
      order: 'output',
      x: { ...bipolar },
      y: { ...bipolar },
      base: -1,
      levels: levelsAt(200),
    },
    consts: {
      weights: {
        elem: bipolar,
        shape: [64, 64],
        data: Int32Array.from({ length: 4096 }, () => (random() < 0.5 ? -1 : 1)),
      },
      thresholds: {
        elem: fitInteger(-8, 8),
        shape: [64, 1],
        data: Int32Array.from({ length: 64 }, () => Math.floor(random() * 9) - 4),
      },
    },
    origin: { nodes: [] },
    value: '',
  }),
});
if (existsSync(data))
  cases.push({
    // another network of its class: the published 5,667 LUT of HGQ were trained for few of them
    title: 'qkeras_jettagging, whole network, a frame a cycle',
    hw: await compiled('qkeras_jettagging', 'fixed<16,10>', 200e6),
  });

const check = process.argv.includes('--check');
const table = new Table({
  head: ['what', 'da4ml', 'goal', 'AMD form', 'less registers', 'portable form', 'less registers', 'FF'],
});
let failed = false;
for (const { title, hw, da4ml, goal } of cases) {
  const amd = synthesize(hw, { xilinx: true });
  const portable = check ? undefined : synthesize(hw);
  // handshakes and the output register are no part of what is compared
  const around = hw.nodes.reduce((sum, node) => sum + shell(node), 0);
  const logic = amd.lut - around;
  if (goal !== undefined && logic > goal) failed = true;
  const plain = portable === undefined ? ['', ''] : [portable.lut, portable.lut - around];
  table.push([title, da4ml ?? '', goal ?? '', amd.lut, logic, ...plain, amd.ff]);
}
process.stdout.write(`${table.toString()}\n`);
if (failed) process.exitCode = 1;

/** LUTs around the sums of an unrolled instance: the multiplexer of its output register, and its handshake. */
function shell(node: HwNode): number {
  const bits = (units.get(node.unit)?.ports(node) ?? [])
    .filter(({ direction }) => direction === 'out')
    .reduce((sum, { stream }) => sum + stream.lanes * widthOf(stream.elem), 0);
  return node.unit === 'unrolled' ? bits + 4 : 0;
}

function widthOf(elem: { readonly kind: string; readonly bits?: number }): number {
  return elem.bits ?? (elem.kind === 'ternary' ? 2 : 1);
}
