import { invariant } from '../diagnostics/index.ts';
import { freeze } from '../hw/index.ts';
import type { Channel, HwGraph, HwNode, StreamType, UnitDefinition } from '../hw/index.ts';
import { verilogIdentifier } from '../hw/names.ts';
import type { Graph, GraphInput } from '../qir/graph.ts';
import { elementCount } from '../qir/types.ts';
import type { Candidate } from './candidates.ts';
import type { Layer } from './layers.ts';
import { plumb, plumbing } from './search.ts';

/** A link of the chain: an instance with the streams in front of it and behind it. */
export interface Link {
  readonly node: HwNode;
  readonly input: StreamType;
  readonly output: StreamType;
  /** Index of the layer that it computes; plumbing has none. */
  readonly layer?: number;
}

function portOf(
  units: ReadonlyMap<string, UnitDefinition>,
  node: HwNode,
  direction: 'in' | 'out',
): { readonly name: string; readonly stream: StreamType } {
  const port = units
    .get(node.unit)
    ?.ports(node)
    .find((p) => p.direction === direction);
  invariant(port !== undefined, `unit ${node.unit} has no ${direction}put port`);
  return port;
}

/** Source nodes behind the nodes of a layer. */
function originOf(layer: Layer): readonly string[] {
  return [...new Set(layer.nodes.flatMap((node) => node.origin.nodes))];
}

/**
 * The chain of a design without FIFOs: stream input, layers with width converters where lanes differ, stream output.
 */
export function linksOf(
  graph: Graph,
  input: GraphInput,
  units: ReadonlyMap<string, UnitDefinition>,
  layers: readonly Layer[],
  inputLanes: number,
  chosen: readonly Candidate[],
): readonly Link[] {
  const taken = new Set<string>([graph.name.toLowerCase()]);
  const width = plumbing(units, 'width');
  const links: Link[] = [];
  const start: StreamType = {
    elem: input.type.elem,
    elements: elementCount(input.type.shape),
    lanes: inputLanes,
  };
  let stream = start;
  const inlet = plumb(plumbing(units, 'input'), verilogIdentifier('stream_in', taken), start, start);
  links.push({ node: inlet, input: start, output: start });
  layers.forEach((layer, index) => {
    const candidate = chosen[index];
    invariant(candidate !== undefined, `layer ${layer.request.value} was given no folding`);
    const name = verilogIdentifier(layer.request.value, taken);
    const node: HwNode = { ...candidate.node, name, origin: { nodes: originOf(layer) } };
    const inner = portOf(units, node, 'in').stream;
    if (inner.lanes !== stream.lanes) {
      const to: StreamType = { ...stream, lanes: inner.lanes };
      const converter = plumb(width, verilogIdentifier(`${name}_lanes`, taken), stream, to);
      links.push({ node: converter, input: stream, output: to });
    }
    stream = portOf(units, node, 'out').stream;
    links.push({ node, input: inner, output: stream, layer: index });
  });
  const outlet = plumb(plumbing(units, 'output'), verilogIdentifier('stream_out', taken), stream, stream);
  links.push({ node: outlet, input: stream, output: stream });
  return links;
}

/**
 * The hardware graph of a chain, with a FIFO of `depths[i]` beats behind link i (none for 0).
 */
export function connect(
  name: string,
  clockMhz: number,
  units: ReadonlyMap<string, UnitDefinition>,
  links: readonly Link[],
  depths: readonly number[],
): HwGraph {
  const taken = new Set<string>([name.toLowerCase(), ...links.map(({ node }) => node.name.toLowerCase())]);
  const fifo = plumbing(units, 'fifo');
  const chain: HwNode[] = [];
  links.forEach(({ node, output }, index) => {
    chain.push(node);
    const depth = depths[index] ?? 0;
    if (depth > 0)
      chain.push(plumb(fifo, verilogIdentifier(`${node.name}_fifo`, taken), output, output, depth));
  });
  // instances and channels share one space of names in the Verilog
  const used = new Set<string>([name.toLowerCase(), ...chain.map((node) => node.name.toLowerCase())]);
  const channels: Channel[] = [];
  chain.forEach((node, index) => {
    const to = portOf(units, node, 'in');
    const before = chain[index - 1];
    channels.push({
      name: verilogIdentifier(before === undefined ? 'in' : `${before.name}_out`, used),
      stream: to.stream,
      from:
        before === undefined
          ? { node: '', port: 'in' }
          : { node: before.name, port: portOf(units, before, 'out').name },
      to: { node: node.name, port: to.name },
    });
  });
  const last = chain.at(-1);
  invariant(last !== undefined, 'a chain has links');
  const out = portOf(units, last, 'out');
  channels.push({
    name: verilogIdentifier('out', used),
    stream: out.stream,
    from: { node: last.name, port: out.name },
    to: { node: '', port: 'out' },
  });
  return freeze({ name, nodes: chain, channels, clockMhz });
}
