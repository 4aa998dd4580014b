import { invariant } from '../diagnostics/index.ts';
import { bitWidth, printElement } from '../qir/types.ts';
import {
  beats,
  rowLength,
  sameBeats,
  beatWidth,
  designPorts,
  isVerilogIdentifier,
  monitorLayout,
  portWires,
  safeComment,
  type Channel,
  type DesignPort,
  type HwGraph,
  type HwNode,
  type TemplateView,
  type UnitDefinition,
} from '../hw/index.ts';

/** Verilog module of an instance. */
export function moduleName(hw: HwGraph, node: HwNode): string {
  return `${hw.name}_${node.name}`;
}

/** The unit of an instance. */
export function unitOf(units: ReadonlyMap<string, UnitDefinition>, node: HwNode): UnitDefinition {
  const unit = units.get(node.unit);
  invariant(unit !== undefined, `instance ${node.name} is of unit ${node.unit}, which does not exist`);
  return unit;
}

/**
 * Asserts what emission builds on: legal names, unique whatever their case, and every port of every instance on exactly one
 * channel of its own stream type. The lowering establishes this, so a violation is a bug.
 */
export function assertEmittable(hw: HwGraph, units: ReadonlyMap<string, UnitDefinition>): void {
  invariant(isVerilogIdentifier(hw.name), `'${hw.name}' is no legal name for the top module`);
  const names = new Set<string>();
  for (const { name } of [...hw.nodes, ...hw.channels]) {
    invariant(isVerilogIdentifier(name), `'${name}' is no legal name for an instance or a channel`);
    invariant(!names.has(name.toLowerCase()), `two instances or channels are called '${name}'`);
    names.add(name.toLowerCase());
  }
  const ends = new Map<string, Channel>();
  for (const channel of hw.channels) {
    invariant(
      channel.from.node !== '' || channel.to.node !== '',
      `channel ${channel.name} meets no instance`,
    );
    for (const [end, direction] of [[channel.from, 'out'] as const, [channel.to, 'in'] as const]) {
      const key = end.node === '' ? `port ${direction} ${end.port}` : `${direction} ${end.node}.${end.port}`;
      invariant(!ends.has(key), `channel ${channel.name} shares its end ${key} with another`);
      invariant(isVerilogIdentifier(`p_${end.port}`), `'${end.port}' is no legal port name`);
      ends.set(key, channel);
    }
  }
  for (const node of hw.nodes) {
    for (const port of unitOf(units, node).ports(node)) {
      const channel = ends.get(`${port.direction} ${node.name}.${port.name}`);
      invariant(channel !== undefined, `port ${node.name}.${port.name} is not connected`);
      const { stream } = channel;
      const fits = sameBeats(stream, port.stream) && bitWidth(stream.elem) === bitWidth(port.stream.elem);
      invariant(fits, `channel ${channel.name} is not of the stream type of port ${node.name}.${port.name}`);
      const edge = channel.from.node === '' || channel.to.node === '';
      invariant(
        port.protocol !== 'axis' || edge,
        `AXI4-Stream port ${node.name}.${port.name} is not at the edge`,
      );
    }
  }
}

/** A stream in words: `uint8[256] in 64 beats of 4`, `uint8[30] in 6 rows of 2 beats of 4` where rows end in padded beats. */
export function describeStream(stream: Channel['stream']): string {
  const count = beats(stream);
  const { rows = 1 } = stream;
  const padded = rows > 1 && rowLength(stream) % stream.lanes !== 0;
  const [each, prefix] = padded ? [count / rows, `${rows} rows of `] : [count, ''];
  const words = `${prefix}${each === 1 ? '1 beat' : `${each} beats of ${stream.lanes}`}`;
  return `${printElement(stream.elem)}[${stream.elements}] in ${words}`;
}

/** Which nodes of the model an instance computes; for plumbing, what it connects. */
export function sourceOf(hw: HwGraph, node: HwNode): string {
  const { nodes } = node.origin;
  if (nodes.length > 0) return `computes ${nodes.join(', ')}`;
  const before = hw.channels.find(({ to }) => to.node === node.name)?.from.node;
  const after = hw.channels.find(({ from }) => from.node === node.name)?.to.node;
  const end = (name: string | undefined, edge: string): string =>
    name === undefined || name === '' ? edge : name;
  return `from ${end(before, "the design's input")} to ${end(after, "the design's output")}`;
}

