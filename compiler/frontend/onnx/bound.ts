import type { Attribute, Operand } from '../../qir/graph.ts';
import type { ElementType } from '../../qir/types.ts';
import type { Placed } from './placed.ts';
import type { ConstTensor } from './tensors.ts';

/** The integer levels of QuantizeLinear, until DequantizeLinear turns them back into reals. */
export interface Levels {
  /** Parameters as they broadcast to the ONNX shape of the value. */
  readonly scale: ConstTensor;
  readonly zeroPoint: ConstTensor;
  readonly min: number;
  readonly max: number;
  /** What was quantized, to redo the quantizer with the narrower limits of a Clip; absent once the shape has changed. */
  readonly source?: Bound;
}

/** A value computed at run time. Its QIR shape is `placedShape` of it. */
export interface Value extends Placed {
  readonly operand: Operand;
  /** Element type of the QIR value: float32, or unsigned for indices. */
  readonly elem: ElementType;
  /**
   * What ONNX holds there: reals, indices (TopK, ArgMax), the integers of a graph input, or the levels of QuantizeLinear. For levels
   * the QIR value is the dequantized real.
   */
  readonly content: 'real' | 'index' | 'integer-input' | 'levels';
  readonly levels?: Levels;
}

/**
 * A quantizer applied to a constant: a weight. It stays unemitted until a node uses it, so that a transposition can be applied to
 * the constant and its parameters instead of standing in the graph.
 */
export interface QuantizedConst {
  readonly op: 'quant' | 'bipolar_quant' | 'trunc';
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** The quantized constant. */
  readonly x: ConstTensor;
  /** Scale, zero point and so on, each with as many axes as `x`. */
  readonly parameters: readonly ConstTensor[];
  /** The nodes it stands for. */
  readonly origin: readonly string[];
  /** Present while it is the integer side of a QuantizeLinear. */
  readonly levels?: Levels;
}

/** What a name of the ONNX graph stands for. `poison`: the result of a node that could not be read; its users stay silent. */
export type Bound =
  | { readonly kind: 'const'; readonly tensor: ConstTensor }
  | { readonly kind: 'quantized'; readonly weight: QuantizedConst }
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'poison' };

/** The ONNX dimensions of what a name stands for. */
export function dimsOf(bound: Bound): readonly number[] {
  switch (bound.kind) {
    case 'const':
      return bound.tensor.dims;
    case 'quantized':
      return bound.weight.x.dims;
    case 'value':
      return bound.value.dims;
    case 'poison':
      return [];
  }
}
