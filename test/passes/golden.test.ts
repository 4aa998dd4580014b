import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Diagnostics } from '../../compiler/diagnostics/index.ts';
import { passes, runPipeline } from '../../compiler/pipeline.ts';
import { parseQir, printQir } from '../../compiler/qir/index.ts';

// What a person reads with --print-ir-after: one small network with the things that passes look for (a sign on pixels, a batch
// norm with a negative and a zero scale, a quantizer, a softmax in front of an argmax), after every pass.
const folder = new URL('../golden/passes/', import.meta.url);
const source = readFileSync(new URL('mlp.qir', folder), 'utf8');

const dumps = new Map<string, string>();
runPipeline(parseQir(source, { file: 'mlp.qir' }), {
  diagnostics: new Diagnostics(),
  after: (pass, graph) => dumps.set(pass.name, printQir(graph, {})),
});

test('every pass is shown', () => {
  expect([...dumps.keys()]).toEqual(passes.map((pass) => pass.name));
});

test.each(passes.map((pass) => pass.name))('after %s', async (name) => {
  const text = dumps.get(name) ?? '';
  await expect(text).toMatchFileSnapshot(`../golden/passes/mlp.${name}.expect`);
  // a dump is a graph again, and prints the same
  expect(printQir(parseQir(text, { file: name }), {})).toBe(text);
});
