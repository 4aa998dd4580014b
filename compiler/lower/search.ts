import { invariant } from '../diagnostics/index.ts';
import { beats } from '../hw/index.ts';
import type { StreamType, UnitDefinition } from '../hw/index.ts';
import { bitWidth, elementCount } from '../qir/types.ts';
import type { TensorType } from '../qir/types.ts';
import { laneChoices, usualPrices, weight } from './candidates.ts';
import type { Candidate, Prices } from './candidates.ts';
import { eliminationOrder, minimise } from './eliminate.ts';
import type { Factor } from './eliminate.ts';
import type { Given } from './given.ts';
import type { Network, Reader, Wire } from './layers.ts';
import { beatsKey, PlumbingCosts } from './plumbing.ts';

/** Widest AXI4-Stream bus that the search uses of its own accord, in bits. */
const widestBus = 512;

/** Lane counts of an input that are tried whatever the layers behind it take. */
const plainInputChoices = 48;

/** Entries of the largest table that the elimination may build; domains are thinned out until it fits. */
const largestTable = 2 ** 25;

/** The outcome of the search. */
export interface Choice {
  /** The stream of each input of the design. */
  readonly inputs: readonly StreamType[];
  /** One candidate a layer. */
  readonly chosen: readonly Candidate[];
  /** By wire, the stream that is forked where a wire has several readers. */
  readonly forks: ReadonlyMap<number, StreamType>;
  /** Sum of the weighted costs: layers, converters, forks and the input buses. */
  readonly cost: number;
}

/** The readers of a wire that are layers. */
function layersAmong(readers: readonly Reader[]): readonly Extract<Reader, { kind: 'layer' }>[] {
  return readers.filter((reader) => reader.kind === 'layer');
}

/** One value of a variable: what it costs by itself, and the streams that others see of it. */
interface State {
  readonly cost: number;
  readonly inputs: readonly StreamType[];
  readonly output: StreamType;
  readonly candidate?: Candidate;
}

/** Of candidates with the same streams only the cheapest can be part of the best choice. */
function statesOf(candidates: readonly Candidate[], prices: Prices): readonly State[] {
  const best = new Map<string, State>();
  for (const candidate of candidates) {
    const { inputs, output } = candidate;
    const key = [...inputs, output].map(beatsKey).join(' ');
    const cost = weight(candidate.cost, prices);
    if (cost < (best.get(key)?.cost ?? Infinity)) best.set(key, { cost, inputs, output, candidate });
  }
  return [...best.values()];
}

function distinct(streams: readonly StreamType[]): readonly StreamType[] {
  return [...new Map(streams.map((stream) => [beatsKey(stream), stream])).values()];
}

/**
 * Streams that an input of the design may have within the cycles of a frame: on a bus that is not too wide, and on any. Rows do not begin
 * new beats there unless the lanes divide them anyway.
 */
function inputStreams(
  type: TensorType,
  read: readonly StreamType[],
  cycles: number,
): { readonly narrow: readonly StreamType[]; readonly all: readonly StreamType[] } {
  const elements = elementCount(type.shape);
  const choices = laneChoices(elements, cycles);
  const least = choices.at(-1) ?? elements;
  const wanted = new Set(read.map(({ lanes }) => lanes));
  const related = (lanes: number): boolean =>
    lanes === least || [...wanted].some((other) => other % lanes === 0 || lanes % other === 0);
  const lanes = new Set(choices.length <= plainInputChoices ? choices : choices.filter(related));
  for (const each of wanted) if (Math.ceil(elements / each) <= cycles) lanes.add(each);
  const all = [...lanes]
    .sort((a, b) => b - a)
    .map((each): StreamType => ({ elem: type.elem, elements, lanes: each }));
  const narrow = all.filter((stream) => stream.lanes * bitWidth(type.elem) <= widestBus);
  return { narrow: narrow.length > 0 ? narrow : all.slice(-1), all };
}

/** Streams on which the layers that read a wire take it. */
function readStreams(wire: Wire, layers: readonly (readonly State[])[]): readonly StreamType[] {
  return distinct(
    layersAmong(wire.readers).flatMap(({ layer, port }) =>
      (layers[layer] ?? []).flatMap((state) => state.inputs[port] ?? []),
    ),
  );
}

/** A table over two variables, or over one if they are the same. */
function pair(
  a: number,
  b: number,
  states: readonly (readonly State[])[],
  cost: (a: State, b: State) => number,
): Factor {
  const [left = [], right = []] = [states[a], states[b]];
  if (a === b) return { variables: [a], table: Float64Array.from(left, (state) => cost(state, state)) };
  const table = new Float64Array(left.length * right.length);
  left.forEach((one, i) => {
    right.forEach((other, j) => (table[i * right.length + j] = cost(one, other)));
  });
  return { variables: [a, b], table };
}

/**
 * Thins domains out until the largest table of the elimination fits into memory, always the largest domain of its scope, the cheapest
 * values staying. Only graphs with many wires side by side come here; on them the search is no longer exact.
 */
function thinOut(
  states: readonly (readonly State[])[],
  scopes: readonly (readonly number[])[],
): readonly (readonly State[])[] {
  const thin = [...states];
  for (;;) {
    const sizes = thin.map((domain) => domain.length);
    const { largest, clique } = eliminationOrder(sizes, scopes);
    if (largest <= largestTable) return thin;
    const widest = clique.reduce((a, b) => ((sizes[b] ?? 0) > (sizes[a] ?? 0) ? b : a));
    const domain = thin[widest] ?? [];
    thin[widest] = [...domain].sort((a, b) => a.cost - b.cost).slice(0, Math.ceil(domain.length / 2));
  }
}

