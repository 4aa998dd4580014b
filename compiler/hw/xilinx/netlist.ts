/**
 * Netlists of LUT6_2 cells and carry chains, as data.
 *
 * A carry position here has a sum output but no carry output. In the slice both would leave through the
 * same multiplexer, so a design that used both of one position could not be placed as drawn; a carry that
 * is wanted outside takes a position of its own whose S is 0 and whose sum output then is the carry.
 */

/** A single-bit signal. `ZERO` and `ONE` are constants, every other number is driven exactly once. */
export type Net = number;
export const ZERO: Net = 0;
export const ONE: Net = 1;

/** A bundle of signals at the module's boundary, least significant bit first. */
export interface Port {
  readonly name: string;
  readonly nets: readonly Net[];
  /** Declared without a range. */
  readonly scalar?: boolean;
}

/**
 * One LUT6_2: `o6` is `init[I5..I0]`, `o5` is `init[I4..I0]` of the lower half. Pins are I0 upwards, at most
 * six; a missing pin is tied to 1, so with both outputs in use and five pins the two functions are free. Pins are
 * never constants.
 */
export interface LutCell {
  readonly pins: readonly Net[];
  readonly init: bigint;
  readonly o6: Net;
  readonly o5: Net | null;
}

/** One carry position: sum `o = s ^ carry`, next carry `s ? carry : di`. */
export interface CarrySlot {
  readonly s: Net;
  readonly di: Net;
  readonly o: Net | null;
}

/** Carry positions in a row; `carryIn` enters the first one. */
export interface CarryChain {
  readonly carryIn: Net;
  readonly slots: readonly CarrySlot[];
}

/** A flip-flop of a register stage, the first of which is 1: `q` is `d` of the clock cycle before. */
export interface Register {
  readonly stage: number;
  readonly d: Net;
  readonly q: Net;
}

/** A module, combinational but for its register stages. Nets are numbered below `netCount`. */
export interface Netlist {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly luts: readonly LutCell[];
  readonly chains: readonly CarryChain[];
  /** Of a netlist that has been cut into stages. */
  readonly registers?: readonly Register[];
  readonly netCount: number;
}

/** A function of the pins of a LUT, each 0 or 1. */
export type PinFunction = (pins: readonly number[]) => boolean | number;

/** Collects cells; tracks how many LUTs and chains stand before each net. */
export class NetlistBuilder {
  private readonly inputs: Port[] = [];
  private readonly outputs: Port[] = [];
  private readonly luts: LutCell[] = [];
  private readonly chains: CarryChain[] = [];
  private readonly levels: number[] = [0, 0];

  /** Declares an input of `width` bits, always with a range. */
  input(name: string, width: number): readonly Net[] {
    const nets = Array.from({ length: width }, () => this.net(0));
    this.inputs.push({ name, nets });
    return nets;
  }

  /** Declares an input of one bit, without a range. */
  scalarInput(name: string): Net {
    const net = this.net(0);
    this.inputs.push({ name, nets: [net], scalar: true });
    return net;
  }

  output(name: string, nets: readonly Net[]): void {
    this.outputs.push({ name, nets });
  }

  /** Cells on the longest way from an input to this net, a carry chain counting as one. */
  levelOf(net: Net): number {
    return this.levels[net] ?? 0;
  }

  /**
   * Adds a LUT6_2 with the function `o6` and, where given, `o5`, and returns the driven nets. With six pins
   * and two outputs `o5` must be what `o6` gives while the last pin is 0.
   */
  lut(pins: readonly Net[], o6: PinFunction): Net;
  lut(pins: readonly Net[], o6: PinFunction, o5: PinFunction): readonly [Net, Net];
  lut(pins: readonly Net[], o6: PinFunction, o5?: PinFunction): Net | readonly [Net, Net] {
    const live = pins.filter((pin) => pin !== ZERO && pin !== ONE);
    const onLive = (f: PinFunction): PinFunction => {
      if (live.length === pins.length) return f;
      return (values) => {
        let next = 0;
        return f(pins.map((pin) => (pin === ZERO ? 0 : pin === ONE ? 1 : values[next++]!)));
      };
    };
    const init = lutInit(live.length, onLive(o6), o5 && onLive(o5));
    const level = 1 + Math.max(0, ...live.map((pin) => this.levelOf(pin)));
    const out6 = this.net(level);
    const out5 = o5 ? this.net(level) : null;
    this.luts.push({ pins: live, init, o6: out6, o5: out5 });
    return out5 === null ? out6 : [out6, out5];
  }

  /** Adds a carry chain; gives the sum outputs of the positions for which `out` is set. */
  chain(carryIn: Net, slots: readonly { s: Net; di: Net; out: boolean }[]): readonly Net[] {
    const into = [carryIn, ...slots.flatMap((slot) => [slot.s, slot.di])];
    const level = 1 + Math.max(...into.map((net) => this.levelOf(net)));
    const made = slots.map(({ s, di, out }) => ({ s, di, o: out ? this.net(level) : null }));
    this.chains.push({ carryIn, slots: made });
    return made.flatMap((slot) => (slot.o === null ? [] : [slot.o]));
  }

  finish(): Netlist {
    const { inputs, outputs, luts, chains } = this;
    return { inputs, outputs, luts, chains, netCount: this.levels.length };
  }

  private net(level: number): Net {
    this.levels.push(level);
    return this.levels.length - 1;
  }
}

/** By number of pins, their values in each row of a table. */
const rows = Array.from({ length: 7 }, (_, pins) =>
  Array.from({ length: 2 ** pins }, (__, row) =>
    Array.from({ length: pins }, (___, pin) => (row >> pin) & 1),
  ),
);

function lutInit(pins: number, o6: PinFunction, o5: PinFunction | undefined): bigint {
  const inputs = rows[pins];
  if (inputs === undefined) throw new Error(`a LUT6_2 has six pins, not ${pins}`);
  // a pin that is missing makes no difference: the functions are asked about those that there are
  const upper = inputs.map((values) => Boolean(o6(values)));
  const lower = o5 === undefined ? upper : inputs.slice(0, 32).map((values) => Boolean(o5(values)));
  if (pins === 6 && lower.some((value, row) => value !== upper[row]))
    throw new Error('six pins leave no room for two independent functions');
  const half = (table: readonly boolean[], first: number): bigint => {
    let bits = 0;
    for (let row = 0; row < 32; row++) if (table[(first + row) % table.length] === true) bits |= 1 << row;
    return BigInt(bits >>> 0);
  };
  return (half(upper, 32) << 32n) | half(lower, 0);
}
