import { describe, expect, test } from 'vitest';
import { createRandom } from '../../compiler/random.ts';
import { evaluateGraph } from '../../compiler/qir/evaluate.ts';
import { GraphBuilder, int, uint } from '../../compiler/qir/index.ts';
import type { Graph } from '../../compiler/qir/index.ts';
import { createEngine } from '../../sim/engine.ts';
import { units } from '../../templates/registry.ts';
import { compile } from './nets.ts';

// Thresholds behind a product whose weights are mostly zero: mvu fuses both but multiplies by zeros; sparse leaves the thresholds to a unit of their own.
const [inputs, outputs] = [60, 30];

/** A product and four levels; one weight in `rare` is not zero. */
function net(rare: number): Graph {
  const random = createRandom(rare);
  const g = new GraphBuilder('levels');
  const x = g.input('x', uint(4), [inputs]);
  const weight = (): number =>
    random.integer(1, rare) === 1 ? random.pick([-1, 1]) * random.integer(1, 100) : 0;
  const data = Array.from({ length: outputs }, () => Array.from({ length: inputs }, weight));
  const levels = Array.from({ length: outputs }, () => [-90, 0, 120].map((t) => t + random.integer(0, 50)));
  const sums = g.matmul(x, { elem: int(8), data }, { name: 'fc' });
  g.output(g.threshold(sums, levels, { name: 'act', result: uint(2) }));
  return g.build();
}

const unitsOf = (graph: Graph, style: 'folded' | 'unrolled' | 'auto', fps = 1e5): unknown[] =>
  compile(graph, { style, fps, clockMhz: 200 })
    .plan.map(({ unit }) => unit)
    .filter((unit) => ['sparse', 'threshold', 'mvu', 'unrolled'].includes(unit));

describe('thresholds behind a product', () => {
  test('of few weights are a layer of their own', () => {
    expect(unitsOf(net(30), 'folded')).toEqual(['sparse', 'threshold']);
    expect(unitsOf(net(30), 'auto')).toHaveLength(2);
  });

  test('are fused where a third of the weights is not zero, and where the product is unrolled', () => {
    expect(unitsOf(net(3), 'folded')).toEqual(['mvu']);
    expect(unitsOf(net(30), 'unrolled')).toEqual(['unrolled']);
  });

  test('give what the evaluator gives', () => {
    const graph = net(30);
    const random = createRandom(4);
    const { hw } = compile(graph, { style: 'folded', fps: 1e5, clockMhz: 200 });
    const frames = 40;
    const data = Uint8Array.from({ length: frames * inputs }, () => random.integer(0, 15));
    const [found = new Uint8Array()] = createEngine(hw, units).run({ inputs: [data] }).outputs;
    const type = { elem: uint(4), shape: [inputs] };
    const seen = new Set<number>();
    for (let frame = 0; frame < frames; frame++) {
      const x = { type, data: data.subarray(frame * inputs, (frame + 1) * inputs) };
      const expected = Array.from(evaluateGraph(graph, { x }).get('act')?.data ?? []);
      expect(Array.from(found.subarray(frame * outputs, (frame + 1) * outputs))).toEqual(expected);
      for (const level of expected) seen.add(level);
    }
    expect(seen).toEqual(new Set([0, 1, 2, 3]));
  });
});
