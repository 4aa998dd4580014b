import type { Diagnostics } from '../diagnostics/index.ts';
import { everyUnitRefused, noUnitFor, notAChain, nothingToBuild } from '../diagnostics/catalog/lower.ts';
import type { LayerRequest, UnitDefinition } from '../hw/index.ts';
import type { Graph, Node } from '../qir/graph.ts';
import type { Tensor, TensorType } from '../qir/types.ts';

/** A layer of the network: one request to the units, with the nodes it came from and the units that know its operations. */
export interface Layer {
  readonly request: LayerRequest;
  readonly nodes: readonly Node[];
  readonly units: readonly UnitDefinition[];
}

/** Operations that move no data in hardware: a frame is a row-major sequence of elements whatever its shape. */
const free: ReadonlySet<string> = new Set(['reshape']);

function onlyReader(graph: Graph, value: string): Node | undefined {
  return graph.nodes.find((node) => node.operands.some((o) => o.kind === 'value' && o.name === value));
}

/** Reports values that are read by no node or by several: hardware is built for chains. */
function checkChain(graph: Graph, diagnostics: Diagnostics): void {
  const readers = new Map<string, number>();
  const count = (name: string): unknown => readers.set(name, (readers.get(name) ?? 0) + 1);
  for (const node of graph.nodes) {
    const values = node.operands.filter((o) => o.kind === 'value');
    if (values.length !== 1)
      diagnostics.add(notAChain(node.name, `${values.length} operands that are no constants`));
    for (const operand of values) count(operand.name);
  }
  for (const output of graph.outputs) count(output.value);
  for (const { name } of [...graph.inputs, ...graph.nodes]) {
    const times = readers.get(name) ?? 0;
    if (times !== 1) diagnostics.add(notAChain(name, `it is read ${times} times`));
  }
  if (graph.inputs.length !== 1) diagnostics.add(notAChain(graph.name, `${graph.inputs.length} inputs`));
}

function request(graph: Graph, nodes: readonly Node[], input: TensorType): LayerRequest {
  return {
    value: nodes.at(-1)?.name ?? '',
    input,
    inputs: [input],
    ops: nodes.map((node) => {
      const consts = new Map<number, Tensor>();
      node.operands.forEach((operand, position) => {
        const tensor = operand.kind === 'const' ? graph.consts.get(operand.name)?.tensor : undefined;
        if (tensor !== undefined) consts.set(position, tensor);
      });
      return { op: node.op, name: node.name, consts, attributes: node.attributes, result: node.type };
    }),
  };
}

/** A cheap trial: whether some unit takes the request with the least folding; the refusals if none does. */
function takers(
  candidates: readonly UnitDefinition[],
  layer: LayerRequest,
): {
  readonly units: readonly UnitDefinition[];
  readonly refusals: Parameters<typeof everyUnitRefused>[2];
} {
  const units: UnitDefinition[] = [];
  const refusals: Parameters<typeof everyUnitRefused>[2][number][] = [];
  for (const unit of candidates) {
    for (const style of ['folded', 'unrolled'] as const) {
      const answer = unit.implement?.(layer, { style, pe: 1, simd: 1, order: 'output' });
      if (answer === undefined) continue;
      if ('refusal' in answer) refusals.push(answer.refusal);
      else if (!units.includes(unit)) units.push(unit);
    }
  }
  return { units, refusals };
}

/**
 * Cuts an integer graph into layers: each takes as many operations of the chain as one unit can fuse, the longest first.
 * Every operation without a unit is reported.
 */
export function layersOf(
  graph: Graph,
  units: ReadonlyMap<string, UnitDefinition>,
  diagnostics: Diagnostics,
): readonly Layer[] {
  checkChain(graph, diagnostics);
  diagnostics.throwIfErrors();
  const known = [...new Set([...units.values()].flatMap((unit) => unit.implementsOps))].sort();
  const layers: Layer[] = [];
  const start = graph.inputs[0];
  if (start === undefined) return [];
  let value = start.name;
  let type = start.type;
  let pending: Node[] = [];
  for (let node = onlyReader(graph, value); node !== undefined; node = onlyReader(graph, value)) {
    if (free.has(node.op)) {
      pending.push(node);
      type = node.type;
      value = node.name;
      continue;
    }
    const chain: Node[] = [node];
    for (
      let next = onlyReader(graph, node.name);
      next !== undefined && !free.has(next.op);
      next = onlyReader(graph, next.name)
    ) {
      chain.push(next);
    }
    const taken = longest(graph, chain, type, units);
    if (taken.units.length > 0) {
      layers.push({ ...taken, nodes: [...pending, ...taken.nodes] });
      pending = [];
    } else if (taken.refusals.length > 0) {
      diagnostics.add(everyUnitRefused(node.name, node.op, taken.refusals));
    } else {
      diagnostics.add(noUnitFor(node.name, node.op, node.origin.nodes, node.where, known));
    }
    const last = taken.nodes.at(-1) ?? node;
    value = last.name;
    type = last.type;
  }
  diagnostics.throwIfErrors();
  const final = layers.at(-1);
  if (final === undefined) {
    diagnostics.add(nothingToBuild(graph.name));
    diagnostics.throwIfErrors();
  } else if (pending.length > 0) {
    layers[layers.length - 1] = { ...final, nodes: [...final.nodes, ...pending] };
  }
  return layers;
}

/** The longest prefix of the chain that some unit fuses and takes. */
function longest(
  graph: Graph,
  chain: readonly Node[],
  input: TensorType,
  units: ReadonlyMap<string, UnitDefinition>,
): Layer & { readonly refusals: Parameters<typeof everyUnitRefused>[2] } {
  let refusals: Parameters<typeof everyUnitRefused>[2] = [];
  for (let length = chain.length; length > 0; length--) {
    const nodes = chain.slice(0, length);
    const pattern = nodes.map((node) => node.op).join('+');
    const candidates = [...units.values()].filter((unit) => unit.implementsOps.includes(pattern));
    if (candidates.length === 0) continue;
    const layer = request(graph, nodes, input);
    const answer = takers(candidates, layer);
    if (answer.units.length > 0) return { request: layer, nodes, units: answer.units, refusals: [] };
    refusals = answer.refusals;
  }
  return { request: request(graph, chain.slice(0, 1), input), nodes: chain.slice(0, 1), units: [], refusals };
}
