import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DiagnosticError, Diagnostics } from '../../compiler/diagnostics/index.ts';
import { runPipeline } from '../../compiler/pipeline.ts';
import { createEvaluator, toReal } from '../../compiler/qir/evaluate.ts';
import type { Graph } from '../../compiler/qir/graph.ts';
import { isInteger, type Tensor } from '../../compiler/qir/types.ts';
import { sample } from './random-mlp.ts';
import { randomCnn } from './random-cnn.ts';

/** The graph after a pass, or the codes of what was refused. */
function convert(graph: Graph, stopAfter?: string): Graph | string[] {
  try {
    const options = { diagnostics: new Diagnostics() };
    return runPipeline(graph, stopAfter === undefined ? options : { ...options, stopAfter });
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    return error.diagnostics.filter((d) => d.severity === 'error').map((d) => d.code);
  }
}

/** The numbers of every output of a graph of either form. */
function outputs(graph: Graph, x: Tensor): number[][] {
  const values = createEvaluator(graph).run({ x });
  return graph.outputs.map((output) => {
    const tensor = values.get(output.value);
    if (tensor === undefined) throw new Error('no output');
    const isIndex = graph.nodes.some((n) => n.name === output.value && /argmax|topk/.test(n.op));
    const real = isInteger(tensor.type.elem) && !isIndex ? toReal(tensor, output.boundary) : tensor;
    return Array.from(real.data, (n) => n + 0);
  });
}

/** Why a random graph may be refused: no common grid, too wide, not monotone and too large. */
const mayRefuse = ['QCC3011', 'QCC3012', 'QCC3014', 'QCC3015', 'QCC3017'];

describe('integer form of images and branches', () => {
  it('keeps every output of random networks, after every pass', () => {
    const refused = new Map<string, number>();
    let [kept, host] = [0, 0];
    const property = fc.property(
      randomCnn.chain((graph) =>
        fc.tuple(fc.constant(graph), fc.array(sample(graph.inputs[0]!.type), { minLength: 4, maxLength: 4 })),
      ),
      ([graph, samples]) => {
        const first = convert(graph, 'integerize');
        if (Array.isArray(first)) {
          expect(mayRefuse).toEqual(expect.arrayContaining(first));
          for (const code of first) refused.set(code, (refused.get(code) ?? 0) + 1);
          return;
        }
        const whole = convert(graph);
        if (Array.isArray(whole)) throw new Error(`refused late: ${whole.join()}`);
        expect(whole.nodes.some((n) => n.op === 'conv2d' || n.op === 'maxpool')).toBe(false);
        // every integer of the integer form is kept, whatever the host does with it
        for (const x of samples) {
          const [before, after] = [createEvaluator(first).run({ x }), createEvaluator(whole).run({ x })];
          whole.outputs.forEach((output, i) => {
            const source = first.outputs[i]!.value;
            expect(Array.from(after.get(output.value)!.data)).toEqual(Array.from(before.get(source)!.data));
          });
        }
        if (first.outputs.some((output) => output.host.length > 0)) {
          host++;
          return;
        }
        kept++;
        for (const x of samples) expect(outputs(first, x)).toEqual(outputs(graph, x));
      },
    );
    fc.assert(property, {
      numRuns: Number(process.env['RUNS'] ?? 400),
      seed: Number(process.env['SEED'] ?? 7),
    });
    console.log(`random images: ${kept} compared, ${host} left to the host, refused`, refused);
    expect(kept).toBeGreaterThan(0);
  });
});
