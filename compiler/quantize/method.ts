import type { Node } from '../qir/graph.ts';
import type { ElementType } from '../qir/types.ts';
import type { Matrix } from './weights/index.ts';

/** What an option of a method takes; docs, help and checks come from it. */
export type MethodOption =
  | {
      readonly kind: 'number';
      readonly describe: string;
      readonly least: number;
      readonly most: number;
      readonly integer: boolean;
      /** Absent: the method does without. */
      readonly standard?: number;
    }
  | { readonly kind: 'switch'; readonly describe: string }
  | {
      readonly kind: 'choice';
      readonly describe: string;
      readonly choices: readonly string[];
      readonly standard: string;
    };

/** Values of a method's options, by name; what is absent was not given and has no standard. */
export type MethodValues = Readonly<Record<string, number | boolean | string>>;

/** A layer whose weights are to be quantized. */
export interface Layer {
  /** The convolution or product in the float network. */
  readonly node: Node;
  /** The weights: finite, not all zero. */
  readonly matrix: Matrix;
  /** Groups of a convolution: a row sees the inputs of its own group only. */
  readonly groups: number;
  /** Whether its sums leave the network, so that they must stand on one scale. */
  readonly isLast: boolean;
  /** Whether that scale must be a power of two: float32 numbers hold its sums and what is added to them only then. */
  readonly onPower: boolean;
  /** The integers that it multiplies; undefined where activations stay float32 numbers. */
  readonly input: { readonly min: number; readonly max: number } | undefined;
  /** Greatest magnitude of a bias that is added to the sums as integers, in units of the input's scale; 0 if none is. */
  readonly bias: number;
}

/**
 * The integers of a layer's weights, and the operations that multiply by them. Whatever the form, it stands for one matrix of integers: a
 * plain product with that matrix is exchanged for it, and no sum changes; but for what factors that drop bits round.
 */
export type WeightForm =
  /** A product with the matrix itself. */
  | { readonly kind: 'matrix'; readonly elem: ElementType }
  /** Products with matrices of few bits, summed with an integer factor for each base and row: sum_j factors[j][row] * bases[j][row][i]. */
  | {
      readonly kind: 'bases';
      readonly elem: ElementType;
      readonly bases: readonly Int8Array[];
      readonly factors: readonly (readonly number[])[];
    }
  /**
   * left * diag(factors) * right: a product with a ternary matrix [rank, columns], a factor for each result, from which `shift` bits are
   * dropped (half up), and another product [rows, rank].
   */
  | {
      readonly kind: 'factored';
      readonly left: Int8Array;
      readonly factors: readonly number[];
      readonly shift: number;
      readonly right: Int8Array;
    };

/** What a method makes of a layer's weights. */
export interface CodedWeights {
  /** Real numbers near the weights, rows * columns: what the method has without rounding its factors to integers. */
  readonly values: Float64Array;
  /** The matrix of integers, rows * columns: weight ~= level * scale. */
  readonly levels: Float64Array;
  /** Positive float32 numbers: one, or one for each row. */
  readonly scales: readonly number[];
  readonly form: WeightForm;
  /** Bits that the method stores for the weights of this layer: codes and indices, without scales and factors. */
  readonly storedBits: number;
  /** Why the method is a poor choice for this layer, one sentence each. */
  readonly advice: readonly string[];
  /** Squared error, as a part of the weights' squares, of real numbers that retraining would start from. */
  readonly recoveredError?: number;
}

/** A way to quantize the weights of a layer: a file of methods/, listed in methods/index.ts. */
export interface WeightMethod {
  readonly name: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, MethodOption>>;
  /** How activations are quantized unless the user says otherwise. */
  readonly activations: (values: MethodValues) => { readonly scales: ScaleChoice; readonly levels: string };
  /**
   * Which option the number behind the colon of `name:3` means, as `qcc compare` writes methods.
   */
  readonly shorthand?: string;
  /** Throws a DiagnosticError for a layer that it cannot take. */
  readonly quantize: (layer: Layer, values: MethodValues) => CodedWeights;
}

/** How the scales of activations are chosen: any float32 number, or powers of two. */
export const scaleChoices = ['float32', 'pow2'] as const;
export type ScaleChoice = (typeof scaleChoices)[number];

/**
 * What computes between a layer and the next: integers (a multiplier, a bias and a shift for each channel), or float32 numbers as the
 * network has them, which hardware then meets exactly by thresholds.
 */
export const arithmetics = ['integer', 'float32'] as const;
export type Arithmetic = (typeof arithmetics)[number];

/** The levels of activations: N bits; signed everywhere, or only where calibration saw negative numbers. Or they stay float32 numbers. */
export type ActivationLevels =
  { readonly kind: 'levels'; readonly bits: number; readonly signed: boolean } | { readonly kind: 'float' };
