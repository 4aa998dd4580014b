import type { HwNode } from '../compiler/hw/graph.ts';
import type { TimingTable } from '../compiler/hw/tables.ts';
import type { UnitDefinition } from '../compiler/hw/unit.ts';
import { Arena } from './memory.ts';
import type { Netlist } from './netlist.ts';
import * as layout from './wasm/layout.ts';

/** What a design comes to behind sources that always offer and before sinks that always take. */
export interface SteadyRun {
  /** Cycles and frames of the recurrence; null if there was none within the frames that were asked for. */
  readonly period: { readonly cycles: number; readonly frames: number } | null;
  /** Cycles from the transfer of the first input beat to that of the last output beat of the first frame; null without a frame. */
  readonly latency: number | null;
  /** Frames that the design was followed through. */
  readonly frames: number;
  /** By node, the most beats that a FIFO held; 0 for other units. */
  readonly held: Int32Array;
}

/** Entries of the table of snapshots in sim/wasm/steady.ts. */
const SNAPSHOT_TABLE = 32768;
/** Beats of earlier frames that units other than a FIFO ask for. */
const LOOKBACK = 64;
/** Stages of a pipeline whose results the ring there holds. */
const STAGES = 30;
const kinds: readonly TimingTable['kind'][] = ['steps', 'reader', 'join', 'fork', 'fifo', 'pace'];
/** Numbers of beats in a record have 32 bits; stamps have 64, and rings have to fit into memory. */
const MOST = 2 ** 26;

/** A word that is none: as templates/gather gives it. */
const NONE = -(2 ** 30);

/** Whether the stamps of a model follow from its table as sim/wasm/advance.ts finds them. */
function isFollowed(table: TimingTable): boolean {
  switch (table.kind) {
    case 'steps':
      return table.depth <= STAGES;
    case 'join':
      return table.stages <= STAGES;
    case 'reader': {
      // a frame's words are taken before the next one's first step, and words are asked for that stamps are kept of
      const { free, need, words, depth } = table;
      const [first = 0] = need;
      return (
        first >= -1 &&
        (free[0] ?? 0) + depth >= 0 &&
        need.every((word) => word < words && (word >= -words || word <= NONE))
      );
    }
    default:
      return true;
  }
}

/** Tables of instances, which many designs share while the FIFOs between them are tried out; null: none that can be followed. */
const known = new WeakMap<HwNode, { readonly unit: UnitDefinition; readonly table: TimingTable | null }>();

