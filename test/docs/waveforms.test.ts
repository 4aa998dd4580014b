import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { HwNode } from '../../compiler/hw/index.ts';
import { units } from '../../templates/registry.ts';

// The timing diagrams in the units' README files are what the cycle models do. The conformance suite holds the models against the Verilog.

interface Diagram {
  readonly unit: string;
  readonly params: HwNode['params'];
  readonly consts?: HwNode['consts'];
  /** Names of a frame's beats, in and out; a prime is added for each later frame. */
  readonly inputs: string;
  readonly outputs: string;
  readonly cycles: number;
  /** Cycles in which the receiver is not ready; it always is if absent, and its row is left out. */
  readonly stalls?: readonly number[];
  readonly names?: readonly [string, string];
  /** Adds the row of TLAST. */
  readonly last?: boolean;
}

const stream = { elem: { kind: 'uint', bits: 8 }, elements: 3, lanes: 1 };
const scores = { elem: { kind: 'int', bits: 8 } as const, elements: 6, lanes: 2, k: 1, largest: true };
const taps = { rows: 2, taps: 2, channels: 2, lanes: 1, x: stream.elem };
const axis = { stream, inputs: 'abc', outputs: 'abc' };

const diagrams: readonly Diagram[] = [
  { ...axis, unit: 'fifo', params: { stream, depth: 2 }, cycles: 9, stalls: [0, 1, 2, 3] },
  {
    unit: 'sparse',
    params: { inputs: 3, outputs: 2, pe: 1, simd: 3, x: stream.elem, y: { kind: 'int', bits: 16 } },
    inputs: 'a',
    outputs: 'PQ',
    cycles: 9,
  },
  {
    unit: 'sparse',
    params: {
      inputs: 3,
      outputs: 2,
      pe: 1,
      simd: 1,
      double: true,
      x: stream.elem,
      y: { kind: 'int', bits: 16 },
    },
    inputs: 'abc',
    outputs: 'PQ',
    cycles: 10,
  },
  {
    ...axis,
    unit: 'stream_input',
    params: { stream },
    cycles: 8,
    stalls: [2, 3],
    names: ['s_axis_t', 'out_'],
  },
  {
    ...axis,
    unit: 'stream_output',
    params: { stream },
    cycles: 8,
    stalls: [2, 3],
    names: ['in_', 'm_axis_t'],
    last: true,
  },
  ...(
    [
      [8, 2, 4, 1, 'abcd', 'PQ'],
      [8, 4, 2, 1, 'ab', 'PQRS'],
      [12, 6, 4, 1, 'ab', 'PQR'],
      [12, 4, 4, 2, 'abcd', 'PQR'],
    ] as const
  ).map(([elements, from, to, fromRows, inputs, outputs]): Diagram => ({
    unit: 'width_converter',
    params: { elem: stream.elem, elements, from, to, fromRows },
    inputs,
    outputs,
    cycles: 9,
  })),
  {
    unit: 'label_select',
    params: { ...scores, index: { kind: 'uint', bits: 3 } },
    inputs: 'abc',
    outputs: 'P',
    cycles: 9,
  },
  {
    unit: 'window',
    params: {
      ...{ shape: [1, 3, 1], kernel: [1, 2], strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] },
      ...{ x: stream.elem, y: stream.elem, fill: 0 },
    },
    inputs: 'abc',
    outputs: 'PQ',
    cycles: 10,
  },
  {
    unit: 'window',
    params: {
      ...{ shape: [1, 4, 1], kernel: [1, 3], strides: [1, 1], pads: [0, 1, 0, 1], dilations: [1, 1] },
      ...{ x: stream.elem, y: stream.elem, fill: 0, pixels: 2 },
    },
    inputs: 'ab',
    outputs: 'PQ',
    cycles: 10,
  },
  {
    unit: 'parallel',
    params: {
      unit: 'reduce',
      copies: 2,
      params: { rows: 4, taps: 2, channels: 2, lanes: 4, x: stream.elem, y: stream.elem, kind: 'max' },
    },
    inputs: 'ab',
    outputs: 'PQ',
    cycles: 8,
  },
  {
    unit: 'gather',
    params: {
      movement: { op: 'windows', kernel: [1, 2], strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] },
      shape: [1, 3, 1],
      lanes: 1,
      depth: 2,
      x: stream.elem,
      y: stream.elem,
      fill: 0,
    },
    inputs: 'abc',
    outputs: 'abbc',
    cycles: 10,
  },
  {
    unit: 'lookup',
    params: { input: stream.elem, output: stream.elem, elements: 3, lanes: 1, channels: 1 },
    inputs: 'abc',
    outputs: 'ABC',
    cycles: 7,
  },
  {
    unit: 'reduce',
    params: { ...taps, kind: 'max', y: stream.elem },
    inputs: 'abcd',
    outputs: 'PQ',
    cycles: 10,
  },
  {
    unit: 'depthwise',
    params: { ...taps, y: { kind: 'int', bits: 20 }, base: 0 },
    consts: { weights: { elem: scores.elem, shape: [2, 2], data: [5, 7, 9, 11] } },
    inputs: 'abcd',
    outputs: 'PQ',
    cycles: 10,
  },
  {
    unit: 'requantize',
    params: {
      ...{ rows: 1, channels: 3, lanes: 1, x: stream.elem, y: stream.elem },
      ...{ shift: 4, biasShift: 0, min: 0, max: 255 },
    },
    consts: {
      multipliers: { elem: { kind: 'int', bits: 16 }, shape: [3], data: [37, 1001, 77] },
      biases: { elem: scores.elem, shape: [1], data: [8] },
    },
    inputs: 'abc',
    outputs: 'ABC',
    cycles: 8,
  },
  {
    unit: 'unrolled',
    params: { inputs: 2, outputs: 2, pe: 2, simd: 2, order: 'output' },
    // each beat is a frame
    inputs: 'abcdefg',
    outputs: 'ABCDEFG',
    cycles: 7,
  },
];

