import { InternalError } from '../diagnostics/index.ts';
import type { HwNode, StreamType, UnitDefinition } from '../hw/index.ts';
import { bitWidth } from '../qir/types.ts';
import type { TensorType } from '../qir/types.ts';
import { elementCount } from '../qir/types.ts';
import { laneChoices, weight } from './candidates.ts';
import type { Candidate } from './candidates.ts';

/** Widest AXI4-Stream bus that the search uses of its own accord, in bits. */
const widestBus = 512;

/** The unit that serves a plumbing role. */
export function plumbing(
  units: ReadonlyMap<string, UnitDefinition>,
  role: NonNullable<UnitDefinition['plumbing']>['role'],
): UnitDefinition & { readonly plumbing: NonNullable<UnitDefinition['plumbing']> } {
  for (const unit of units.values()) {
    if (unit.plumbing?.role === role) return { ...unit, plumbing: unit.plumbing };
  }
  throw new InternalError(`no unit serves as ${role}`);
}

/** An instance of plumbing between two streams. */
export function plumb(
  unit: ReturnType<typeof plumbing>,
  name: string,
  input: StreamType,
  output: StreamType,
  depth?: number,
): HwNode {
  return {
    name,
    unit: unit.name,
    params: unit.plumbing.make({ input, output, ...(depth === undefined ? {} : { depth }) }),
    consts: {},
    origin: { nodes: [] },
    value: '',
  };
}

/** The cost of getting a tensor from `from` lanes to `to`, or infinity if that takes more than `cycles` a frame. */
function conversion(
  unit: ReturnType<typeof plumbing>,
  type: TensorType,
  from: number,
  to: number,
  cycles: number,
): number {
  if (from === to) return 0;
  const elements = elementCount(type.shape);
  const node = plumb(
    unit,
    'w',
    { elem: type.elem, elements, lanes: from },
    { elem: type.elem, elements, lanes: to },
  );
  return unit.timing(node).initiationInterval > cycles ? Number.POSITIVE_INFINITY : weight(unit.cost(node));
}

/** The outcome of the search: lanes of the design's input, and one candidate a layer. */
export interface Choice {
  readonly inputLanes: number;
  readonly chosen: readonly Candidate[];
}

/** Lanes that the design's input may have within the cycles of a frame: on a bus that is not too wide, and on any. */
function inputChoices(
  type: TensorType,
  cycles: number,
): { readonly narrow: readonly number[]; readonly all: readonly number[] } {
  const all = laneChoices(elementCount(type.shape), cycles);
  const narrow = all.filter((lanes) => lanes * bitWidth(type.elem) <= widestBus);
  return { narrow: narrow.length > 0 ? narrow : all.slice(-1), all };
}

/**
 * The cheapest choice of one candidate a layer, exactly: given an initiation interval the layers' costs are independent but for
 * the width converters between neighbours, so a shortest path through the layers finds it. A bus wider than usual is taken only
 * where no other meets the interval.
 *
 * @param candidates - per layer, all within `cycles`.
 * @param types - the tensor in front of each layer.
 */
export function cheapest(
  units: ReadonlyMap<string, UnitDefinition>,
  candidates: readonly (readonly Candidate[])[],
  types: readonly TensorType[],
  cycles: number,
): Choice | undefined {
  const first = types[0];
  if (first === undefined) return undefined;
  const { narrow, all } = inputChoices(first, cycles);
  return (
    cheapestFrom(units, candidates, types, cycles, narrow) ??
    (all.length > narrow.length ? cheapestFrom(units, candidates, types, cycles, all) : undefined)
  );
}

/** The cheapest choice with one of these lane counts at the input. */
function cheapestFrom(
  units: ReadonlyMap<string, UnitDefinition>,
  candidates: readonly (readonly Candidate[])[],
  types: readonly TensorType[],
  cycles: number,
  inputLanes: readonly number[],
): Choice | undefined {
  interface State {
    readonly cost: number;
    readonly lanes: number;
    readonly inputLanes: number;
    readonly chosen: readonly Candidate[];
  }
  const width = plumbing(units, 'width');
  const first = types[0];
  if (first === undefined) return undefined;
  let states: readonly State[] = inputLanes.map((lanes) => ({
    // the bus itself costs a register slice
    cost: lanes * bitWidth(first.elem) * 1.3,
    lanes,
    inputLanes: lanes,
    chosen: [],
  }));
  candidates.forEach((layer, index) => {
    const type = types[index];
    if (type === undefined) return;
    const best = new Map<number, State>();
    const converted = new Map<string, number>();
    for (const candidate of layer) {
      for (const state of states) {
        const key = `${state.lanes} ${candidate.inputLanes}`;
        let between = converted.get(key);
        if (between === undefined) {
          between = conversion(width, type, state.lanes, candidate.inputLanes, cycles);
          converted.set(key, between);
        }
        const cost = state.cost + between + weight(candidate.cost);
        const known = best.get(candidate.outputLanes);
        if (cost < (known?.cost ?? Number.POSITIVE_INFINITY)) {
          best.set(candidate.outputLanes, {
            cost,
            lanes: candidate.outputLanes,
            inputLanes: state.inputLanes,
            chosen: [...state.chosen, candidate],
          });
        }
      }
    }
    states = [...best.values()];
  });
  const winner = states.reduce<State | undefined>(
    (a, b) => (a === undefined || b.cost < a.cost ? b : a),
    undefined,
  );
  return winner === undefined ? undefined : { inputLanes: winner.inputLanes, chosen: winner.chosen };
}
