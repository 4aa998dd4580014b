import type { Diagnostics } from '../diagnostics/index.ts';
import { everyUnitRefused, noUnitFor, nothingToBuild } from '../diagnostics/catalog/lower.ts';
import { valueUnread } from '../diagnostics/catalog/lower.ts';
import { invariant } from '../diagnostics/index.ts';
import type { Folding, LayerRequest, UnitDefinition } from '../hw/index.ts';
import type { FoldingTarget } from './plan.ts';
import type { Graph, GraphInput, GraphOutput, Node } from '../qir/graph.ts';
import type { Tensor, TensorType } from '../qir/types.ts';

/** A layer of the network: one request to the units, with the nodes it came from and the units that know its operations. */
export interface Layer {
  readonly request: LayerRequest;
  readonly nodes: readonly Node[];
  /** Units that take the request in some folding. */
  readonly units: readonly UnitDefinition[];
  /** Units that know its operations, those that refuse this use included. */
  readonly known: readonly UnitDefinition[];
  /** The wire of each data operand, in the order of `request.inputs`. */
  readonly inputs: readonly number[];
  /** The wire that it drives. */
  readonly output: number;
}

/** One end that reads a wire: a data operand of a layer, or an output of the graph. */
export type Reader =
  | { readonly kind: 'layer'; readonly layer: number; readonly port: number }
  | { readonly kind: 'output'; readonly output: number };

/** A tensor on its way from where it is made to all that read it. Reshapes move no data, so a wire passes through them. */
export interface Wire {
  /** Name of the value at its source. */
  readonly value: string;
  readonly type: TensorType;
  readonly source: { readonly kind: 'input' | 'layer'; readonly index: number };
  readonly readers: readonly Reader[];
}

/** The network as the lowering sees it: layers in topological order, joined by wires. Every wire is read. */
export interface Network {
  readonly name: string;
  readonly inputs: readonly GraphInput[];
  readonly outputs: readonly GraphOutput[];
  readonly layers: readonly Layer[];
  /** The wires of the graph's inputs first, in their order, then those of the layers. */
  readonly wires: readonly Wire[];
}

/** Operations that move no data in hardware: a frame is a row-major sequence of elements whatever its shape. */
const free: ReadonlySet<string> = new Set(['reshape']);

function valuesOf(node: Node): readonly string[] {
  return node.operands.flatMap((operand) => (operand.kind === 'value' ? [operand.name] : []));
}

