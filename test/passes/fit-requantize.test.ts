import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { fitRequantize } from '../../compiler/passes/fit-requantize.ts';
import { fitRows, type Row } from '../../compiler/passes/fit-requantize/parameters.ts';
import { evaluateGraph } from '../../compiler/qir/evaluate.ts';
import { GraphBuilder, int, strictlyGreater, uint, type Graph } from '../../compiler/qir/index.ts';
import { valueRange } from '../../compiler/qir/types.ts';
import { verifyGraph } from '../../compiler/qir/verify.ts';
import { integers } from './random-mlp.ts';

function levelOf({ base, thresholds, flip }: Row, x: number): number {
  let reached = 0;
  for (let j = 0; j < thresholds.length; j++) if (x >= (thresholds[j] ?? 0) !== flip) reached++;
  return base + reached;
}

/** Compares parameters with the rows at every integer of the range. */
function compare(rows: readonly Row[], min: number, max: number, exactAt?: readonly number[]): void {
  const found = fitRows(rows, min, max);
  if (found === undefined) throw new Error('no fit');
  const wrong: string[] = [];
  rows.forEach((row, c) => {
    const all = exactAt ?? Array.from({ length: max - min + 1 }, (_, i) => min + i);
    const top = row.base + row.thresholds.length;
    for (const x of all) {
      const sum = x * found.m[c]! + found.b[c]! * 2 ** found.biasShift;
      const level = Math.min(Math.max(Math.floor(sum / 2 ** found.shift), row.base), top);
      if (level !== levelOf(row, x)) wrong.push(`channel ${c}: ${level} at ${x}, not ${levelOf(row, x)}`);
    }
  });
  expect(wrong).toEqual([]);
}

/** The thresholds of round-half-up of x * scale + offset, of `n` levels above base. */
function line(scale: number, offset: number, base: number, n: number, flip: boolean): Row {
  const up = Array.from({ length: n }, (_, j) => Math.ceil((base + j + 0.5 - offset) / scale));
  return { base, thresholds: flip ? up.map((t) => 1 - t).reverse() : up, flip };
}

describe('multipliers and shifts for thresholds', () => {
  it('give the same level at every integer, falling channels included', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            scale: fc.double({ min: 0.001, max: 3, noNaN: true }),
            offset: fc.double({ min: -40, max: 40, noNaN: true }),
            flip: fc.boolean(),
          }),
          { minLength: 1, maxLength: 4 },
        ),
        fc.constantFrom<[number, number]>([-128, 255], [0, 31], [-8, 15], [0, 255]),
        fc.constantFrom<[number, number]>([-512, 511], [0, 1023], [-7, 3000]),
        (lines, [base, n], [min, max]) => {
          compare(
            lines.map(({ scale, offset, flip }) => line(scale, offset, base, n, flip)),
            min,
            max,
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it('serve wide accumulators, at both sides of every threshold and at the ends', () => {
    const row = line(1 / 3127.77, 3.2, -128, 255, false);
    const [min, max] = [-(2 ** 23), 2 ** 23 - 1];
    const edges = Array.from(row.thresholds).flatMap((t) => [t - 1, t]);
    compare([row], min, max, [min, max, ...edges.filter((x) => x >= min && x <= max)]);
  });

  it('serve channels that are constant, and thresholds that never come', () => {
    const n = 20;
    compare(
      [
        { base: 0, thresholds: new Array<number>(n).fill(-500), flip: false },
        { base: 0, thresholds: new Array<number>(n).fill(500), flip: false },
        { base: 0, thresholds: new Array<number>(n).fill(3), flip: false },
        { base: 0, thresholds: Array.from({ length: n }, (_, j) => j * 3), flip: true },
      ],
      -100,
      100,
    );
  });

  it('are not found where no line leads through the steps', () => {
    const bent = Array.from({ length: 20 }, (_, j) => (j < 10 ? j * 10 : 100 + j));
    expect(fitRows([{ base: 0, thresholds: bent, flip: false }], -200, 200)).toBeUndefined();
    // ties that go to the even level, at both kinds of levels
    const ties = Array.from({ length: 20 }, (_, j) => j * 8 + 4 + (j % 2 === 0 ? 1 : 0));
    expect(fitRows([{ base: 0, thresholds: ties, flip: false }], -200, 300)).toBeUndefined();
  });
});

function run(graph: Graph): Graph {
  const result = fitRequantize.run(graph, { diagnostics: new Diagnostics() });
  expect(verifyGraph(result).filter((d) => d.severity === 'error')).toEqual([]);
  return result;
}

describe('fit-requantize', () => {
  const thresholds = (n: number, step: (c: number, j: number) => number) => {
    const g = new GraphBuilder('g');
    const x = g.input('x', int(10), [2, 3]);
    const t = Array.from({ length: 3 }, (_, c) =>
      strictlyGreater(Array.from({ length: n }, (_, j) => step(c, j))),
    );
    g.output(g.threshold(x, { elem: int(13), data: t }, { name: 'y' }));
    return g.build();
  };
  const same = (a: Graph, b: Graph) => {
    const { min, max } = valueRange(a.inputs[0]!.type.elem);
    for (let k = min; k <= max; k++) {
      const x = integers(a.inputs[0]!.type.elem, a.inputs[0]!.type.shape, new Array<number>(6).fill(k));
      expect(evaluateGraph(b, { x }).get('y')).toEqual(evaluateGraph(a, { x }).get('y'));
    }
  };

  it('takes many thresholds, of each channel', () => {
    const graph = thresholds(31, (c, j) => Math.floor((j - c * 3) * (40 + c * 7.3)));
    const result = run(graph);
    expect(result.nodes.map((n) => n.op)).toEqual(['requantize']);
    same(graph, result);
  });

  it('leaves few thresholds, and those on no line', () => {
    const few = thresholds(7, (_, j) => j * 10);
    expect(run(few).nodes).toEqual(few.nodes);
    const bent = thresholds(31, (_, j) => (j < 9 ? j : j * 20));
    expect(run(bent).nodes).toEqual(bent.nodes);
  });

  it('takes the arithmetic of TensorFlow Lite, exactly, by a multiplier or by thresholds', () => {
    const ops = new Set<string>();
    for (const [m, s] of [
      [1518500250, -5],
      [2000000000, -7],
      [1073741824, -3],
      [1300000001, -9],
      [1999999999, 0],
    ] as const) {
      const g = new GraphBuilder('g');
      const x = g.input('x', int(12), [2, 3]);
      const constants = [
        { elem: int(32), data: [m, m - 12345, m] },
        { elem: int(6), data: [s, s, s - 1] },
      ];
      g.output(g.op('mbqm', [x, ...constants], { zero_point: 3, min: -128, max: 127 }, { name: 'y' }));
      const graph = g.build();
      const result = run(graph);
      ops.add(result.nodes[0]!.op);
      same(graph, result);
    }
    expect([...ops].every((op) => op === 'requantize' || op === 'threshold')).toBe(true);
  });

  it('keeps a constant result at the highest level', () => {
    const g = new GraphBuilder('g');
    const x = g.input('x', uint(4), [2, 3]);
    const constants = [
      { elem: int(32), data: [1 << 30] },
      { elem: int(6), data: [0] },
    ];
    g.output(g.op('mbqm', [x, ...constants], { zero_point: 127, min: -128, max: 127 }, { name: 'y' }));
    const graph = g.build();
    same(graph, run(graph));
  });
});
