import type { HwNode } from '../compiler/hw/graph.ts';
import type { TimingTable } from '../compiler/hw/tables.ts';
import type { UnitDefinition } from '../compiler/hw/unit.ts';
import { Arena } from './memory.ts';
import type { Netlist } from './netlist.ts';

/** What the compiled engine says of a run from reset, without stalls. */
export interface CompiledRun {
  /** Stamp of the last output beat plus one. */
  readonly cycles: number;
  /** As in `Schedule`. */
  readonly steady: { readonly cycles: number; readonly frames: number; readonly status: Float64Array } | null;
  readonly status: Float64Array;
  readonly occupancy: Float64Array;
  /** By channel, the cycle of the first beat and, of outputs, of the last one of the first frame; NaN where none moved. */
  readonly first: Float64Array;
  readonly last: Float64Array;
}

/** Sizes and places of the records in sim/wasm/timing.ts. */
const NODE = 120;
const CHANNEL = 96;
const SNAPSHOT_TABLE = 32768;
const WHEEL = 257;
const kinds: readonly TimingTable['kind'][] = ['steps', 'reader', 'join', 'fork', 'fifo', 'pace'];
/** Numbers of beats and cycles in a record have 32 bits. */
const MOST = 2 ** 31 - 1;

/** Tables of instances, which many designs share while the FIFOs between them are tried out; null: the model has none. */
const known = new WeakMap<HwNode, { readonly unit: UnitDefinition; readonly table: TimingTable | null }>();

function tableOf(node: HwNode, unit: UnitDefinition): TimingTable | null {
  const found = known.get(node);
  if (found?.unit === unit) return found.table;
  const table = unit.model(node).table?.() ?? null;
  known.set(node, { unit, table });
  return table;
}

let arena: Arena | undefined;
/** Where the memory that outlives a run ends. */
let base = 0;

/** Places the arrays of tables, each once. */
class Tables {
  readonly #at = new Map<ArrayBufferView, number>();

  place(array: ArrayBufferView): number {
    let at = this.#at.get(array);
    if (at === undefined) this.#at.set(array, (at = arena?.place(array) ?? 0));
    return at;
  }
}

/** The fields of a record that do not change, as indices of 32-bit words. */
function fillTable(words: Int32Array, at: number, table: TimingTable, tables: Tables): void {
  words[at] = kinds.indexOf(table.kind);
  switch (table.kind) {
    case 'steps':
      words[at + 1] = tables.place(table.need);
      words[at + 2] = tables.place(table.emit);
      words[at + 3] = tables.place(table.silent);
      words[at + 4] = table.need.length;
      words[at + 5] = table.depth;
      break;
    case 'reader':
      words[at + 1] = tables.place(table.need);
      words[at + 2] = tables.place(table.emit);
      words[at + 3] = tables.place(table.free);
      words[at + 4] = table.need.length;
      words[at + 5] = table.depth;
      words[at + 6] = table.words;
      break;
    case 'join':
      words[at + 5] = table.stages;
      break;
    case 'fork':
      break;
    case 'fifo':
      words[at + 5] = table.depth;
      break;
    case 'pace':
      words[at + 4] = table.beats;
      words[at + 6] = table.period;
      break;
  }
}

/**
 * Runs `frames` frames through a design whose every cycle model is a table (`TimingModel.table`): the same events as `Machine`, some ten
 * times as fast.
 *
 * @param settle - ends with the recurrence, or where none can be found any more; `cycles` is then where it ended.
 * @returns null if a model has no table; `still` if the design stands still, which `Machine` explains.
 */