function drawn(diagram: Diagram): string {
  const {
    unit: name,
    params,
    consts = {},
    inputs,
    outputs,
    cycles,
    stalls = [],
    names = ['in_', 'out_'],
  } = diagram;
  const unit = units.get(name);
  if (unit === undefined) throw new Error(`no unit ${name}`);
  const node: HwNode = { name, unit: name, params, consts, origin: { nodes: [] }, value: '' };
  const model = unit.model(node);
  const beat = (frame: string, index: number): string =>
    `${frame[index % frame.length] ?? ''}${"'".repeat(Math.floor(index / frame.length))}`;
  const rows: string[][] = [['cycle'], [`${names[0]}data`], [`${names[0]}ready`], [`${names[1]}data`]];
  if (stalls.length > 0) rows.push([`${names[1]}ready`]);
  if (diagram.last === true) rows.push([`${names[1]}last`]);
  let taken = 0;
  let given = 0;
  for (let cycle = 0; cycle < cycles; cycle++) {
    const ready = model.ready(0);
    const valid = model.valid(0);
    const sink = !stalls.includes(cycle);
    const last = given % outputs.length === outputs.length - 1;
    const shown = [String(cycle), beat(inputs, taken), ready ? '1' : '0', valid ? beat(outputs, given) : '.'];
    if (stalls.length > 0) shown.push(sink ? '1' : '0');
    if (diagram.last === true) shown.push(valid ? (last ? '1' : '0') : '.');
    rows.forEach((row, index) => row.push(shown[index] ?? ''));
    model.tick(ready ? 1 : 0, valid && sink ? 1 : 0);
    taken += ready ? 1 : 0;
    given += valid && sink ? 1 : 0;
  }
  const line = ([head = '', ...cells]: string[]): string =>
    `    ${head.padEnd(15)}${cells.map((cell) => cell.padEnd(4)).join('')}`.trimEnd();
  return rows.map(line).join('\n');
}

