import { softmaxDropped, softmaxOnHost } from '../diagnostics/catalog/passes.ts';
import type { Diagnostic } from '../diagnostics/index.ts';
import type { Graph, Node } from '../qir/graph.ts';
import { sourceName, whereOf } from './graph-edit.ts';
import type { Pass } from './pass.ts';

/**
 * Takes Softmax out where only the order of its results counts (argmax, topk over the same axis), and leaves it to the host where
 * its results leave the graph. exp is strictly increasing and the sum is the same for all, so the order is that of the operands.
 */
export const dropSoftmax: Pass = {
  name: 'drop-softmax',
  doc: 'Leaves Softmax out before argmax and topk, and to the host at an output.',
  requires: ['real-form'],
  establishes: [],
  invalidates: ['no-dead-nodes'],
  run: (graph) => {
    const notes: Diagnostic[] = [...graph.notes];
    const softmaxes = new Map(graph.nodes.filter((n) => n.op === 'softmax').map((n) => [n.name, n]));
    const nodes = graph.nodes.map((reader): Node => {
      if (reader.op !== 'argmax' && reader.op !== 'topk') return reader;
      return {
        ...reader,
        operands: reader.operands.map((o) => {
          const node = o.kind === 'value' ? softmaxes.get(o.name) : undefined;
          if (node === undefined || !alongLastAxis(node)) return o;
          notes.push(softmaxDropped(whereOf(node), sourceName(node), sourceName(reader)));
          return node.operands[0] ?? o;
        }),
      };
    });
    const outputs = graph.outputs.map((output): Graph['outputs'][number] => {
      const node = softmaxes.get(output.value);
      const operand = node?.operands[0];
      if (node === undefined || operand?.kind !== 'value') return output;
      notes.push(softmaxOnHost(whereOf(node), sourceName(node)));
      const axis = String(node.attributes['axis']);
      return {
        ...output,
        value: operand.name,
        host: [`Softmax along axis ${axis} (${sourceName(node)})`, ...output.host],
      };
    });
    return { ...graph, nodes, outputs, notes };
  },
};

function alongLastAxis(node: Node): boolean {
  const { shape } = node.type;
  const axis = Number(node.attributes['axis']);
  return axis === -1 || axis === shape.length - 1;
}
