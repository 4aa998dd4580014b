import { invariant } from '../diagnostics/index.ts';
import { freeze } from '../hw/index.ts';
import type {
  Channel,
  Endpoint,
  HwGraph,
  HwNode,
  PortSpec,
  StreamType,
  UnitDefinition,
} from '../hw/index.ts';
import { verilogIdentifier } from '../hw/names.ts';
import type { Layer, Network } from './layers.ts';
import { beatsKey, plumb, plumbing } from './plumbing.ts';
import type { Choice } from './search.ts';

/** An instance of a design; `layer`: the index of the layer that it computes, which plumbing has none of. */
export interface Part {
  readonly node: HwNode;
  readonly layer?: number;
}

/** A channel between two instances, behind which a FIFO can stand. */
export interface Edge {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly stream: StreamType;
}

/** A design without FIFOs. */
export interface Blueprint {
  readonly name: string;
  readonly clockMhz: number;
  /** In topological order. */
  readonly parts: readonly Part[];
  /** Channels between instances, in the order of the instances that drive them. */
  readonly edges: readonly Edge[];
  /** Channels at the design's edge: inputs and outputs, each in the order of the graph's. */
  readonly inlets: readonly Edge[];
  readonly outlets: readonly Edge[];
}

/** Source nodes behind the nodes of a layer. */
function originOf(layer: Layer): readonly string[] {
  return [...new Set(layer.nodes.flatMap((node) => node.origin.nodes))];
}

/** An output that nothing is connected to yet. */
interface Loose {
  readonly at: Endpoint;
  readonly stream: StreamType;
}

/** Puts the parts of a design together. */
class Assembly {
  readonly parts: Part[] = [];
  readonly edges: Edge[] = [];
  readonly #units: ReadonlyMap<string, UnitDefinition>;
  readonly #taken: Set<string>;

  constructor(units: ReadonlyMap<string, UnitDefinition>, name: string) {
    this.#units = units;
    this.#taken = new Set([name.toLowerCase()]);
  }

