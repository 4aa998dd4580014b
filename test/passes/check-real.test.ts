import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkRealForm } from '../../compiler/check-real.ts';
import type { Frames } from '../../compiler/data/index.ts';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { runPipeline } from '../../compiler/pipeline.ts';
import { createEvaluator, parseQir, type Graph, type Tensor } from '../../compiler/qir/index.ts';

const source = parseQir(readFileSync(new URL('../golden/passes/mlp.qir', import.meta.url), 'utf8'), {
  file: 'mlp.qir',
});
const integer = runPipeline(source, { diagnostics: new Diagnostics() });
const frames: Frames = {
  count: 6,
  elements: 4,
  data: Uint8Array.from({ length: 24 }, (_, i) => (i * 73) % 256),
};

function outputsOf(graph: Graph): number[] {
  const evaluator = createEvaluator(graph);
  const [input] = graph.inputs;
  return Array.from({ length: frames.count }, (_, frame): Tensor | undefined => {
    const x = { type: input!.type, data: frames.data.subarray(frame * 4, frame * 4 + 4) };
    return evaluator.run(new Map([[input!.name, x]])).get(graph.outputs[0]!.value);
  }).flatMap((tensor) => [...tensor!.data]);
}

test('the integer form stands for what the model computes', () => {
  const outputs = outputsOf(integer);
  const result = checkRealForm(source, integer, [frames], outputs);
  expect(result?.check).toMatchObject({ equal: true, frames: 6, count: 6 });
  expect(result?.difference).toBeUndefined();
});

test('an integer that is off by one is found and placed', () => {
  const outputs = outputsOf(integer);
  outputs[4] = 1 - outputs[4]!;
  const result = checkRealForm(source, integer, [frames], outputs);
  expect(result?.check.equal).toBe(false);
  expect(result?.difference).toMatchObject({ code: 'QCC0102', found: `${outputs[4]} in frame 4, element 0` });
});

test('a graph that is integer form already has nothing to be held against', () => {
  expect(checkRealForm(integer, integer, [frames], outputsOf(integer))).toBeUndefined();
});