/** A diagram of a unit with several inputs or outputs: the names of a frame's beats by port, and when receivers are not ready. */
interface PortsDiagram {
  readonly unit: string;
  readonly params: HwNode['params'];
  readonly beats: Readonly<Record<string, string>>;
  readonly stalls: Readonly<Record<string, readonly number[]>>;
  readonly cycles: number;
}

const portsDiagrams: readonly PortsDiagram[] = [
  {
    unit: 'fork',
    params: { stream, count: 2 },
    beats: { in: 'abc', out0: 'abc', out1: 'abc' },
    stalls: { out0: [], out1: [1, 2, 3] },
    cycles: 9,
  },
  {
    unit: 'concat',
    params: {
      inputs: [
        { elem: stream.elem, elements: 4 },
        { elem: stream.elem, elements: 2 },
      ],
      lanes: 2,
      y: stream.elem,
    },
    beats: { in0: 'ab', in1: 'p', out: 'abp' },
    stalls: { out: [3, 4] },
    cycles: 9,
  },
  {
    unit: 'combine',
    params: {
      ...{ rows: 1, channels: 3, lanes: 1, y: { kind: 'uint', bits: 9 } },
      terms: [
        { x: stream.elem, coefficient: 1 },
        { x: stream.elem, coefficient: 1 },
      ],
    },
    beats: { in0: 'abc', in1: 'pqr', out: 'ABC' },
    stalls: { out: [4, 5] },
    cycles: 10,
  },
];

function drawnPorts({ unit: name, params, beats, stalls, cycles }: PortsDiagram): string {
  const unit = units.get(name);
  if (unit === undefined) throw new Error(`no unit ${name}`);
  const node: HwNode = { name, unit: name, params, consts: {}, origin: { nodes: [] }, value: '' };
  const model = unit.model(node);
  const sides = (['in', 'out'] as const).map((side) =>
    unit.ports(node).filter(({ direction }) => direction === side),
  );
  const moved = new Map<string, number>();
  const rows = new Map<string, string[]>();
  const show = (row: string, cell: string): unknown => rows.set(row, [...(rows.get(row) ?? []), cell]);
  for (let cycle = 0; cycle < cycles; cycle++) {
    show('cycle', String(cycle));
    const masks = sides.map((ports, side) =>
      ports.reduce((mask, port, index) => {
        const names = beats[port.name] ?? '';
        const at = moved.get(port.name) ?? 0;
        const beat = `${names[at % names.length] ?? ''}${"'".repeat(Math.floor(at / names.length))}`;
        const open = side === 0 ? model.ready(index) : !(stalls[port.name]?.includes(cycle) ?? false);
        const offered = side === 0 || model.valid(index);
        show(`${port.name}_data`, offered ? beat : '.');
        if (side === 0 || (stalls[port.name]?.length ?? 0) > 0) show(`${port.name}_ready`, open ? '1' : '0');
        if (open && offered) moved.set(port.name, at + 1);
        return open && offered ? mask | (1 << index) : mask;
      }, 0),
    );
    model.tick(masks[0] ?? 0, masks[1] ?? 0);
  }
  return [...rows]
    .map(([head, cells]) => `    ${head.padEnd(15)}${cells.map((cell) => cell.padEnd(4)).join('')}`.trimEnd())
    .join('\n');
}

describe('timing diagrams', () => {
  test.each(portsDiagrams.map((diagram) => [diagram.unit, diagram] as const))('of %s', (unit, diagram) => {
    const readme = readFileSync(new URL(`../../templates/${unit}/README.md`, import.meta.url), 'utf8');
    expect(readme).toContain(drawnPorts(diagram));
  });

  test.each(diagrams.map((diagram) => [diagram.unit, diagram] as const))('of %s', (unit, diagram) => {
    const readme = readFileSync(new URL(`../../templates/${unit}/README.md`, import.meta.url), 'utf8');
    expect(readme).toContain(drawn(diagram));
  });
});
