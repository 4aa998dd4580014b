import { constant, type Const, type Node, type Operand } from '../qir/graph.ts';
import { evaluateConstant } from '../qir/evaluate.ts';
import { carriedLattice } from '../qir/ops/lattice.ts';
import type { Tensor } from '../qir/types.ts';
import { addConst } from './graph-edit.ts';
import type { Pass } from './pass.ts';

/**
 * Replaces nodes that depend on constants only by their results, computed by the ops' own evaluators.
 *
 * A quantized constant keeps its nodes: its levels and its scale are exact, the float32 numbers that stand for them are not, and
 * `integerize` wants the levels.
 */
export const foldConstants: Pass = {
  name: 'fold-constants',
  doc: 'Computes what depends on constants only; quantized constants keep their quantizer.',
  requires: ['real-form'],
  establishes: ['constants-folded'],
  run: (graph) => {
    const consts = new Map<string, Const>(graph.consts);
    const known = new Map<string, Tensor>();
    const folded = new Map<string, string>();
    const nodes: Node[] = [];
    const foldedOperand = (operand: Operand): Operand => {
      const name = operand.kind === 'value' ? folded.get(operand.name) : undefined;
      return name === undefined ? operand : constant(name);
    };
    const outputs = new Set(graph.outputs.map((output) => output.value));
    for (const original of graph.nodes) {
      const folds = original.operands.some((o) => o.kind === 'value' && folded.has(o.name));
      const node: Node = folds ? { ...original, operands: original.operands.map(foldedOperand) } : original;
      const operands = node.operands.map((o) =>
        o.kind === 'const' ? consts.get(o.name)?.tensor : known.get(o.name),
      );
      const present = operands.filter((tensor) => tensor !== undefined);
      if (present.length < operands.length) {
        nodes.push(node);
        continue;
      }
      const result = evaluateConstant(node, present);
      known.set(node.name, result);
      // an output must stay a value; and a lattice would be lost in a constant
      if (carriedLattice(result) !== undefined || outputs.has(node.name)) nodes.push(node);
      else folded.set(node.name, addConst(consts, node.name, result));
    }
    return { ...graph, nodes, consts };
  },
};
