import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { importOnnx } from '../../compiler/frontend/onnx/import.ts';
import { additions, matrixOf, naiveAdditions, shareMatrix, termsOf } from '../../compiler/hw/adders/index.ts';
import type { Strategy } from '../../compiler/hw/adders/index.ts';
import { dataPath, haveData } from '../models/data.ts';

/** The signs of a layer of a trained network: the first basis of its network sketch. */
function signs(model: string, layer: string): number[][] {
  const file = dataPath(`models/${model}.onnx`);
  const graph = importOnnx(readFileSync(file), { file, diagnostics: new Diagnostics() });
  const tensor = graph.consts.get(layer)?.tensor;
  if (tensor === undefined) throw new Error(`${model} has no ${layer}`);
  const outputs = tensor.type.shape[0]!;
  const inputs = tensor.data.length / outputs;
  return Array.from({ length: outputs }, (_, r) =>
    Array.from(tensor.data.slice(r * inputs, (r + 1) * inputs), (v) => (v >= 0 ? 1 : -1)),
  );
}

describe.skipIf(!haveData)('additions of sketched layers (skipped without the trained models)', () => {
  // `tree` is the published associative form; pairs, and pairs within the differences, go further
  const cases: readonly [string, string, number, Strategy, number][] = [
    ['lenet5_dense', 'conv1_weight', 480, 'tree', 146],
    ['lenet5_dense', 'conv1_weight', 480, 'tree-pairs', 111],
    ['lenet5_dense', 'conv2_weight', 24950, 'tree', 10789],
    ['lenet5_dense', 'conv2_weight', 24950, 'pairs', 5580],
    ['lenet300100_dense', 'ip2_weight', 29900, 'tree', 11621],
    ['lenet300100_dense', 'ip2_weight', 29900, 'pairs', 6089],
  ];
  test.each(cases)('%s %s: of %i, by %s, %i', (model, layer, naive, strategy, expected) => {
    const rows = signs(model, layer);
    const graph = shareMatrix(rows, { strategy });
    expect(naiveAdditions(rows.map(termsOf))).toBe(naive);
    expect(additions(graph)).toBe(expected);
    expect(matrixOf(graph).map((row) => [...row])).toEqual(rows);
  });
});
