import * as say from '../../diagnostics/catalog/frontend-tflite.ts';
import { quote } from '../../diagnostics/wording.ts';
import { fail } from '../../diagnostics/index.ts';
import type { Diagnostics, Where } from '../../diagnostics/index.ts';
import type { GraphBuilder } from '../../qir/builder.ts';
import type { OperandLike, Value } from '../../qir/builder-values.ts';
import type { Attribute } from '../../qir/graph.ts';
import { elementCount, int, uint } from '../../qir/types.ts';
import type { ElementType } from '../../qir/types.ts';
import type { Names } from '../onnx/names.ts';
import { qirShape, sameShape, showShape } from '../onnx/shapes.ts';
import { roundedQuotient } from './arithmetic.ts';
import type { Table } from './flatbuffer.ts';
import { activationParameters } from './quantization.ts';
import type { Affine } from './quantization.ts';
import type { TfliteModel, TfliteOperator, TfliteTensor } from './schema.ts';

/** A tensor that the network computes, as a value of the graph. */
export interface Activation extends Affine {
  readonly kind: 'activation';
  readonly tensor: TfliteTensor;
  readonly value: Value;
}

/** What the host makes of a value after it left the hardware. */
export interface Hosted {
  readonly kind: 'hosted';
  readonly from: Activation;
  readonly steps: readonly string[];
}

/** What a tensor stands for: `poison` where its producer was refused. */
export type Bound = Activation | Hosted | { readonly kind: 'poison' };

/** What the conversions of one model share. */
export interface ImportState {
  readonly file: string;
  readonly model: TfliteModel;
  readonly builder: GraphBuilder;
  readonly names: Names;
  readonly bounds: Map<number, Bound>;
  readonly diagnostics: Diagnostics;
  /** Where the nodes of the graph came from. */
  readonly places: Map<string, Where>;
  /** Elements of constants that may still go into the graph. */
  budget: number;
}

/** Least and greatest integer that leaves an operator. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** Reads one operator and states what its results stand for. */
export class Conversion {
  readonly operator: TfliteOperator;
  readonly where: Where;
  readonly state: ImportState;
  readonly #origin: string;
  readonly #hint: string;

  constructor(operator: TfliteOperator, state: ImportState) {
    this.operator = operator;
    this.state = state;
    const [result] = operator.outputs;
    const name = result === undefined || result < 0 ? '' : state.model.tensor(result).name;
    this.where = {
      kind: 'node',
      file: state.file,
      name: `operator ${operator.index} (${quote(name)})`,
      op: operator.name,
    };
    // Converters join the names of all layers that went into a tensor with semicolons; the first is that of the result.
    this.#hint = name.split(';')[0] ?? '';
    this.#origin = this.#hint === '' ? `operator ${operator.index}` : this.#hint;
  }

  /** The tensor of an operand; fails if it is left out. */
  operandTensor(index: number): TfliteTensor {
    const number = this.operator.inputs[index] ?? -1;
    if (number < 0) {
      return fail(say.operandsMismatch(this.where, `no operand ${index}`, `an operand at position ${index}`));
    }
    return this.state.model.tensor(number);
  }

  /** Whether an optional operand is there. */
  hasOperand(index: number): boolean {
    return (this.operator.inputs[index] ?? -1) >= 0;
  }

  /** The tensor of the operator's only result. */
  get result(): TfliteTensor {
    const [number = -1, second] = this.operator.outputs;
    if (number < 0 || second !== undefined) {
      fail(say.operandsMismatch(this.where, `${this.operator.outputs.length} results`, 'one result'));
    }
    return this.state.model.tensor(number);
  }

  /** An operand that the network computes; of int8 unless told. */
  activation(index: number, types: readonly string[] = ['int8']): Activation {
    const tensor = this.operandTensor(index);
    const bound = this.state.bounds.get(tensor.index);
    if (bound?.kind === 'hosted') {
      fail(
        say.boundaryOnly(
          this.where,
          tensor.name,
          `${this.operator.name} reads what SOFTMAX or DEQUANTIZE gives`,
        ),
      );
    }
    if (bound?.kind !== 'activation') {
      const found = tensor.data === undefined ? 'nothing computes it' : 'a constant';
      return fail(say.usedBeforeDefined(this.where, tensor.name, found));
    }
    if (!types.includes(tensor.type)) {
      fail(say.notAnActivation(this.where, tensor.name, tensor.type, types.join(' or ')));
    }
    return bound;
  }

  /** An operand that is one image: [1, height, width, channels]. */
  image(index: number): Activation & { readonly size: readonly [number, number, number] } {
    const x = this.activation(index);
    const { dims, name } = x.tensor;
    const [batch, height, width, channels] = dims;
    if (
      dims.length !== 4 ||
      batch !== 1 ||
      height === undefined ||
      width === undefined ||
      channels === undefined
    ) {
      return fail(say.badTfliteShape(this.where, name, showShape(dims), '[1, height, width, channels]'));
    }
    return { ...x, size: [height, width, channels] };
  }

