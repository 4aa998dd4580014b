import type { Graph } from '../qir/graph.ts';
import { float32 } from '../qir/types.ts';
import type { QuantizedLayer } from './insert.ts';

/** The float network with the numbers that methods put in the place of its weights: activations and biases stay as they are. */
export function withValues(graph: Graph, layers: ReadonlyMap<string, QuantizedLayer>): Graph {
  const consts = new Map(graph.consts);
  const nodes = graph.nodes.map((node) => {
    const values = layers.get(node.name)?.coded.values;
    const [x, w] = node.operands;
    const held = w && graph.consts.get(w.name);
    if (values === undefined || x === undefined || held === undefined) return node;
    // two layers may share a constant, and have different methods
    const name = `${node.name}_values`;
    consts.set(name, {
      name,
      tensor: { type: { elem: float32, shape: held.tensor.type.shape }, data: Float32Array.from(values) },
    });
    return { ...node, operands: [x, { kind: 'const' as const, name }] };
  });
  const read = new Set(nodes.flatMap(({ operands }) => operands.map(({ name }) => name)));
  return { ...graph, nodes, consts: new Map([...consts].filter(([name]) => read.has(name))) };
}