function request(
  graph: Graph,
  nodes: readonly Node[],
  inputs: readonly TensorType[],
  levels: number | undefined,
): LayerRequest | undefined {
  const [input] = inputs;
  if (input === undefined) return undefined;
  return {
    value: nodes.at(-1)?.name ?? '',
    input,
    inputs,
    ...(levels === undefined ? {} : { levels }),
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

/** What of a target decides how the graph is cut, or is handed on to the units. */
type CutTarget = Partial<Pick<FoldingTarget, 'levels' | 'style' | 'given'>>;

type Refusals = Parameters<typeof everyUnitRefused>[2];

/** Foldings to try whether a unit takes a request at all: the least ones, then those that the unit proposes for any number of cycles, and for one. */
function* trials(unit: UnitDefinition, layer: LayerRequest): Generator<Folding> {
  const styles = ['folded', 'unrolled'] as const;
  for (const style of styles) yield { style, pe: 1, simd: 1, order: 'output' };
  yield* unit.foldings?.(layer, Number.MAX_SAFE_INTEGER, styles) ?? [];
  yield* unit.foldings?.(layer, 1, styles) ?? [];
}

/**
 * Whole rows at a time, which little work shows to be taken where a unit only moves or maps data: its schedule is the shorter the wider it is.
 * A refusal says nothing.
 */
function wholeRows({ input }: LayerRequest): Folding {
  const row = input.shape.at(-1) ?? 1;
  return { style: 'folded', pe: row, simd: row, order: 'output' };
}

/** The units among `candidates` that take the request with some folding, and whether one takes it folded; the refusals if none does. */
function takers(
  candidates: readonly UnitDefinition[],
  layer: LayerRequest,
): { readonly units: readonly UnitDefinition[]; readonly folded: boolean; readonly refusals: Refusals } {
  let folded = false;
  const units: UnitDefinition[] = [];
  const refusals: Refusals[number][] = [];
  for (const unit of candidates) {
    const reasons: Refusals[number][] = [];
    const quick = unit.implement?.(layer, wholeRows(layer));
    if (quick !== undefined && !('refusal' in quick)) {
      units.push(unit);
      folded = true;
      continue;
    }
    for (const folding of trials(unit, layer)) {
      const answer = unit.implement?.(layer, folding);
      if (answer === undefined) break;
      if ('refusal' in answer) {
        reasons.push(answer.refusal);
        continue;
      }
      units.push(unit);
      // folded ones are tried first
      folded ||= folding.style === 'folded';
      break;
    }
    if (!units.includes(unit)) refusals.push(...reasons.slice(0, 2));
  }
  return { units, folded, refusals };
}

/**
 * The longest prefix of a chain of nodes that some unit fuses and takes; what can only be fused unrolled is fused only if that is how it is
 * built, and what a unit wants alone, only then.
 */
function longest(
  graph: Graph,
  chain: readonly Node[],
  inputs: readonly TensorType[],
  units: ReadonlyMap<string, UnitDefinition>,
  target: CutTarget,
):
  | (Pick<Layer, 'request' | 'nodes' | 'units' | 'known'> & { readonly refusals?: undefined })
  | { readonly refusals: Refusals } {
  let refusals: Refusals = [];
  const { style, given } = target;
  const unrolls = (nodes: readonly Node[]): boolean =>
    style === 'unrolled' || nodes.some(({ name }) => given?.get(name)?.style === 'unrolled');
  const [product] = chain;
  // an entry of its own in a folding file says that it was a layer by itself
  const fused = unrolls(chain) && (style === 'unrolled' || given?.has(product?.name ?? '') !== true);
  const first = request(graph, chain.slice(0, 1), inputs, target.levels);
  const alone =
    first !== undefined && !fused && [...units.values()].some((unit) => unit.alone?.(first) === true);
  for (let length = alone ? 1 : chain.length; length > 0; length--) {
    const nodes = chain.slice(0, length);
    const pattern = nodes.map((node) => node.op).join('+');
    const known = [...units.values()].filter((unit) => unit.implementsOps.includes(pattern));
    const layer = request(graph, nodes, inputs, target.levels);
    if (known.length === 0 || layer === undefined) continue;
    const answer = takers(known, layer);
    if (answer.units.length > 0 && (answer.folded || unrolls(nodes) || length === 1))
      return { request: layer, nodes, units: answer.units, known };
    refusals = answer.refusals;
  }
  return { refusals };
}

/** Who reads each value, with repetitions: nodes and outputs of the graph. */
function readersOf(graph: Graph): ReadonlyMap<string, readonly (Node | GraphOutput)[]> {
  const readers = new Map<string, (Node | GraphOutput)[]>();
  const add = (name: string, reader: Node | GraphOutput): void => {
    const list = readers.get(name);
    if (list === undefined) readers.set(name, [reader]);
    else list.push(reader);
  };
  for (const node of graph.nodes) for (const name of valuesOf(node)) add(name, node);
  for (const output of graph.outputs) add(output.value, output);
  return readers;
}

/**
 * Cuts an integer graph into layers: each takes as many operations as one unit can fuse, the longest chain first. Operations can only
 * be fused through values that nothing else reads.
 *
 * Reported: every operation without a unit (QCC4101, QCC4102), every value that nothing reads (QCC4108; passes drop dead nodes, so it is
 * an input that the network does not use, or a graph that did not go through them), and a graph without any operation (QCC4104).
 *
 * @param target - what of it decides how the graph is cut, or is handed on to the units.
 * @throws DiagnosticError with all of them.
 */
export function networkOf(
  graph: Graph,
  units: ReadonlyMap<string, UnitDefinition>,
  diagnostics: Diagnostics,
  target: CutTarget = {},
): Network {
  const readers = readersOf(graph);
  const known = [...new Set([...units.values()].flatMap((unit) => unit.implementsOps))].sort();
  const types = new Map<string, TensorType>(
    [...graph.inputs, ...graph.nodes].map(({ name, type }) => [name, type]),
  );
  type Draft = Omit<Wire, 'readers'> & { readonly readers: Reader[] };
  const wires: Draft[] = [];
  // the wire that carries a value, also under the names that reshapes give it
  const carried = new Map<string, number>();
  const wire = (value: string, source: Wire['source'], type: TensorType): number => {
    carried.set(value, wires.length);
    return wires.push({ value, type, source, readers: [] }) - 1;
  };
  graph.inputs.forEach(({ name, type }, index) => wire(name, { kind: 'input', index }, type));
  const layers: Layer[] = [];
  const reshapes = new Map<string, readonly Node[]>();
  const done = new Set<Node>();
  for (const node of graph.nodes) {
    if (done.has(node)) continue;
    const operands = valuesOf(node);
    if (free.has(node.op)) {
      const [from = ''] = operands;
      const on = carried.get(from);
      if (on !== undefined) carried.set(node.name, on);
      reshapes.set(node.name, [...(reshapes.get(from) ?? []), node]);
      continue;
    }
    const chain = [node];
    for (let last = node; ;) {
      const [next, ...others] = readers.get(last.name) ?? [];
      if (next === undefined || others.length > 0 || !('op' in next) || free.has(next.op)) break;
      if (valuesOf(next).length !== 1) break;
      chain.push((last = next));
    }
    const inputs = operands.map((name) => types.get(name)).filter((type) => type !== undefined);
    const taken = longest(graph, chain, inputs, units, target);
    if (taken.refusals !== undefined) {
      if (taken.refusals.length > 0) diagnostics.add(everyUnitRefused(node.name, node.op, taken.refusals));
      else diagnostics.add(noUnitFor(node.name, node.op, node.origin.nodes, node.where, known));
      // the rest of the graph is looked at as if there were a unit, so that all problems are reported at once
      wire(node.name, { kind: 'layer', index: -1 }, node.type);
      continue;
    }
    const index = layers.length;
    const froms = operands.map((name) => carried.get(name));
    froms.forEach((from, port) => {
      if (from !== undefined) wires[from]?.readers.push({ kind: 'layer', layer: index, port });
    });
    const before = operands.flatMap((name) => reshapes.get(name) ?? []).filter((each) => !done.has(each));
    for (const each of [...taken.nodes, ...before]) done.add(each);
    const last = taken.nodes.at(-1) ?? node;
    layers.push({
      request: taken.request,
      units: taken.units,
      known: taken.known,
      nodes: [...new Set(before), ...taken.nodes],
      inputs: froms.filter((from) => from !== undefined),
      output: wire(last.name, { kind: 'layer', index }, last.type),
    });
  }
  graph.outputs.forEach(({ value }, output) => {
    const on = wires[carried.get(value) ?? -1];
    on?.readers.push({ kind: 'output', output });
    const after = (reshapes.get(value) ?? []).filter((each) => !done.has(each));
    for (const each of after) done.add(each);
    const maker = on?.source.kind === 'layer' ? layers[on.source.index] : undefined;
    if (on !== undefined && maker !== undefined && after.length > 0)
      layers[on.source.index] = { ...maker, nodes: [...maker.nodes, ...after] };
  });
  diagnostics.throwIfErrors();
  for (const { readers: found, value } of wires) {
    if (found.length > 0) continue;
    const maker = graph.nodes.find((node) => node.name === value);
    diagnostics.add(valueUnread(value, maker?.op, maker?.where));
  }
  if (layers.length === 0) diagnostics.add(nothingToBuild(graph.name));
  diagnostics.throwIfErrors();
  invariant(
    layers.every(({ inputs, request: { inputs: read } }) => inputs.length === read.length),
    'every operand is a value that was made before',
  );
  return { name: graph.name, inputs: graph.inputs, outputs: graph.outputs, layers, wires };
}
