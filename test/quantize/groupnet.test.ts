import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createEvaluator } from '../../compiler/qir/evaluate.ts';
import { valueRange } from '../../compiler/qir/types.ts';
import { verifyGraph } from '../../compiler/qir/verify.ts';
import { buildGroupNet, evaluateGroupNet, type GroupNet } from '../../compiler/quantize/groupnet/index.ts';
import { randomSource } from '../conformance/bench.ts';
import { randomGroupNet, type Kind } from './groupnet-nets.ts';
import { plainNetwork } from './groupnet-plain.ts';

const kinds: readonly Kind[] = ['layer-wise', 'v1', 'v2', 'v3'];
const streams = [undefined, { bits: 28, fraction: 16 }];

function pixels(net: GroupNet, seed: number): Uint8Array {
  const random = randomSource(seed);
  const count = net.input.shape.reduce((a, b) => a * b, 1);
  return Uint8Array.from({ length: count }, () => random.integer(0, 255));
}

/** The integers that leave the graph, and what one of them counts. */
function run(net: GroupNet, image: Uint8Array): { sums: number[]; scale: number } {
  const graph = buildGroupNet(net, { output: 'sums' });
  expect(verifyGraph(graph)).toEqual([]);
  const [input] = graph.inputs;
  const [output] = graph.outputs;
  if (input === undefined || output === undefined) throw new Error('an input and an output expected');
  const found = createEvaluator(graph)
    .run({ pixels: { type: input.type, data: image } })
    .get(output.value);
  const { numerator, denominator } = output.boundary.scale ?? { numerator: 1, denominator: 1 };
  return { sums: Array.from(found?.data ?? []), scale: numerator / denominator };
}

const recipe = fc.record({
  seed: fc.nat(2 ** 30),
  kind: fc.constantFrom(...kinds),
  k: fc.integer({ min: 1, max: 5 }),
  bits: fc.constantFrom(1, 2, 4, 8),
  padding: fc.constantFrom('zero' as const, 'one' as const),
  image: fc.boolean(),
});

describe('the integer form of a Group-Net', () => {
  test.each(streams)('is the real network, exactly, where scales are powers of two (%o)', (stream) => {
    let different = 0;
    fc.assert(
      fc.property(recipe, (given) => {
        // one limit for padding with +1 would not be a power of two times the levels
        const padding = given.bits === 1 ? given.padding : 'zero';
        // of more bits the sums between blocks would leave the fixed-point numbers
        const bits = stream === undefined ? given.bits : Math.min(given.bits, 2);
        const net = randomGroupNet({ ...given, bits, padding, dyadic: true, ...(stream && { stream }) });
        const image = pixels(net, given.seed);
        const { sums, scale } = run(net, image);
        expect(sums.map((sum) => sum * scale)).toEqual(Array.from(evaluateGroupNet(net, image)));
        const other = run(net, pixels(net, given.seed + 1)).sums;
        if (other.some((sum, i) => sum !== sums[i])) different++;
      }),
      { numRuns: 60, seed: 7 },
    );
    // networks that give the same for all images would show nothing
    expect(different).toBeGreaterThan(25);
  });

  test('with one base and lambda 1 is the plain quantized network', () => {
    fc.assert(
      fc.property(recipe, (given) => {
        // real form adds float32 numbers, which take on more values than integerize follows where levels have 8 bits
        const bits = Math.min(given.bits, 4);
        const net = randomGroupNet({
          ...given,
          bits,
          padding: 'zero',
          kind: 'layer-wise',
          k: 1,
          dyadic: true,
        });
        const image = pixels(net, given.seed);
        expect(run(net, image).sums).toEqual(plainNetwork(net, image));
      }),
      { numRuns: 20, seed: 8 },
    );
  });

  test('does not depend on the order of the branches', () => {
    fc.assert(
      fc.property(recipe, fc.boolean(), (given, narrow) => {
        const stream = narrow ? { stream: { bits: 12, fraction: 6 } } : {};
        const net = randomGroupNet({ ...given, dyadic: false, ...stream });
        const image = pixels(net, given.seed);
        const turned = {
          ...net,
          groups: net.groups.map(({ branches }) => ({
            branches: branches.toReversed().map((branch) => ({
              ...branch,
              blocks: branch.blocks.map((block) => ({
                ...block,
                layers: block.layers.map((layer) => ({ ...layer, bases: layer.bases.toReversed() })),
              })),
            })),
          })),
        };
        expect(run(turned, image)).toEqual(run(net, image));
      }),
      { numRuns: 40, seed: 9 },
    );
  });

  test.each(kinds)('of %s with identical branches is that of one', (kind) => {
    fc.assert(
      fc.property(recipe, (given) => {
        const lambdas = [0.5, 0.25, 0.125, 0.125];
        const padding = given.bits === 1 ? given.padding : 'zero';
        const common = { ...given, kind, padding, dyadic: true, identical: true } as const;
        const net = randomGroupNet({ ...common, k: 1 });
        const same =
          kind === 'layer-wise' ? repeated(net, lambdas) : randomGroupNet({ ...common, k: 4, lambdas });
        const image = pixels(net, given.seed);
        expect(run(same, image)).toEqual(run(net, image));
      }),
      { numRuns: 15, seed: 10 },
    );
  });

  test('reaches a level where the norm does, at every sum, also where it falls or is constant', () => {
    for (const bits of [1, 2, 4]) {
      const net = randomGroupNet({
        seed: bits,
        kind: 'v1',
        k: 1,
        bits,
        padding: 'zero',
        dyadic: false,
        image: true,
      });
      const [layer] = net.groups[0]?.branches[0]?.blocks[0]?.layers ?? [];
      const graph = buildGroupNet(net);
      const node = graph.nodes.find(({ name }) => name === 'g0_b0_0_l0');
      const sums = graph.nodes.find(({ name }) => name === node?.operands[0]?.name);
      if (layer === undefined || node === undefined || sums === undefined)
        throw new Error('a threshold expected');
      const { gamma, beta, mean, variance } = layer.norm;
      const top = 2 ** bits - 1;
      const { limit = 1 } = net.activation;
      const { min, max } = valueRange(sums.type.elem);
      const evaluator = createEvaluator({
        ...graph,
        inputs: [{ name: sums.name, type: sums.type, boundary: {}, origin: { nodes: [] } }],
        nodes: [node],
        outputs: [{ value: node.name, boundary: {}, origin: { nodes: [] }, host: [] }],
      });
      for (let sum = min; sum <= max; sum++) {
        const data = new Int32Array(sums.type.shape.reduce((a, b) => a * b, 1)).fill(sum);
        const levels = evaluator.run({ [sums.name]: { type: sums.type, data } }).get(node.name)?.data ?? [];
        for (let c = 0; c < 4; c++) {
          const z = sum * ((layer.bases[0]?.alpha?.[c] ?? NaN) * (limit / (bits === 1 ? 1 : top)));
          const y =
            ((gamma[c] ?? NaN) * (z - (mean[c] ?? NaN))) / Math.sqrt((variance[c] ?? NaN) + 1e-5) +
            (beta[c] ?? NaN);
          let level = y >= 0 ? 1 : -1;
          if (bits > 1) {
            level = 0;
            for (let i = 1; i <= top; i++) if (y >= ((i - 0.5) * limit) / top) level++;
          }
          expect(levels[c]).toBe(level);
        }
      }
    }
  });
});

