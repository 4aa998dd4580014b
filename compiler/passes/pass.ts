import type { Diagnostics } from '../diagnostics/index.ts';
import type { Graph } from '../qir/graph.ts';

/** A fact about a graph that a pass may require or establish. */
export type Property =
  | 'real-form'
  | 'integer-form'
  /** No node all of whose operands are constants but quantized constants (their levels are exact), no shape computation left. */
  | 'constants-folded'
  /** No conv2d, no maxpool: windows, and products or reductions of windows, stand for them. */
  | 'convolutions-split'
  /** Nodes that no output needs are gone. */
  | 'no-dead-nodes';

/** What a pass may use besides the graph. */
export interface PassContext {
  /** Receives errors, warnings and notes; errors end the pipeline after the pass. */
  readonly diagnostics: Diagnostics;
}

/** A named step of the compiler. Its name is its file's name and the name that `--print-ir-after` takes. */
export interface Pass {
  readonly name: string;
  readonly doc: string;
  readonly requires: readonly Property[];
  readonly establishes: readonly Property[];
  /** Properties that hold before and may not hold after. */
  readonly invalidates?: readonly Property[];
  readonly run: (graph: Graph, context: PassContext) => Graph;
}
