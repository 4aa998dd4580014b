import type { Attribute, Form } from './graph.ts';
import type { Tensor, TensorType } from './types.ts';

/** One operand as a type rule sees it: its type, and the tensor if it is a constant. */
export interface OperandInfo {
  readonly type: TensorType;
  readonly tensor?: Tensor;
}

/** Documentation and check of one attribute. `check` returns what was expected, or undefined if the value is good. */
export interface AttributeSpec {
  readonly doc: string;
  readonly optional?: boolean;
  readonly check: (value: Attribute) => string | undefined;
}

/** Documentation of one operand, in order. */
export interface OperandSpec {
  readonly name: string;
  readonly doc: string;
  /** `const`: must be a constant; `value`: must not; `any`: either. */
  readonly kind: 'value' | 'const' | 'any';
  readonly optional?: boolean;
  /** The last operand of an op may stand any number of times (none, if it is optional). */
  readonly repeated?: boolean;
}

/** What a type rule returns when the operands do not fit. */
export interface TypeProblem {
  readonly message: string;
  readonly found: string;
  readonly expected: string;
}

/** Whether a result is a problem. */
export function isProblem(result: object): result is TypeProblem {
  return 'message' in result;
}

/** What an op that only moves elements does: for each element of the result (row-major) the element of x, or -1 for `fill`. */
export interface Movement {
  readonly index: Int32Array;
  /** What stands where nothing is taken from x. */
  readonly fill: number;
}

/**
 * One operation of QIR. From this definition come the parser's and verifier's checks, the evaluator and the reference page.
 */
export interface OpDefinition {
  readonly name: string;
  /** The forms it may stand in. */
  readonly forms: readonly Form[];
  readonly summary: string;
  /** The exact meaning, as a formula a reader can check by hand. */
  readonly meaning: string;
  readonly operands: readonly OperandSpec[];
  readonly attributes: Readonly<Record<string, AttributeSpec>>;
  /**
   * The type of the result. Where the result's element type is not implied by the operands (an accumulator whose width comes
   * from the weights, a quantizer's level type) `declared` is what the text or the builder says; the rule checks it.
   * With `declared` undefined the rule infers the narrowest correct type or returns a problem that says what to declare.
   */
  readonly type: (
    operands: readonly OperandInfo[],
    attributes: Readonly<Record<string, Attribute>>,
    declared: TensorType | undefined,
  ) => TensorType | TypeProblem;
  /** Computes the result exactly. Integer form: integers. Real form: every node rounds its exact result to float32 once. */
  readonly evaluate: (
    operands: readonly Tensor[],
    attributes: Readonly<Record<string, Attribute>>,
    result: TensorType,
  ) => Tensor;
  /** Of an op that only moves the elements of its first operand: which element goes where, for an operand of shape `shape`. */
  readonly moves?: (shape: readonly number[], attributes: Readonly<Record<string, Attribute>>) => Movement;
}
