/**
 * Registers in a combinational circuit: which cells stand before and which behind each of a number of register stages.
 *
 * The delay model, in levels: a LUT with the wire to it is one level, a carry chain of n bits behind its LUTs one more and a
 * quarter for every eight bits begun. What a level lasts on a device is `delay` of its file in compiler/devices.
 */

/** Levels of a carry chain of `bits` bits, without the LUTs in front of it. */
export function chainDelay(bits: number): number {
  return 1 + Math.ceil(bits / 8) / 4;
}

/** Levels of an addition, subtraction or comparison of two numbers of `bits` bits: LUTs and their carry chain. */
export function adderDelay(bits: number): number {
  return 1 + chainDelay(bits);
}

/** A part of a circuit that no register goes into. Values are numbered. */
export interface Cell {
  /** Values that it reads. */
  readonly inputs: readonly number[];
  /** Values that it makes. */
  readonly outputs: readonly number[];
  /** Levels from any input to any output, a multiple of a quarter; 0 for mere wiring. */
  readonly delay: number;
  /** By output, how many of the inputs, from the first on, it depends on; absent: all. The low bits of a sum do not wait for the high ones. */
  readonly needs?: readonly number[];
}

/** A circuit: cells in an order in which each follows those that it reads. Values that no cell makes are inputs. */
export interface Circuit {
  /** Bits of each value. */
  readonly bits: ArrayLike<number>;
  readonly cells: readonly Cell[];
  /** Values that leave the circuit, where the last stage ends. */
  readonly outputs: readonly number[];
}

/** Where the cells stand. */
export interface Stages {
  /** By cell, the register stages before it: 0 to the number of stages. */
  readonly ofCell: readonly number[];
  /** By value, the register stages before it, and before the last cell that reads it. */
  readonly made: readonly number[];
  readonly last: readonly number[];
  /** Flip-flops of all stages. */
  readonly registers: number;
  /** Levels between two registers, at most. */
  readonly deepest: number;
}

/** A time for each cell by which it is done, greater than that of each cell which it reads from unless it is mere wiring. */
interface Coordinate {
  readonly times: Float64Array;
  /** By value: when it is there, and when it has been read for the last time. */
  readonly made: Float64Array;
  readonly read: Float64Array;
}

/** When each output of a cell is there, given when its inputs are. */
function arrivals(cell: Cell, at: (value: number) => number): number[] {
  const { inputs, outputs, delay, needs } = cell;
  let [read, most] = [0, 0];
  return outputs.map((_, i) => {
    // counts ascend
    for (const end = needs?.[i] ?? inputs.length; read < end; read++)
      most = Math.max(most, at(inputs[read]!));
    return most + delay;
  });
}

/** A time before all cells: a cut there registers the inputs. */
const before = -1;

/**
 * Cuts a circuit by `count` register stages, with the fewest flip-flops that are found for stages of at most `levels` levels; if
 * there is no such cut, with stages as shallow as are found. Deterministic.
 *
 * Tried are cuts at times, all cells as early or all as late as they can be: cells done by a time stand before the cut there; and every
 * cell in the first stage that has room for it, which needs the fewest stages.
 */
export function cutStages(circuit: Circuit, count: number, levels: number): Stages {
  if (count === 0)
    return placed(
      circuit,
      circuit.cells.map(() => 0),
      0,
    );
  const tried = [
    cutAtTimes(circuit, earliest(circuit), count, levels),
    cutAtTimes(circuit, latest(circuit), count, levels),
    packed(circuit, levels),
  ].filter((ofCell) => ofCell.every((stage) => stage <= count));
  const over = ({ deepest }: Stages): number => Math.max(0, deepest - levels);
  return tried
    .map((ofCell) => placed(circuit, ofCell, count))
    .reduce((best, next) =>
      over(next) < over(best) || (over(next) === over(best) && next.registers < best.registers) ? next : best,
    );
}

/** Register stages without which no stage is at most `levels` levels deep, a cell deeper than that having a stage of its own. */
export function leastStages(circuit: Circuit, levels: number): number {
  return packed(circuit, levels).reduce((most, stage) => Math.max(most, stage), 0);
}

/** Levels from the inputs to the outputs without registers. */
function depthOf(circuit: Circuit): number {
  const { times } = earliest(circuit);
  return times.reduce((most, time) => Math.max(most, time), 0);
}

function coordinate({ bits, cells, outputs }: Circuit, times: Float64Array): Coordinate {
  const made = new Float64Array(bits.length).fill(before);
  const read = new Float64Array(bits.length).fill(before);
  cells.forEach((cell, i) => {
    for (const value of cell.inputs) read[value] = Math.max(read[value]!, times[i]!);
    for (const value of cell.outputs) made[value] = times[i]!;
  });
  for (const value of outputs) read[value] = Infinity;
  return { times, made, read };
}

/** Every cell as soon as what it reads is there. */
function earliest(circuit: Circuit): Coordinate {
  const { bits, cells } = circuit;
  const made = new Float64Array(bits.length);
  const times = Float64Array.from(cells, (cell) => {
    const time = cell.delay + cell.inputs.reduce((most, value) => Math.max(most, made[value]!), 0);
    for (const value of cell.outputs) made[value] = time;
    return time;
  });
  return coordinate(circuit, times);
}

