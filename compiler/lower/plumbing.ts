import { InternalError } from '../diagnostics/index.ts';
import type { Cost, Form, HwNode, StreamType, UnitDefinition } from '../hw/index.ts';
import { beats, rowLength } from '../hw/index.ts';
import { printElement } from '../qir/types.ts';

/** A unit that serves a plumbing role. */
export type PlumbingUnit = UnitDefinition & { readonly plumbing: NonNullable<UnitDefinition['plumbing']> };

/** The unit that serves a plumbing role. */
export function plumbing(
  units: ReadonlyMap<string, UnitDefinition>,
  role: NonNullable<UnitDefinition['plumbing']>['role'],
): PlumbingUnit {
  for (const unit of units.values()) {
    if (unit.plumbing?.role === role) return { ...unit, plumbing: unit.plumbing };
  }
  throw new InternalError(`no unit serves as ${role}`);
}

/** An instance of plumbing between two streams. */
export function plumb(
  unit: PlumbingUnit,
  name: string,
  input: StreamType,
  output: StreamType,
  more: { readonly depth?: number; readonly count?: number } = {},
): HwNode {
  return {
    name,
    unit: unit.name,
    params: unit.plumbing.make({ input, output, ...more }),
    consts: {},
    origin: { nodes: [] },
    value: '',
  };
}

/** Text that is equal exactly for streams of one tensor with the same beats. */
export function beatsKey(stream: StreamType): string {
  const length = rowLength(stream);
  return length % stream.lanes === 0 || (stream.rows ?? 1) === 1
    ? `${stream.lanes}`
    : `${stream.lanes}/${length}`;
}

/** Cost of plumbing and the cycles that it needs a frame. */
export interface PlumbingCost {
  readonly cost: Cost;
  readonly cycles: number;
}

/** Costs of width converters and forks, each computed once however often a search asks. */
export class PlumbingCosts {
  readonly #width: PlumbingUnit;
  readonly #units: ReadonlyMap<string, UnitDefinition>;
  readonly #form: Form;
  readonly #known = new Map<string, PlumbingCost>();

  constructor(units: ReadonlyMap<string, UnitDefinition>, form: Form = 'portable') {
    this.#units = units;
    this.#form = form;
    this.#width = plumbing(units, 'width');
  }

  /** The converter between two streams of one tensor; undefined where a channel joins them, or where it takes more than `cycles` a frame. */
  conversion(from: StreamType, to: StreamType, cycles: number): PlumbingCost | 'none' | undefined {
    if (beatsKey(from) === beatsKey(to)) return 'none';
    if (Math.max(beats(from), beats(to)) > cycles) return undefined;
    const key = `${printElement(from.elem)} ${from.elements} ${beatsKey(from)} ${beatsKey(to)}`;
    const found = this.#get(key, this.#width, () => plumb(this.#width, 'w', from, to));
    return found.cycles > cycles ? undefined : found;
  }

  /** The fork that gives a stream to `count` readers. */
  fork(stream: StreamType, count: number): PlumbingCost {
    const unit = plumbing(this.#units, 'fork');
    const key = `fork ${count} ${printElement(stream.elem)} ${stream.elements} ${beatsKey(stream)}`;
    return this.#get(key, unit, () => plumb(unit, 'f', stream, stream, { count }));
  }

  #get(key: string, unit: PlumbingUnit, make: () => HwNode): PlumbingCost {
    let found = this.#known.get(key);
    if (found === undefined) {
      const node = make();
      found = { cost: unit.cost(node, this.#form), cycles: unit.timing(node).initiationInterval };
      this.#known.set(key, found);
    }
    return found;
  }
}