function tableOf(node: HwNode, unit: UnitDefinition): TimingTable | null {
  const found = known.get(node);
  if (found?.unit === unit) return found.table;
  const given = unit.model(node).table?.() ?? null;
  const table = given !== null && isFollowed(given) ? given : null;
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

const least = new WeakMap<Int32Array, Int32Array>();

/** By step of a reader, the least number of words that are free before it or any later one, counted from its round on. */
function leastFree({ free, words }: Extract<TimingTable, { kind: 'reader' }>): Int32Array {
  let found = least.get(free);
  if (found === undefined) {
    found = new Int32Array(free.length);
    let low = words + free.reduce((a, b) => Math.min(a, b), Infinity);
    for (let s = free.length - 1; s >= 0; s--) found[s] = low = Math.min(low, free[s] ?? 0);
    least.set(free, found);
  }
  return found;
}

/** Records of one kind, one behind the other, as sim/wasm/layout.ts lays them out. */
class Records {
  readonly words: Int32Array;
  readonly #size: number;

  constructor(count: number, size: number) {
    this.words = new Int32Array((count * size) / 4);
    this.#size = size;
  }

  /** Sets a number of 32 bits; `place` counts bytes. */
  set(index: number, place: number, value: number): void {
    this.words[(index * this.#size + place) / 4] = value;
  }

  get(index: number, place: number): number {
    return this.words[(index * this.#size + place) / 4] ?? 0;
  }
}

/** The fields of a node's record that follow from its table. */
function fillTable(nodes: Records, n: number, table: TimingTable, tables: Tables): void {
  nodes.set(n, layout.KIND, kinds.indexOf(table.kind));
  const addSteps = (need: ArrayBufferView & ArrayLike<number>, emit: Uint8Array, also: Int32Array): void => {
    nodes.set(n, layout.NEED, tables.place(need));
    nodes.set(n, layout.EMIT, tables.place(emit));
    nodes.set(n, layout.ALSO, tables.place(also));
    nodes.set(n, layout.STEPS, need.length);
  };
  switch (table.kind) {
    case 'steps':
      addSteps(table.need, table.emit, table.silent);
      nodes.set(n, layout.DEPTH, table.depth);
      break;
    case 'reader':
      addSteps(table.need, table.emit, table.free);
      nodes.set(n, layout.DEPTH, table.depth);
      nodes.set(n, layout.WORDS, table.words);
      nodes.set(n, layout.LEAST, tables.place(leastFree(table)));
      break;
    case 'join':
      nodes.set(n, layout.DEPTH, table.stages);
      break;
    case 'fork':
      break;
    case 'fifo':
      nodes.set(n, layout.DEPTH, table.depth);
      break;
    case 'pace':
      nodes.set(n, layout.STEPS, table.beats);
      nodes.set(n, layout.WORDS, table.period);
      break;
  }
}

/** Rounds of a table's steps that make a frame. */
function roundsOf(table: TimingTable, net: Netlist, n: number): number {
  const { inputs, outputs } = net.nodes[n] ?? { inputs: [], outputs: [] };
  const beats = ([c = -1]: readonly number[]): number => net.channels[c]?.beats ?? 0;
  if (table.kind === 'reader') return beats(inputs) / table.words;
  if (table.kind !== 'steps') return 1;
  return beats(outputs) / table.emit.reduce((sum, emits) => sum + emits, 0);
}

/**
 * Runs a design whose every cycle model is a table (`TimingModel.table`) until a frame passes as an earlier one did, or for `frames` frames.
 *
 * @param punctual - ends, without a recurrence, once a frame of a source of the kind `pace` is held up.
 * @returns null if a model has no table that can be followed; `still` if the design stands still within these frames.
 */
export function runSteady(net: Netlist, frames: number, punctual = false): SteadyRun | 'still' | null {
  if (net.outputs.length === 0 || net.channels.some(({ beats }) => beats > MOST)) return null;
  const found = net.nodes.map(({ node, unit }) => tableOf(node, unit));
  const given = found.filter((table) => table !== null);
  if (given.length < found.length) return null;
  const rounds = given.map((table, n) => roundsOf(table, net, n));
  if (rounds.some((count) => !Number.isInteger(count))) return null;
  if (arena === undefined) {
    arena = new Arena();
    base = arena.reserve(0);
  }
  arena.rewind(base);
  const [nodeCount, channelCount] = [net.nodes.length, net.channels.length];
  const nodeRecords = new Records(nodeCount, layout.NODE);
  const tables = new Tables();
  given.forEach((table, n) => fillTable(nodeRecords, n, table, tables));
  const blank = (bytes: number): number => arena?.place(new Uint8Array(bytes)) ?? 0;
  const nodes = blank(nodeCount * layout.NODE);
  const channels = blank(channelCount * layout.CHANNEL);
  const channelAt = (list: readonly number[]): Int32Array =>
    Int32Array.from(list, (c) => channels + c * layout.CHANNEL);
  net.nodes.forEach(({ inputs, outputs }, n) => {
    nodeRecords.set(n, layout.INPUTS, inputs.length);
    nodeRecords.set(n, layout.OUTPUTS, outputs.length);
    nodeRecords.set(n, layout.INTO, tables.place(channelAt(inputs)));
    nodeRecords.set(n, layout.FROM, tables.place(channelAt(outputs)));
    nodeRecords.set(n, layout.ROUNDS, rounds[n] ?? 1);
  });
  const channelRecords = new Records(channelCount, layout.CHANNEL);
  net.channels.forEach(({ beats, producer, consumer }, c) => {
    channelRecords.set(c, layout.BEATS, beats);
    if (producer >= 0) channelRecords.set(c, layout.PRODUCER, nodes + producer * layout.NODE);
    if (consumer >= 0) channelRecords.set(c, layout.CONSUMER, nodes + consumer * layout.NODE);
    const table = given[producer];
    const group = table?.kind === 'pace' ? table.beats : 0;
    channelRecords.set(c, layout.LOOKBACK, Math.max(LOOKBACK, beats, group));
  });
  const ends = tables.place(channelAt([...net.inputs, ...net.outputs]));
  const queue = 2 ** Math.ceil(Math.log2(Math.max(1, nodeCount)));
  const work = blank(4 * (queue + SNAPSHOT_TABLE));
  const result = blank(40);
  const room = arena.reserve(0);
  const { wasm } = arena;
  const inMemory = (at: number, { words }: Records): Int32Array =>
    new Int32Array(wasm.memory.buffer, at, words.length);
  inMemory(nodes, nodeRecords).set(nodeRecords.words);
  inMemory(channels, channelRecords).set(channelRecords.words);
  wasm.steady(
    nodes,
    nodeCount,
    channels,
    channelCount,
    ends,
    net.inputs.length,
    net.outputs.length,
    frames,
    punctual ? 1 : 0,
    work,
    result,
    room,
  );
  const numbers = Array.from(new BigInt64Array(wasm.memory.buffer, result, 5), Number);
  const [cycles = 0, passed = 0, still = 0, latency = 0, followed = 0] = numbers;
  if (still !== 0) return 'still';
  nodeRecords.words.set(inMemory(nodes, nodeRecords));
  return {
    period: passed === 0 ? null : { cycles, frames: passed },
    latency: frames === 0 ? null : latency,
    frames: followed,
    held: Int32Array.from({ length: nodeCount }, (_, n) => nodeRecords.get(n, layout.MOST)),
  };
}
