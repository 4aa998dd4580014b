import type { DesignPort, HwGraph } from '../../compiler/hw/index.ts';
import { beatBytes, beats, beatWidth, monitorLayout, portWires } from '../../compiler/hw/index.ts';

/** What the runner knows of a design besides its files. */
export interface DesignInterface {
  /** Name of the top module. */
  readonly top: string;
  /** Its ports: inputs in the order of their channels, then outputs. */
  readonly ports: readonly DesignPort[];
  /** The channels of the monitor, in the order of the graph. */
  readonly channels: HwGraph['channels'];
}

/** The wires of one port as a C++ class of constants and accessors. */
function portClass(port: DesignPort, kind: 'In' | 'Out', index: number): string {
  const { stream } = port.channel;
  const wires = portWires(port);
  const lines = [
    `template <>`,
    `struct ${kind}<${index}> {`,
    `  static constexpr bool kAxis = ${port.protocol === 'axis'};`,
    `  static constexpr unsigned kWidth = ${beatWidth(stream)};`,
    `  static constexpr unsigned kBytes = ${beatBytes(stream)};`,
    `  static constexpr uint32_t kBeats = ${beats(stream)};`,
    `  static auto& data(Vdut& dut) { return dut.${wires.data}; }`,
  ];
  if (kind === 'In') {
    lines.push(`  static void valid(Vdut& dut, bool value) { dut.${wires.valid} = value; }`);
    lines.push(`  static bool ready(Vdut& dut) { return dut.${wires.ready}; }`);
    lines.push(
      `  static void last(Vdut& dut, bool value) { ${wires.last === null ? '(void)dut, (void)value' : `dut.${wires.last} = value`}; }`,
    );
  } else {
    lines.push(`  static bool valid(Vdut& dut) { return dut.${wires.valid}; }`);
    lines.push(`  static void ready(Vdut& dut, bool value) { dut.${wires.ready} = value; }`);
    lines.push(
      `  static bool last(Vdut& dut) { ${wires.last === null ? '(void)dut; return false' : `return dut.${wires.last}`}; }`,
    );
  }
  return [...lines, '};'].join('\n');
}

/** The generated header that tells harness.cpp the ports of the design. */
export function designHeader({ ports, channels }: DesignInterface, monitor: boolean): string {
  const inputs = ports.filter((port) => port.direction === 'in');
  const outputs = ports.filter((port) => port.direction === 'out');
  const lines = [
    `#define QCC_INPUTS ${inputs.length}`,
    `#define QCC_OUTPUTS ${outputs.length}`,
    'template <int I>',
    'struct In;',
    'template <int O>',
    'struct Out;',
    ...inputs.map((port, index) => portClass(port, 'In', index)),
    ...outputs.map((port, index) => portClass(port, 'Out', index)),
  ];
  if (monitor) {
    const { offsets } = monitorLayout({ channels });
    lines.push(`constexpr uint32_t kMonitorOffset[] = {${offsets.map((offset) => offset / 8).join(', ')}};`);
    lines.push(
      `constexpr uint32_t kMonitorBytes[] = {${channels.map((c) => beatBytes(c.stream)).join(', ')}};`,
    );
  }
  return `${lines.join('\n')}\n`;
}