/**
 * The cheapest choice of one candidate a layer, exactly: given an initiation interval the layers' costs are independent but for the width
 * converters and forks between them, which depend on the streams at their ends alone. So it is a minimum over variables with few
 * neighbours, found by variable elimination. Variables are the layers, the lanes of the design's inputs, and for each wire with several
 * readers the stream that is forked (converters may stand before the fork and behind it). A bus wider than usual is taken only where no
 * other meets the interval.
 *
 * @param candidates - per layer, all within `cycles`.
 * @param prices - what the resources count.
 * @param given - streams of inputs and forks that are not to be searched for.
 * @returns undefined if no choice meets the interval.
 */
export function cheapest(
  units: ReadonlyMap<string, UnitDefinition>,
  network: Network,
  candidates: readonly (readonly Candidate[])[],
  cycles: number,
  costs: PlumbingCosts = new PlumbingCosts(units),
  prices: Prices = usualPrices,
  given: Pick<Given, 'inputs' | 'forks'> = { inputs: [], forks: new Map() },
): Choice | undefined {
  const layers = candidates.map((list) => statesOf(list, prices));
  if (layers.some((domain) => domain.length === 0)) return undefined;
  const inputs = network.inputs.map(({ type }, i) => {
    const wire = network.wires[i];
    const lanes = given.inputs[i];
    if (lanes !== undefined) {
      const stream: StreamType = { elem: type.elem, elements: elementCount(type.shape), lanes };
      return { narrow: [stream], all: [stream] };
    }
    return inputStreams(type, wire === undefined ? [] : readStreams(wire, layers), cycles);
  });
  const narrow = inputs.map((choices) => choices.narrow);
  const all = inputs.map((choices) => choices.all);
  const wider = all.some((streams, i) => streams.length > (narrow[i]?.length ?? 0));
  return (
    cheapestFrom(network, layers, narrow, cycles, costs, prices, given.forks) ??
    (wider ? cheapestFrom(network, layers, all, cycles, costs, prices, given.forks) : undefined)
  );
}

/** The cheapest choice with one of these streams at each input. */
function cheapestFrom(
  network: Network,
  layers: readonly (readonly State[])[],
  inputs: readonly (readonly StreamType[])[],
  cycles: number,
  costs: PlumbingCosts,
  prices: Prices,
  given: Given['forks'],
): Choice | undefined {
  const { wires } = network;
  // variables: inputs, layers, forks
  const domains: (readonly State[])[] = inputs.map((streams) =>
    streams
      .filter((stream) => beats(stream) <= cycles)
      // the bus itself costs a register slice
      .map((output) => ({ cost: output.lanes * bitWidth(output.elem) * 1.3, inputs: [], output })),
  );
  domains.push(...layers);
  const variableOf = ({ kind, index }: Wire['source']): number =>
    kind === 'input' ? index : inputs.length + index;
  const between = (from: StreamType, to: StreamType): number => {
    const found = costs.conversion(from, to, cycles);
    if (found === 'none') return 0;
    return found === undefined ? Infinity : weight(found.cost, prices);
  };
  interface Join {
    readonly from: number;
    readonly to: number;
    /** The input of `to` at which they meet. */
    readonly port: number;
  }
  const joins: Join[] = [];
  const forks = new Map<number, number>();
  wires.forEach((wire, index) => {
    let from = variableOf(wire.source);
    if (wire.readers.length > 1) {
      const sources = (domains[from] ?? []).map(({ output }) => output);
      const fixed = given.get(index);
      const { elem, shape } = wire.type;
      const streams =
        fixed === undefined
          ? distinct([...sources, ...readStreams(wire, layers)])
          : [{ elem, elements: elementCount(shape), ...fixed }];
      const states = streams.flatMap((stream): State[] => {
        const { cost, cycles: taken } = costs.fork(stream, wire.readers.length);
        return taken > cycles ? [] : [{ cost: weight(cost, prices), inputs: [stream], output: stream }];
      });
      const variable = domains.push(states) - 1;
      forks.set(index, variable);
      joins.push({ from, to: variable, port: 0 });
      from = variable;
    }
    for (const { layer, port } of layersAmong(wire.readers))
      joins.push({ from, to: inputs.length + layer, port });
  });
  if (domains.some((domain) => domain.length === 0)) return undefined;
  const states = thinOut(
    domains,
    joins.map(({ from, to }) => [from, to]),
  );
  const factors = states.map((domain, v): Factor => ({
    variables: [v],
    table: Float64Array.from(domain, ({ cost }) => cost),
  }));
  for (const { from, to, port } of joins) {
    factors.push(
      pair(from, to, states, (a, b) => {
        const read = b.inputs[port];
        invariant(read !== undefined, 'a layer reads each of its wires at a port');
        return between(a.output, read);
      }),
    );
  }
  const sizes = states.map((domain) => domain.length);
  const found = minimise(sizes, factors);
  if (found === undefined) return undefined;
  const stateOf = (v: number): State => {
    const state = states[v]?.[found.values[v] ?? 0];
    invariant(state !== undefined, 'every variable has a value');
    return state;
  };
  return {
    inputs: inputs.map((_, i) => stateOf(i).output),
    chosen: layers.map((_, i) => {
      const { candidate } = stateOf(inputs.length + i);
      invariant(candidate !== undefined, 'the state of a layer is a candidate');
      return candidate;
    }),
    forks: new Map([...forks].map(([wire, v]) => [wire, stateOf(v).output])),
    cost: found.cost,
  };
}
