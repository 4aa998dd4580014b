/** Netlists as the body of a Verilog-2005 module. */
import type { CarryChain, LutCell, Net, Netlist, Register } from './netlist.ts';

/** Carry cell of the target: CARRY8 for UltraScale and later, CARRY4 for 7-series. */
export type CarryCell = 'CARRY8' | 'CARRY4';

export interface PrintOptions {
  /** Default CARRY8. */
  readonly carry?: CarryCell;
  /** Put before every wire and instance name; default `q_`. */
  readonly prefix?: string;
}

/**
 * The lines between a module's port list and `endmodule`: wires, LUT6_2 and carry instances, and one
 * assignment per output bit. Ports that the netlist marks as scalar are written without an index. Registers
 * are clocked by `clk` while `ce`.
 */
export function printBody(netlist: Netlist, options: PrintOptions = {}): string[] {
  const prefix = options.prefix ?? 'q_';
  const carry = options.carry ?? 'CARRY8';
  const names = new Map<Net, string>([
    [0, "1'b0"],
    [1, "1'b1"],
  ]);
  for (const port of netlist.inputs)
    port.nets.forEach((net, bit) => names.set(net, port.scalar ? port.name : `${port.name}[${bit}]`));
  const wires: string[] = [];
  for (const cell of netlist.luts)
    for (const net of cell.o5 === null ? [cell.o6] : [cell.o6, cell.o5]) {
      names.set(net, `${prefix}n${net}`);
      wires.push(`wire ${prefix}n${net};`);
    }
  const size = carry === 'CARRY8' ? 8 : 4;
  netlist.chains.forEach((chain, index) =>
    chain.slots.forEach((slot, position) => {
      if (slot.o === null) return;
      names.set(slot.o, `${carryName(prefix, index, Math.floor(position / size))}_o[${position % size}]`);
    }),
  );
  const stages = new Map<number, Register[]>();
  for (const register of netlist.registers ?? []) {
    const stage = stages.get(register.stage);
    if (stage === undefined) stages.set(register.stage, [register]);
    else stage.push(register);
  }
  for (const [stage, registers] of stages)
    registers.forEach(({ q }, i) => names.set(q, `${prefix}r${stage}[${i}]`));
  const nameOf = (net: Net): string => {
    const name = names.get(net);
    if (name === undefined) throw new Error(`net ${net} has no driver`);
    return name;
  };
  const chains = netlist.chains.map((chain, index) => printChain(chain, index, carry, prefix, nameOf));
  return [
    ...wires,
    ...chains.flatMap((chain) => chain.wires),
    ...[...stages].flatMap(([stage, registers]) => printStage(`${prefix}r${stage}`, registers, nameOf)),
    ...netlist.luts.map((cell) => printLut(cell, prefix, nameOf)),
    ...chains.flatMap((chain) => chain.cells),
    ...netlist.outputs.flatMap((port) =>
      port.nets.map((net, bit) => `assign ${port.name}[${bit}] = ${nameOf(net)};`),
    ),
  ];
}

function printStage(
  name: string,
  registers: readonly Register[],
  nameOf: (net: Net) => string,
): readonly string[] {
  return [
    `reg [${registers.length - 1}:0] ${name};`,
    `always @(posedge clk) if (ce) ${name} <= {${registers
      .map(({ d }) => nameOf(d))
      .reverse()
      .join(', ')}};`,
  ];
}

function carryName(prefix: string, chain: number, part: number): string {
  return `${prefix}c${chain}_${part}`;
}

function printLut(cell: LutCell, prefix: string, nameOf: (net: Net) => string): string {
  const pins = [0, 1, 2, 3, 4, 5].map((pin) => {
    const net = cell.pins[pin];
    return `.I${pin}(${net === undefined ? "1'b1" : nameOf(net)})`;
  });
  const init = cell.init.toString(16).padStart(16, '0');
  const o5 = cell.o5 === null ? '' : nameOf(cell.o5);
  return `LUT6_2 #(.INIT(64'h${init})) ${prefix}l${cell.o6} (.O6(${nameOf(cell.o6)}), .O5(${o5}), ${pins.join(', ')});`;
}

function printChain(
  chain: CarryChain,
  index: number,
  carry: CarryCell,
  prefix: string,
  nameOf: (net: Net) => string,
): { wires: string[]; cells: string[] } {
  const size = carry === 'CARRY8' ? 8 : 4;
  const parts = Math.ceil(chain.slots.length / size);
  const wires: string[] = [];
  const cells: string[] = [];
  for (let part = 0; part < parts; part += 1) {
    const name = carryName(prefix, index, part);
    const onward = part + 1 < parts;
    wires.push(`wire [${size - 1}:0] ${name}_o;`);
    if (onward) wires.push(`wire [${size - 1}:0] ${name}_co;`);
    const slots = Array.from(
      { length: size },
      (_, position) => chain.slots[part * size + position],
    ).reverse();
    const s = slots.map((slot) => nameOf(slot?.s ?? 0)).join(', ');
    const di = slots.map((slot) => nameOf(slot?.di ?? 0)).join(', ');
    const before = part === 0 ? null : `${carryName(prefix, index, part - 1)}_co[${size - 1}]`;
    const into =
      carry === 'CARRY8'
        ? `.CI(${before ?? nameOf(chain.carryIn)}), .CI_TOP(1'b0)`
        : `.CI(${before ?? "1'b0"}), .CYINIT(${before ? "1'b0" : nameOf(chain.carryIn)})`;
    cells.push(
      `${carry} ${name} (.CO(${onward ? `${name}_co` : ''}), .O(${name}_o), ${into}, .DI({${di}}), .S({${s}}));`,
    );
  }
  return { wires, cells };
}
