import type { Diagnostics } from '../diagnostics/index.ts';
import type { Graph } from '../qir/graph.ts';
import type { Tensor } from '../qir/types.ts';

/** How the scales of activations are chosen: any float32 number, or powers of two. */
export const scaleChoices = ['float32', 'pow2'] as const;
export type ScaleChoice = (typeof scaleChoices)[number];

/**
 * What computes between a layer and the next: integers (a multiplier, a bias and a shift for each channel), or float32 numbers as the
 * network has them, which hardware then meets exactly by thresholds.
 */
export const arithmetics = ['integer', 'float32'] as const;
export type Arithmetic = (typeof arithmetics)[number];

/** What a method works with. */
export interface QuantizeOptions {
  /** Calibration samples: one tensor an input, by name, of the inputs' types. */
  readonly samples: readonly Readonly<Record<string, Tensor>>[];
  readonly scales: ScaleChoice;
  readonly arithmetic: Arithmetic;
  readonly diagnostics: Diagnostics;
  /** Called with the number of samples that have been seen. */
  readonly progress?: (seen: number) => void;
}

/** One value that was given a quantizer. */
export interface QuantizedValue {
  /** Name of the value in the graph, and of the nodes it came from in the source model. */
  readonly value: string;
  readonly source: readonly string[];
  /** Least and greatest number that calibration saw. */
  readonly seen: { readonly min: number; readonly max: number };
  readonly levels: { readonly min: number; readonly max: number };
  readonly scale: number;
}

/** What a method yields: a graph in integer form, or in real form with quantizers, and what was chosen. */
export interface Quantized {
  readonly graph: Graph;
  readonly values: readonly QuantizedValue[];
}

/** A way to turn a float network into a quantized one: a file of this folder, listed in index.ts. */
export interface QuantizeMethod {
  readonly name: string;
  readonly summary: string;
  /** The graph is in real form, its inputs carry integers. Throws a DiagnosticError for a graph it cannot quantize. */
  readonly run: (graph: Graph, options: QuantizeOptions) => Quantized;
}
