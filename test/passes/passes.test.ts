import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DiagnosticError, Diagnostics } from '../../compiler/diagnostics/index.ts';
import { passes, runPipeline } from '../../compiler/pipeline.ts';
import { foldConstants } from '../../compiler/passes/fold-constants.ts';
import { normaliseDirection } from '../../compiler/passes/normalise-direction.ts';
import { removeDead } from '../../compiler/passes/remove-dead.ts';
import { constant, value, type Const, type Graph, type Node } from '../../compiler/qir/graph.ts';
import { evaluateGraph } from '../../compiler/qir/evaluate.ts';
import { bipolar, int, uint, type ElementType, type Tensor } from '../../compiler/qir/types.ts';
import { verifyGraph } from '../../compiler/qir/verify.ts';
import { GraphWriter, integers, sample } from './random-mlp.ts';

const context = () => ({ diagnostics: new Diagnostics() });

describe('fold-constants', () => {
  it('computes constants and keeps quantized ones, whose levels it would lose', () => {
    const g = new GraphWriter(int(4), [2]);
    const bias = g.node('mul', [g.number(3), g.node('add', [g.number(1, 2), g.number(1)])]);
    const w = g.node('transpose', [g.constant([1, 2, 3, 4], [2, 2])], { perm: [1, 0] });
    const q = g.node('bipolar_quant', [w, g.number(0.1)]);
    const graph = g.graph(g.node('add', [g.node('matmul', [value('x'), q]), bias]));
    const folded = removeDead.run(foldConstants.run(graph, context()), context());
    expect(folded.nodes.map((n) => n.op)).toEqual(['bipolar_quant', 'matmul', 'add']);
    expect(Array.from(folded.consts.get(bias.name)?.tensor.data ?? [])).toEqual([6, 9]);
    expect(verifyGraph(folded)).toEqual([]);
    const x = integers(int(4), [2], [3, -5]);
    expect(evaluateGraph(folded, { x })).toEqual(evaluateGraph(graph, { x }));
  });
});

describe('remove-dead', () => {
  it('drops nodes and constants that no output needs, and nothing else', () => {
    const g = new GraphWriter(int(4), [2]);
    const kept = g.node('add', [value('x'), g.number(1)]);
    g.node('relu', [g.node('mul', [kept, g.number(5)])]);
    const graph = removeDead.run(g.graph(kept), context());
    expect(graph.nodes.map((n) => n.name)).toEqual([kept.name]);
    expect([...graph.consts.keys()]).toEqual(['c0']);
  });
});

/** matmul, then a threshold with flips. */
function flipped(
  x: ElementType,
  w: Tensor,
  t: Tensor,
  flip: readonly number[],
  options: { bias?: Tensor; alsoOutput?: boolean; sums: ElementType; levels: ElementType },
): Graph {
  const [out = 1, inputs = 1] = w.type.shape;
  const tensors = {
    w,
    t,
    flip: integers(uint(1), [flip.length], flip),
    ...(options.bias ? { bias: options.bias } : {}),
  };
  const origin = { nodes: [] };
  const nodes: Node[] = [
    {
      name: 's',
      op: 'matmul',
      operands: [value('x'), constant('w'), ...(options.bias ? [constant('bias')] : [])],
      attributes: {},
      type: { elem: options.sums, shape: [out] },
      origin,
    },
    {
      name: 'y',
      op: 'threshold',
      operands: [value('s'), constant('t'), constant('flip')],
      attributes: { base: options.levels.kind === 'bipolar' ? -1 : 0 },
      type: { elem: options.levels, shape: [out] },
      origin,
    },
  ];
  const leaving = options.alsoOutput === true ? ['y', 's'] : ['y'];
  return {
    name: 'g',
    form: 'integer',
    inputs: [{ name: 'x', type: { elem: x, shape: [inputs] }, boundary: {}, origin }],
    nodes,
    outputs: leaving.map((name) => ({ value: name, boundary: {}, origin, host: [] })),
    consts: new Map<string, Const>(Object.entries(tensors).map(([name, tensor]) => [name, { name, tensor }])),
    notes: [],
  };
}

