import { describe, expect, test } from 'vitest';
import {
  binarize,
  evaluatePartialSums,
  factorize,
  fillersOf,
  nonZeros,
  partialSumTree,
  reconstruct,
  recover,
  relativeError,
  sketch,
  squaredNorm,
  ternarize,
  type Matrix,
  type WeightRepresentation,
} from '../../../compiler/quantize/weights/index.ts';
import { haveData } from '../../models/data.ts';
import {
  countErrors,
  layerOf,
  networkError,
  readLenet,
  replaceLayers,
  type Lenet,
  type LenetName,
} from '../lenet.ts';

// The whole table is `make papers`; here is what is cheap, and what is exact.

describe.skipIf(!haveData)('published LeNets', () => {
  const read = new Map<LenetName, Lenet>();
  const lenet = (name: LenetName): Lenet => {
    const known = read.get(name) ?? readLenet(name);
    read.set(name, known);
    return known;
  };
  const digits = (value: number, expected: string): void => {
    expect(value.toFixed((expected.split('.')[1] ?? '').length)).toBe(expected);
  };

  test('FFN of ip2, the first terms and all of them', () => {
    const matrix = layerOf(lenet('lenet300100_dense'), 'ip2');
    const norm = squaredNorm(matrix.data);
    digits(norm, '102.326796');
    const { weights, residuals } = factorize(matrix);
    digits(weights.scales[0] as number, '0.030026144');
    expect(nonZeros(weights.left.filter((_, i) => i % weights.rank === 0))).toBe(44);
    expect(nonZeros(weights.right.subarray(0, matrix.columns))).toBe(140);
    digits((residuals[1] as number) / norm, '0.945726170');
    digits((residuals[100] as number) / norm, '0.110010422');
    expect([nonZeros(weights.left), nonZeros(weights.right)]).toEqual([5550, 16285]);
    digits(relativeError(matrix, reconstruct(weights)), '0.110010422');
    const { residuals: recovered } = recover(matrix, weights, 10);
    digits((recovered[1] as number) / norm, '0.0287');
    digits((recovered[10] as number) / norm, '0.0066');
    const { epochs } = factorize(matrix, { epochs: 20 });
    digits((epochs.at(-1) as number) / norm, '0.0957626');
    epochs.slice(1).forEach((after, i) => expect(after).toBeLessThanOrEqual(epochs[i] as number));
  });

  test('FFN of ip1', () => {
    const matrix = layerOf(lenet('lenet300100_dense'), 'ip1');
    const norm = squaredNorm(matrix.data);
    const { weights, residuals } = factorize(matrix);
    digits(weights.scales[0] as number, '0.009594338');
    expect(nonZeros(weights.left.filter((_, i) => i % weights.rank === 0))).toBe(132);
    expect(nonZeros(weights.right.subarray(0, matrix.columns))).toBe(301);
    digits((residuals[1] as number) / norm, '0.982783646');
    digits((residuals[300] as number) / norm, '0.125027773');
    expect([nonZeros(weights.left), nonZeros(weights.right)]).toEqual([50043, 126307]);
  });

  test.each<[LenetName, string, readonly number[]]>([
    ['lenet5_dense', 'conv1', [146, 273, 392]],
    ['lenet5_dense', 'conv2', [10789, 21505, 32324]],
    ['lenet5_dense', 'ip1', [177485]],
    ['lenet300100_dense', 'ip1', [102797]],
    ['lenet300100_dense', 'ip2', [11621]],
  ])('additions of shared partial sums, %s %s', (name, layer, expected) => {
    const matrix = layerOf(lenet(name), layer);
    expected.forEach((additions, i) => {
      const { signs, rows, columns } = sketch(matrix, { bases: i + 1, refined: true });
      const count = rows * (i + 1);
      const tree = partialSumTree(signs, count, columns);
      expect(tree.additions).toBe(additions);
      const inputs = Array.from({ length: columns }, (_, s) => (s * 37 + 11) % 256);
      const found = evaluatePartialSums(tree, signs, inputs);
      expect(found.additions).toBe(additions);
      const separate = Array.from({ length: count }, (_, v) =>
        inputs.reduce((sum, x, s) => sum + x * (signs[v * columns + s] as number), 0),
      );
      expect([...found.sums].map((v) => v + 0)).toEqual(separate.map((v) => v + 0));
    });
  });

  test('the sparse networks: what is left, and fillers of gap codes', () => {
    const counts = (name: LenetName): number[][] =>
      [...lenet(name).layers].map(([layer, { data }]) => [
        nonZeros(data),
        nonZeros(lenet(name).biases.get(layer) ?? []),
      ]);
    expect(counts('lenet5_sparse')).toEqual([
      [72, 2],
      [770, 9],
      [2920, 3],
      [215, 2],
    ]);
    expect(counts('lenet300100_sparse')).toEqual([
      [4351, 30],
      [552, 6],
      [49, 0],
    ]);
    const { data } = layerOf(lenet('lenet5_sparse'), 'ip1');
    expect([fillersOf(data, 5), fillersOf(data, 8)]).toEqual([11971, 1398]);
  });

  const refinedIsNoWorse = (matrix: Matrix): boolean =>
    [3, 4].every((bases) => {
      const [refined, direct] = [true, false].map((refined) =>
        relativeError(matrix, reconstruct(sketch(matrix, { bases, refined }))),
      ) as [number, number];
      return refined <= direct;
    });

  test('over a whole layer, refined sketches are no worse than direct ones', () => {
    for (const layer of ['conv1', 'conv2', 'ip2'])
      expect(refinedIsNoWorse(layerOf(lenet('lenet5_dense'), layer))).toBe(true);
  });

  const hidden = (layer: string): boolean => layer === 'ip2';
  test.each<[string, (m: Matrix, layer: string) => WeightRepresentation | undefined, number, string?]>([
    ['float', () => undefined, 228],
    ['refined sketch, 2 bases', (m) => sketch(m, { bases: 2, refined: true }), 377, '.1195'],
    ['direct sketch, 2 bases', (m) => sketch(m, { bases: 2, refined: false }), 401, '.1231'],
    ['TWN per layer', (m) => ternarize(m), 535, '.1916'],
    ['BWN, first and last layer float', (m, layer) => (hidden(layer) ? binarize(m) : undefined), 265],
  ])('LeNet-300-100, %s: %s', async (_, quantize, errors, weightError) => {
    const network = lenet('lenet300100_dense');
    const replaced = replaceLayers(network, (matrix, layer) => {
      const weights = quantize(matrix, layer);
      return weights === undefined ? undefined : reconstruct(weights);
    });
    // another order of float32 sums may decide an image differently
    expect(Math.abs((await countErrors(network, replaced)) - errors)).toBeLessThanOrEqual(2);
    if (weightError !== undefined) digits(networkError(network, replaced), `0${weightError}`);
  });
});
