import { describe, expect, test } from 'vitest';
import { bipolar, GraphBuilder, uint } from '../../compiler/qir/index.ts';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { networkOf } from '../../compiler/lower/layers.ts';
import { units } from '../../templates/registry.ts';
import { binaryMlp, codes, compile, problems } from './nets.ts';

describe('lowering refuses', () => {
  test('inputs and values that nothing reads, naming each', () => {
    const g = new GraphBuilder('unread');
    const x = g.input('x', uint(4), [3]);
    g.input('y', uint(4), [3]);
    g.output(g.matmul(x, [[1, 2, 3]]));
    g.matmul(x, [[3, 2, 1]], { name: 'dead' });
    const found = (): unknown => networkOf(g.build(), units, new Diagnostics());
    expect(codes(found)).toEqual([
      'QCC4108 nothing reads the input %y',
      'QCC4108 nothing reads %dead (matmul)',
    ]);
  });

  test('a graph that computes nothing', () => {
    const g = new GraphBuilder('nothing');
    g.output(g.input('x', bipolar, [3]));
    expect(problems(g.build())).toEqual(['QCC4104 graph @nothing computes nothing']);
  });

  test('foldings of layers that there are not, all of them', () => {
    const folding = new Map([
      ['fc0', { pe: 1 }],
      ['fc7', { pe: 1 }],
      ['nosuch', { simd: 2 }],
    ]);
    expect(problems(binaryMlp([6, 5, 4]), { folding })).toEqual([
      "QCC4105 the folding file names a layer 'fc7' that the network does not have",
      "QCC4105 the folding file names a layer 'nosuch' that the network does not have",
    ]);
  });

  test('a style that a layer cannot be built in', () => {
    const g = new GraphBuilder('levels');
    g.output(g.threshold(g.input('x', uint(4), [3]), [[1, 5]], { name: 'levels' }));
    const folding = new Map([['levels', { style: 'unrolled' as const }]]);
    expect(problems(g.build(), { folding })).toEqual([
      'QCC4107 layer levels cannot be built with the folding that was given',
    ]);
  });

  test('a rate that leaves less than a cycle', () => {
    expect(problems(binaryMlp([6, 5]), { clockMhz: 100, fps: 2e8 })).toEqual([
      'QCC4106 200000000 frames a second at 100 MHz leave 0 cycles a frame; layer fc0 needs at least 1',
    ]);
  });

  test('a rate that a layer cannot reach in any folding, or not in the one that was given', () => {
    const g = new GraphBuilder('ranking');
    g.output(g.topk(g.input('x', uint(4), [7]), 3, { name: 'best' }));
    expect(problems(g.build(), { clockMhz: 100, fps: 2e7 })).toEqual([
      'QCC4106 20000000 frames a second at 100 MHz leave 5 cycles a frame; layer best needs at least 7',
    ]);
    expect(compile(g.build(), { clockMhz: 100, fps: 1e8 / 7 }).initiationInterval).toBe(7);
    const folding = new Map([['fc0', { pe: 1, simd: 2 }]]);
    expect(problems(binaryMlp([6, 5, 4]), { clockMhz: 100, fps: 1e7, folding })).toEqual([
      'QCC4106 10000000 frames a second at 100 MHz leave 10 cycles a frame; layer act0 needs at least 15',
    ]);
  });
});

describe('lowering takes', () => {
  test('foldings under the names of any node of a layer, larger than the layer too', () => {
    const folding = new Map([
      ['act0', { pe: 2, simd: 3, order: 'input' as const }],
      ['fc1', { pe: 99, simd: 99 }],
    ]);
    const { plan, initiationInterval } = compile(binaryMlp([6, 5, 4]), { folding });
    const matrices = plan.filter(({ unit }) => unit === 'mvu');
    expect(matrices.map(({ timing }) => timing.initiationInterval)).toEqual([6, 1]);
    expect(initiationInterval).toBe(6);
  });

  test('a layer that is folded by hand so that only a bus wider than usual feeds it', () => {
    const g = new GraphBuilder('wide');
    const x = g.input('x', uint(8), [65]);
    const bits = g.threshold(x, [[128]], { name: 'entry', result: bipolar });
    g.output(g.matmul(bits, { elem: bipolar, data: [Array.from({ length: 65 }, () => 1)] }, { name: 'fc' }));
    const folding = new Map([
      ['entry', { pe: 65 }],
      ['fc', { pe: 1, simd: 65 }],
    ]);
    const { initiationInterval, hw } = compile(g.build(), { folding });
    expect(initiationInterval).toBe(1);
    expect(hw.channels[0]?.stream.lanes).toBe(65);
  });

  test('foldings for the matrices alone that are faster than what follows them', () => {
    const g = new GraphBuilder('ranking');
    const x = g.input('x', bipolar, [1]);
    const sums = g.matmul(x, { elem: bipolar, data: [[1], [-1], [1]] }, { name: 'fc' });
    g.output(g.topk(sums, 2, { name: 'best' }));
    const folding = new Map([['fc', { style: 'unrolled' as const }]]);
    expect(compile(g.build(), { folding }).initiationInterval).toBe(3);
  });
});
