import { describe, expect, test } from 'vitest';
import { netlistStats, simulator, unrolledNetlist } from '../../compiler/hw/xilinx/index.ts';
import type { Netlist, UnrolledProblem } from '../../compiler/hw/xilinx/index.ts';
import { randomSource } from '../units/icarus.ts';

/** Compares a netlist with the sums it stands for, on the given words of 32 vectors an input bit. */
function check(problem: UnrolledProblem, netlist: Netlist, words: readonly number[]): void {
  const { inputs, xBits, topInverted, rows } = problem;
  const { h } = simulator(netlist)({ x: words });
  for (let vector = 0; vector < 32; vector++) {
    const x = Array.from({ length: inputs }, (_, k) => {
      let value = 0;
      for (let b = 0; b < xBits; b++) {
        const bit = (words[k * xBits + b]! >>> vector) & 1;
        value += (topInverted && b === xBits - 1 ? 1 - bit : bit) * 2 ** b;
      }
      return value;
    });
    let at = 0;
    for (const { weights, goal } of rows) {
      const sum = x.reduce((total, value, k) => total + value * weights[k]!, 0);
      if (goal.kind === 'reach') {
        expect((h![at]! >>> vector) & 1).toBe(sum >= goal.bound ? 1 : 0);
        at += 1;
        continue;
      }
      let found = 0;
      for (let b = 0; b < goal.width; b++) found += ((h![at + b]! >>> vector) & 1) * 2 ** b;
      const range = 2 ** goal.width;
      expect(found).toBe((((sum + goal.constant) % range) + range) % range);
      at += goal.width;
    }
  }
}

const random = randomSource(5);
const word = (): number => random.integer(0, 2 ** 32 - 1) | 0;

/** A random problem; sums of any width, bounds that some sums reach, that all do and that none does. */
function problem(kind: 'bipolar' | 'ternary' | 'int', xBits: number, goal: 'sum' | 'reach'): UnrolledProblem {
  const inputs = random.integer(1, 20);
  const weight = (): number =>
    kind === 'bipolar'
      ? random.pick([-1, 1])
      : kind === 'ternary'
        ? random.integer(-1, 1)
        : random.integer(-9, 9);
  const reach = inputs * (2 ** xBits - 1) * (kind === 'int' ? 5 : 1);
  return {
    inputs,
    xBits,
    topInverted: random.integer(0, 1) === 1,
    rows: Array.from({ length: random.integer(1, 10) }, () => ({
      weights: Array.from({ length: inputs }, weight),
      goal:
        goal === 'reach'
          ? { kind: 'reach', bound: random.integer(-reach, reach) }
          : { kind: 'sum', width: random.integer(1, 10), constant: random.integer(-40, 40) },
    })),
  };
}

describe('matrices as LUT6_2 cells and carry chains', () => {
  const kinds = ['bipolar', 'ternary', 'int'] as const;
  const goals = ['sum', 'reach'] as const;
  test.each(kinds.flatMap((kind) => goals.map((goal) => [kind, goal] as const)))('%s, %s', (kind, goal) => {
    for (let i = 0; i < 7; i++) {
      const made = problem(kind, random.pick([1, 1, 2, 3, 5]), goal);
      const netlist = unrolledNetlist(made);
      for (let k = 0; k < 2; k++)
        check(made, netlist, Array.from({ length: made.inputs * made.xBits }, word));
    }
  });

  test('every input of a small one', () => {
    for (const topInverted of [false, true]) {
      const made: UnrolledProblem = {
        inputs: 5,
        xBits: 1,
        topInverted,
        rows: [0, 1, 2, 3, 4, 5, 6, 7].map((r) => ({
          weights: [0, 1, 2, 3, 4].map((k) => (((r * 5 + k * 3) >> 1) % 2 === 0 ? 1 : -1)),
          goal: { kind: 'reach', bound: (r % 5) - 2 },
        })),
      };
      check(
        made,
        unrolledNetlist(made),
        [0xaaaaaaaa, 0xcccccccc, 0xf0f0f0f0, 0xff00ff00, 0xffff0000].map((v) => v | 0),
      );
    }
  });

  // what the generator finds for random matrices, beside the 2668 LUT that da4ml needs for such a one
  test.each([[1, 64, 905]])('ternary, half of it zeros, %i bits, %i x 64: %i LUT', (xBits, outputs, luts) => {
    const source = randomSource(64);
    const made: UnrolledProblem = {
      inputs: 64,
      xBits,
      topInverted: false,
      rows: Array.from({ length: outputs }, () => {
        const weights = Array.from({ length: 64 }, () => source.pick([-1, 0, 0, 1]));
        const most = weights.filter((w) => w !== 0).length * (2 ** xBits - 1);
        return { weights, goal: { kind: 'sum', width: Math.ceil(Math.log2(most + 1)), constant: 0 } };
      }),
    };
    const netlist = unrolledNetlist(made);
    for (let k = 0; k < 2; k++) check(made, netlist, Array.from({ length: 64 * xBits }, word));
    expect(netlistStats(netlist).luts).toBe(luts);
  });
});
