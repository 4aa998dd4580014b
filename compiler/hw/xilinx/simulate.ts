/** Bit-parallel evaluation of a netlist: bit `i` of every word belongs to vector `i`. Registers hand on what they hold: the function is that of the whole pipeline. */
import type { LutCell, Net, Netlist } from './netlist.ts';

/** 32 vectors of one port, one word per bit of the port, least significant first. */
export type PortWords = Readonly<Record<string, readonly number[]>>;

type Task = {
  readonly inputs: readonly Net[];
  readonly outputs: readonly Net[];
  run: (words: Int32Array) => void;
};

/**
 * Prepares a netlist for evaluation and returns the function that evaluates 32 vectors at once.
 * @throws when a net is driven twice, not at all, or depends on itself.
 */
export function simulator(netlist: Netlist): (inputs: PortWords) => Record<string, number[]> {
  const order = sortTasks(netlist);
  return (inputs) => {
    const words = new Int32Array(netlist.netCount + carries(netlist));
    words[1] = -1;
    for (const port of netlist.inputs) {
      const given = inputs[port.name];
      if (given?.length !== port.nets.length)
        throw new Error(`port ${port.name} needs ${port.nets.length} words`);
      port.nets.forEach((net, bit) => (words[net] = given[bit]!));
    }
    for (const task of order) task.run(words);
    return Object.fromEntries(
      netlist.outputs.map((port) => [port.name, port.nets.map((net) => words[net]!)] as const),
    );
  };
}

function carries(netlist: Netlist): number {
  return netlist.chains.reduce((sum, chain) => sum + chain.slots.length, 0);
}

function sortTasks(netlist: Netlist): Task[] {
  const registers = (netlist.registers ?? []).map(({ d, q }): Task => ({
    inputs: [d],
    outputs: [q],
    run: (words) => (words[q] = words[d]!),
  }));
  const tasks = [...netlist.luts.map(lutTask), ...carryTasks(netlist), ...registers];
  const driver = new Map<Net, number>();
  tasks.forEach((task, index) => {
    for (const net of task.outputs) {
      if (driver.has(net)) throw new Error(`net ${net} is driven twice`);
      driver.set(net, index);
    }
  });
  const known = new Set<Net>([0, 1, ...netlist.inputs.flatMap((port) => port.nets)]);
  const state = new Uint8Array(tasks.length);
  const order: Task[] = [];
  const visit = (net: Net): void => {
    if (known.has(net)) return;
    const index = driver.get(net);
    if (index === undefined) throw new Error(`net ${net} has no driver`);
    if (state[index] === 2) return;
    if (state[index] === 1) throw new Error(`net ${net} depends on itself`);
    state[index] = 1;
    const task = tasks[index]!;
    task.inputs.forEach(visit);
    state[index] = 2;
    order.push(task);
  };
  for (const port of netlist.outputs) port.nets.forEach(visit);
  return order;
}

function lutTask(cell: LutCell): Task {
  const outputs = cell.o5 === null ? [cell.o6] : [cell.o6, cell.o5];
  const rows = 1 << cell.pins.length;
  // Missing pins read 1: the function of the pins present is the top part of the table.
  const upper = [...Array(rows).keys()].map((row) => bitOf(cell.init, row + 64 - rows));
  const lowRows = Math.min(rows, 32);
  const lower = [...Array(lowRows).keys()].map((row) => bitOf(cell.init, row + 32 - lowRows));
  return {
    inputs: cell.pins,
    outputs,
    run: (words) => {
      words[cell.o6] = lookup(upper, cell.pins, words);
      if (cell.o5 !== null) words[cell.o5] = lookup(lower, cell.pins.slice(0, 5), words);
    },
  };
}

function bitOf(init: bigint, row: number): number {
  return (init >> BigInt(row)) & 1n ? -1 : 0;
}

function lookup(table: readonly number[], pins: readonly Net[], words: Int32Array): number {
  let level = table;
  for (const pin of pins) {
    const select = words[pin]!;
    const next = new Array<number>(level.length / 2);
    for (let row = 0; row < next.length; row += 1)
      next[row] = (level[2 * row]! & ~select) | (level[2 * row + 1]! & select);
    level = next;
  }
  return level[0]!;
}

/** A task per carry position, so that only true dependencies count; carries get nets above the netlist's own. */
function carryTasks(netlist: Netlist): Task[] {
  const tasks: Task[] = [];
  let free = netlist.netCount;
  for (const chain of netlist.chains) {
    let carry = chain.carryIn;
    for (const { s, di, o } of chain.slots) {
      const into = carry;
      const out = free++;
      // A constant 0 on S cuts the chain: the next carry does not depend on this one.
      const needed = s === 0 ? [di] : [s, di, into];
      tasks.push({
        inputs: needed,
        outputs: [out],
        run: (words) => {
          words[out] = (words[s]! & words[into]!) | (~words[s]! & words[di]!);
        },
      });
      if (o !== null)
        tasks.push({
          inputs: [s, into],
          outputs: [o],
          run: (words) => (words[o] = words[s]! ^ words[into]!),
        });
      carry = out;
    }
  }
  return tasks;
}