function portLines(ports: readonly DesignPort[]): string[] {
  const lines: string[] = [];
  for (const port of ports) {
    const wires = portWires(port);
    const [forward, back] = port.direction === 'in' ? ['input ', 'output'] : ['output', 'input '];
    lines.push(`${forward} wire ${wires.valid}`, `${back} wire ${wires.ready}`);
    lines.push(`${forward} wire [${port.dataWidth - 1}:0] ${wires.data}`);
    if (wires.last !== null) lines.push(`${forward} wire ${wires.last}`);
  }
  return lines.map((line, index) => (index === lines.length - 1 ? line : `${line},`));
}

/** The view of `top.v.njk`. */
export function topView(
  hw: HwGraph,
  units: ReadonlyMap<string, UnitDefinition>,
  version: string,
): TemplateView {
  const ports = designPorts(hw, units);
  const atEdge = new Map(ports.map((port) => [port.channel.name, port]));
  // A channel at the design's edge has no wires of its own: the ports are its wires.
  const wiresOf = (channel: Channel): ReturnType<typeof portWires> =>
    portWires(atEdge.get(channel.name) ?? { name: channel.name, protocol: 'channel' });

  const taken = new Set(['aclk', 'aresetn', 'mon_valid', 'mon_ready', 'mon_data']);
  for (const channel of hw.channels) {
    for (const wire of Object.values(wiresOf(channel))) {
      if (wire === null) continue;
      invariant(!taken.has(wire), `two wires of the top module are called ${wire}`);
      taken.add(wire);
    }
  }

  const instances = hw.nodes.map((node) => {
    const pins = unitOf(units, node)
      .ports(node)
      .flatMap((port) => {
        const channel = hw.channels.find((candidate) => {
          const end = port.direction === 'in' ? candidate.to : candidate.from;
          return end.node === node.name && end.port === port.name;
        });
        invariant(channel !== undefined, `port ${node.name}.${port.name} is not connected`);
        const inner = portWires({ name: port.name, protocol: port.protocol ?? 'channel' });
        const outer = wiresOf(channel);
        const pairs = [
          [inner.valid, outer.valid],
          [inner.ready, outer.ready],
          [inner.data, outer.data],
          [inner.last, outer.last],
        ] as const;
        return pairs.flatMap(([from, to]) => (from === null || to === null ? [] : [`.${from}(${to})`]));
      });
    const name = `u_${node.name}`;
    invariant(!taken.has(name), `a wire of the top module is called ${name}, as an instance`);
    return {
      comment: safeComment(`${node.unit}: ${sourceOf(hw, node)}`),
      module: moduleName(hw, node),
      name,
      pins: pins.map((pin, index) => (index === pins.length - 1 ? pin : `${pin},`)),
    };
  });

  const layout = monitorLayout(hw);
  const lines: string[] = [];
  hw.channels.forEach((channel, index) => {
    const { valid, ready, data } = wiresOf(channel);
    const width = beatWidth(channel.stream);
    const offset = layout.offsets[index] as number;
    const end = layout.offsets[index + 1] ?? layout.width;
    const padding = end - offset - width;
    const edge = atEdge.get(channel.name);
    const bits = edge !== undefined && edge.dataWidth !== width ? `${data}[${width - 1}:0]` : data;
    lines.push(`// ${index}: ${channel.name}, ${describeStream(channel.stream)}`);
    lines.push(`assign mon_valid[${index}] = ${valid};`, `assign mon_ready[${index}] = ${ready};`);
    lines.push(`assign mon_data[${end - 1}:${offset}] = ${padding > 0 ? `{${padding}'d0, ${bits}}` : bits};`);
  });

  return {
    name: hw.name,
    version,
    ports: portLines(ports).map((text) => ({ text })),
    wires: hw.channels
      .filter((channel) => !atEdge.has(channel.name))
      .map((channel) => ({
        comment: `${channel.from.node}.${channel.from.port} to ${channel.to.node}.${channel.to.port}: ${describeStream(channel.stream)}`,
        name: channel.name,
        msb: beatWidth(channel.stream) - 1,
      })),
    instances,
    monitor: { channelMsb: hw.channels.length - 1, dataMsb: layout.width - 1, lines },
  };
}
