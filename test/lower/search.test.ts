import { describe, expect, test } from 'vitest';
import { candidatesOf, tryFolding, usualPrices, weight } from '../../compiler/lower/candidates.ts';
import type { Candidate } from '../../compiler/lower/candidates.ts';
import { blueprint } from '../../compiler/lower/connect.ts';
import type { Network } from '../../compiler/lower/layers.ts';
import { cheapest } from '../../compiler/lower/search.ts';
import type { Choice } from '../../compiler/lower/search.ts';
import type { StreamType, UnitDefinition } from '../../compiler/hw/index.ts';
import { bitWidth, elementCount } from '../../compiler/qir/types.ts';
import { createRandom } from '../../compiler/random.ts';
import { units } from '../../templates/registry.ts';
import { binaryMlp, compile, network, randomDag } from './nets.ts';
import { toyUnits } from './toys.ts';

/** All ways to pick one of each list. */
function* product<T>(lists: readonly (readonly T[])[]): Generator<T[]> {
  const [first, ...rest] = lists;
  if (first === undefined) yield [];
  else for (const one of first) for (const others of product(rest)) yield [one, ...others];
}

type Units = ReadonlyMap<string, UnitDefinition>;

/** What the search minimises, from the finished design: layers, converters, forks, and the buses. */
function costOf(known: Units, net: Network, choice: Omit<Choice, 'cost'>, cycles: number): number {
  let sum = 0;
  for (const { lanes, elem } of choice.inputs) sum += lanes * bitWidth(elem) * 1.3;
  for (const { node } of blueprint('d', 100, known, net, { ...choice, cost: 0 }).parts) {
    const unit = known.get(node.unit);
    if (unit === undefined) throw new Error('no unit');
    if (unit.timing(node).initiationInterval > cycles) return Infinity;
    if (unit.plumbing?.role === 'input' || unit.plumbing?.role === 'output') continue;
    sum += weight(unit.cost(node), usualPrices);
  }
  return sum;
}

/** The least cost of all combinations of candidates, lanes of the inputs and lanes of the forks. */
function leastOf(
  known: Units,
  net: Network,
  candidates: readonly (readonly Candidate[])[],
  cycles: number,
): number {
  const streams = (wire: number): StreamType[] => {
    const { elem, shape } = net.wires[wire]?.type ?? { elem: { kind: 'bipolar' }, shape: [] };
    const elements = elementCount(shape);
    const all = Array.from({ length: elements }, (_, i) => ({ elem, elements, lanes: i + 1 }));
    return all.filter(({ lanes }) => Math.ceil(elements / lanes) <= cycles);
  };
  const forked = net.wires.flatMap(({ readers }, wire) => (readers.length > 1 ? [wire] : []));
  let least = Infinity;
  for (const chosen of product(candidates)) {
    for (const inputs of product(net.inputs.map((_, wire) => streams(wire)))) {
      for (const forks of product(forked.map(streams))) {
        const byWire = new Map(forked.map((wire, i) => [wire, forks[i] as StreamType]));
        least = Math.min(least, costOf(known, net, { inputs, chosen, forks: byWire }, cycles));
      }
    }
  }
  return least;
}

describe('the search', () => {
  test.each([
    [[6, 5, 3], 8],
    [[6, 5, 3], 30],
    [[9, 4, 4], 12],
    [[7, 7, 5, 2], 20],
  ])('finds the cheapest of all combinations of candidates: %j in %i cycles', (sizes, cycles) => {
    const net = network(binaryMlp(sizes));
    const candidates = net.layers.map((layer) => candidatesOf(layer, cycles, 'auto'));
    const choice = cheapest(units, net, candidates, cycles);
    if (choice === undefined) throw new Error('no choice');
    const least = leastOf(units, net, candidates, cycles);
    expect(choice.cost).toBeCloseTo(least, 6);
    expect(costOf(units, net, choice, cycles)).toBeCloseTo(least, 6);
  });

  test('finds the cheapest of all combinations on random graphs with branches, forks and several ends', () => {
    const random = createRandom(Number(process.env['QCC_SEED'] ?? 7));
    let forks = 0;
    let joins = 0;
    let impossible = 0;
    for (let round = 0; round < 24; round++) {
      const net = network(randomDag(random, { layers: random.integer(2, 4), width: 4 }), toyUnits);
      const cycles = random.integer(1, 12);
      const candidates = net.layers.map((layer) => {
        const all = [...candidatesOf(layer, cycles, 'auto')];
        while (all.length > 3) all.splice(random.integer(0, all.length - 1), 1);
        return all;
      });
      const choice = cheapest(toyUnits, net, candidates, cycles);
      const least = leastOf(toyUnits, net, candidates, cycles);
      forks += net.wires.filter(({ readers }) => readers.length > 1).length;
      joins += net.layers.filter(({ inputs }) => inputs.length > 1).length;
      if (choice === undefined) {
        impossible++;
        expect(least).toBe(Infinity);
        continue;
      }
      expect(choice.cost).toBeCloseTo(least, 6);
      expect(costOf(toyUnits, net, choice, cycles)).toBeCloseTo(least, 6);
    }
    // the test means something only where there is something to decide
    expect(forks).toBeGreaterThan(10);
    expect(joins).toBeGreaterThan(10);
    expect(impossible).toBeLessThan(16);
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
      const [layer] = network(binaryMlp([inputs, outputs])).layers;
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
    const net = network(binaryMlp([40, 24, 17, 10]));
    const costs = [4, 8, 16, 32, 64, 128].map((cycles) => {
      const candidates = net.layers.map((layer) => candidatesOf(layer, cycles, 'auto'));
      return cheapest(units, net, candidates, cycles)?.cost ?? NaN;
    });
    expect(costs).toEqual([...costs].sort((a, b) => b - a));
  });
});
