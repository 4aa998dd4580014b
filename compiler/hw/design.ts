import { invariant } from '../diagnostics/index.ts';
import type { Channel, HwGraph } from './graph.ts';
import { beatWidth } from './pack.ts';
import type { PortSpec, UnitDefinition } from './unit.ts';

/** One port of the whole design, as the top module has it. */
export interface DesignPort {
  /** Prefix of its wires: `s_axis` gives `s_axis_tvalid`, ...; with protocol `channel`, `<name>_valid`, `_ready`, `_data`. */
  readonly name: string;
  readonly direction: 'in' | 'out';
  readonly protocol: 'channel' | 'axis';
  /** Its channel in the hardware graph. */
  readonly channel: Channel;
  /** Bits of its data wires: lanes * bits; with protocol `axis` rounded up to whole bytes. */
  readonly dataWidth: number;
}

/** The specification of the unit port at the design's side of a boundary channel. */
function innerPort(hw: HwGraph, units: ReadonlyMap<string, UnitDefinition>, channel: Channel): PortSpec {
  const inner = channel.from.node === '' ? channel.to : channel.from;
  const node = hw.nodes.find((candidate) => candidate.name === inner.node);
  invariant(node !== undefined, `channel ${channel.name} ends at ${inner.node}, which is no instance`);
  const port = units
    .get(node.unit)
    ?.ports(node)
    .find((candidate) => candidate.name === inner.port);
  invariant(port !== undefined, `unit ${node.unit} of channel ${channel.name} has no port ${inner.port}`);
  return port;
}

/**
 * The ports of the design: its inputs in the order of their channels, then its outputs. An AXI4-Stream port is `s_axis` or
 * `m_axis` where it is the only one of its direction, else `s_axis_<port>`; a plain channel is named as the channel.
 */
export function designPorts(hw: HwGraph, units: ReadonlyMap<string, UnitDefinition>): readonly DesignPort[] {
  const side = (direction: 'in' | 'out'): DesignPort[] => {
    const channels = hw.channels.filter(
      (channel) => (direction === 'in' ? channel.from : channel.to).node === '',
    );
    const made = channels.map((channel) => ({
      channel,
      protocol: innerPort(hw, units, channel).protocol ?? 'channel',
    }));
    const streams = made.filter(({ protocol }) => protocol === 'axis').length;
    return made.map(({ channel, protocol }) => {
      const width = beatWidth(channel.stream);
      if (protocol === 'channel')
        return { name: channel.name, direction, protocol, channel, dataWidth: width };
      const prefix = direction === 'in' ? 's_axis' : 'm_axis';
      const port = (direction === 'in' ? channel.from : channel.to).port;
      const name = streams === 1 ? prefix : `${prefix}_${port}`;
      return { name, direction, protocol, channel, dataWidth: Math.ceil(width / 8) * 8 };
    });
  };
  return [...side('in'), ...side('out')];
}

/** Names of a port's wires. */
export function portWires(port: Pick<DesignPort, 'name' | 'protocol'>): {
  readonly valid: string;
  readonly ready: string;
  readonly data: string;
  /** AXI4-Stream only. */
  readonly last: string | null;
} {
  const t = port.protocol === 'axis' ? 't' : '';
  return {
    valid: `${port.name}_${t}valid`,
    ready: `${port.name}_${t}ready`,
    data: `${port.name}_${t}data`,
    last: port.protocol === 'axis' ? `${port.name}_tlast` : null,
  };
}

/** Where each channel stands in the monitor's data vector: every channel starts at a multiple of 32 bits. */
export function monitorLayout(hw: Pick<HwGraph, 'channels'>): {
  /** Bits of the vector. */
  readonly width: number;
  /** Offset in bits, in the order of the graph's channels. */
  readonly offsets: readonly number[];
} {
  let width = 0;
  const offsets = hw.channels.map((channel) => {
    const offset = width;
    width += Math.ceil(beatWidth(channel.stream) / 32) * 32;
    return offset;
  });
  return { width, offsets };
}
