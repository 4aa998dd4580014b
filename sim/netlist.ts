import { Diagnostics } from '../compiler/diagnostics/index.ts';
import { brokenGraph } from '../compiler/diagnostics/catalog/sim.ts';
import { beats, sameBeats } from '../compiler/hw/graph.ts';
import type { Channel, HwGraph, HwNode } from '../compiler/hw/graph.ts';
import type { PortSpec, UnitDefinition } from '../compiler/hw/unit.ts';
import { printElement } from '../compiler/qir/types.ts';
import type { StreamType } from '../compiler/hw/graph.ts';

/** An instance with its channels by port number. */
export interface NetNode {
  readonly node: HwNode;
  readonly unit: UnitDefinition;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** A channel with its ends as numbers; -1 where the end is a port of the design. */
export interface NetChannel {
  readonly channel: Channel;
  /** Beats of a frame. */
  readonly beats: number;
  readonly producer: number;
  readonly producerPort: number;
  readonly consumer: number;
  readonly consumerPort: number;
}

/** A hardware graph with names resolved to numbers: nodes and channels keep the graph's order. */
export interface Netlist {
  readonly hw: HwGraph;
  readonly nodes: readonly NetNode[];
  readonly channels: readonly NetChannel[];
  /** Channels of the design's inputs and outputs, in channel order. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

const streamText = (s: StreamType): string =>
  `${printElement(s.elem)}[${s.elements}]${(s.rows ?? 1) > 1 ? ` in ${s.rows} rows` : ''} by ${s.lanes}`;

/** Resolves a graph; throws a DiagnosticError that names every port that is not wired to exactly one channel of its type. */
export function resolve(hw: HwGraph, units: ReadonlyMap<string, UnitDefinition>): Netlist {
  const problems = new Diagnostics();
  const broken = (
    node: { name: string; unit: string },
    message: string,
    found: string,
    expected: string,
  ): void => problems.add(brokenGraph(message, node.name, node.unit, found, expected));
  const index = new Map(hw.nodes.map((node, i) => [node.name, i]));
  for (const channel of hw.channels) {
    for (const end of [channel.from, channel.to]) {
      if (end.node !== '' && !index.has(end.node)) {
        broken(
          { name: end.node, unit: '' },
          `channel ${channel.name} ends at an unknown instance`,
          end.node,
          'an instance',
        );
      }
    }
  }
  const ports = hw.nodes.map((node) => {
    const unit = units.get(node.unit);
    if (unit !== undefined) return { node, unit, ports: unit.ports(node) };
    broken(node, `instance ${node.name} is of an unknown unit`, node.unit, [...units.keys()].join(', '));
    return { node, unit, ports: [] };
  });
  const connect = (node: HwNode, port: PortSpec): number => {
    const found: number[] = [];
    hw.channels.forEach((channel, i) => {
      const end = port.direction === 'in' ? channel.to : channel.from;
      if (end.node === node.name && end.port === port.name) found.push(i);
    });
    const [first = -1] = found;
    if (found.length !== 1) {
      broken(
        node,
        `port ${port.name} of ${node.name} is not on one channel`,
        `${found.length} channels`,
        'one channel',
      );
    } else {
      const stream = hw.channels[first]?.stream ?? port.stream;
      if (printElement(stream.elem) !== printElement(port.stream.elem) || !sameBeats(stream, port.stream)) {
        broken(
          node,
          `port ${port.name} of ${node.name} has another stream type`,
          streamText(stream),
          streamText(port.stream),
        );
      }
    }
    return first;
  };
  const nodes: NetNode[] = [];
  for (const { node, unit, ports: specs } of ports) {
    const side = (direction: 'in' | 'out'): number[] =>
      specs.filter((port) => port.direction === direction).map((port) => connect(node, port));
    const [inputs, outputs] = [side('in'), side('out')];
    if (unit !== undefined) nodes.push({ node, unit, inputs, outputs });
  }
  problems.throwIfErrors();
  const channels = hw.channels.map((channel, i): NetChannel => {
    const producer = index.get(channel.from.node) ?? -1;
    const consumer = index.get(channel.to.node) ?? -1;
    return {
      channel,
      beats: beats(channel.stream),
      producer,
      producerPort: nodes[producer]?.outputs.indexOf(i) ?? -1,
      consumer,
      consumerPort: nodes[consumer]?.inputs.indexOf(i) ?? -1,
    };
  });
  for (const { channel, producer, producerPort, consumer, consumerPort } of channels) {
    if (producer >= 0 && producerPort < 0) {
      broken(
        { name: channel.from.node, unit: nodes[producer]?.node.unit ?? '' },
        `channel ${channel.name} starts at no output`,
        channel.from.port,
        'an output port',
      );
    }
    if (consumer >= 0 && consumerPort < 0) {
      broken(
        { name: channel.to.node, unit: nodes[consumer]?.node.unit ?? '' },
        `channel ${channel.name} ends at no input`,
        channel.to.port,
        'an input port',
      );
    }
  }
  problems.throwIfErrors();
  const ends = (open: (channel: NetChannel) => boolean): number[] =>
    channels.flatMap((channel, i) => (open(channel) ? [i] : []));
  return {
    hw,
    nodes,
    channels,
    inputs: ends((channel) => channel.producer < 0),
    outputs: ends((channel) => channel.consumer < 0),
  };
}