describe('what does not fit is refused', () => {
  const net = randomGroupNet({
    seed: 1,
    kind: 'v1',
    k: 2,
    bits: 2,
    padding: 'zero',
    dyadic: true,
    image: true,
  });
  const { first, last } = net;
  const zero = { ...net.groups[0]?.branches[0]?.blocks[0]?.layers[0] };
  const withLayer = (change: object): GroupNet => {
    const layers = [{ ...zero, ...change }] as never;
    return { ...net, groups: [{ branches: [{ lambda: 1, blocks: [{ layers, skip: 'none' }] }] }] };
  };
  test.each<[string, GroupNet, string]>([
    ['a bit width', { ...net, activation: { bits: 9 } }, 'QCC3651: activation.bits is out of range'],
    ['no groups', { ...net, groups: [] }, 'QCC3651: groups is out of range'],
    ['no branches', { ...net, groups: [{ branches: [] }] }, 'QCC3651: groups[0].branches is out of range'],
    ['no bases', withLayer({ bases: [] }), 'QCC3651: groups[0].branches[0].blocks[0].layers[0].bases is out'],
    [
      'a short array',
      { ...net, first: { ...first, levels: [1] } },
      'QCC3650: first.levels has the wrong number',
    ],
    [
      'a number that is none',
      { ...net, last: { ...last, bias: [0, NaN, 0] } },
      'QCC3651: last.bias[1] is out of range',
    ],
    [
      'a filter of zeros',
      withLayer({ bases: [{ weights: new Float32Array(144) }] }),
      'QCC3652: the scale of filter 0',
    ],
    [
      'constants beyond 32 bits',
      withLayer({
        norm: { gamma: [1, 1, 1, 1], beta: [1e30, 0, 0, 0], mean: [0, 0, 0, 0], variance: [1, 1, 1, 1] },
      }),
      'QCC3653: all coefficients of the sum g0_sum',
    ],
  ])('%s', (_, bad, message) => {
    expect(() => buildGroupNet(bad)).toThrow(message);
  });
});

/** The same network with every layer's base as several, whose factors add up to one. */
function repeated(net: GroupNet, lambdas: readonly number[]): GroupNet {
  return {
    ...net,
    groups: net.groups.map(({ branches }) => ({
      branches: branches.map((branch) => ({
        ...branch,
        blocks: branch.blocks.map(({ layers, skip }) => ({
          layers: layers.map((layer) => ({
            ...layer,
            bases: lambdas.flatMap((lambda) => layer.bases.map((base) => ({ ...base, lambda }))),
          })),
          skip,
        })),
      })),
    })),
  };
}
