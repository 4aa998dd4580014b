import { describe, expect, test } from 'vitest';
import { levelsAt, readDevice } from '../../compiler/devices/index.ts';
import { cutStages, leastStages } from '../../compiler/hw/stages.ts';
import type { Cell, Circuit } from '../../compiler/hw/stages.ts';
import { cellsOf } from '../../templates/unrolled/cells.ts';
import { levelsOf, stagesOf } from '../../templates/unrolled/pipeline.ts';
import { resultText, rowsOf } from '../../templates/unrolled/rows.ts';
import { pipelined } from '../../templates/unrolled/steps.ts';
import { portableSums } from '../../templates/unrolled/sums.ts';
import { unit } from '../../templates/unrolled/unit.ts';
import { randomSource } from './icarus.ts';
import type { HwNode } from '../../compiler/hw/index.ts';

const random = randomSource(8);

/** A random circuit of cells of up to three levels. */
function circuit(): Circuit {
  const inputs = random.integer(1, 5);
  let values = inputs;
  const cells = Array.from({ length: random.integer(1, 40) }, (): Cell => {
    const before = values;
    const read = Array.from({ length: random.integer(1, 3) }, () => random.integer(0, before - 1));
    const outputs = Array.from({ length: random.integer(1, 2) }, () => values++);
    return { inputs: [...new Set(read)], outputs, delay: random.integer(0, 12) / 4 };
  });
  const bits = Array.from({ length: values }, () => random.integer(1, 8));
  return { bits, cells, outputs: [values - 1, random.integer(0, values - 1)] };
}

/** Levels of the deepest way between registers, found by walking every way. */
function deepestOf({ cells }: Circuit, ofCell: readonly number[]): number {
  const maker = new Map(cells.flatMap((cell, i) => cell.outputs.map((value) => [value, i] as const)));
  const depth = (i: number): number =>
    cells[i]!.delay +
    Math.max(
      0,
      ...cells[i]!.inputs.map((value) => {
        const from = maker.get(value);
        return from === undefined || ofCell[from] !== ofCell[i] ? 0 : depth(from);
      }),
    );
  return Math.max(...cells.map((_, i) => depth(i)));
}

describe('register stages', () => {
  test('stand so that nothing is read before it is made, and no stage is too deep', () => {
    for (let i = 0; i < 60; i++) {
      const made = circuit();
      const levels = random.integer(3, 6);
      const count = leastStages(made, levels) + random.integer(0, 1);
      const { ofCell, deepest, registers } = cutStages(made, count, levels);
      expect(deepest).toBeLessThanOrEqual(levels);
      expect(deepestOf(made, ofCell)).toBe(deepest);
      let flops = 0;
      Array.from(made.bits).forEach((bits, value) => {
        const from = made.cells.findIndex(({ outputs }) => outputs.includes(value));
        const start = from < 0 ? 0 : ofCell[from]!;
        const readers = made.cells.flatMap(({ inputs }, k) => (inputs.includes(value) ? [ofCell[k]!] : []));
        for (const reader of readers) expect(reader).toBeGreaterThanOrEqual(start);
        const last = made.outputs.includes(value) ? count : Math.max(start, ...readers);
        flops += (last - start) * bits;
      });
      expect(registers).toBe(flops);
    }
  });

  test('are cut where words are fewest', () => {
    // four numbers to one, and one that waits: 4 x 8 bits, then 2 x 9, then 10
    const cell = (inputs: number[], output: number): Cell => ({ inputs, outputs: [output], delay: 2 });
    const tree: Circuit = {
      bits: [8, 8, 8, 8, 9, 9, 10],
      cells: [cell([0, 1], 4), cell([2, 3], 5), cell([4, 5], 6)],
      outputs: [6],
    };
    expect(cutStages(tree, 1, 4).registers).toBe(10);
    expect(cutStages(tree, 1, 2)).toMatchObject({ registers: 18, ofCell: [0, 0, 1] });
  });
});

test('no stage of an unrolled unit is deeper than its parameter says, in either body', () => {
  let cells = 0;
  for (let i = 0; i < 20; i++) {
    const { params, consts } = unit.sample(random);
    const levels = random.pick([4, 5, 7, 10]);
    const node: HwNode = {
      ...{ name: 'dut', unit: 'unrolled', params: { ...params, levels }, consts },
      ...{ origin: { nodes: [] }, value: 'y' },
    };
    const rows = rowsOf(node);
    const stages = stagesOf(node);
    expect(levelsOf(node)).toBe(levels);
    expect(pipelined(portableSums(node, rows), stages.sums, levels).deepest).toBeLessThanOrEqual(levels);
    expect(pipelined(resultText(rows), stages.results, levels).deepest).toBeLessThanOrEqual(levels);
    const found = cellsOf(node, rows, stages.sums, levels);
    if (found !== undefined) cells++;
    expect(found?.deepest ?? 0).toBeLessThanOrEqual(levels);
    expect(unit.timing(node).latency).toBe(3 + stages.sums + stages.results);
  }
  // the estimate of the stages is seldom too low
  expect(cells).toBeGreaterThanOrEqual(19);
});

test('the clock and the device say how many levels fit', () => {
  expect(levelsAt(200)).toBe(10);
  expect(levelsAt(400)).toBe(4);
  expect(levelsAt(200, readDevice('xc7z020').delay)).toBe(5);
  expect(levelsAt(2000)).toBe(1);
});