export function runCompiled(net: Netlist, frames: number, settle = false): CompiledRun | 'still' | null {
  if (net.outputs.length === 0 || net.channels.some(({ beats }) => beats > MOST)) return null;
  const found = net.nodes.map(({ node, unit }) => tableOf(node, unit));
  const given = found.filter((table) => table !== null);
  if (given.length < found.length) return null;
  if (arena === undefined) {
    arena = new Arena();
    base = arena.reserve(0);
  }
  arena.rewind(base);
  const [nodeCount, channelCount] = [net.nodes.length, net.channels.length];
  const nodeWords = new Int32Array((nodeCount * NODE) / 4);
  const tables = new Tables();
  given.forEach((table, n) => fillTable(nodeWords, (n * NODE) / 4, table, tables));
  const blank = (bytes: number): number => arena?.place(new Uint8Array(bytes)) ?? 0;
  const nodes = blank(nodeWords.byteLength);
  const channels = blank(channelCount * CHANNEL);
  const channelAt = (list: readonly number[]): Int32Array =>
    Int32Array.from(list, (c) => channels + c * CHANNEL);
  net.nodes.forEach(({ inputs, outputs }, n) => {
    const at = (n * NODE) / 4;
    nodeWords[at + 7] = inputs.length;
    nodeWords[at + 8] = outputs.length;
    nodeWords[at + 9] = tables.place(channelAt(inputs));
    nodeWords[at + 10] = tables.place(channelAt(outputs));
    // SLOT, LISTED
    nodeWords[at + 15] = -1;
    nodeWords.fill(-1, at + 22, at + 24);
  });
  const channelWords = new Int32Array((channelCount * CHANNEL) / 4);
  net.channels.forEach(({ beats, producer, producerPort, consumer, consumerPort }, c) => {
    const at = (c * CHANNEL) / 4;
    if (producer >= 0) channelWords[at + 1] = nodes + producer * NODE;
    channelWords[at + 2] = 1 << producerPort;
    if (consumer >= 0) channelWords[at + 3] = nodes + consumer * NODE;
    channelWords[at + 4] = 1 << consumerPort;
    channelWords[at + 6] = beats;
    // FIRST, LAST
    channelWords.fill(-1, at + 12, at + 16);
  });
  const ends = tables.place(channelAt([...net.inputs, ...net.outputs]));
  const work = blank(4 * (channelCount + 2 * nodeCount + WHEEL + SNAPSHOT_TABLE));
  const result = blank(32 * (channelCount + 1));
  const room = arena.reserve(0);
  const { wasm } = arena;
  new Int32Array(wasm.memory.buffer, nodes, nodeWords.length).set(nodeWords);
  new Int32Array(wasm.memory.buffer, channels, channelWords.length).set(channelWords);
  wasm.simulate(
    nodes,
    nodeCount,
    channels,
    channelCount,
    ends,
    net.inputs.length,
    net.outputs.length,
    frames,
    settle ? 1 : 0,
    work,
    result,
    room,
  );
  const numbers = (at: number, count: number): Float64Array =>
    Float64Array.from(new BigInt64Array(wasm.memory.buffer, at, count), Number);
  const [cycles = 0, period = 0, passed = 0, still = 0] = numbers(result, 4);
  if (still !== 0) return 'still';
  const status = new Float64Array(4 * channelCount);
  const [first, last] = [new Float64Array(channelCount), new Float64Array(channelCount)];
  const stamp = (cycle: number): number => (cycle < 0 ? NaN : cycle);
  for (let c = 0; c < channelCount; c++) {
    const [one = -1, other = -1, ...spent] = numbers(channels + c * CHANNEL + 48, 6);
    [first[c], last[c]] = [stamp(one), stamp(other)];
    status.set(spent, 4 * c);
  }
  const after = new Int32Array(wasm.memory.buffer, nodes, nodeWords.length);
  const occupancy = Float64Array.from({ length: nodeCount }, (_, n) => after[(n * NODE) / 4 + 29] ?? 0);
  const steady =
    passed === 0 ? null : { cycles: period, frames: passed, status: numbers(result + 32, 4 * channelCount) };
  return { cycles, steady, status, occupancy, first, last };
}
