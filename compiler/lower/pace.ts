import { beats } from '../hw/index.ts';
import type { HwGraph, HwNode, StreamType, TimingModel, TimingTable, UnitDefinition } from '../hw/index.ts';
import { streamParam } from '../hw/params.ts';
import { verilogIdentifier } from '../hw/names.ts';

/** Lets a group of beats pass as they come, but begins a group at the earliest `period` cycles after the one before. */
class PaceModel implements TimingModel {
  readonly #beats: number;
  readonly #period: number;
  #held = 0;
  #beat = 0;
  #wait = 0;

  constructor(beatCount: number, period: number) {
    this.#beats = beatCount;
    this.#period = period;
  }

  ready(): boolean {
    return this.#held < 2;
  }

  valid(): boolean {
    return this.#held > 0 && (this.#beat > 0 || this.#wait === 0);
  }

  tick(inputs: number, outputs: number): void {
    if (this.#wait > 0) this.#wait--;
    if (outputs !== 0) {
      if (this.#beat === 0) this.#wait = this.#period - 1;
      this.#beat = this.#beat + 1 === this.#beats ? 0 : this.#beat + 1;
    }
    this.#held += (inputs !== 0 ? 1 : 0) - (outputs !== 0 ? 1 : 0);
  }

  idle(): number {
    return this.#held > 0 && this.#beat === 0 && this.#wait > 0 ? this.#wait - 1 : Infinity;
  }

  skip(cycles: number): void {
    this.#wait = Math.max(0, this.#wait - cycles);
  }

  reset(): void {
    this.#held = 0;
    this.#beat = 0;
    this.#wait = 0;
  }

  state(): string {
    return `${this.#wait} ${this.#beat} ${this.#held}`;
  }

  table(): TimingTable {
    return { kind: 'pace', beats: this.#beats, period: this.#period };
  }
}

/**
 * A stand-in for a source that offers one frame, or one beat, every `period` cycles. It exists in the cycle model only, for trials of the FIFO sizing:
 * behind a source that runs ahead every FIFO fills up sooner or later, and its occupancy says nothing.
 */
const pace: UnitDefinition = {
  name: 'pace',
  summary: 'Offers a frame or a beat every so many cycles; in trials of the cycle model only.',
  implementsOps: [],
  check: () => [],
  ports: (node) => [
    { name: 'in', direction: 'in', stream: streamParam(node) },
    { name: 'out', direction: 'out', stream: streamParam(node) },
  ],
  timing: (node) => ({ initiationInterval: Number(node.params['period']), latency: 1 }),
  model: (node) => new PaceModel(Number(node.params['beats']), Number(node.params['period'])),
  kernel: (node, context) => context.copy(streamParam(node)),
  cost: () => ({ lut: 0, ff: 0, bram36: 0, dsp: 0 }),
  memories: () => [],
  template: '',
  libraries: [],
  view: () => ({}),
  sample: () => ({ params: {}, consts: {} }),
};

/** The units that a paced design needs besides those of templates/. */
export const paceUnits: ReadonlyMap<string, UnitDefinition> = new Map([[pace.name, pace]]);

/** The design with every input offered one frame each `period` cycles. */
export function paced(hw: HwGraph, period: number): HwGraph {
  return behind(hw, (stream) => ({ period, beats: beats(stream) }));
}

/** The design with every input offered one beat each `period` cycles. */
export function dripping(hw: HwGraph, period: number): HwGraph {
  return behind(hw, () => ({ period, beats: 1 }));
}

/** The design with sources in front that begin a group of so many beats at the earliest `period` cycles after the one before. */
function behind(
  hw: HwGraph,
  rate: (stream: StreamType) => { readonly period: number; readonly beats: number },
): HwGraph {
  const used = new Set([...hw.nodes, ...hw.channels].map(({ name }) => name.toLowerCase()));
  const sources: HwNode[] = [];
  const channels = hw.channels.flatMap((channel) => {
    if (channel.from.node !== '') return [channel];
    const name = verilogIdentifier('pace', used);
    const { elem, ...rest }: StreamType = channel.stream;
    sources.push({
      name,
      unit: pace.name,
      params: { stream: { ...rest, elem: { ...elem } }, ...rate(channel.stream) },
      consts: {},
      origin: { nodes: [] },
      value: '',
    });
    return [
      { ...channel, to: { node: name, port: 'in' } },
      { ...channel, name: verilogIdentifier('pace_out', used), from: { node: name, port: 'out' } },
    ];
  });
  return { ...hw, nodes: [...sources, ...hw.nodes], channels };
}
