import type { Where } from '../diagnostics/index.ts';
import type { Const, Graph, Node, Origin } from '../qir/graph.ts';
import type { Tensor } from '../qir/types.ts';

/** Where a diagnostic about a node points: its text if it was written, else the name in the source model. */
export function whereOf(node: Node): Where {
  return node.where ?? { kind: 'node', name: sourceName(node), op: node.op };
}

/** The name a person knows the node by: the last source node's, or its own. */
export function sourceName(node: Node): string {
  return node.origin.nodes.at(-1) ?? node.name;
}

/** Where the parts of a node that is taken apart come from: the node itself if it comes from no other source. */
export function originOf(node: Node): Origin {
  return node.origin.nodes.length === 0 ? { nodes: [node.name] } : node.origin;
}

/** The graph without nodes and constants that no output needs. Inputs stay: they are the interface. */
export function withoutDeadNodes(graph: Graph): Graph {
  const needed = new Set(graph.outputs.map((output) => output.value));
  const neededConsts = new Set<string>();
  const nodes: Node[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!needed.has(node.name)) continue;
    nodes.push(node);
    for (const operand of node.operands) (operand.kind === 'value' ? needed : neededConsts).add(operand.name);
  }
  const consts = new Map([...graph.consts].filter(([name]) => neededConsts.has(name)));
  return { ...graph, nodes: nodes.reverse(), consts };
}

/** How many readers (operands and outputs) each value has. */
export function countReaders(graph: Graph): Map<string, number> {
  const readers = new Map<string, number>();
  const count = (name: string) => readers.set(name, (readers.get(name) ?? 0) + 1);
  for (const node of graph.nodes) for (const o of node.operands) if (o.kind === 'value') count(o.name);
  for (const output of graph.outputs) count(output.value);
  return readers;
}

/** Names that are not taken yet: the wanted one, or with a number behind it. */
export function freshName(wanted: string, taken: { has: (name: string) => boolean }): string {
  let name = wanted;
  for (let n = 2; taken.has(name); n++) name = `${wanted}_${n}`;
  return name;
}

/** A constant under a name that is not taken yet; added to `consts`. */
export function addConst(consts: Map<string, Const>, wanted: string, tensor: Tensor): string {
  const name = freshName(wanted, consts);
  consts.set(name, { name, tensor });
  return name;
}