  name(text: string): string {
    return verilogIdentifier(text, this.#taken);
  }

  ports(node: HwNode, direction: PortSpec['direction']): readonly PortSpec[] {
    const ports = this.#units.get(node.unit)?.ports(node) ?? [];
    return ports.filter((port) => port.direction === direction);
  }

  /** Adds an instance fed by `inputs`, converters in front of it where lanes differ; returns its outputs. */
  add(node: HwNode, inputs: readonly Loose[], layer?: number): readonly Loose[] {
    const fed = this.ports(node, 'in').map((port, i) => {
      const input = inputs[i];
      invariant(input !== undefined, `port ${port.name} of ${node.name} has no source`);
      return { port, from: this.#converted(input, port.stream, node.name) };
    });
    this.parts.push(layer === undefined ? { node } : { node, layer });
    for (const { port, from } of fed)
      this.edges.push({ from: from.at, to: { node: node.name, port: port.name }, stream: port.stream });
    return this.ports(node, 'out').map(({ name, stream }) => ({
      at: { node: node.name, port: name },
      stream,
    }));
  }

  #converted(from: Loose, to: StreamType, reader: string): Loose {
    if (beatsKey(from.stream) === beatsKey(to)) return from;
    const name = this.name(`${reader}_lanes`);
    const node = plumb(plumbing(this.#units, 'width'), name, from.stream, to);
    const [[input], [output]] = [this.ports(node, 'in'), this.ports(node, 'out')];
    invariant(input !== undefined && output !== undefined, 'a width converter has both ends');
    this.parts.push({ node });
    this.edges.push({ from: from.at, to: { node: name, port: input.name }, stream: from.stream });
    return { at: { node: name, port: output.name }, stream: to };
  }
}

/** The design of a choice: stream inputs, layers with width converters and forks between them, stream outputs. */
export function blueprint(
  name: string,
  clockMhz: number,
  units: ReadonlyMap<string, UnitDefinition>,
  network: Network,
  choice: Choice,
): Blueprint {
  const assembly = new Assembly(units, name);
  const several = network.inputs.length > 1;
  const severalOut = network.outputs.length > 1;
  const ends = new Set<string>();
  /** By wire, the outputs that its readers take, in the order of the readers. */
  const loose: (readonly Loose[])[] = [];
  const inlets: Edge[] = [];
  const drive = (wire: number, from: Loose): void => {
    const { readers = [], value = '' } = network.wires[wire] ?? {};
    const stream = choice.forks.get(wire);
    if (stream === undefined) {
      loose[wire] = [from];
      return;
    }
    const node = plumb(plumbing(units, 'fork'), assembly.name(`${value}_fork`), stream, stream, {
      count: readers.length,
    });
    loose[wire] = assembly.add(node, [from]);
  };
  const source = (wire: number, matches: (reader: number) => boolean): Loose => {
    const index = (network.wires[wire]?.readers ?? []).findIndex((_, i) => matches(i));
    const found = loose[wire]?.[index];
    invariant(found !== undefined, `wire ${network.wires[wire]?.value ?? wire} is driven before it is read`);
    return found;
  };

  network.inputs.forEach((input, index) => {
    const stream = choice.inputs[index];
    invariant(stream !== undefined, `input ${input.name} has a stream`);
    const text = several ? `stream_in_${input.name}` : 'stream_in';
    const node = plumb(plumbing(units, 'input'), assembly.name(text), stream, stream);
    assembly.parts.push({ node });
    const [port] = assembly.ports(node, 'in');
    const [out] = assembly.ports(node, 'out');
    invariant(port !== undefined && out !== undefined, 'an input unit has both ends');
    const outer = verilogIdentifier(several ? input.name : 'in', ends);
    inlets.push({
      from: { node: '', port: outer },
      to: { node: node.name, port: port.name },
      stream: port.stream,
    });
    drive(index, { at: { node: node.name, port: out.name }, stream: out.stream });
  });
  network.layers.forEach((layer, index) => {
    const candidate = choice.chosen[index];
    invariant(candidate !== undefined, `layer ${layer.request.value} was given no folding`);
    const node: HwNode = {
      ...candidate.node,
      name: assembly.name(layer.request.value),
      origin: { nodes: originOf(layer) },
    };
    const inputs = layer.inputs.map((wire, port) =>
      source(wire, (i) => {
        const reader = network.wires[wire]?.readers[i];
        return reader?.kind === 'layer' && reader.layer === index && reader.port === port;
      }),
    );
    const [out] = assembly.add(node, inputs, index);
    invariant(out !== undefined, `unit ${node.unit} has an output`);
    drive(layer.output, out);
  });
  const outlets = network.outputs.map((output, index): Edge => {
    const wire = network.wires.findIndex(({ readers }) =>
      readers.some((reader) => reader.kind === 'output' && reader.output === index),
    );
    const from = source(wire, (i) => {
      const reader = network.wires[wire]?.readers[i];
      return reader?.kind === 'output' && reader.output === index;
    });
    const text = severalOut ? `stream_out_${output.value}` : 'stream_out';
    const node = plumb(plumbing(units, 'output'), assembly.name(text), from.stream, from.stream);
    const [out] = assembly.add(node, [from]);
    invariant(out !== undefined, 'an output unit has an output');
    const outer = verilogIdentifier(severalOut ? output.value : 'out', ends);
    return { from: out.at, to: { node: '', port: outer }, stream: out.stream };
  });
  const place = new Map(assembly.parts.map(({ node }, i) => [node.name, i]));
  const edges = [...assembly.edges].sort(
    (a, b) => (place.get(a.from.node) ?? 0) - (place.get(b.from.node) ?? 0),
  );
  return { name, clockMhz, parts: assembly.parts, edges, inlets, outlets };
}

/** Puts FIFOs into a design: of `depths[i]` beats on edge i, none for 0. */
export function connect(
  plan: Blueprint,
  units: ReadonlyMap<string, UnitDefinition>,
  depths: readonly number[],
): HwGraph {
  const fifo = plumbing(units, 'fifo');
  const reserved = [plan.name, ...plan.parts.map(({ node }) => node.name)];
  const taken = new Set(reserved.map((name) => name.toLowerCase()));
  const nodes: HwNode[] = [];
  const joints: Edge[] = [];
  const behind = new Map<string, { readonly edge: Edge; readonly depth: number }[]>();
  plan.edges.forEach((edge, index) => {
    const list = behind.get(edge.from.node) ?? [];
    list.push({ edge, depth: depths[index] ?? 0 });
    behind.set(edge.from.node, list);
  });
  for (const { node } of plan.parts) {
    nodes.push(node);
    for (const { edge, depth } of behind.get(node.name) ?? []) {
      if (depth === 0) {
        joints.push(edge);
        continue;
      }
      const name = verilogIdentifier(`${node.name}_fifo`, taken);
      const buffer = plumb(fifo, name, edge.stream, edge.stream, { depth });
      const ports = fifo.ports(buffer);
      const into = ports.find(({ direction }) => direction === 'in')?.name ?? '';
      const out = ports.find(({ direction }) => direction === 'out')?.name ?? '';
      nodes.push(buffer);
      joints.push({ ...edge, to: { node: name, port: into } }, { ...edge, from: { node: name, port: out } });
    }
  }
  // instances and channels share one space of names in the Verilog
  const used = new Set([plan.name, ...nodes.map((node) => node.name)].map((name) => name.toLowerCase()));
  const channel = (edge: Edge, text: string): Channel => ({
    name: verilogIdentifier(text, used),
    stream: edge.stream,
    from: edge.from,
    to: edge.to,
  });
  const channels = [
    ...plan.inlets.map((edge) => channel(edge, edge.from.port)),
    ...joints.map((edge) => channel(edge, `${edge.from.node}_out`)),
    ...plan.outlets.map((edge) =>
      channel(edge, plan.outlets.length > 1 ? `out_${edge.to.port}` : edge.to.port),
    ),
  ];
  return freeze({ name: plan.name, nodes, channels, clockMhz: plan.clockMhz });
}
