import { cyclicGraph, duplicateName, missingValue } from '../../diagnostics/catalog/frontend-graph.ts';
import { quote } from '../../diagnostics/wording.ts';
import type { Diagnostics, Where } from '../../diagnostics/index.ts';
import type { AttributeMessage, GraphMessage } from './schema.ts';

/** A node of the model with its place for messages. */
export interface GraphNode {
  /** The node's own name, or its first output where it has none: what the origin of QIR nodes says. */
  readonly label: string;
  readonly opType: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly AttributeMessage[];
  readonly where: Where;
}

/** The nodes that the outputs need, in an order of execution. */
export interface Structure {
  readonly nodes: readonly GraphNode[];
  /** Graph inputs that are not initializers, by name. */
  readonly inputs: ReadonlySet<string>;
  /** Every name that a live node or the graph output reads. */
  readonly used: ReadonlySet<string>;
}

/** Domains that mean the standard operators. */
export function normalDomain(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}

/**
 * Orders the nodes and checks that every name has exactly one source. Reports all problems that it finds to `diagnostics`; after
 * an error the result is not meant to be used.
 */
export function analyse(graph: GraphMessage, file: string, diagnostics: Diagnostics): Structure {
  const nodes = graph.node.map((node): GraphNode => {
    const outputs = node.output;
    const label = node.name !== '' ? node.name : (outputs.find((name) => name !== '') ?? node.opType);
    const where: Where = { kind: 'node', file, name: label, op: node.opType };
    const domain = normalDomain(node.domain);
    // Trailing empty names are optional inputs left out.
    let count = node.input.length;
    while (count > 0 && node.input[count - 1] === '') count--;
    const inputs = node.input.slice(0, count);
    return { label, opType: node.opType, domain, inputs, outputs, attributes: node.attribute, where };
  });
  const fileWhere: Where = { kind: 'file', file };

  /** Who defines a name: a word for messages, and the node if it is one. */
  const sources = new Map<string, { readonly what: string; readonly node?: GraphNode }>();
  const define = (name: string, what: string, where: Where, node?: GraphNode): void => {
    const first = sources.get(name);
    if (first) diagnostics.add(duplicateName(where, name, first.what, what));
    else sources.set(name, node ? { what, node } : { what });
  };
  // An empty name means an input left out: nothing can refer to it.
  for (const tensor of graph.initializer)
    if (tensor.name !== '') define(tensor.name, 'an initializer', fileWhere);
  const inputs = new Set<string>();
  for (const { name } of graph.input) {
    // Old models list every initializer among the inputs as well.
    if (name === '' || sources.get(name)?.what === 'an initializer') continue;
    define(name, 'a graph input', fileWhere);
    inputs.add(name);
  }
  for (const node of nodes) {
    for (const name of node.outputs)
      if (name !== '') define(name, `the node ${quote(node.label)}`, node.where, node);
  }

  // Every node is checked, dead ones too: a dangling name is a sign of a damaged graph.
  for (const node of nodes) {
    for (const name of node.inputs) {
      if (name !== '' && !sources.has(name)) diagnostics.add(missingValue(node.where, name));
    }
  }
  for (const { name } of graph.output) {
    if (!sources.has(name)) diagnostics.add(missingValue(fileWhere, name));
  }
  const order = sortNodes(nodes, sources);
  if (order.cycle.length > 0) {
    const first = order.cycle[0];
    diagnostics.add(
      cyclicGraph(
        first?.where ?? fileWhere,
        order.cycle.map((node) => quote(node.label)),
      ),
    );
  }

  const used = new Set(graph.output.map(({ name }) => name));
  const live: GraphNode[] = [];
  for (const node of order.sorted.toReversed()) {
    if (!node.outputs.some((name) => used.has(name))) continue;
    live.push(node);
    for (const name of node.inputs) used.add(name);
  }
  return { nodes: live.reverse(), inputs, used };
}

/** Kahn's algorithm, keeping the file's order where it can; `cycle` are the nodes of one circle, if there is any. */
function sortNodes(
  nodes: readonly GraphNode[],
  sources: ReadonlyMap<string, { readonly node?: GraphNode }>,
): { readonly sorted: readonly GraphNode[]; readonly cycle: readonly GraphNode[] } {
  const waiting = new Map<GraphNode, number>();
  const consumers = new Map<GraphNode, GraphNode[]>();
  const ready: GraphNode[] = [];
  for (const node of nodes) {
    let count = 0;
    for (const name of new Set(node.inputs)) {
      const producer = sources.get(name)?.node;
      if (producer === undefined) continue;
      count++;
      const list = consumers.get(producer);
      if (list) list.push(node);
      else consumers.set(producer, [node]);
    }
    waiting.set(node, count);
    if (count === 0) ready.push(node);
  }
  const sorted: GraphNode[] = [];
  for (let at = 0; at < ready.length; at++) {
    const node = ready[at];
    if (node === undefined) break;
    sorted.push(node);
    for (const consumer of consumers.get(node) ?? []) {
      const left = (waiting.get(consumer) ?? 0) - 1;
      waiting.set(consumer, left);
      if (left === 0) ready.push(consumer);
    }
  }
  if (sorted.length === nodes.length) return { sorted, cycle: [] };

  // Every node that is left waits for another one that is left: walking back to such a producer must come round.
  const done = new Set(sorted);
  const path: GraphNode[] = [];
  const seen = new Map<GraphNode, number>();
  let node = nodes.find((n) => !done.has(n));
  while (node !== undefined && !seen.has(node)) {
    seen.set(node, path.length);
    path.push(node);
    node = node.inputs.map((name) => sources.get(name)?.node).find((n) => n !== undefined && !done.has(n));
  }
  const start = node === undefined ? 0 : (seen.get(node) ?? 0);
  return { sorted, cycle: path.slice(start).reverse() };
}
