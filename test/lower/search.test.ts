import { describe, expect, test } from 'vitest';
import { candidatesOf, tryFolding, weight } from '../../compiler/lower/candidates.ts';
import type { Candidate } from '../../compiler/lower/candidates.ts';
import { linksOf } from '../../compiler/lower/connect.ts';
import { cheapest } from '../../compiler/lower/search.ts';
import type { Graph } from '../../compiler/qir/index.ts';
import { bitWidth, elementCount } from '../../compiler/qir/types.ts';
import { units } from '../../templates/registry.ts';
import { binaryMlp, compile, layers } from './nets.ts';

/** All ways to pick one of each list. */
function* product<T>(lists: readonly (readonly T[])[]): Generator<T[]> {
  const [first, ...rest] = lists;
  if (first === undefined) yield [];
  else for (const one of first) for (const others of product(rest)) yield [one, ...others];
}

/** What the search minimises, from the finished chain: layers, converters, and the bus. */
function costOf(graph: Graph, chosen: readonly Candidate[], inputLanes: number, cycles: number): number {
  const [input] = graph.inputs;
  if (input === undefined) throw new Error('no input');
  const links = linksOf(graph, input, units, layers(graph), inputLanes, chosen);
  let sum = inputLanes * bitWidth(input.type.elem) * 1.3;
  for (const { node } of links.slice(1, -1)) {
    const unit = units.get(node.unit);
    if (unit === undefined) throw new Error('no unit');
    if (unit.timing(node).initiationInterval > cycles) return Infinity;
    sum += weight(unit.cost(node));
  }
  return sum;
}

describe('the search', () => {
  test.each([
    [[6, 5, 3], 8],
    [[6, 5, 3], 30],
    [[9, 4, 4], 12],
    [[7, 7, 5, 2], 20],
  ])('finds the cheapest of all combinations of candidates: %j in %i cycles', (sizes, cycles) => {
    const graph = binaryMlp(sizes);
    const parts = layers(graph);
    const candidates = parts.map((layer) => candidatesOf(layer, cycles, 'auto'));
    const choice = cheapest(
      units,
      candidates,
      parts.map((layer) => layer.request.input),
      cycles,
    );
    if (choice === undefined) throw new Error('no choice');
    const elements = elementCount(graph.inputs[0]?.type.shape ?? []);
    let least = Infinity;
    for (let lanes = 1; lanes <= elements; lanes++) {
      if (Math.ceil(elements / lanes) > cycles) continue;
      for (const chosen of product(candidates)) least = Math.min(least, costOf(graph, chosen, lanes, cycles));
    }
    expect(costOf(graph, choice.chosen, choice.inputLanes, cycles)).toBeCloseTo(least, 6);
  });

  test.each([
    [12, 10, 6],
    [12, 10, 15],
    [13, 7, 20],
    [31, 5, 40],
    [8, 16, 100],
  ])(
    'tries the cheapest folding of a layer of %i inputs and %i outputs in %i cycles',
    (inputs, outputs, cycles) => {
      const [layer] = layers(binaryMlp([inputs, outputs]));
      if (layer === undefined) throw new Error('no layer');
      let least = Infinity;
      for (const unit of layer.units) {
        for (let pe = 1; pe <= outputs; pe++) {
          for (let simd = 1; simd <= inputs; simd++) {
            for (const order of ['output', 'input'] as const) {
              for (const style of ['folded', 'unrolled'] as const) {
                const answer = tryFolding(layer, unit, { style, pe, simd, order });
                if ('candidate' in answer && answer.candidate.timing.initiationInterval <= cycles)
                  least = Math.min(least, weight(answer.candidate.cost));
              }
            }
          }
        }
      }
      const tried = candidatesOf(layer, cycles, 'auto').map(({ cost }) => weight(cost));
      expect(Math.min(...tried)).toBe(least);
    },
  );

  test.each([1, 2, 3, 5, 8, 13, 21, 50, 117, 400])('meets a rate of one frame in %i cycles', (cycles) => {
    const graph = binaryMlp([40, 24, 17, 10]);
    const found = compile(graph, { clockMhz: 100, fps: 1e8 / cycles });
    expect(found.initiationInterval).toBeLessThanOrEqual(cycles);
    for (const { timing, instance } of found.plan)
      expect([instance, timing.initiationInterval <= cycles]).toEqual([instance, true]);
  });

  test('gets cheaper with a lower rate, never dearer', () => {
    const graph = binaryMlp([40, 24, 17, 10]);
    const costs = [4, 8, 16, 32, 64, 128].map((cycles) => {
      const parts = layers(graph);
      const choice = cheapest(
        units,
        parts.map((layer) => candidatesOf(layer, cycles, 'auto')),
        parts.map((layer) => layer.request.input),
        cycles,
      );
      if (choice === undefined) throw new Error('no choice');
      return costOf(graph, choice.chosen, choice.inputLanes, cycles);
    });
    expect(costs).toEqual([...costs].sort((a, b) => b - a));
  });
});
