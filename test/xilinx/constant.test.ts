import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConstantOutput, WeightBit } from '../../compiler/hw/xilinx/index.ts';
import { simulator, xnorConst } from '../../compiler/hw/xilinx/index.ts';
import { lane } from './support.ts';

type Weights = WeightBit[][][];

/** Where weights are null: nowhere, in a padded column, in the rows of a missing neuron, anywhere. */
const padding = fc.constantFrom('none', 'columns', 'row', 'anywhere');

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

const problem = fc
  .record({
    pes: fc.integer({ min: 1, max: 4 }),
    steps: fc.constantFrom(1, 2, 3, 4, 5, 8, 9, 16, 17, 32, 33, 64),
    simd: fc.integer({ min: 1, max: 24 }),
    padding,
  })
  .chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      bits: fc.array(fc.constantFrom<WeightBit>(0, 1), {
        minLength: shape.pes * shape.steps * shape.simd,
        maxLength: shape.pes * shape.steps * shape.simd,
      }),
      nulls: fc.infiniteStream(fc.nat(4)),
      x: fc.array(word, { minLength: shape.simd, maxLength: shape.simd }),
      acc: fc.array(word, { minLength: shape.pes * 7, maxLength: shape.pes * 7 }),
      clr: word,
      thresholds: fc.array(fc.integer({ min: -2, max: shape.simd + 3 }), {
        minLength: shape.pes * shape.steps,
        maxLength: shape.pes * shape.steps,
      }),
    }),
  );

function weightsOf(
  { pes, steps, simd, padding: kind }: { pes: number; steps: number; simd: number; padding: string },
  bits: readonly WeightBit[],
  nulls: Iterator<number>,
): Weights {
  const isNull = (pe: number, step: number, k: number): boolean => {
    if (kind === 'columns') return step === steps - 1 && k >= simd >> 1;
    if (kind === 'row') return pe === pes - 1 && step >= steps >> 1;
    return kind === 'anywhere' && nulls.next().value === 0;
  };
  return Array.from({ length: pes }, (_, pe) =>
    Array.from({ length: steps }, (__, step) =>
      Array.from({ length: simd }, (___, k) =>
        isNull(pe, step, k) ? null : bits[(pe * steps + step) * simd + k]!,
      ),
    ),
  );
}

function popcount(x: readonly number[], row: readonly WeightBit[], vector: number): number {
  return row.reduce<number>(
    (sum, weight, k) => sum + (weight !== null && ((x[k]! >>> vector) & 1) === weight ? 1 : 0),
    0,
  );
}

/** Evaluates every step on the same operands; gives `[step][pe][vector]`. */
function evaluate(
  weights: Weights,
  output: ConstantOutput,
  x: number[],
  acc: number[],
  clr: number,
): number[][][] {
  const netlist = xnorConst({ simd: x.length, weights, output });
  const simulate = simulator(netlist);
  const stepBits = netlist.inputs.find((port) => port.name === 'step')?.nets.length ?? 0;
  return weights[0]!.map((_, number) => {
    const step = Array.from({ length: stepBits }, (__, bit) => ((number >> bit) & 1 ? -1 : 0));
    const [nets] = Object.values(simulate({ x, step, acc, clr: [clr] }));
    const width = nets!.length / weights.length;
    return weights.map((__, pe) =>
      Array.from({ length: 32 }, (___, vector) => lane(nets!.slice(pe * width, (pe + 1) * width), vector)),
    );
  });
}

function expectAll(
  found: number[][][],
  weights: Weights,
  want: (pe: number, step: number, vector: number) => number,
): void {
  const wanted = weights[0]!.map((_, step) =>
    weights.map((__, pe) => Array.from({ length: 32 }, (___, vector) => want(pe, step, vector))),
  );
  expect(found).toEqual(wanted);
}

describe('xnorConst', () => {
  it('gives popcount, running sum and threshold bit at every step', () => {
    fc.assert(
      fc.property(problem, ({ shape, bits, nulls, x, acc, clr, thresholds }) => {
        const weights = weightsOf(shape, bits, nulls);
        const count = (pe: number, step: number, vector: number): number =>
          popcount(x, weights[pe]![step]!, vector);
        expectAll(evaluate(weights, { kind: 'sum' }, x, acc, clr), weights, count);
        const before = (pe: number, vector: number): number =>
          (clr >>> vector) & 1 ? 0 : lane(acc.slice(pe * 7, pe * 7 + 7), vector);
        const running = evaluate(weights, { kind: 'accumulate', accBits: 7 }, x, acc, clr);
        expectAll(
          running,
          weights,
          (pe, step, vector) => (count(pe, step, vector) + before(pe, vector)) % 128,
        );
        const levels = weights.map((rows, pe) => rows.map((_, step) => thresholds[pe * shape.steps + step]!));
        const reached = evaluate(weights, { kind: 'threshold', thresholds: levels }, x, acc, clr);
        expectAll(reached, weights, (pe, step, vector) =>
          count(pe, step, vector) >= levels[pe]![step]! ? 1 : 0,
        );
      }),
      { numRuns: 60 },
    );
  });

  it('refuses shapes that do not fit', () => {
    const output = { kind: 'sum' } as const;
    expect(() => xnorConst({ simd: 2, weights: [[[1, 0]], [[1]]], output })).toThrow('not 2 x 1 x 2');
    const many = [Array.from({ length: 65 }, (): WeightBit[] => [1])];
    expect(() => xnorConst({ simd: 1, weights: many, output })).toThrow('65 steps');
    expect(() =>
      xnorConst({ simd: 1, weights: [[[1]]], output: { kind: 'threshold', thresholds: [[]] } }),
    ).toThrow('thresholds are not 1 x 1');
  });
});