describe('normalise-direction', () => {
  const flips = (graph: Graph) => graph.nodes.some((n) => n.op === 'threshold' && n.operands.length === 3);

  it('negates rows so that no flip remains, levels unchanged', () => {
    const graph = flipped(
      int(4),
      integers(int(3), [3, 2], [1, -3, 2, 2, -1, 3]),
      integers(int(8), [3, 2], [-7, 0, 2, 9, -1, 4]),
      [1, 0, 1],
      { bias: integers(int(4), [3], [-8, 1, 7]), sums: int(8), levels: uint(2) },
    );
    const result = normaliseDirection.run(graph, context());
    expect(flips(result)).toBe(false);
    expect(verifyGraph(result)).toEqual([]);
    expect([...result.consts.keys()].sort()).toEqual(['bias', 't', 'w']);
    fc.assert(
      fc.property(sample({ elem: int(4), shape: [2] }), (x) => {
        expect(evaluateGraph(result, { x })).toEqual(evaluateGraph(graph, { x }));
      }),
    );
  });

  it('makes a shared row one for each channel where only some can be negated', () => {
    const graph = flipped(
      bipolar,
      integers(int(3), [2, 2], [-4, 1, 3, 1]),
      integers(int(4), [1, 1], [1]),
      [1],
      { sums: int(5), levels: bipolar },
    );
    const result = normaliseDirection.run(graph, context());
    expect(verifyGraph(result)).toEqual([]);
    const flip = result.consts.get(result.nodes[1]?.operands[2]?.name ?? '')?.tensor;
    expect(Array.from(flip?.data ?? [])).toEqual([1, 0]);
    for (const a of [-1, 1]) {
      for (const b of [-1, 1]) {
        const x = integers(bipolar, [2], [a, b]);
        expect(evaluateGraph(result, { x }).get('y')?.data).toEqual(
          evaluateGraph(graph, { x }).get('y')?.data,
        );
      }
    }
  });

  it('leaves sums alone that something else reads', () => {
    const graph = flipped(bipolar, integers(bipolar, [1, 2], [1, 1]), integers(int(3), [1, 1], [0]), [1], {
      alsoOutput: true,
      sums: int(3),
      levels: bipolar,
    });
    expect(normaliseDirection.run(graph, context())).toEqual(graph);
  });
});

describe('the pipeline', () => {
  const graph = () => {
    const g = new GraphWriter(int(4), [2]);
    const sums = g.node('matmul', [value('x'), g.constant([1, -1, -1, -1], [2, 2])]);
    return g.graph(g.node('bipolar_quant', [sums, g.number(1)]));
  };

  it('tells each pass it ran, and stops where it is told', () => {
    const seen: string[] = [];
    const after = (pass: { name: string }) => seen.push(pass.name);
    runPipeline(graph(), { ...context(), after });
    expect(seen).toEqual(passes.map((pass) => pass.name));
    const stopped = runPipeline(graph(), { ...context(), stopAfter: 'remove-dead' });
    expect(stopped.form).toBe('real');
    // what it stopped at can be taken up again, in either form
    const whole = runPipeline(stopped, context());
    expect(whole).toEqual(runPipeline(graph(), context()));
    expect(runPipeline(whole, context())).toEqual(whole);
  });

  it('refuses the name of a pass that is not there', () => {
    expect(() => runPipeline(graph(), { ...context(), stopAfter: 'integerise' })).toThrow(DiagnosticError);
  });

  it('every pass documents itself under the name of its file', () => {
    for (const pass of passes) {
      expect(pass.name).toMatch(/^[a-z-]+$/);
      expect(pass.doc.length).toBeGreaterThan(10);
    }
  });
});
