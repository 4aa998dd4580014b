import type { Cost, Folding, Form, UnitTiming } from '../hw/index.ts';

/** Resources that a design may use, as the cost models count them; what is absent is not limited. */
export type Budget = { readonly [Resource in keyof Cost]?: number };

/** How one layer was mapped to hardware; the report's rows and the folding file's entries come from this. */
export interface LayerPlan {
  /** Instance name in the hardware graph. */
  readonly instance: string;
  readonly unit: string;
  /** Names of the integer-form QIR nodes it implements, and behind them the names in the source model. */
  readonly nodes: readonly string[];
  readonly source: readonly string[];
  /** `784 -> 64`, as a person would write the layer's shape. */
  readonly shape: { readonly inputs: number; readonly outputs: number };
  /** Element types in, of the weights (if it has any), and out, as `.qir` spells them. */
  readonly types: { readonly input: string; readonly weights?: string; readonly output: string };
  /** Absent for plumbing and for units that do not fold. */
  readonly folding?: Folding;
  readonly timing: UnitTiming;
  readonly cost: Cost;
  /** Weights of the layer and the bits of memory that they take, with their indices; absent where it has none. */
  readonly storage?: { readonly weights: number; readonly bits: number };
  /** Multiply-accumulate operations per frame (0 where there are none). */
  readonly operations: number;
}

/** An entry of a folding file; what is absent of a layer's folding is the whole layer. */
export interface GivenFolding extends Partial<Folding> {
  /** The unit that builds the layer, where several can. */
  readonly unit?: string;
  /** Of an input of the network: elements of a beat. */
  readonly lanes?: number;
  /** Where several layers read the value: the beats in which it is given to them. */
  readonly fork?: { readonly lanes: number; readonly rows?: number };
}

/** What the user asks of the folding. */
export interface FoldingTarget {
  /** Frames per second to reach at the clock; absent: what the other fields leave, or what the size of the network suggests. */
  readonly fps?: number;
  readonly clockMhz: number;
  /** Levels of logic that the clock leaves between two registers, for units that go by them (see hw/stages.ts). */
  readonly levels?: number;
  /** Microseconds that a frame may take from its first input beat to its last output beat, in an empty design. */
  readonly latencyUs?: number;
  /**
   * Resources that the design may use. With `fps` or `latencyUs` a limit that must hold; alone, the fastest design that fits is
   * looked for.
   */
  readonly budget?: Budget;
  /** The device that limits the design as `budget` does; by itself it does not ask for the fastest design. */
  readonly device?: { readonly name: string; readonly budget: Budget };
  readonly style: 'folded' | 'unrolled' | 'auto';
  /** The form that will be synthesized, which is the one that costs are counted in; `portable` unless given. */
  readonly form?: Form;
  /** Foldings given by name of a node, of an input, or of a node of the source model, overriding the search. */
  readonly given?: ReadonlyMap<string, GivenFolding>;
}
