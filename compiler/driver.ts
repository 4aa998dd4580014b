import type { Diagnostics } from './diagnostics/index.ts';
import type { HwGraph } from './hw/index.ts';
import type { LayerPlan } from './lower/plan.ts';
import type { Graph } from './qir/graph.ts';

/** What `loadModel` needs to know besides the file. */
export interface LoadOptions {
  /** Type of the model's input, e.g. `uint8*1/255` or `fixed<16,10>`; see docs/input-types.md. */
  readonly inputType?: string;
  /** Receives notes and warnings. */
  readonly diagnostics: Diagnostics;
}

/** What `compileGraph` can be told. */
export interface CompileOptions {
  readonly diagnostics: Diagnostics;
  /** Clock in MHz, default 200. */
  readonly clockMhz?: number;
  /** Frames per second to reach. */
  readonly fps?: number;
  readonly style?: 'folded' | 'unrolled' | 'auto';
  /** Parsed folding file: layer name to folding. */
  readonly folding?: ReadonlyMap<string, { pe?: number; simd?: number; order?: 'output' | 'input'; style?: 'folded' | 'unrolled' }>;
  /** Called after every pass with the pass's name and the graph (for --print-ir-after). */
  readonly afterPass?: (pass: string, graph: Graph) => void;
  /** Called when a phase starts, for progress. */
  readonly progress?: (phase: string) => void;
}

/** Everything a compilation yields. */
export interface Compilation {
  /** The graph as loaded (real or integer form). */
  readonly source: Graph;
  readonly integer: Graph;
  readonly hw: HwGraph;
  readonly plan: readonly LayerPlan[];
  /** Cycles from frame to frame of the whole design, measured by the cycle model; and of the binding instance. */
  readonly initiationInterval: number;
  /** Cycles from the first input beat's transfer to the last output beat's, of the first frame. */
  readonly latency: number;
  /** The instance whose own initiation interval is the design's. */
  readonly bindingInstance: string;
}