  /** Scale and zero point of the result. */
  resultParameters(types: readonly string[] = ['int8']): Affine {
    const { result } = this;
    if (!types.includes(result.type)) {
      fail(say.notAnActivation(this.where, result.name, result.type, types.join(' or ')));
    }
    return activationParameters(result, this.where);
  }

  /** The result's parameters where the kernel leaves the numbers as they are: they must be the operand's. */
  sameParameters(x: Activation): Affine {
    const own = this.resultParameters();
    if (own.scale !== x.scale || own.zeroPoint !== x.zeroPoint) {
      const show = ({ scale, zeroPoint }: Affine): string => `scale ${scale}, zero point ${zeroPoint}`;
      fail(say.badQuantization(this.where, this.result.name, show(own), `${show(x)}, as the operand's`));
    }
    return own;
  }

  /** Fails unless the result has these dimensions. */
  expectDims(dims: readonly number[]): void {
    const { result } = this;
    if (sameShape(result.dims, dims)) return;
    fail(
      say.operandsMismatch(this.where, `${quote(result.name)} ${showShape(result.dims)}`, showShape(dims)),
    );
  }

  /** The options table, which must be of the type that the operator has. */
  options(type: number): Table | undefined {
    const { options, optionsType } = this.operator;
    if (options === undefined) return undefined;
    if (optionsType !== type) {
      fail(say.unsupportedOption(this.where, 'options type', String(optionsType), String(type)));
    }
    return options;
  }

  /** The integers that an activation function leaves of the result's type (`CalculateActivationRangeQuantized`). */
  clamp(activation: number, { scale, zeroPoint }: Affine): Bounds {
    const { min, max } = this.result.type === 'uint8' ? { min: 0, max: 255 } : { min: -128, max: 127 };
    const bound = (real: number): number =>
      Math.min(max, Math.max(min, zeroPoint + roundedQuotient(real, scale)));
    switch (activation) {
      case 0:
        return { min, max };
      case 1:
        return { min: bound(0), max };
      case 2:
        return { min: bound(-1), max: bound(1) };
      case 3:
        return { min: bound(0), max: bound(6) };
      default:
        return fail(
          say.unsupportedOption(
            this.where,
            'fused activation',
            ['TANH', 'SIGN_BIT'][activation - 4] ?? String(activation),
            'NONE, RELU, RELU_N1_TO_1 or RELU6',
          ),
        );
    }
  }

  /** Fails where the constants of the whole network (weights, tables) exceed what the front-end takes. */
  spend(elements: number): void {
    this.state.budget -= elements;
    if (this.state.budget < 0) {
      fail(
        say.tooMany(
          this.where,
          'weights and table entries',
          elements,
          Math.max(0, this.state.budget + elements),
        ),
      );
    }
  }

  /** A node of the graph. `suffix` tells the parts of one operator apart; the last part has none. */
  emit(
    op: string,
    operands: readonly OperandLike[],
    attributes: Readonly<Record<string, Attribute>>,
    options: { readonly suffix?: string; readonly result?: ElementType } = {},
  ): Value {
    const { builder, names, places } = this.state;
    const hint = options.suffix === undefined ? this.#hint : `${this.#hint.slice(0, 40)}_${options.suffix}`;
    const name = names.unique(hint, op);
    places.set(name, this.where);
    return builder.op(op, operands, attributes, {
      name,
      origin: [this.#origin],
      ...(options.result === undefined ? {} : { result: options.result }),
    });
  }

  /** A value under another shape; no node where the shape stays. */
  reshape(x: Value, shape: readonly number[], suffix?: string): Value {
    if (sameShape(x.type.shape, shape)) return x;
    return this.emit('reshape', [x], { shape: [...shape] }, suffix === undefined ? {} : { suffix });
  }

  /** Declares the operator's result: a value with the result's parameters. Its shape becomes that of the result tensor. */
  give(value: Value, parameters: Affine): void {
    const { result } = this;
    const shape = qirShape(result.dims);
    if (elementCount(value.type.shape) !== elementCount(shape)) {
      fail(
        say.operandsMismatch(
          this.where,
          showShape(result.dims),
          `${elementCount(value.type.shape)} elements`,
        ),
      );
    }
    this.state.bounds.set(result.index, {
      kind: 'activation',
      tensor: result,
      value: this.reshape(value, shape),
      ...parameters,
    });
  }
}

/** The element type of integers of a TFLite type. */
export function elementOf(type: string): ElementType {
  return type === 'uint8' ? uint(8) : int(8);
}