/** Every cell as late as what reads it allows. */
function latest(circuit: Circuit): Coordinate {
  const { bits, cells } = circuit;
  const end = depthOf(circuit);
  const due = new Float64Array(bits.length).fill(end);
  const times = new Float64Array(cells.length);
  for (let i = cells.length - 1; i >= 0; i--) {
    const cell = cells[i]!;
    const time = cell.outputs.reduce((least, value) => Math.min(least, due[value]!), end);
    times[i] = time;
    for (const value of cell.inputs) due[value] = Math.min(due[value]!, time - cell.delay);
  }
  return coordinate(circuit, times);
}

/** By cell its stage, with the cheapest cuts along one coordinate. */
function cutAtTimes(circuit: Circuit, at: Coordinate, count: number, levels: number): number[] {
  const times = [before, ...new Set(at.times)].sort((a, b) => a - b);
  const costs = times.map((time) => crossing(circuit.bits, at, time));
  const depths = times.map((time) => depthsBehind(circuit, at, times, time));
  for (let bound = levels; ; bound += 0.25) {
    const cuts = cheapest(costs, depths, count, bound)?.map((i) => times[i]!);
    if (cuts !== undefined) return Array.from(at.times, (done) => cuts.filter((time) => done > time).length);
  }
}

/** By cell its stage, every cell in the first one that has room for it. */
function packed({ bits, cells }: Circuit, levels: number): number[] {
  const stages = new Float64Array(bits.length);
  const depths = new Float64Array(bits.length);
  return cells.map((cell) => {
    const { inputs, outputs, delay } = cell;
    let stage = inputs.reduce((most, value) => Math.max(most, stages[value]!), 0);
    let found = arrivals(cell, (value) => (stages[value] === stage ? depths[value]! : 0));
    // a cell deeper than a stage has one of its own
    if (found.some((depth) => depth > Math.max(levels, delay))) {
      stage++;
      found = outputs.map(() => delay);
    }
    outputs.forEach((value, i) => ([stages[value], depths[value]] = [stage, found[i]!]));
    return stage;
  });
}

/** Bits that are there at a time and read later. */
function crossing(bits: ArrayLike<number>, { made, read }: Coordinate, time: number): number {
  let sum = 0;
  for (let value = 0; value < bits.length; value++)
    if (made[value]! <= time && read[value]! > time) sum += bits[value]!;
  return sum;
}

/** By time, the levels of the deepest way through cells that are done after `start` and up to then. */
function depthsBehind(
  { bits, cells }: Circuit,
  { times: done }: Coordinate,
  times: readonly number[],
  start: number,
): Float64Array {
  const made = new Float64Array(bits.length);
  const deepest = new Map<number, number>();
  cells.forEach((cell, i) => {
    if (done[i]! <= start) return;
    const found = arrivals(cell, (value) => made[value]!);
    cell.outputs.forEach((value, k) => (made[value] = found[k]!));
    deepest.set(done[i]!, Math.max(deepest.get(done[i]!) ?? 0, ...found));
  });
  let most = 0;
  return Float64Array.from(times, (time) => (most = Math.max(most, deepest.get(time) ?? 0)));
}

/** Indices of the times of `count` cuts with the least sum of costs, no stage deeper than `bound`; undefined if there are none. */
function cheapest(
  costs: readonly number[],
  depths: readonly Float64Array[],
  count: number,
  bound: number,
): number[] | undefined {
  const last = costs.length - 1;
  // sums[i]: the least cost of the cuts so far, the last of them at time i
  let sums: readonly number[] = costs.map((_, i) => (i === 0 ? 0 : Infinity));
  const steps: (readonly number[])[] = [];
  for (let stage = 0; stage < count; stage++) {
    const from: number[] = [];
    const next = costs.map((cost, j) => {
      let least = Infinity;
      from[j] = -1;
      for (let i = 0; i <= j; i++) {
        if (depths[i]![j]! > bound || sums[i]! >= least) continue;
        least = sums[i]!;
        from[j] = i;
      }
      return least + cost;
    });
    steps.push(from);
    sums = next;
  }
  let end = -1;
  sums.forEach((sum, i) => {
    if (sum < Infinity && depths[i]![last]! <= bound && (end < 0 || sum < sums[end]!)) end = i;
  });
  if (end < 0) return undefined;
  const cuts: number[] = [];
  for (let stage = count - 1; stage >= 0; stage--) {
    cuts.unshift(end);
    end = steps[stage]![end]!;
  }
  return cuts;
}

/** The stages with what they cost. */
function placed({ bits, cells, outputs }: Circuit, ofCell: readonly number[], count: number): Stages {
  const made = Array.from({ length: bits.length }, () => 0);
  const last = Array.from({ length: bits.length }, () => 0);
  const depths = new Float64Array(bits.length);
  let deepest = 0;
  cells.forEach((cell, i) => {
    const stage = ofCell[i]!;
    const found = arrivals(cell, (value) => (made[value] === stage ? depths[value]! : 0));
    deepest = Math.max(deepest, ...found);
    cell.outputs.forEach((value, k) => ([made[value], depths[value]] = [stage, found[k]!]));
    for (const value of cell.inputs) last[value] = Math.max(last[value]!, stage);
  });
  for (const value of outputs) last[value] = count;
  const registers = made.reduce((sum, stage, v) => sum + Math.max(0, last[v]! - stage) * bits[v]!, 0);
  return { ofCell, made, last, registers, deepest };
}
